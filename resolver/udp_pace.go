package resolver

import "time"

// grace is how long the answer to a question is waited for once the answer to its
// second try is there: a server sends both together.
const grace = 20 * time.Millisecond

// enter reports whether a question may be put on a socket; if not, it is later.
func (u *udp) enter(i *inquiry) bool {
	u.paceMu.Lock()
	defer u.paceMu.Unlock()
	now := time.Since(u.made)
	u.watch()
	return u.pace.enter(i, now)
}

// watch has overdue called. The lock is held.
func (u *udp) watch() {
	if !u.armed && !u.over {
		u.armed = true
		patience := u.pace.patience()
		u.pace.looked = time.Since(u.made) + patience
		u.late.Reset(patience)
	}
}

// admit puts those in line on sockets that there is room for. A taker that is called with a failure
// meanwhile may leave in turn: that is left to the call that is at it, so that calls
// do not nest.
func (u *udp) admit() {
	u.paceMu.Lock()
	defer u.paceMu.Unlock()
	if u.admitting {
		return
	}
	u.admitting = true
	unsent := false
	for {
		i, twice := u.pace.next(time.Since(u.made))
		if i == nil {
			break
		}
		u.watch()
		if twice {
			before := i.again
			i.again = &again{udp: u, of: i}
			a := i.again
			u.paceMu.Unlock()
			if before != nil {
				before.cancel()
			}
			a.ask()
			u.paceMu.Lock()
			continue
		}
		i.moving = true
		u.paceMu.Unlock()
		s := u.put(i)
		unsent = true
		u.paceMu.Lock()
		if i.moving = false; i.gone && s != nil {
			u.paceMu.Unlock()
			gone := s.remove(i)
			u.paceMu.Lock()
			if gone {
				u.pace.drop(i, time.Since(u.made))
			}
		}
	}
	u.admitting = false
	if unsent && !u.over {
		select {
		case u.unsent <- struct{}{}:
		default:
		}
	}
}

// flushes sends what was let in, until the client is closed. It runs when whoever
// lets in has nothing else to do: the reader of a socket lets in one for each answer
// and goes on to the next one, and what was let in meanwhile is sent together.
func (u *udp) flushes() {
	for range u.unsent {
		u.flush()
	}
}

// answered passes an answer on, if it is one: what a crowded server refuses is asked
// once more.
func (u *udp) answered(i *inquiry, msg []byte) {
	if i.second {
		i.to.received(msg, nil)
		return
	}
	const refused = 5
	u.paceMu.Lock()
	told := u.pace.answered(i, time.Since(u.made), msg[3]&rcodes == refused)
	if i.gone && !told {
		u.pace.leave(i)
	}
	u.tell(i, told, msg, nil)
}

// failed reports that a question has no answer.
func (u *udp) failed(i *inquiry, err error) {
	if i.second {
		i.to.received(nil, err)
		return
	}
	u.paceMu.Lock()
	u.pace.drop(i, time.Since(u.made))
	u.tell(i, true, nil, err)
}

// tell unlocks the pace, calls whoever waits for the question, and lets others in.
func (u *udp) tell(i *inquiry, told bool, msg []byte, err error) {
	again := i.again
	i.again = nil
	told = told && !i.gone
	wanted := u.pace.wanted()
	u.paceMu.Unlock()
	if again != nil {
		again.cancel()
	}
	if told {
		i.to.received(msg, err)
	}
	if wanted {
		u.admit()
	}
}

// cancel ends the wait for a question that was asked; false if its receiver has been
// called, or is just being called.
func (u *udp) cancel(i *inquiry) bool {
	u.paceMu.Lock()
	switch {
	case i.on == &u.pace.waiting:
		u.pace.drop(i, time.Since(u.made))
		u.paceMu.Unlock()
		return true
	case i.moving:
		i.gone = true
		u.paceMu.Unlock()
		return true
	}
	u.paceMu.Unlock()
	s := i.socket.Load()
	if s == nil || !s.remove(i) {
		return false
	}
	u.paceMu.Lock()
	i.gone = true
	u.pace.drop(i, time.Since(u.made))
	u.tell(i, false, nil, nil)
	return true
}

// overdue looks at those that are late: they give their places up, and are asked
// again if they may have been lost.
func (u *udp) overdue() {
	u.paceMu.Lock()
	u.armed = false
	now := time.Since(u.made)
	wait := u.pace.overdue(now)
	if wait > 0 && !u.over {
		u.armed = true
		u.late.Reset(wait)
	}
	u.paceMu.Unlock()
	u.admit()
}

// again is a question's second time, beside the first one. It has no place of its own.
type again struct {
	inquiry
	query  query
	udp    *udp
	of     *inquiry
	answer []byte
}

func (a *again) ask() {
	first := a.of.socket.Load()
	if first == nil {
		return
	}
	first.mu.Lock()
	a.query.msg = append(a.query.space[:0], a.of.q.msg...)
	a.query.question = a.of.q.question
	first.mu.Unlock()
	a.q, a.to, a.second = &a.query, a, true
	if s := a.udp.put(&a.inquiry); s != nil {
		s.flush()
	}
}

// received implements receiver.
func (a *again) received(msg []byte, err error) {
	const refused = 5
	if err != nil || msg[3]&rcodes == refused {
		return // the first one is waited for as long as without this
	}
	a.answer = append([]byte(nil), msg...)
	time.AfterFunc(grace, a.judge)
}

// judge decides that the first time was lost if it has not been answered by now.
func (a *again) judge() {
	u, i := a.udp, a.of
	u.paceMu.Lock()
	current := i.again == a
	u.paceMu.Unlock()
	if !current || !i.socket.Load().remove(i) {
		return
	}
	u.paceMu.Lock()
	u.pace.lost(time.Since(u.made), i.asked, int(i.crowd))
	u.pace.drop(i, time.Since(u.made))
	u.tell(i, true, a.answer, nil)
}

// cancel ends the wait for the second answer.
func (a *again) cancel() {
	if s := a.socket.Load(); s != nil {
		s.remove(&a.inquiry)
	}
}
