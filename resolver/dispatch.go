package resolver

import (
	"runtime"
	"sync"
)

// dispatch starts questions in goroutines that live as long as the stack of
// resolvers does. An audit asks each question in a goroutine of its own, which
// begins with a small stack; going through all layers down to the system call
// there would make it grow, and that copying costs more than handing the question
// over.
type dispatch struct {
	next  Resolver
	queue chan *handed

	mu     sync.RWMutex // held for writing to close the queue
	closed bool
	wg     sync.WaitGroup
}

const (
	dispatchQueue   = 1 << 10
	mostDispatchers = 4
)

// handed is a question on its way to a dispatcher, and then a stopper for it.
type handed struct {
	q  question
	to taker

	mu      sync.Mutex
	stopped bool
	ask     stopper
}

func newDispatch(next Resolver) *dispatch {
	d := &dispatch{next: next, queue: make(chan *handed, dispatchQueue)}
	for range min(max(1, runtime.GOMAXPROCS(0)/2), mostDispatchers) {
		d.wg.Go(d.run)
	}
	return d
}

// start implements starter.
func (d *dispatch) start(q question, to taker) stopper {
	h := &handed{q: q, to: to}
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.closed {
		to.take(nil, &Error{Name: q.name, Type: q.typ, Reason: Network, Detail: errClosed.Error()})
		return h
	}
	d.queue <- h
	return h
}

func (d *dispatch) run() {
	for h := range d.queue {
		h.mu.Lock()
		if stopped := h.stopped; stopped {
			h.mu.Unlock()
			continue // nobody waits
		}
		h.mu.Unlock()
		ask := begin(d.next, h.q, h.to)
		h.mu.Lock()
		h.ask = ask
		stopped := h.stopped
		h.mu.Unlock()
		if stopped {
			ask.stop()
		}
	}
}

// stop implements stopper.
func (h *handed) stop() {
	h.mu.Lock()
	h.stopped = true
	ask := h.ask
	h.mu.Unlock()
	if ask != nil {
		ask.stop()
	}
}

// close ends the goroutines once what was handed over is started.
func (d *dispatch) close() {
	d.mu.Lock()
	if !d.closed {
		d.closed = true
		close(d.queue)
	}
	d.mu.Unlock()
	d.wg.Wait()
}
