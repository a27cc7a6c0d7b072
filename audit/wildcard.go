package audit

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// behindWildcard mends the fixes of names that hold nothing themselves, as a wildcard answers for
// them. There is nothing to remove there, and a record that is published there, or below, ends
// what the wildcard answers (RFC 4592, 2.2.1): the other records that mail needs have to be
// published with it.
func (a *run) behindWildcard(findings []finding.Finding) []finding.Finding {
	zone := resolver.Stands(a.resolver, a.target.Domain) || resolver.WildcardFor(a.resolver, a.target.Domain) != nil
	if !zone && (a.result.DMARC == nil || a.result.DMARC.Wildcard == nil) {
		return findings // neither does a loaded zone hold it, nor has the network shown one
	}
	domains := a.mailDomains()
	for i := range findings {
		f := &findings[i]
		if zone && f.Severity.AtLeast(finding.Notice) {
			a.noteStopped(f)
		}
		if f.Fix == nil {
			continue
		}
		fix := *f.Fix
		dropped := a.dropSynthesised(&fix)
		when := ""
		if name, lost := a.shadowed(&fix, domains); len(lost) > 0 {
			when = ownAsWell(name, lost)
		} else if !zone && dropped && a.target.Domain != resolver.Registrable(a.target.Domain) {
			when = allAsWell(a.target.Domain)
		}
		if fix.Await(when); dropped || when != "" {
			f.Fix = &fix
		}
	}
	return findings
}

// allAsWell is ownAsWell where nobody knows all that the wildcard answers.
func allAsWell(name string) string {
	return fmt.Sprintf("what else a wildcard answers for %s stands there as well, as it answers only as long as nothing stands at or below it", name)
}

// ownAsWell is the condition under which a name may be given a record of its own: what the
// wildcard has answered stands there, too.
func ownAsWell(domain string, lost []resolver.Record) string {
	const until = "answers for it only as long as nothing stands at or below it"
	switch {
	case lost[0].Type == resolver.TypeCNAME:
		return fmt.Sprintf("%s has addresses and an MX record of its own, as the alias %s %s", domain, lost[0].Name, until)
	case len(lost) == 1:
		return fmt.Sprintf("the %s of %s stands at %s as well, as a wildcard %s", recordTypes(lost), lost[0].Name, domain, until)
	}
	return fmt.Sprintf("the %s of %s stand at %s as well, as a wildcard %s", recordTypes(lost), lost[0].Name, domain, until)
}

// askedFor are the names below a domain, and the type there, that checks miss a record of.
var askedFor = map[string]struct {
	prefix string
	t      resolver.Type
}{
	"spf-record-missing":   {"", resolver.TypeTXT},
	"mx-missing":           {"", resolver.TypeMX},
	"dmarc-record-missing": {"_dmarc.", resolver.TypeTXT},
}

// noteStopped says of what is missing that a wildcard has it, where it does not answer for
// the name because something else stands at or below it, which surprises everybody.
func (a *run) noteStopped(f *finding.Finding) {
	missing, ok := askedFor[f.Check]
	if !ok {
		return
	}
	name := missing.prefix + f.Subject
	if !resolver.Stands(a.resolver, name) {
		return
	}
	if len(resolver.Below(a.resolver, "*."+name, missing.t)) > 0 {
		f.Detail += fmt.Sprintf(" *.%s has one, but a wildcard answers for names below %s alone.", name, name)
		return
	}
	for _, up, ok := strings.Cut(name, "."); ok; _, up, ok = strings.Cut(up, ".") {
		if found := resolver.Below(a.resolver, "*."+up, missing.t); len(found) > 0 {
			below := resolver.Below(a.resolver, name, resolver.EveryType()...)
			if len(below) == 0 {
				return
			}
			f.Detail += fmt.Sprintf(" *.%s has one, but a wildcard answers only for names at and below which nothing stands (RFC 4592, 2.2.1): %s has a record.", up, below[0].Name)
			return
		}
	}
}

