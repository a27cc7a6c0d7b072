package audit

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// apexAlias is what the audited domain is an alias of, if it has a zone of its own to be the
// name of; empty: it is none. A zone's own name has an SOA record, beside which no alias can
// stand (RFC 1034, 3.6.2; RFC 1912, 2.4). led are the aliases.
func (a *run) apexAlias(led map[string][]string) (target string) {
	if chain := led[a.target.Domain]; len(chain) > 0 && a.target.Domain == resolver.Registrable(a.target.Domain) {
		return chain[0]
	}
	return ""
}

// aliases are the names that were asked for and are aliases, with where each leads.
func (a *run) aliases() map[string][]string {
	var led map[string][]string
	a.session.Answers(func(answer *resolver.Answer) {
		if len(answer.CNAMEs) > 0 && answer.Type != resolver.TypeCNAME && answer.Wildcard == "" {
			if led == nil {
				led = make(map[string][]string)
			}
			led[answer.Name] = answer.CNAMEs
		}
	})
	if led == nil {
		return nil
	}
	a.session.Answers(func(answer *resolver.Answer) {
		if len(answer.CNAMEs) == 0 && answer.Status == resolver.Found && answer.Type != resolver.TypeCNAME {
			delete(led, answer.Name) // some of its servers flatten the alias
		}
	})
	return led
}

// dangling takes the alias out with what fixes publish at a name of the domain's own that is one of a
// name which does not exist: nothing stands at the end of it, and nothing else can beside it. Where the
// zone added its own name to the target, the alias is to have its final dot, and the rest follows.
func (a *run) dangling(findings []finding.Finding, led map[string][]string) []finding.Finding {
	for _, name := range a.mailDomains() {
		chain := led[name]
		if len(chain) == 0 || name == resolver.Registrable(name) || !resolver.Within(chain[len(chain)-1], resolver.Registrable(name)) || !a.denies(name) {
			continue
		}
		was, out := finding.Record{Name: name, Type: "CNAME", Value: chain[0]}, make([]finding.Finding, 0, len(findings))
		end := chain[len(chain)-1]
		meant, own := resolver.Undotted(end, name, resolver.Registrable(name)), ""
		if meant != "" {
			own = resolver.OwnParent(end, meant)
		}
		cause := slices.IndexFunc(findings, func(f finding.Finding) bool {
			return f.Check == "spf-record-missing" && f.Subject == name && f.Severity.AtLeast(finding.Notice)
		})
		var follows []finding.Consequence
		for _, f := range findings {
			at := f.Fix != nil && f.Severity.AtLeast(finding.Notice) && slices.ContainsFunc(f.Fix.Records(), func(r finding.Record) bool { return r.Name == name && r.Type != "CNAME" })
			switch {
			case !at || slices.Contains(f.Fix.Remove, was):
			case meant == "":
				fix := *f.Fix
				fix.Summary, fix.Remove = "Remove the alias, which leads nowhere. "+fix.Summary, append(slices.Clip(fix.Remove), was)
				f.Fix = &fix
			case cause >= 0:
				follows = append(follows, f.Consequence())
				continue
			case own != "" && resolver.Stands(a.resolver, own):
				f.Fix = &finding.Fix{Summary: fmt.Sprintf("Correct the target of the alias at %s: nothing stands at %s.", resolver.LastOwner(name, chain), end)}
			default:
				f.Fix = &finding.Fix{Summary: fmt.Sprintf("Publish the alias at %s with the final dot of its target (%s.).", resolver.LastOwner(name, chain), meant)}
			}
			out = append(out, f)
		}
		for i := range out {
			if follows != nil && out[i].Check == "spf-record-missing" && out[i].Subject == name {
				out[i].Follows = append(slices.Clip(out[i].Follows), follows...)
			}
		}
		findings = out
	}
	return findings
}

// denies reports whether an answer says that what is at the end of the alias at a name does not exist.
func (a *run) denies(name string) (gone bool) {
	a.session.Answers(func(answer *resolver.Answer) {
		gone = gone || answer.Name == name && answer.Status == resolver.NXDomain && len(answer.CNAMEs) > 0
	})
	return gone
}

// atEnds moves what fixes publish and remove at an alias to the name that it leads to: that is
// where the record stands, and beside a CNAME there can be none (RFC 1034, 3.6.2). A fix that
// takes the alias out stays.
func (a *run) atEnds(findings []finding.Finding, led map[string][]string) []finding.Finding {
	if len(led) == 0 {
		return findings
	}
	apex := a.apexAlias(led) != "" // which behindAlias has seen to
	domains := a.mailDomains()
	for i := range findings {
		f := &findings[i]
		if f.Fix == nil || f.Severity == finding.Pass {
			continue
		}
		fix := *f.Fix
		fix.Remove, fix.More = slices.Clone(fix.Remove), slices.Clone(fix.More)
		name, end := "", ""
		move := func(owner *string, t string) {
			chain := led[*owner]
			if len(chain) == 0 || t == "CNAME" || t == "" || apex && *owner == a.target.Domain || slices.ContainsFunc(fix.Remove, func(r finding.Record) bool { return r.Name == *owner && r.Type == "CNAME" }) {
				return
			}
			name, end = *owner, chain[len(chain)-1]
			*owner = end
		}
		move(&fix.Name, fix.Type)
		for j := range fix.More {
			move(&fix.More[j].Name, fix.More[j].Type)
		}
		for j := range fix.Remove {
			move(&fix.Remove[j].Name, fix.Remove[j].Type)
		}
		if end == "" {
			continue
		}
		f.Detail += fmt.Sprintf(" %s is an alias of %s: the record stands there.", name, end)
		if fix.Name == end {
			fix.Summary = strings.ReplaceAll(fix.Summary, " "+name, " "+end)
		}
		switch {
		case resolver.Registrable(end) != resolver.Registrable(name):
			fix = finding.Fix{Summary: fmt.Sprintf("Tell the owner of %s, or replace the alias at %s by records of its own.", end, name)}
		case slices.Contains(domains, name):
			fix.Await(fmt.Sprintf("it is meant for %s as well, which %s is an alias of", end, name))
		}
		f.Fix = &fix
	}
	return findings
}

// behindAlias names the alias where the domain itself is one: that is the cause of what is
// missing there, and nothing can be published beside it.
func (a *run) behindAlias(findings []finding.Finding, led map[string][]string) []finding.Finding {
	target := a.apexAlias(led)
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
			fix.Await(fmt.Sprintf("the alias at %s is replaced by addresses", domain))
		}
		f.Fix = &fix
	}
	return findings
}
