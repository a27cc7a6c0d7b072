package audit

import (
	"slices"

	"mailworthy/finding"
)

// wildcards puts what a wildcard's answer is at the names of DMARC and BIMI below the
// finding that names the wildcard.
func wildcards(findings []finding.Finding) []finding.Finding {
	at := slices.IndexFunc(findings, func(f finding.Finding) bool { return f.Check == "dmarc-wildcard" && f.Severity.AtLeast(finding.Notice) })
	if at < 0 {
		return findings
	}
	var texts []string
	for _, e := range findings[at].Evidence {
		texts = append(texts, e.Answer...)
	}
	cause := findings[at]
	same := func(f finding.Finding) bool {
		return (f.Check == "dmarc-spf-at-dmarc-name" || f.Check == "bimi-foreign-record") && f.Severity.AtLeast(finding.Notice) && f.Fix == nil &&
			!slices.ContainsFunc(f.Evidence, func(e finding.Evidence) bool {
				return slices.ContainsFunc(e.Answer, func(text string) bool { return !slices.Contains(texts, text) })
			})
	}
	out := make([]finding.Finding, 0, len(findings))
	for _, f := range findings {
		if same(f) {
			cause.Follows = append(slices.Clip(cause.Follows), f.Consequence())
			continue
		}
		out = append(out, f)
	}
	for i := range out {
		if out[i].Check == cause.Check && out[i].Subject == cause.Subject {
			out[i] = cause
		}
	}
	return out
}

// follow puts what only follows from a domain that does not exist below that
// finding: that it has no SPF record, no key, no policy and no mail host is one
// fault with one cause. Checks that passed for want of anything to look at are left
// out. What rests on a record that was found, such as the policy of a parent, is a
// finding of its own.
func follow(findings []finding.Finding, passes []finding.Passes) ([]finding.Finding, []finding.Passes) {
	at := slices.IndexFunc(findings, func(f finding.Finding) bool {
		return f.Check == "domain-missing" && f.Severity.AtLeast(finding.Error)
	})
	if at < 0 {
		return findings, passes
	}
	cause := &findings[at]
	own := make(map[finding.Section]bool)
	follows := func(f *finding.Finding) bool {
		return f != cause && f.Severity.AtLeast(finding.Notice) &&
			!slices.ContainsFunc(f.Evidence, func(e finding.Evidence) bool { return e.Status == "found" })
	}
	for i := range findings {
		if f := &findings[i]; follows(f) {
			cause.Follows = append(cause.Follows, f.Consequence())
		} else if f.Severity.AtLeast(finding.Notice) || f.Severity.Open() {
			own[f.Section] = true
		}
	}
	out := make([]finding.Finding, 0, len(findings))
	for i := range findings {
		if f := &findings[i]; !follows(f) && (f.Severity != finding.Pass || own[f.Section]) {
			out = append(out, *f)
		}
	}
	for i := range passes {
		passes[i] = passes[i].Of(func(s finding.Section) bool { return own[s] })
	}
	return out, passes
}
