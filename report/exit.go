package report

import (
	"mailworthy/audit"
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

// SameOutcome reports whether verdict, score and grade are the same on both sides.
func (c *Comparison) SameOutcome() bool {
	a, b := c.Before, c.After
	return a.Verdict == b.Verdict && a.Grade == b.Grade && (a.Score == nil) == (b.Score == nil) && (a.Score == nil || *a.Score == *b.Score)
}

// ExitOf is the status for findings outside a report: as Report.Exit.
func ExitOf(findings []finding.Finding, failOn finding.Severity) int {
	return (&Report{Result: audit.Result{Findings: findings}}).Exit(failOn)
}

// Never as a limit makes Exit return 0 whatever was found.
const Never finding.Severity = "never"

// Exit is the status that the command ends with: 1 if a finding is as bad as
// failOn or worse; else 3 if a finding that the DNS left undecided could turn
// out that bad, or if the verdict says that the report is incomplete and only worse
// than an error is no reason to fail; else 0.
func (r *Report) Exit(failOn finding.Severity) int {
	if failOn == Never {
		return 0
	}
	status := 0
	if r.Verdict == Incomplete && finding.Error.AtLeast(failOn) {
		status = 3
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		if !f.Severity.Open() && f.Severity.AtLeast(failOn) {
			return 1
		}
		if f.Severity == finding.Unknown && f.CouldBe.AtLeast(failOn) {
			status = 3
		}
	}
	return status
}

// Exit is the status for several reports: 1 before 3 before 0.
func Exit(reports []*Report, failOn finding.Severity) int {
	status := 0
	for _, r := range reports {
		switch r.Exit(failOn) {
		case 1:
			return 1
		case 3:
			status = 3
		}
	}
	return status
}

// Number returns the number of findings of a severity, or of what passed.
func (r *Report) Number(s finding.Severity) int {
	n := 0
	if s == finding.Pass {
		for _, p := range r.Passes {
			n += p.Len()
		}
	}
	for i := range r.Findings {
		if r.Findings[i].Severity == s {
			n++
		}
	}
	return n
}
