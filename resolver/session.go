package resolver

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Session is one audit's view of the DNS: every distinct question is asked once,
// and has the same outcome, an error too, however often it comes. The number of
// distinct questions is bounded.
type Session struct {
	next starter
	max  int
	// loopsEnd is what LoopsEnd has set.
	loopsEnd bool

	mu sync.Mutex
	// asked are all questions of the budget; nil stands for one that all who asked
	// have left, so that it may be asked again.
	asked map[question]*asked
	// ended are the questions in the order of their outcomes.
	ended []*asked
	fresh []asked // they are made some at a time
}

// asked is a question of a session: under way, or with its outcome.
type asked struct {
	flight
	session *Session
	q       question
	started time.Time
	took    time.Duration
	answer  *Answer
	err     error
}

// Trace is one question of a session.
type Trace struct {
	Name string
	Type Type
	// Status is "found", "nodata", "nxdomain" or the Reason of an error.
	Status   string
	Server   string
	Duration time.Duration
	// Detail is what the server said of a failure by extended errors (RFC 8914).
	Detail string
}

const (
	// mostlyAsked is room for the questions of most audits.
	mostlyAsked = 48
	// askedAtOnce are made together; of the last ones, some stay unused.
	askedAtOnce = 8
)

// NewSession starts an audit of at most maxQueries distinct questions; 0 is no
// bound.
func NewSession(next Resolver, maxQueries int) *Session {
	return &Session{next: starterOf(next), max: maxQueries, asked: make(map[question]*asked, mostlyAsked), ended: make([]*asked, 0, mostlyAsked)}
}

// Lookup implements Resolver. Over the bound it is an *Error of reason Budget.
func (s *Session) Lookup(ctx context.Context, name string, t Type) (*Answer, error) {
	key, wrong := canonical(name)
	if wrong != "" {
		return nil, &Error{Name: name, Type: t, Reason: BadName, Detail: wrong}
	}
	q := question{key, t}
	s.mu.Lock()
	if a := s.asked[q]; a != nil && a.over {
		s.mu.Unlock()
		return a.answer, a.err
	}
	w := newWaiter()
	return w.wait(ctx, s.next, q, s.put(q, w))
}

// start implements starter.
func (s *Session) start(q question, to taker) stopper {
	s.mu.Lock()
	return s.put(q, to)
}

func (s *Session) flush() { s.next.flush() }

// put answers with the outcome that there is, waits with those who asked before,
// or asks. It unlocks the session.
func (s *Session) put(q question, to taker) stopper {
	a, paid := s.asked[q]
	switch {
	case a != nil && a.over:
		s.mu.Unlock()
		to.take(a.answer, a.err)
		return nil
	case a != nil:
		p := a.join(to)
		s.mu.Unlock()
		return p
	case !paid && s.max > 0 && len(s.asked) >= s.max:
		s.mu.Unlock()
		to.take(nil, &Error{Name: q.name, Type: q.typ, Reason: Budget, Detail: fmt.Sprintf("the audit may ask %d questions", s.max)})
		return nil
	}
	if len(s.fresh) == 0 {
		s.fresh = make([]asked, askedAtOnce)
	}
	a, s.fresh = &s.fresh[0], s.fresh[1:]
	a.session, a.q, a.started = s, q, time.Now()
	a.open(&s.mu, a, to)
	s.asked[q] = a
	s.mu.Unlock()
	return a.depart(s.next, q, a)
}

// LoopsEnd makes an empty answer of an alias in a loaded zone that leads back to itself:
// nothing is to be found there, and that is known, whatever error a receiver's resolver makes
// of it (RFC 1034, 3.6.2). The last of the answer's CNAMEs is then one that was there before. It
// is for those who judge what is published, before anything is asked.
func (s *Session) LoopsEnd() *Session {
	s.loopsEnd = true
	return s
}

// take implements taker.
func (a *asked) take(answer *Answer, err error) {
	if e, ok := err.(*Error); ok && a.session.loopsEnd && e.Reason == AliasLoop && e.CNAMEs != nil {
		answer, err = &Answer{Name: a.q.name, Type: a.q.typ, Status: NoData, CNAMEs: e.CNAMEs, Server: e.Server, Rcode: "NOERROR"}, nil
	}
	a.flight.take(answer, err)
}

// landed implements landing. That a question was stopped is no outcome of it.
func (a *asked) landed(answer *Answer, err error, late bool) {
	if late {
		return
	}
	a.end(answer, err)
	if err != nil && AsError(err).Reason == Canceled {
		a.session.asked[a.q] = nil
	}
}

// left implements landing.
func (a *asked) left() {
	a.end(nil, &Error{Name: a.q.name, Type: a.q.typ, Reason: Canceled})
	a.session.asked[a.q] = nil
}

// end notes the outcome. The lock is held.
func (a *asked) end(answer *Answer, err error) {
	a.answer, a.err, a.took = answer, err, time.Since(a.started)
	a.session.ended = append(a.session.ended, a)
}

// Known answers what the session has asked and had an outcome of, and nothing
// else. It belongs to one goroutine.
func (s *Session) Known() *Known { return &Known{session: s} }

// Known is the part of a session that waits for nothing.
type Known struct {
	session *Session
	// Missed: something was asked that is not known, and had no answer.
	Missed bool
}

// Lookup implements Resolver. What is not known is an *Error of reason Canceled.
func (k *Known) Lookup(_ context.Context, name string, t Type) (*Answer, error) {
	key, wrong := canonical(name)
	if wrong != "" {
		return nil, &Error{Name: name, Type: t, Reason: BadName, Detail: wrong}
	}
	s := k.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.asked[question{key, t}]; a != nil && a.over {
		return a.answer, a.err
	}
	k.Missed = true
	return nil, &Error{Name: key, Type: t, Reason: Canceled, Detail: "it was not asked yet"}
}

// Queries is how many distinct questions were asked.
func (s *Session) Queries() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

// Answers calls f with each answer of the session, in the order of their coming.
func (s *Session) Answers(f func(*Answer)) {
	s.mu.Lock()
	ended := s.ended
	s.mu.Unlock()
	for _, a := range ended {
		if a.err == nil && a.answer != nil {
			f(a.answer)
		}
	}
}

// Trace lists the questions in the order of their outcomes.
func (s *Session) Trace() []Trace {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Trace, len(s.ended))
	for i, a := range s.ended {
		out[i] = Trace{Name: a.q.name, Type: a.q.typ, Duration: a.took}
		if a.err != nil {
			e := AsError(a.err)
			out[i].Status, out[i].Server = string(e.Reason), e.Server
			if e.Reason == Refused || e.Reason == ServFail {
				out[i].Detail = e.Detail
			}
		} else {
			out[i].Status, out[i].Server = string(a.answer.Status), a.answer.Server
		}
	}
	return out
}
