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
	next Resolver
	max  int

	mu sync.Mutex
	// asked are all questions of the budget; nil stands for one that all who asked
	// have left, so that it may be asked again.
	asked map[question]*asked
	trace []Trace
}

// asked is a question of a session: under way, or with its outcome.
type asked struct {
	session *Session
	q       question
	start   time.Time
	done    chan struct{}
	ask     stopper
	waiting int
	over    bool // there is an outcome, or all have left
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
}

// NewSession starts an audit of at most maxQueries distinct questions; 0 is no
// bound.
func NewSession(next Resolver, maxQueries int) *Session {
	return &Session{next: next, max: maxQueries, asked: make(map[question]*asked, 64), trace: make([]Trace, 0, 48)}
}

// Lookup implements Resolver. Over the bound it is an *Error of reason Budget.
func (s *Session) Lookup(ctx context.Context, name string, t Type) (*Answer, error) {
	key, wrong := canonical(name)
	if wrong != "" {
		return nil, &Error{Name: name, Type: t, Reason: BadName, Detail: wrong}
	}
	q := question{key, t}
	s.mu.Lock()
	a, paid := s.asked[q]
	switch {
	case a != nil && a.over:
		s.mu.Unlock()
		return a.answer, a.err
	case a != nil:
		a.waiting++
		s.mu.Unlock()
		return a.wait(ctx)
	case !paid && s.max > 0 && len(s.asked) >= s.max:
		s.mu.Unlock()
		return nil, &Error{Name: q.name, Type: q.typ, Reason: Budget, Detail: fmt.Sprintf("the audit may ask %d questions", s.max)}
	}
	a = &asked{session: s, q: q, start: time.Now(), done: make(chan struct{}), waiting: 1}
	s.asked[q] = a
	s.mu.Unlock()

	ask := begin(s.next, q, a)
	s.mu.Lock()
	a.ask = ask
	s.mu.Unlock()
	return a.wait(ctx)
}

// take implements taker.
func (a *asked) take(answer *Answer, err error) {
	s := a.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.over {
		return
	}
	a.over, a.answer, a.err = true, answer, err
	s.note(a)
	// That it was stopped is no outcome of the question.
	if err != nil && AsError(err).Reason == Canceled {
		s.asked[a.q] = nil
	}
	close(a.done)
}

// note adds the question to the trace. The lock is held.
func (s *Session) note(a *asked) {
	t := Trace{Name: a.q.name, Type: a.q.typ, Duration: time.Since(a.start)}
	if a.err != nil {
		e := AsError(a.err)
		t.Status, t.Server = string(e.Reason), e.Server
	} else {
		t.Status, t.Server = string(a.answer.Status), a.answer.Server
	}
	s.trace = append(s.trace, t)
}

// wait returns the outcome; where the context ends before, the question is left,
// and ends when all have left it.
func (a *asked) wait(ctx context.Context) (*Answer, error) {
	select {
	case <-a.done:
		return a.answer, a.err
	case <-ctx.Done():
	}
	e := canceled(ctx, a.q.name, a.q.typ, "")
	s := a.session
	s.mu.Lock()
	a.waiting--
	var ask stopper
	if a.waiting == 0 && !a.over {
		// Whoever asks from here on starts anew.
		a.over, a.err, ask = true, e, a.ask
		s.note(a)
		s.asked[a.q] = nil
	}
	s.mu.Unlock()
	if ask != nil {
		ask.stop()
	}
	return nil, e
}

// Queries is how many distinct questions were asked.
func (s *Session) Queries() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

// Trace lists the questions in the order of their outcomes.
func (s *Session) Trace() []Trace {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.trace)
}
