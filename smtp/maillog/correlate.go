package maillog

import (
	"bytes"

	"mailworthy/smtp/reply"
)

// session is what a TLS line said of a connection, by host and process.
type session struct{ relay, tls string }

const maxSessions = 4096

// messageKey returns the key of a message: the id, and for ids that are used again the
// host with it.
func (l *Log) messageKey(h *head, id []byte) []byte {
	k := l.key[:0]
	if !longID(id) {
		k = append(k, h.host...)
		k = append(k, ' ')
	}
	k = append(k, id...)
	l.key = k
	return k
}

// find returns the message of a line, made if it is new; nil if the line names none.
func (l *Log) find(h *head, id []byte) *message {
	if len(id) == 0 {
		return nil
	}
	k := l.messageKey(h, id)
	if m := l.queue.open[string(k)]; m != nil {
		l.queue.touch(m)
		return m
	}
	m := l.queue.add(k)
	if len(l.queue.expected) > 0 {
		if list, ok := l.queue.expected[m.key]; ok {
			// A relay of one's own goes on with it: what was counted as delivered was
			// a hand-over.
			for _, p := range list {
				for _, c := range []*counts{p.counts, p.sender} {
					if c != nil {
						c.messages--
						c.delivered--
						c.attempts--
					}
				}
				l.tallies.handedOver++
			}
			delete(l.queue.expected, m.key)
		}
	}
	return m
}

// seconds is the time of a line as a number; negative if it has none.
func (h *head) seconds() float64 {
	if !h.hasTime {
		return -1
	}
	return float64(h.sec) + float64(h.nsec)/1e9
}

// inWindow reports whether what a line says is counted.
func (l *Log) inWindow(h *head) bool {
	if !h.hasTime {
		return true
	}
	if !l.o.Since.IsZero() && h.sec < l.o.Since.Unix() || !l.o.Until.IsZero() && h.sec >= l.o.Until.Unix() {
		l.tallies.outside++
		return false
	}
	return true
}

// apply takes what a line says into account and yields its events.
func (l *Log) apply(mta MTA, h *head, r *record) {
	counted := l.inWindow(h)
	if counted {
		l.tallies.mtas[mta]++
		l.period(h)
	}
	switch r.kind {
	case recNote:
		return
	case recTLS:
		l.noteTLS(h, r)
		return
	case recRejected:
		if counted {
			l.rejected(mta, h, r)
		}
		return
	case recStarted:
		if len(l.queue.starts) >= maxExpected {
			clear(l.queue.starts)
		}
		l.queue.starts[string(h.host)+" "+string(r.newID)] = start{message: string(r.id), recipient: string(r.recipient), local: r.local}
		return
	case recEnded:
		l.ended(h, r)
	}
	m := l.update(mta, h, r)
	switch r.kind {
	case recSender:
		if m != nil && !m.received {
			m.received = true
			if counted {
				l.emit(mta, h, r, m, Received, nil)
			}
		}
	case recAttempt:
		if counted && l.o.Event != nil {
			c := l.causes.of(r, r.relay, "", "")
			l.emit(mta, h, r, m, Attempt, c)
		}
	case recDelivery:
		l.delivery(mta, h, r, m, counted)
		if len(l.more) > 1 && mta == Sendmail {
			for _, other := range l.more[1:] {
				r.recipient = other
				l.delivery(mta, h, r, m, counted)
			}
		}
	case recExpired:
		l.expire(mta, h, r, m, counted)
	case recClosed:
		if m != nil {
			l.queue.drop(m)
		}
	}
}

// noteTLS keeps what a session of a process was encrypted with, for the delivery that its
// next line is about.
func (l *Log) noteTLS(h *head, r *record) {
	if len(l.tls) >= maxSessions {
		clear(l.tls)
	}
	k := append(append(l.key[:0], h.host...), h.pid...)
	l.key = k
	if s := l.tls[string(k)]; s.relay != string(r.relay) || s.tls != string(r.tls) {
		l.tls[string(k)] = session{string(r.relay), string(r.tls)}
	}
}