// dropSynthesised leaves out of what a fix removes the records that a wildcard answers with,
// and reports whether there were any.
func (a *run) dropSynthesised(fix *finding.Fix) bool {
	kept := make([]finding.Record, 0, len(fix.Remove))
	wild := ""
	for _, r := range fix.Remove {
		if records := resolver.WildcardFor(a.resolver, r.Name); len(records) > 0 {
			wild = records[0].Name
		} else if a.seenOfWildcard(r) {
			wild = "the wildcard that answers there"
		} else {
			kept = append(kept, r)
		}
	}
	if wild == "" {
		return false
	}
	if fix.Remove = kept; len(kept)+len(fix.Records()) == 0 {
		atWildcard(fix, wild)
	}
	return true
}

// atWildcard makes a fix of which nothing is left the advice to correct a wildcard.
func atWildcard(fix *finding.Fix, wild string) {
	fix.Complete = false
	fix.Summary = fmt.Sprintf("Correct the records of %s, or publish what belongs there at the name itself.", wild)
}

// seenOfWildcard reports whether the network has the record also at a name below the domain that
// nobody published.
func (a *run) seenOfWildcard(r finding.Record) bool {
	if a.result.DMARC == nil || a.result.DMARC.Wildcard == nil || !resolver.Within(r.Name, a.target.Domain) || resolver.Stands(a.resolver, a.target.Domain) {
		return false
	}
	w := a.result.DMARC.Wildcard
	return r.Type == "TXT" && slices.Contains(w.Texts, r.Value) || r.Type == "CNAME" && len(w.Evidence.CNAMEs) > 0 && w.Evidence.CNAMEs[0] == r.Value
}

// shadowed is the name for which a wildcard of a loaded zone answers no more once the records of a
// fix are published, and the records of the wildcard that mail needs there and that the fix does
// not publish: of a mail domain all, of another name what it is reached by. Names with an
// underscore are no hosts.
func (a *run) shadowed(fix *finding.Fix, domains []string) (name string, lost []resolver.Record) {
	records := fix.Records()
	for _, r := range records {
		for name, ok := r.Name, true; ok && !resolver.Stands(a.resolver, name); _, name, ok = strings.Cut(name, ".") {
			if strings.HasPrefix(name, "_") || strings.Contains(name, "._") {
				continue
			}
			has := func(types ...resolver.Type) bool {
				return slices.ContainsFunc(records, func(r finding.Record) bool {
					return r.Name == name && slices.ContainsFunc(types, func(t resolver.Type) bool { return r.Type == t.String() })
				})
			}
			lost = slices.DeleteFunc(resolver.WildcardFor(a.resolver, name), func(w resolver.Record) bool {
				switch w.Type {
				case resolver.TypeA, resolver.TypeAAAA:
					return has(w.Type, resolver.TypeCNAME)
				case resolver.TypeCNAME:
					return has(resolver.TypeA, resolver.TypeAAAA, resolver.TypeCNAME)
				case resolver.TypeMX: // a term of a record may ask for it
					return !slices.Contains(domains, name) && !has(resolver.TypeTXT) || has(w.Type)
				case resolver.TypeTXT:
					return !slices.Contains(domains, name) || has(w.Type)
				}
				return true
			})
			if len(lost) > 0 {
				return name, lost
			}
		}
	}
	return "", nil
}

// mailDomains are the audited domain and the envelope domains.
func (a *run) mailDomains() []string {
	return append([]string{a.target.Domain}, a.otherEnvelopeDomains()...)
}

// recordTypes are the types of records as part of a sentence.
func recordTypes(records []resolver.Record) string {
	var types []string
	for _, r := range records {
		if t := r.Type.String(); !slices.Contains(types, t) {
			types = append(types, t)
		}
	}
	noun := "records"
	if len(records) == 1 {
		noun = "record"
	}
	return strings.Join(types, " and ") + " " + noun
}
