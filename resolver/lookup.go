package resolver

import (
	"context"
	"sync"
)

// lookup is an asynchronous question: its taker is called with the answer, no goroutine
// blocks. Its first try over UDP costs no goroutine. If that brings no answer, the rest
// of the tries are those of Client.Lookup, which blocks.
type lookup struct {
	inquiry  // the first try
	query    query
	client   *Client
	question question
	taker    taker
	server   int // of the first try, as a place in Client.servers
	edns     bool

	mu      sync.Mutex
	asked   bool // it has its place
	stopped bool
	cancel  context.CancelFunc // of the patient way
}

// exchanged is what came of a try that was made already.
type exchanged struct {
	server int // its place in Client.servers
	edns   bool
	msg    []byte
	err    error
}

// start implements starter.
func (c *Client) start(q question, to taker) stopper {
	l := &lookup{client: c, question: q, taker: to}
	i := 0
	if len(c.servers) > 1 {
		i = c.pick(make([]int, len(c.servers)))
	}
	s := c.servers[i]
	l.server, l.edns = i, !s.noEDNS.Load()
	u, ok := s.transport.(*udp)
	if !ok || !c.unlimited(s, q.name) {
		go l.patient(nil)
		return l
	}
	l.query.write(q.name, q.typ, l.edns)
	if c.unchecked {
		l.query.disableChecking()
	}
	l.q, l.to = &l.query, l
	if c.places.enter(l) {
		l.asked = true
		u.ask(&l.inquiry)
	}
	return l
}

// udp is what the first try is made over.
func (l *lookup) udp() *udp { return l.client.servers[l.server].transport.(*udp) }

func (c *Client) flush() {
	for _, s := range c.servers {
		if u, ok := s.transport.(*udp); ok {
			u.flush()
		}
	}
}

// entered implements entrant: the question waited for its turn.
func (l *lookup) entered() {
	l.mu.Lock()
	stopped := l.stopped
	if !stopped {
		l.asked = true
		if s := l.udp().ask(&l.inquiry); s != nil {
			s.flush()
		}
	}
	l.mu.Unlock()
	if stopped {
		l.client.places.leave()
	}
}

// received implements receiver.
func (l *lookup) received(msg []byte, err error) {
	c := l.client
	c.places.leave()
	s := c.servers[l.server]
	if err == nil && !truncated(msg) {
		res, e := readResponse(msg, l.question.name, l.question.typ, s.String())
		doubtful := false
		if e == nil {
			doubtful = c.doubtful(l.server, res)
		}
		if e == nil && !res.more && !doubtful {
			if s.succeeded(); !l.edns {
				s.noEDNS.Store(true)
			}
			l.taker.take(&res.Answer, nil)
			return
		}
	}
	first := exchanged{server: l.server, edns: l.edns, err: err}
	if err == nil {
		first.msg = append([]byte(nil), msg...)
	}
	go l.patient(&first)
}

// patient looks the name up as Client.Lookup does.
func (l *lookup) patient(first *exchanged) {
	ctx, cancel := context.WithCancel(l.client.base)
	defer cancel()
	l.mu.Lock()
	if l.cancel = cancel; l.stopped {
		cancel()
	}
	l.mu.Unlock()
	a, e := l.client.lookup(ctx, l.question, first)
	if e != nil {
		l.taker.take(nil, e)
		return
	}
	l.taker.take(a, nil)
}

// stop implements stopper.
func (l *lookup) stop() {
	l.mu.Lock()
	l.stopped = true
	cancel, asked := l.cancel, l.asked
	l.mu.Unlock()
	switch {
	case cancel != nil:
		cancel()
	case asked && l.udp().cancel(&l.inquiry):
		l.client.places.leave()
	}
}
