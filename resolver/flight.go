package resolver

import "sync"

// flight is a question under way for all who asked it. Unlike one of
// x/sync/singleflight, it goes on while anyone waits for it and ends when nobody
// does: the first to ask may leave without harm to the others.
type flight struct {
	group *flights
	q     question
	// landed is told the outcome before those who wait; late: all have left, and
	// the question may have been asked anew since. The lock of the group is held.
	landed func(q question, a *Answer, err error, late bool)

	first   passenger
	more    []*passenger
	waiting int
	over    bool // told, or left by all
	ask     stopper
}

// passenger is one who waits for a flight.
type passenger struct {
	flight *flight
	to     taker
	left   bool
}

// flights are the questions under way of one layer, or of a part of it.
type flights struct {
	mu sync.Mutex
	m  map[question]*flight
}

// join waits for an equal question that is under way. The lock is held.
func (f *flights) join(q question, to taker) *passenger {
	fl := f.m[q]
	if fl == nil {
		return nil
	}
	p := &passenger{flight: fl, to: to}
	fl.more = append(fl.more, p)
	fl.waiting++
	return p
}

// open registers a flight, which depart then starts. The lock is held.
func (f *flights) open(q question, to taker, landed func(question, *Answer, error, bool)) *flight {
	fl := &flight{group: f, q: q, landed: landed, waiting: 1}
	fl.first = passenger{flight: fl, to: to}
	if f.m == nil {
		f.m = make(map[question]*flight)
	}
	f.m[q] = fl
	return fl
}

// depart asks. The lock is not held.
func (fl *flight) depart(next starter) *passenger {
	ask := next.start(fl.q, fl)
	fl.group.mu.Lock()
	if !fl.over {
		fl.ask = ask
	}
	fl.group.mu.Unlock()
	return &fl.first
}

// take implements taker.
func (fl *flight) take(a *Answer, err error) {
	fl.group.mu.Lock()
	fl.landed(fl.q, a, err, fl.over)
	if fl.over {
		fl.group.mu.Unlock()
		return
	}
	fl.over = true
	delete(fl.group.m, fl.q)
	tell := fl.first.to
	var others []taker
	for _, p := range fl.more {
		if !p.left {
			others = append(others, p.to)
		}
	}
	// Whoever was told may hold the flight for long. It must not hold the others then,
	// who hold other flights: that would be a chain of all that ever shared one.
	fl.ask, fl.first.to, fl.more = nil, nil, nil
	fl.group.mu.Unlock()
	if tell != nil {
		tell.take(a, err)
	}
	for _, to := range others {
		to.take(a, err)
	}
}

// stop implements stopper: the passenger leaves.
func (p *passenger) stop() {
	fl := p.flight
	fl.group.mu.Lock()
	if p.left || fl.over {
		fl.group.mu.Unlock()
		return
	}
	// The flight may go on for as long as a server is silent; the audit may not.
	p.left, p.to = true, nil
	fl.waiting--
	var ask stopper
	if fl.waiting == 0 {
		// Whoever asks from here on starts anew.
		fl.over = true
		delete(fl.group.m, fl.q)
		ask, fl.ask, fl.more = fl.ask, nil, nil
	}
	fl.group.mu.Unlock()
	if ask != nil {
		ask.stop()
	}
}
