package report

import (
	"io"
	"strings"

	"mailworthy/finding"
)

// Fails reports whether a finding makes a run fail at the limit, or could for all
// that the DNS said.
func Fails(f finding.Finding, failOn finding.Severity) bool {
	if failOn == Never {
		return false
	}
	if f.Severity == finding.Unknown {
		return f.CouldBe.AtLeast(failOn)
	}
	return f.Severity.AtLeast(failOn)
}

// WritePart writes a domain's outcome in a line and those of its findings that keep
// chooses, in full. It is for who knows the rest: a mail from cron.
func WritePart(w io.Writer, r *Report, keep func(finding.Finding) bool, o TableOptions) error {
	s := newScreen(o)
	s.header(r)
	for _, a := range r.acceptancesEnded() {
		s.hang("", "", s.text(a), s.dim)
	}
	s.chosen(r, keep)
	return s.writeTo(w)
}

// WriteChosen writes those findings of a report that keep chooses, in full.
func WriteChosen(w io.Writer, r *Report, keep func(finding.Finding) bool, o TableOptions) error {
	s := newScreen(o)
	s.chosen(r, keep)
	return s.writeTo(w)
}

func (s *screen) chosen(r *Report, keep func(finding.Finding) bool) {
	for _, g := range r.Groups() {
		var some []finding.Finding
		for _, f := range g.Findings {
			if keep(f) {
				some = append(some, f)
			}
		}
		if len(some) == 0 {
			continue
		}
		g.Findings = some
		why := ""
		if c, ok := FindCheck(g.Check); ok {
			why = c.Why
		}
		s.blank()
		s.group(r, g, why)
	}
}

// Line is a report in one line: the domain, its outcome and what comes first.
func (r *Report) Line() string {
	return shown(r.Domain) + ": " + outcomeText(outcome(r)) + ": " + strings.TrimSuffix(shown(r.Headline()), ".")
}

// SameOutcome reports whether verdict, score and grade are the same on both sides.
func (c *Comparison) SameOutcome() bool {
	a, b := c.Before, c.After
	return a.Verdict == b.Verdict && a.Grade == b.Grade && (a.Score == nil) == (b.Score == nil) && (a.Score == nil || *a.Score == *b.Score)
}