// ended makes the end of a qmail delivery a delivery, with what the line of its start said.
func (l *Log) ended(h *head, r *record) {
	k := string(h.host) + " " + string(r.newID)
	s, ok := l.queue.starts[k]
	delete(l.queue.starts, k)
	if ok {
		r.id, r.recipient, r.local = []byte(s.message), []byte(s.recipient), s.local
	}
	r.newID = nil
	r.kind = recDelivery
	l.scratch = qmailText(l.scratch[:0], r.text)
	r.text = l.scratch
	if len(r.relayIP) == 0 && !r.local {
		r.relayIP = qmailIP(r.text)
	}
}

// update returns the message of a line, with what the line says of it; nil if there is none.
func (l *Log) update(mta MTA, h *head, r *record) *message {
	m := l.find(h, r.id)
	if m == nil {
		return nil
	}
	if r.kind == recArrived && (len(m.pairs) > 0 || m.hasSender) && !longID(r.id) && mta != OpenSMTPD {
		// The id is used again, and the line that ended its first use is missing.
		l.queue.drop(m)
		m = l.find(h, r.id)
	}
	if m.arrived < 0 && (r.kind == recArrived || r.kind == recSender || r.kind == recMessageID) {
		m.arrived = h.seconds()
	}
	if r.hasSender && !m.hasSender {
		m.sender, m.hasSender = string(r.sender), true
	}
	if len(r.messageID) > 0 && m.messageID == "" {
		m.messageID = string(r.messageID)
	}
	if r.nrcpt > 0 {
		m.nrcpt = r.nrcpt
	}
	return m
}

// qmailIP returns the address that a text of qmail-remote begins with or names.
func qmailIP(text []byte) []byte {
	b := bytes.TrimPrefix(text, []byte("Connected to "))
	i := 0
	for i < len(b) && (b[i] >= '0' && b[i] <= '9' || b[i] == '.' || b[i] == ':' || b[i] >= 'a' && b[i] <= 'f') {
		i++
	}
	if i < 7 || i >= len(b) || b[i] != ' ' {
		return nil
	}
	return b[:i]
}

// period widens the period that the log is of.
func (l *Log) period(h *head) {
	if !h.hasTime {
		return
	}
	t := &l.tallies
	if t.from.IsZero() || h.sec < t.from.Unix() {
		t.from = l.timeOf(h)
	}
	if t.to.IsZero() || h.sec > t.to.Unix() {
		t.to = l.timeOf(h)
	}
}

// rejected counts mail that this server refused.
func (l *Log) rejected(mta MTA, h *head, r *record) {
	r.status = statusBounced
	c := l.causes.of(r, nil, "", reply.Local)
	code, enhanced := leadingCodes(r.text)
	if code == 0 {
		code = c.code
	}
	k := reasonKey{c.reason, code, string(enhanced)}
	if k.enhanced == "" {
		k.enhanced = c.enhanced
	}
	l.tallies.refuse(k, l.times, l.timeOf(h), example(r.text))
	if l.o.Event != nil {
		l.emit(mta, h, r, nil, Rejected, c)
	}
}

// example returns the text of a reply for an example.
func example(b []byte) string { return clean(string(b[:min(len(b), maxExample)])) }

