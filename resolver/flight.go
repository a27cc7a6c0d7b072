package resolver

import (
	"context"
	"sync"
)

// question is what makes two questions equal; the name is canonical.
type question struct {
	name string
	typ  Type
}

// flights lets equal questions under way be one. Unlike x/sync/singleflight, the
// question goes on while anyone waits for it and ends when nobody does: the first
// to ask may leave without harm to the others.
type flights struct {
	mu sync.Mutex
	m  map[question]*flight
}

type flight struct {
	done    chan struct{}
	answer  *Answer
	err     error
	waiters int
	cancel  context.CancelFunc
}

// do runs ask, or waits for one that runs; shared says which.
func (f *flights) do(ctx context.Context, q question, ask func(context.Context) (*Answer, error)) (a *Answer, err error, shared bool) {
	f.mu.Lock()
	fl := f.m[q]
	shared = fl != nil
	if !shared {
		// The values of the context stay, its end does not reach the question.
		run, cancel := context.WithCancel(context.WithoutCancel(ctx))
		fl = &flight{done: make(chan struct{}), cancel: cancel}
		if f.m == nil {
			f.m = make(map[question]*flight)
		}
		f.m[q] = fl
		go func() {
			defer cancel()
			fl.answer, fl.err = ask(run)
			f.mu.Lock()
			if f.m[q] == fl {
				delete(f.m, q)
			}
			f.mu.Unlock()
			close(fl.done)
		}()
	}
	fl.waiters++
	f.mu.Unlock()

	select {
	case <-fl.done:
		return fl.answer, fl.err, shared
	case <-ctx.Done():
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if fl.waiters--; fl.waiters == 0 {
		// Whoever asks from here on starts anew.
		fl.cancel()
		if f.m[q] == fl {
			delete(f.m, q)
		}
	}
	return nil, canceled(ctx, q.name, q.typ, ""), shared
}
