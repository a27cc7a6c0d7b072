package resolver

import "sync"

// flight is a question under way for all who ask it. Unlike one of
// x/sync/singleflight, it goes on while anyone waits for it and ends when nobody
// does: the first to ask may leave without harm to the others.
type flight struct {
	mu *sync.Mutex // of the layer that the question belongs to, or of a part of it
	of landing

	first   passenger
	more    []*passenger
	waiting int
	over    bool // it has its outcome, or all have left
	ask     stopper
}

// landing is what a layer makes of its question. The lock is held in both.
type landing interface {
	// landed is called with the outcome before those who wait; late: all have left, and
	// the question may have been asked anew since.
	landed(a *Answer, err error, late bool)
	// left: nobody waits any more. Whoever asks from here on starts anew.
	left()
}

// passenger is one who waits for a flight.
type passenger struct {
	flight *flight
	to     taker
	left   bool
}

// open makes a flight of a zero one, with who asks first. The lock is held; depart then
// starts it.
func (f *flight) open(mu *sync.Mutex, of landing, to taker) {
	f.mu, f.of, f.waiting = mu, of, 1
	f.first = passenger{flight: f, to: to}
}

// join waits for the question. The lock is held, and the flight is not over.
func (f *flight) join(to taker) *passenger {
	p := &passenger{flight: f, to: to}
	f.more = append(f.more, p)
	f.waiting++
	return p
}

// depart asks. The outcome goes to to, which is the flight or passes it on to it. The lock
// is not held.
func (f *flight) depart(next starter, q question, to taker) *passenger {
	ask := next.start(q, to)
	f.mu.Lock()
	if !f.over {
		f.ask = ask
	}
	f.mu.Unlock()
	return &f.first
}

// take implements taker.
func (f *flight) take(a *Answer, err error) {
	f.mu.Lock()
	f.of.landed(a, err, f.over)
	if f.over {
		f.mu.Unlock()
		return
	}
	f.over = true
	// Whoever was called may keep the flight for long. It must not hold the others then,
	// who hold other flights: that would be a chain of all that ever shared one.
	first, more := f.first.to, f.more
	f.ask, f.first.to, f.more = nil, nil, nil
	// Nobody joins or leaves any more.
	f.mu.Unlock()
	if first != nil {
		first.take(a, err)
	}
	for _, p := range more {
		if !p.left {
			p.to.take(a, err)
		}
	}
}

// stop implements stopper: the passenger leaves.
func (p *passenger) stop() {
	f := p.flight
	f.mu.Lock()
	if p.left || f.over {
		f.mu.Unlock()
		return
	}
	// The flight may go on for as long as a server is silent; the audit may not.
	p.left, p.to = true, nil
	f.waiting--
	var ask stopper
	if f.waiting == 0 {
		f.over = true
		f.of.left()
		ask, f.ask, f.more = f.ask, nil, nil
	}
	f.mu.Unlock()
	if ask != nil {
		ask.stop()
	}
}