// delivery counts the outcome of one recipient.
func (l *Log) delivery(mta MTA, h *head, r *record, m *message, counted bool) {
	if r.status == statusProbe {
		if counted {
			l.tallies.probes++
			l.emit(mta, h, r, m, Other, nil)
		}
		return
	}
	if m == nil {
		// No id: nothing joins the line with others, so the message is of it alone.
		m = &message{arrived: -1}
		m.pairs = m.first[:0]
		l.queue.pairs-- // not in the queue
		defer func() { l.queue.pairs -= len(m.pairs) - 1 }()
	}
	if len(r.tls) == 0 && len(l.tls) > 0 && len(h.pid) > 0 {
		k := append(append(l.key[:0], h.host...), h.pid...)
		l.key = k
		if s := l.tls[string(k)]; s.relay != "" && s.relay == string(r.relay) {
			r.tls = []byte(s.tls)
		}
	}
	if r.delay < 0 && m.arrived >= 0 && h.hasTime {
		r.delay = max(0, h.seconds()-m.arrived)
	}
	if r.status == statusSent && !r.handover && len(r.newID) > 3 && (longID(r.newID) || isPrivate(r.relayIP) || mta == Exim) {
		if next := l.queue.open[string(l.messageKey(h, r.newID))]; next != nil && next != m {
			r.handover = true
		}
	}
	p := l.queue.pair(m, r.recipient)
	kind := [...]Kind{Delivered, Deferred, Bounced, Expired}[r.status]
	if r.untried && r.status == statusDeferred {
		if counted {
			l.emit(mta, h, r, m, kind, p.last)
		}
		return
	}
	relay, ip := r.relay, r.relayIP
	if len(relay) == 0 && len(ip) == 0 && !r.local {
		relay, ip = spokenHost(r.text)
	}
	d := l.tallies.domain(r.recipient)
	var g *group
	if r.local && !r.handover {
		g = l.tallies.local
	} else if !r.handover || r.status != statusSent {
		g = l.tallies.group(relay, ip, d)
	}
	var c *cause
	if r.status != statusSent {
		receiver := ""
		if g != nil {
			receiver = g.receiver
		}
		if r.status == statusExpired && p.last != nil {
			c = p.last // what it failed for until then
		} else {
			c = l.causes.of(r, relay, receiver, "")
		}
	}
	if counted {
		l.count(h, r, m, p, d, g, c)
		if l.o.Event != nil {
			l.emit(mta, h, r, m, kind, c)
		}
	} else if r.status != statusDeferred && p.state == stateOpen {
		p.state = [...]state{stateDelivered, stateOpen, stateBounced, stateExpired}[r.status]
		if r.handover {
			p.state = stateHanded
		}
	}
	if c != nil {
		p.last = c
	}
	if r.status == statusSent && !r.handover && p.counted && len(r.newID) > 3 && isPrivate(r.relayIP) {
		l.queue.expect(l.messageKey(h, r.newID), p)
	}
}

// expire counts every recipient of a message that is still open as expired.
func (l *Log) expire(mta MTA, h *head, r *record, m *message, counted bool) {
	if m == nil {
		return
	}
	open := false
	r.status = statusExpired
	for i := range m.pairs {
		p := &m.pairs[i]
		if p.state != stateOpen {
			continue
		}
		open = true
		r.recipient = append(l.scratch[:0], p.recipient...)
		c := p.last
		if c == nil {
			c = l.causes.of(r, nil, "", "")
		}
		if !counted {
			p.state = stateExpired
			continue
		}
		if p.counted {
			l.recount(h, r, p, c)
		}
		l.emit(mta, h, r, m, Expired, c)
	}
	if !open && counted {
		l.emit(mta, h, r, m, Expired, nil)
	}
}

// emit yields an event, if somebody takes them.
func (l *Log) emit(mta MTA, h *head, r *record, m *message, kind Kind, c *cause) {
	if l.o.Event == nil {
		return
	}
	e := Event{
		Time: l.timeOf(h), Host: string(h.host), MTA: mta, Program: string(h.program), QueueID: string(r.id), Kind: kind,
		Sender: string(r.sender), HasSender: r.hasSender, Recipient: string(r.recipient), Relay: string(r.relay), RelayIP: string(r.relayIP),
		Delay: r.delay, TLS: string(r.tls), Text: string(r.text), Handover: r.handover && r.status == statusSent && kind == Delivered, Untried: r.untried,
		MessageID: string(r.messageID),
	}
	if m != nil {
		e.MessageID = m.messageID
		if m.hasSender {
			e.Sender, e.HasSender = m.sender, true
		}
	}
	code, enhanced := leadingCodes(r.text)
	e.ReplyCode, e.EnhancedCode = code, string(enhanced)
	if c != nil {
		e.Reason, e.Receiver = string(c.reason), c.receiver
		if e.ReplyCode == 0 {
			e.ReplyCode = c.code
		}
		if e.EnhancedCode == "" {
			e.EnhancedCode = c.enhanced
		}
	}
	if dsn := enhancedAt(r.dsn); dsn != nil && (e.EnhancedCode == "" || !bytes.HasSuffix(dsn, []byte(".0.0"))) {
		e.EnhancedCode = string(dsn)
	}
	if kind == Delivered && e.Reason == "" {
		e.Receiver = l.tallies.receiverOf(r)
	}
	l.o.Event(&e)
}
