package maillog

import (
	"time"
)

// count adds an outcome to the counts of the pair.
func (l *Log) count(h *head, r *record, m *message, p *pair, d *domain, g *group, c *cause) {
	t := &l.tallies
	if r.status == statusSent && r.handover {
		t.handOver(p)
		return
	}
	at := &d.cell(g).counts
	t.assign(p, m, at)
	var when time.Time
	if r.status != statusSent {
		when = l.timeOf(h)
	}
	hourOf := l.hourOf(h)
	next := [...]state{stateDelivered, stateOpen, stateBounced, stateExpired}[r.status]
	if p.state == next && next != stateOpen {
		return // the log says once more what is known
	}
	if h.hasTime {
		t.point(h.sec, r.status != statusSent)
	}
	for _, one := range [...]*counts{at, p.sender} {
		if one != nil {
			one.outcome(r, p, c, next, when, hourOf)
		}
	}
	if c != nil {
		l.countCause(c, r, p, when, hourOf)
	}
	if r.status == statusSent && p.met != 0 {
		for i := range l.causes.names {
			if p.met&(1<<i) != 0 && t.byCause[i] != nil {
				t.byCause[i].delivered++
			}
		}
	}
	if next != stateOpen {
		p.state = next
	}
}

// handOver counts a pair as handed to a hop of this system, whose own lines say what
// becomes of it.
func (t *tallies) handOver(p *pair) {
	if p.state == stateHanded {
		return
	}
	if p.counted {
		// It was counted while the next hop did not take it.
		p.counts.messages--
		if p.sender != nil {
			p.sender.messages--
		}
		p.counted = false
	}
	p.state = stateHanded
	t.handedOver++
}

// assign counts the message of a pair in at, the counts of its group; if it was counted in
// others, it is taken out of them.
func (t *tallies) assign(p *pair, m *message, at *counts) {
	switch {
	case !p.counted:
		p.counted, p.counts = true, at
		at.messages++
		if !m.hasSender {
			t.senderUnknown++
		}
		if p.sender = t.sender(m.sender, m.hasSender); p.sender != nil {
			p.sender.messages++
		}
	case p.counts != at:
		p.counts.messages--
		p.counts.leave(p.state)
		at.messages++
		at.enter(p.state)
		p.counts = at
	}
}

// outcome counts an attempt for the pair, after which its state is next.
func (c *counts) outcome(r *record, p *pair, why *cause, next state, when time.Time, hourOf int) {
	c.attempts++
	c.hour(hourOf, r.status != statusSent)
	if r.status == statusDeferred {
		c.deferred++
	} else {
		c.leave(p.state)
		c.enter(next)
	}
	if r.status == statusSent {
		c.delays.add(r.delay)
	}
	if why == nil {
		return
	}
	k := why.key(r)
	found := c.reasons[k]
	if found != nil {
		found.count++
		if when.After(found.last) {
			found.last = when
		}
	} else {
		c.reason(k, 1, when, example(r.text), clean(p.recipient))
		found = c.reasons[k]
	}
	if found != nil && r.status != statusDeferred {
		found.failed++
	}
}

// countCause adds a failure to the counts by reason.
func (l *Log) countCause(c *cause, r *record, p *pair, when time.Time, hourOf int) {
	i := 0
	for i < 63 && c.bit>>i > 1 {
		i++
	}
	by := l.tallies.byCause[i]
	if by == nil {
		by = &counts{}
		l.tallies.byCause[i] = by
	}
	if p.met&c.bit == 0 {
		p.met |= c.bit
		by.messages++
	}
	by.attempts++
	by.hour(hourOf, true)
	switch r.status {
	case statusDeferred:
		by.deferred++
	case statusBounced:
		by.bounced++
	case statusExpired:
		by.expired++
	}
	by.reason(c.key(r), 1, when, example(r.text), clean(p.recipient))
}

// key returns what the reason of a failure is counted under. The code of the log
// stands in for one that the text does not have.
func (c *cause) key(r *record) reasonKey {
	k := reasonKey{c.reason, c.code, c.enhanced}
	if k.enhanced == "" && len(r.dsn) > 0 {
		k.enhanced = string(r.dsn)
	}
	return k
}

func (c *counts) leave(s state) {
	switch s {
	case stateDelivered:
		c.delivered--
	case stateBounced:
		c.bounced--
	case stateExpired:
		c.expired--
	}
}

func (c *counts) enter(s state) {
	switch s {
	case stateDelivered:
		c.delivered++
	case stateBounced:
		c.bounced++
	case stateExpired:
		c.expired++
	}
}

// hourOf returns the hour of the day of a line, as the log writes it; -1 if none.
func (l *Log) hourOf(h *head) int {
	if !h.hasTime {
		return -1
	}
	sec := h.sec
	if h.zone != noZone {
		sec += int64(h.zone)
	} else if l.zoneKnown {
		sec += l.zoneOffset
	}
	return int((sec%86400+86400)%86400) / 3600
}

// recount makes a counted pair expired. No attempt was made.
func (l *Log) recount(h *head, r *record, p *pair, c *cause) {
	for _, one := range [...]*counts{p.counts, p.sender} {
		if one != nil {
			one.leave(p.state)
			one.expired++
		}
	}
	i := 0
	for i < 63 && c.bit>>i > 1 {
		i++
	}
	if by := l.tallies.byCause[i]; by != nil {
		by.expired++
	}
	p.state = stateExpired
}

// receiverOf returns the receiver that a delivery went to, "" if none is known.
func (t *tallies) receiverOf(r *record) string {
	if r.local || r.handover {
		return ""
	}
	if g := t.group(r.relay, r.relayIP, t.domain(r.recipient)); g != nil {
		return g.receiver
	}
	return ""
}
