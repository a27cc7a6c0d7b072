package spf

import (
	"context"
	"time"

	"mailworthy/finding"
	"mailworthy/resolver"
)

func Examine(ctx context.Context, r resolver.Resolver, domain string) *Policy { return &Policy{} }

type Context struct {
	Profile finding.Profile
	// DMARCEnforces: nil is not known.
	DMARCEnforces *bool
	// MX is "present", "none", "null" or "unknown".
	MX          string
	Evaluations []Evaluation
}

func Check(p *Policy, c Context) []finding.Finding { return nil }

var Checks []finding.Check

func (p *Policy) SendingAddresses() []Source { return nil }

func (p *Policy) Targets() []string { return nil }

func (p *Policy) SendsNothing() bool { return false }

type LintReport struct {
	Type     string            `json:"type"`
	Valid    bool              `json:"valid"`
	Findings []finding.Finding `json:"findings"`
}

func Lint(record []byte) LintReport { return LintReport{} }

func Merge(records []string) (merged string, dropped []string, notes []string) { return "", nil, nil }

type Flattening struct{}

func Flatten(ctx context.Context, r resolver.Resolver, domain string, now time.Time) (*Flattening, error) {
	return nil, nil
}

type Accounting struct{}
type Term struct{}
