package resolver

import (
	"context"
	"sync"
)

// places limits concurrent questions; waiters enter first come, first served. Waiting
// needs no goroutine.
type places struct {
	mu        sync.Mutex
	free      int
	queue     []entrant // from first on
	first     int
	admitting bool // somebody is letting the queue in
}

// entrant is called when it has a place. entered must not block.
type entrant interface{ entered() }

// enter takes a place; if none is free it returns false, and e is called later.
func (p *places) enter(e entrant) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.free > 0 && p.first == len(p.queue) {
		p.free--
		return true
	}
	if p.first > len(p.queue)/2 {
		rest := copy(p.queue, p.queue[p.first:])
		clear(p.queue[rest:]) // who was let in is held here no more
		p.queue, p.first = p.queue[:rest], 0
	}
	p.queue = append(p.queue, e)
	return false
}

// leave gives a place back. Who is let in may leave again at once: that is left to
// the call that let it in, so that calls do not nest.
func (p *places) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free++
	if p.admitting {
		return
	}
	p.admitting = true
	for p.free > 0 && p.first < len(p.queue) {
		e := p.queue[p.first]
		p.queue[p.first] = nil
		p.first++
		p.free--
		p.mu.Unlock()
		e.entered()
		p.mu.Lock()
	}
	p.admitting = false
	if p.first == len(p.queue) {
		p.queue, p.first = p.queue[:0], 0
	}
}

// wait takes a place, and waits for it until the context ends.
func (p *places) wait(ctx context.Context) bool {
	w := &inLine{places: p, in: make(chan struct{})}
	if p.enter(w) {
		return true
	}
	select {
	case <-w.in:
		return true
	case <-ctx.Done():
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gone = true
	select {
	case <-w.in:
		return true // it was let in meanwhile
	default:
		return false
	}
}

// inLine waits for a place.
type inLine struct {
	places *places
	in     chan struct{}
	mu     sync.Mutex
	gone   bool
}

func (w *inLine) entered() {
	w.mu.Lock()
	gone := w.gone
	if !gone {
		close(w.in)
	}
	w.mu.Unlock()
	if gone {
		w.places.leave()
	}
}
