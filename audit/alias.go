package audit

import (
	"fmt"
	"slices"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// apexAlias is what the audited domain is an alias of, if it has a zone of its own to be the
// name of; empty: it is none. A zone's own name has an SOA record, beside which no alias can
// stand (RFC 1034, 3.6.2; RFC 1912, 2.4).
func (a *run) apexAlias() (target string) {
	if a.target.Domain != resolver.Registrable(a.target.Domain) {
		return ""
	}
	own := false
	a.session.Answers(func(answer *resolver.Answer) {
		if answer.Name != a.target.Domain {
			return
		}
		if len(answer.CNAMEs) > 0 && target == "" {
			target = answer.CNAMEs[0]
		}
		own = own || len(answer.CNAMEs) == 0 && answer.Status == resolver.Found
	})
	if own {
		return "" // some of its servers flatten the alias
	}
	return target
}

// behindAlias names the alias where the domain itself is one: that is the cause of what is
// missing there, and nothing can be published beside it.
func (a *run) behindAlias(findings []finding.Finding) []finding.Finding {
	target := a.apexAlias()
	if target == "" {
		return findings
	}
	domain := a.target.Domain
	for i := range findings {
		f := &findings[i]
		if f.Fix == nil || !f.Severity.AtLeast(finding.Notice) {
			continue
		}
		fix := *f.Fix
		switch {
		case f.Check == "domain-no-soa" && f.Subject == domain:
			f.Title = "Domain is an alias (CNAME), and so has no SOA record"
			f.Detail += fmt.Sprintf(" %s is an alias of %s. The name of a zone cannot be one: its SOA, MX and TXT records cannot stand beside a CNAME.", domain, target)
			fix.Summary = fmt.Sprintf("First of all, remove the alias at %s and publish the addresses of %s there instead (some DNS providers do that by a record that they call ALIAS or ANAME).", domain, target)
		case !slices.ContainsFunc(fix.Records(), func(r finding.Record) bool { return r.Name == domain && r.Type != "CNAME" }),
			slices.ContainsFunc(fix.Remove, func(r finding.Record) bool { return r.Name == domain && r.Type == "CNAME" }):
			continue
		default:
			f.Detail += fmt.Sprintf(" %s is an alias of %s, beside which no other record can stand.", domain, target)
			when := fmt.Sprintf("the alias at %s is replaced by addresses", domain)
			if fix.When != "" {
				when += ", and " + fix.When
			}
			fix.When, fix.Complete = when, false
		}
		f.Fix = &fix
	}
	return findings
}
