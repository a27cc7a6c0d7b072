package resolver

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Session is one audit's view of the DNS: every distinct question is asked once,
// and has the same outcome, an error too, however often it comes. The number of
// distinct questions is bounded.
type Session struct {
	next    Resolver
	max     int
	flights flights

	mu    sync.RWMutex
	memo  map[question]outcome
	asked map[question]bool
	trace []Trace
}

type outcome struct {
	answer *Answer
	err    error
}

// Trace is one question of a session.
type Trace struct {
	Name string
	Type Type
	// Status is "found", "nodata", "nxdomain" or the Reason of an error.
	Status   string
	Server   string
	Duration time.Duration
}

// NewSession starts an audit of at most maxQueries distinct questions; 0 is no
// bound.
func NewSession(next Resolver, maxQueries int) *Session {
	return &Session{next: next, max: maxQueries, memo: make(map[question]outcome), asked: make(map[question]bool)}
}

// Lookup implements Resolver. Over the bound it is an *Error of reason Budget.
func (s *Session) Lookup(ctx context.Context, name string, t Type) (*Answer, error) {
	key, wrong := canonical(name)
	if wrong != "" {
		return nil, &Error{Name: name, Type: t, Reason: BadName, Detail: wrong}
	}
	q := question{key, t}
	if o, ok := s.known(q); ok {
		return o.answer, o.err
	}
	return s.miss(ctx, q, name)
}

func (s *Session) known(q question) (outcome, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	o, ok := s.memo[q]
	return o, ok
}

func (s *Session) miss(ctx context.Context, q question, name string) (*Answer, error) {
	a, err, _ := s.flights.do(ctx, q, func(ctx context.Context) (*Answer, error) {
		// An equal question may have ended since this one was missed.
		if o, ok := s.known(q); ok {
			return o.answer, o.err
		}
		if !s.spend(q) {
			return nil, &Error{Name: q.name, Type: q.typ, Reason: Budget, Detail: fmt.Sprintf("the audit may ask %d questions", s.max)}
		}
		start := time.Now()
		a, err := s.next.Lookup(ctx, name, q.typ)
		s.keep(q, a, err, time.Since(start))
		return a, err
	})
	return a, err
}

// spend takes a question from the budget, unless it was asked before.
func (s *Session) spend(q question) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked[q] {
		return true
	}
	if s.max > 0 && len(s.asked) >= s.max {
		return false
	}
	s.asked[q] = true
	return true
}

func (s *Session) keep(q question, a *Answer, err error, d time.Duration) {
	t := Trace{Name: q.name, Type: q.typ, Duration: d}
	if err != nil {
		e := AsError(err)
		t.Status, t.Server = string(e.Reason), e.Server
	} else {
		t.Status, t.Server = string(a.Status), a.Server
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trace = append(s.trace, t)
	// That all who asked have left is no outcome of the question.
	if err == nil || AsError(err).Reason != Canceled {
		s.memo[q] = outcome{a, err}
	}
}

// Queries is how many distinct questions were asked.
func (s *Session) Queries() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.asked)
}

// Trace lists the questions in the order of their outcomes.
func (s *Session) Trace() []Trace {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.trace)
}
