package audit

import (
	"slices"

	"mailworthy/finding"
)

// follow marks what only follows from a domain that does not exist: that it has no
// SPF record, no key, no policy and no mail host is one fault with one cause. Such
// findings are of severity info and name the cause; checks that passed for want of
// anything to look at are left out. What rests on a record that was found, such as
// the policy of a parent, stands for itself.
func follow(findings []finding.Finding) []finding.Finding {
	const cause = "domain-missing"
	if !slices.ContainsFunc(findings, func(f finding.Finding) bool { return f.Check == cause && f.Severity.AtLeast(finding.Error) }) {
		return findings
	}
	own := make(map[finding.Section]bool)
	for i := range findings {
		f := &findings[i]
		switch {
		case f.Check == cause || f.Severity.Open():
			own[f.Section] = true
		case !f.Severity.AtLeast(finding.Notice):
		case slices.ContainsFunc(f.Evidence, func(e finding.Evidence) bool { return e.Status == "found" }):
			own[f.Section] = true
		default:
			f.Follows, f.Severity = cause, finding.Info
			f.CouldBe, f.VerdictAs, f.Undecides, f.Fix = "", "", false, nil
		}
	}
	return slices.DeleteFunc(findings, func(f finding.Finding) bool { return f.Severity == finding.Pass && !own[f.Section] })
}
