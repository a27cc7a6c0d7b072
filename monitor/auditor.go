package monitor

import (
	"context"
	"fmt"
	"io"
	"slices"

	"mailworthy/audit"
	"mailworthy/bulk"
	"mailworthy/inspect"
	"mailworthy/report"
)

// Auditor audits one domain after the other in the same way, and keeps the audits. It may be
// used by several goroutines once its fields are set.
type Auditor struct {
	// Template is what each domain is audited as; its Domain is not looked at.
	Template audit.Target
	// Inspector audits; its Graded is Audit's.
	Inspector inspect.Inspector
	// Standard is what the reports are held against.
	Standard bulk.Standard
	// Keeper keeps the audits; nil if no history is wanted. Close closes it.
	Keeper *Keeper
	// Graded is called with each report before it is kept; nil: nobody is. Several goroutines
	// call it.
	Graded func(*report.Report)

	// since compares with the baseline, for sinceTo; nil if that is not wanted.
	since   *report.Since
	sinceTo io.Writer
	ends    []func()
}

// Ends adds what Close calls, the last one first.
func (a *Auditor) Ends(with ...func()) { a.ends = append(a.ends, with...) }

// CompareWithBaseline has Close write to w how the reports differ from the baseline of the
// standard, if there is one.
func (a *Auditor) CompareWithBaseline(w io.Writer) {
	if held := a.Standard.Baseline; held != nil {
		a.since, a.sinceTo = report.NewSince(held), w
	}
}

// Of is the target of a domain.
func (a *Auditor) Of(domain string) audit.Target {
	target := a.Template
	target.Domain = domain
	return target
}

// Audit audits a domain, and keeps the report if there is a Keeper.
func (a *Auditor) Audit(ctx context.Context, domain string) *report.Report {
	inspector := a.Inspector
	inspector.Graded = func(ctx context.Context, target audit.Target, r *report.Report) {
		if a.Graded != nil {
			a.Graded(r)
		}
		a.Keeper.Keep(ctx, target, r)
	}
	r := inspector.Inspect(ctx, a.Of(domain))
	if a.since != nil {
		a.since.Add(r)
	}
	return r
}

// Close ends what was opened for the audits. It returns false if the history did not take all
// of them.
func (a *Auditor) Close() (kept bool) {
	if a.since != nil {
		for _, line := range a.since.Lines() {
			fmt.Fprintln(a.sinceTo, line)
		}
	}
	kept = a.Keeper.Close()
	for _, end := range slices.Backward(a.ends) {
		end()
	}
	return kept
}
