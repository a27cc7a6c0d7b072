package resolver

import (
	"context"
	"strings"
)

// Layers pass a question down with a callback; the socket's reader calls back up, so no
// layer needs a goroutine. One with its context for every layer would cost as much as
// the question itself.

// taker is called with the outcome of a question, once. It must not block.
type taker interface {
	take(a *Answer, err error)
}

// stopper ends a question that nobody waits for any more. Its taker may be given
// an outcome all the same.
type stopper interface {
	stop()
}

// starter is a resolver that asks without waiting. The taker may be called before
// start returns, and what start returns is then nil. The name is canonical.
type starter interface {
	start(q question, to taker) stopper
	// flush sends what was started: before somebody waits for it, it is called.
	flush()
}

// question is what makes two questions equal; the name is canonical.
type question struct {
	name string
	typ  Type
}

// starterOf is a resolver as a starter. One that waits gets a goroutine to wait in
// for every question.
func starterOf(r Resolver) starter {
	if s, ok := r.(starter); ok {
		return s
	}
	return patient{r}
}

type patient struct{ next Resolver }

func (w patient) start(q question, to taker) stopper {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer cancel()
		a, err := w.next.Lookup(ctx, strings.ReplaceAll(q.name, `\092`, `\`), q.typ)
		to.take(a, err)
	}()
	return ender{cancel}
}

func (w patient) flush() {}

// ender is a stopper that cancels a context.
type ender struct{ cancel context.CancelFunc }

func (e ender) stop() { e.cancel() }

// waiter is a taker to wait for.
type waiter struct {
	done   chan struct{}
	answer *Answer
	err    error
}

func newWaiter() *waiter { return &waiter{done: make(chan struct{})} }

func (w *waiter) take(a *Answer, err error) {
	w.answer, w.err = a, err
	close(w.done)
}

// wait returns the outcome of a question that was started on next. If the context ends
// first the question is abandoned, but an answer already there is returned.
func (w *waiter) wait(ctx context.Context, next starter, q question, s stopper) (*Answer, error) {
	next.flush()
	select {
	case <-w.done:
		return w.answer, w.err
	case <-ctx.Done():
	}
	select {
	case <-w.done:
		return w.answer, w.err
	default:
	}
	if s != nil {
		s.stop()
	}
	return nil, canceled(ctx, q.name, q.typ, "")
}
