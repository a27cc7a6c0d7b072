package spf

import (
	"context"
	"time"

	"mailworthy/finding"
	"mailworthy/resolver"
)

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

type LintReport struct {
	Type     string            `json:"type"`
	Valid    bool              `json:"valid"`
	Findings []finding.Finding `json:"findings"`
}

func Lint(record []byte) LintReport { return LintReport{} }


type Flattening struct{}

func Flatten(ctx context.Context, r resolver.Resolver, domain string, now time.Time) (*Flattening, error) {
	return nil, nil
}
