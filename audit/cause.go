package audit

import (
	"net/netip"
	"slices"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// wildcards puts what a wildcard's answer is at the names of DMARC, DKIM and BIMI below the
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
		return (f.Check == "dkim-wildcard" || (f.Check == "dmarc-spf-at-dmarc-name" || f.Check == "bimi-foreign-record") && f.Fix == nil) && f.Severity.AtLeast(finding.Notice) &&
			len(f.Evidence) > 0 &&
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

// misplacedDMARC puts what DKIM says of a DMARC record at a selector, and SPF of one in the
// same text as its own, below the finding that moves it. If the domain has no key, keyed is false: that
// the selector has none then stands for itself.
func misplacedDMARC(findings []finding.Finding, keyed bool) []finding.Finding {
	for i := range findings {
		f := &findings[i]
		if f.Check != "dmarc-wrong-name" || !f.Severity.AtLeast(finding.Notice) {
			continue
		}
		at := slices.IndexFunc(findings, func(g finding.Finding) bool {
			return g.Subject == f.Subject && g.Severity.AtLeast(finding.Notice) &&
				(g.Check == "dkim-key-syntax" && (keyed || showsKey(g.Evidence)) || g.Check == "spf-unknown-modifier" && f.Fix != nil && len(f.Fix.More) > 0)
		})
		if at < 0 {
			continue
		}
		first, other := i, at
		if !f.Severity.AtLeast(findings[at].Severity) {
			// What breaks a record is not said below what is only untidy.
			first, other = at, i
		}
		findings = slices.Clone(findings)
		findings[first].Follows = append(slices.Clip(findings[first].Follows), findings[other].Consequence())
		return misplacedDMARC(slices.Delete(findings, other, other+1), keyed)
	}
	return findings
}

// showsKey reports whether a usable key is among what was found: it stays when the rest is moved.
func showsKey(evidence []finding.Evidence) bool {
	return slices.ContainsFunc(evidence, func(e finding.Evidence) bool { return slices.ContainsFunc(e.Answer, usableKey) })
}

// lostReports puts that reports to a mailbox of the domain are lost, as no mail gets to the domain,
// below the finding that says so: with an MX the mailbox takes them.
func lostReports(findings []finding.Finding, domain string) []finding.Finding {
	at := slices.IndexFunc(findings, func(f finding.Finding) bool {
		return (f.Check == "mx-missing" || f.Check == "mx-null") && f.Subject == domain && f.Severity.AtLeast(finding.Error)
	})
	if at < 0 {
		return findings
	}
	lost := func(f finding.Finding) bool {
		return (f.Check == "dmarc-report-host-cannot-receive" || f.Check == "tls-rpt-host-cannot-receive") && f.Subject == domain && f.Severity.AtLeast(finding.Notice)
	}
	cause := findings[at]
	for i := range findings {
		if lost(findings[i]) {
			cause.Follows = append(slices.Clip(cause.Follows), findings[i].Consequence())
		}
	}
	findings[at] = cause
	return slices.DeleteFunc(slices.Clone(findings), lost)
}

// standsBelow reports whether a fix does nothing but publish records at or below a domain that does not
// exist: it would come to be by them, without all else that mail needs there.
func standsBelow(f *finding.Finding, missing []*finding.Finding) bool {
	return f.Fix != nil && len(f.Fix.Remove) == 0 && len(f.Fix.Records()) > 0 && !slices.ContainsFunc(f.Fix.Records(), func(r finding.Record) bool {
		return !slices.ContainsFunc(missing, func(c *finding.Finding) bool { return resolver.Within(r.Name, c.Subject) })
	})
}

// follow puts what only follows from a domain that does not exist below that
// finding: that it has no SPF record, no key, no policy and no mail host is one
// fault with one cause. If it is the audited domain, checks that passed for want of
// anything to look at are left out. What rests on a record that was found, such as the
// policy of a parent, is a finding of its own, and so is what is about another domain.
func follow(findings []finding.Finding, passes []finding.Passes, domain string) ([]finding.Finding, []finding.Passes) {
	var causes []*finding.Finding
	whole := false
	for i := range findings {
		if f := &findings[i]; f.Check == "domain-missing" && f.Severity.AtLeast(finding.Error) {
			causes = append(causes, f)
			whole = whole || f.Subject == domain
		}
	}
	if causes == nil {
		return findings, passes
	}
	own := make(map[finding.Section]bool)
	// cause is what a finding follows from; nil: it stands for itself.
	cause := func(f *finding.Finding) *finding.Finding {
		if f.Check == "domain-missing" || !f.Severity.AtLeast(finding.Notice) || !standsBelow(f, causes) &&
			slices.ContainsFunc(f.Evidence, func(e finding.Evidence) bool { return e.Status == "found" }) {
			return nil
		}
		at := slices.IndexFunc(causes, func(c *finding.Finding) bool { return concerns(f, c.Subject) })
		if at < 0 {
			return nil
		}
		return causes[at]
	}
	from := make([]*finding.Finding, len(findings))
	for i := range findings {
		f := &findings[i]
		if from[i] = cause(f); from[i] != nil {
			from[i].Follows = append(from[i].Follows, f.Consequence())
		} else if f.Severity.AtLeast(finding.Notice) || f.Severity.Open() {
			own[f.Section] = true
		}
	}
	out := make([]finding.Finding, 0, len(findings))
	for i := range findings {
		if f := &findings[i]; from[i] == nil && (f.Severity != finding.Pass || own[f.Section] || !whole) {
			out = append(out, *f)
		}
	}
	for i := range passes {
		if whole {
			passes[i] = passes[i].Of(func(s finding.Section) bool { return own[s] })
		}
	}
	return out, passes
}

// concerns reports whether a finding is about a domain or a name below it, or about an
// address of which names there were asked.
func concerns(f *finding.Finding, domain string) bool {
	if _, err := netip.ParseAddr(f.Subject); err != nil {
		return resolver.Within(f.Subject, domain)
	}
	return slices.ContainsFunc(f.Evidence, func(e finding.Evidence) bool { return resolver.Within(e.Name, domain) })
}
