package resolver

import (
	"context"
	"sync"
)

// Batch asks many questions at once and does what follows from each answer, all in
// the goroutine that calls Run. So what follows needs no locks, and a thousand
// questions need no goroutine of their own:
//
//	b := NewBatch(ctx, r)
//	b.Ask("acme.example", TypeMX, func(a *Answer, err error) {
//		for _, host := range hosts(a, err) {
//			b.Ask(host, TypeA, …)
//		}
//	})
//	b.Run()
//
// What follows an answer must not wait for another one of the same batch.
type Batch struct {
	loop   *loop
	parent *Batch
	done   func()
	// open counts the questions, the work and the parts that are not over.
	open int
}

// loop is what the parts of a batch share.
type loop struct {
	ctx  context.Context
	next starter
	wake chan struct{} // holds one

	// These belong to the goroutine of Run.
	begun *step  // the last question put, and through it those before
	fresh []step // steps are made some at a time
	ended bool   // the context has

	mu      sync.Mutex
	waiting bool    // for wake
	ready   []*step // to be followed
}

// step is a question or some work of a batch.
type step struct {
	batch  *Batch
	q      question
	then   func(*Answer, error)
	before *step
	ask    stopper // nil if it was answered at once

	// Under the lock of the loop.
	over   bool
	answer *Answer
	err    error
}

// NewBatch starts an empty batch over a resolver. If the context ends, what is
// not answered is over with an error of reason Canceled or Timeout.
func NewBatch(ctx context.Context, r Resolver) *Batch {
	return &Batch{loop: &loop{ctx: ctx, next: starterOf(r), wake: make(chan struct{}, 1), ready: make([]*step, 0, mostlyReady)}}
}

const (
	// stepsAtOnce are made together; of the last ones, some stay unused.
	stepsAtOnce = 8
	// mostlyReady is room for what is ready at the same time.
	mostlyReady = 32
)

// step is a new one of the batch.
func (b *Batch) step(then func(*Answer, error)) *step {
	l := b.loop
	if len(l.fresh) == 0 {
		l.fresh = make([]step, stepsAtOnce)
	}
	s := &l.fresh[0]
	l.fresh = l.fresh[1:]
	s.batch, s.then = b, then
	return s
}

// Context is that of the batch.
func (b *Batch) Context() context.Context { return b.loop.ctx }

// Ask puts a question. Run calls then with the outcome, which is that of
// Resolver.Lookup.
func (b *Batch) Ask(name string, t Type, then func(*Answer, error)) {
	l := b.loop
	b.open++
	s := b.step(then)
	key, wrong := canonical(name)
	if wrong != "" {
		s.take(nil, &Error{Name: name, Type: t, Reason: BadName, Detail: wrong})
		return
	}
	s.q = question{key, t}
	if l.ended {
		s.take(nil, canceled(l.ctx, key, t, ""))
		return
	}
	s.before, l.begun = l.begun, s
	s.ask = l.next.start(s.q, s)
}

// Go does work that waits by itself in a goroutine, and then calls then from Run.
// Run waits for the work, which is to end soon after the context has.
func (b *Batch) Go(work, then func()) {
	b.open++
	s := b.step(func(*Answer, error) { then() })
	go func() {
		work()
		s.take(nil, nil)
	}()
}

// Await waits, without a goroutine, for what another one reports: register is given
// the function to call for that, once or more often, and from wherever. Run then
// calls then, with false if the context ended before it was called.
func (b *Batch) Await(register func(tell func()), then func(told bool)) {
	l := b.loop
	b.open++
	s := b.step(func(_ *Answer, err error) { then(err == nil) })
	if l.ended {
		s.take(nil, canceled(l.ctx, "", 0, ""))
		return
	}
	s.before, l.begun = l.begun, s
	register(func() { s.take(nil, nil) })
}

// Part gives start a batch to ask on, and calls done when all that was asked on it
// has been followed.
func (b *Batch) Part(start func(*Batch), done func()) {
	b.open++
	part := &Batch{loop: b.loop, parent: b, done: done, open: 1}
	start(part)
	part.leave()
}

// Run follows the answers until there is nothing left to wait for.
func (b *Batch) Run() {
	steps := make([]*step, 0, mostlyReady)
	for b.open > 0 {
		steps = b.loop.await(steps)
		for i, s := range steps {
			steps[i] = nil
			s.then(s.answer, s.err)
			s.batch.leave()
		}
	}
}

// leave ends one of the things that are open.
func (b *Batch) leave() {
	for b.open--; b.open == 0 && b.parent != nil; b.open-- {
		b.done()
		b = b.parent
	}
}

// await returns what is ready, and waits if nothing is. Room is the slice of the
// time before.
func (l *loop) await(room []*step) []*step {
	end := l.ctx.Done()
	for {
		l.mu.Lock()
		if len(l.ready) > 0 {
			out := l.ready
			l.ready = room[:0]
			l.mu.Unlock()
			return out
		}
		if l.ended {
			end = nil
		}
		l.waiting = true
		l.mu.Unlock()
		l.next.flush()
		select {
		case <-l.wake:
		case <-end:
			l.stop()
		}
	}
}

// stop ends the questions that have no answer yet.
func (l *loop) stop() {
	l.ended = true
	for s := l.begun; s != nil; s = s.before {
		if s.take(nil, canceled(l.ctx, s.q.name, s.q.typ, "")); s.ask != nil {
			s.ask.stop()
		}
	}
	l.begun = nil
}

// take implements taker.
func (s *step) take(a *Answer, err error) {
	l := s.batch.loop
	l.mu.Lock()
	if s.over {
		l.mu.Unlock()
		return
	}
	s.over, s.answer, s.err = true, a, err
	l.ready = append(l.ready, s)
	wake := l.waiting
	l.waiting = false
	l.mu.Unlock()
	if wake {
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
}
