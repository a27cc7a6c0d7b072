package report

import (
	"slices"

	"mailworthy/finding"
	"mailworthy/receiver"
)

// Lean returns the report without what passed: Findings has no passes, as Passed names
// their checks, and receivers have the requirements that fail or are not known. It shares
// everything else with r.
func Lean(r *Report) *Report {
	lean := *r
	lean.Findings = make([]finding.Finding, 0, len(r.Findings)/2)
	for i := range r.Findings {
		if r.Findings[i].Severity != finding.Pass {
			lean.Findings = append(lean.Findings, r.Findings[i])
		}
	}
	lean.Receivers = slices.Clone(r.Receivers)
	for i := range lean.Receivers {
		v := &lean.Receivers[i]
		v.Requirements = nil
		for _, q := range r.Receivers[i].Requirements {
			if q.ShownByDNS && q.Result != receiver.Meets {
				v.Requirements = append(v.Requirements, q)
			}
		}
	}
	return &lean
}

// passed are the checks that passed, each once, section by section.
func (r *Report) passed() []string {
	out := make([]string, 0, len(r.Findings))
	for _, section := range finding.Sections {
		out = finding.AppendPassed(out, r.Passes, section)
		for i := range r.Findings {
			if f := &r.Findings[i]; f.Severity == finding.Pass && f.Section == section && !slices.Contains(out, f.Check) {
				out = append(out, f.Check)
			}
		}
	}
	return out
}

// restore gives a report that Lean wrote its passes back, without what they rest on, so
// that a comparison knows that their checks were made.
func (r *Report) restore() {
	if slices.ContainsFunc(r.Findings, func(f finding.Finding) bool { return f.Severity == finding.Pass }) {
		return
	}
	for _, id := range r.Passed {
		if c, ok := FindCheck(id); ok {
			r.Findings = append(r.Findings, finding.Finding{Check: id, Severity: finding.Pass, Section: c.Section, Subject: r.Domain, Title: c.Passed, Evidence: []finding.Evidence{}, Reference: c.Reference})
		}
	}
}
