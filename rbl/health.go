package rbl

import (
	"context"
	"time"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// State is the health of a list as seen through one resolver.
type State string

const (
	// Usable: the test entries answer as RFC 5782, 5 requires.
	Usable State = "usable"
	// Refused: the list says that it does not answer this resolver.
	Refused State = "blocked"
	// Unhealthy: the entry that must be listed is not, or the one that must not be is.
	Unhealthy State = "unhealthy"
	// Unresolved: a test entry was not answered.
	Unresolved State = "unresolved"
	// Closed: the catalogue knows the list as closed, or its zone does not exist.
	Closed State = "dead"
)

// ListHealth is the health of a list for one kind of subject.
type ListHealth struct {
	List  *List  `json:"list"`
	Kind  Kind   `json:"kind"`
	State State  `json:"state"`
	Why   string `json:"why,omitempty"`
	// Outside: an answer was outside 127/8, as from a parked zone or a rewriting resolver.
	Outside  bool               `json:"outside,omitempty"`
	Duration time.Duration      `json:"-"`
	Evidence []finding.Evidence `json:"evidence,omitempty"`
}

// Rewriting says whether a resolver invents answers for names that do not exist.
type Rewriting struct {
	// Known: the question was answered.
	Known    bool               `json:"known"`
	Rewrites bool               `json:"rewrites"`
	Evidence []finding.Evidence `json:"evidence,omitempty"`
}

// Health remembers for a run which lists passed their test through a resolver.
// It is for one resolver; the zero value is ready.
type Health struct{}

// Probe tests each selected list with its test entries and measures the time.
func Probe(ctx context.Context, r resolver.Resolver, o Options) ([]ListHealth, Rewriting) {
	return nil, Rewriting{}
}

// Advice says in a sentence what to do about a list that is not usable.
func (h ListHealth) Advice() string { return "" }
