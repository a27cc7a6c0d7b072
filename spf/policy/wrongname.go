package policy

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/resolver"
	"mailworthy/spf"
)

// misplaced are the names at which the record of a domain stands by mistake: the
// doubled name that a panel makes of a full one, with the domain or with the origin of the zone
// that it is in, the one that it makes of the first label, those of records that are only there to be included, and that of the DMARC record.
func misplaced(domain string) []string {
	first, _, _ := strings.Cut(domain, ".")
	return append(doubles(domain), first+"."+domain, "_spf."+domain, "spf."+domain, "_dmarc."+domain)
}

// doubles are the names that a panel makes of a full one: it adds the zone's name, or the
// domain's.
func doubles(domain string) []string {
	names := []string{domain + "." + domain}
	if zone := registrable(domain); zone != domain && zone != "" {
		names = append([]string{domain + "." + zone}, names...)
	}
	return names
}

// guards are names at which nobody publishes a record of the domain, below it and below the zone
// that it is in.
func guards(domain string) []string {
	label := resolver.Guards(domain)[0]
	names := []string{label + "." + domain}
	if zone := registrable(domain); zone != domain && zone != "" {
		names = append(names, label+"."+zone)
	}
	return names
}

// guardBeside is a name beside one, at which nobody publishes a record.
func guardBeside(name string) string {
	_, parent, _ := strings.Cut(name, ".")
	return resolver.Guards(parent)[0] + "." + parent
}

// ofWildcard reports whether the answer at a name is one that names which nobody published
// have as well, and whether the DNS left that open.
func (k *checker) ofWildcard(name string) (is, open bool) {
	o := k.p.answers.get(name, resolver.TypeTXT)
	if o.answer.OfZone() {
		return o.answer.Wildcard != "", false
	}
	for _, guard := range guards(k.p.Domain) {
		g := k.p.answers.get(guard, resolver.TypeTXT)
		if g.answer == nil {
			open = true
			continue
		}
		is = is || slices.Contains(g.spfTexts(), o.record().text)
	}
	return is, open
}

// doubled reports whether a name is one that a panel made of a full one.
func doubled(name, domain string) bool { return slices.Contains(doubles(domain), name) }

// letsNobodySend reports whether a record names no sender: it is "all" and what passes nobody.
func letsNobodySend(text string) bool {
	p := &Policy{Status: StatusFound, Record: &Record{Text: text}}
	return p.NamesNoSender()
}

// wrongName looks for the record of a domain that has none where it may stand by
// mistake, and reports whether it was found, and whether the DNS left that open.
func (k *checker) wrongName() (wrong, open bool) {
	if k.p.answers == nil || k.p.Domain == anyDomain {
		return false, false
	}
	var name, text string
	var silent []finding.Evidence
	found, moved, unsure := 0, false, false
	first, _, _ := strings.Cut(k.p.Domain, ".")
	for _, n := range misplaced(k.p.Domain) {
		astray := doubled(n, k.p.Domain) || n == first+"."+k.p.Domain
		if k.c.Foreign && !astray {
			continue // an include that somebody offers stands there
		}
		o := k.p.answers.get(n, resolver.TypeTXT)
		if o.status() == StatusUnresolved {
			silent = append(silent, k.p.answers.evidence(n, resolver.TypeTXT))
		}
		if o.cut || o.record().count != 1 || o.answer == nil || len(o.answer.CNAMEs) > 0 {
			continue
		}
		if n == "_dmarc."+k.p.Domain && letsNobodySend(o.record().text) {
			continue // names that send nothing are given such a record, _dmarc among them
		}
		wild, open := k.ofWildcard(n)
		if wild {
			continue
		}
		if found++; found == 1 {
			name, text, moved, unsure = n, o.record().text, astray || n == "_dmarc."+k.p.Domain, open
		}
	}
	if found == 0 && len(silent) > 0 {
		k.Add("spf-wrong-name", finding.Finding{Severity: finding.Unknown, CouldBe: finding.Error, Evidence: silent,
			Detail: fmt.Sprintf("%s has no SPF record. Whether one stands at %s by mistake is not known: the DNS did not say.", k.p.Domain, silent[0].Name)})
		return false, true
	}
	if found == 0 {
		return false, false
	}
	k.unread = true
	p := &proposal{record: &Record{Domain: k.p.Domain}, edits: make(map[int]edit)}
	f := finding.Finding{
		Detail:   fmt.Sprintf("%s has no SPF record, but %s has %s. Receivers ask at %s itself, so that every check of mail from it gives none.", k.p.Domain, name, quote(text), k.p.Domain),
		Evidence: []finding.Evidence{k.p.Record.Evidence, k.p.answers.evidence(name, resolver.TypeTXT)},
	}
	_, l := spf.Parse(text)
	switch {
	case unsure:
		f.Fix = advice("Publish the record of %s at %s, if it is no wildcard's: whether names that nobody published have one as well, the DNS did not say.", name, k.p.Domain)
	case l.ErrorAt >= 0:
		f.Fix = advice("Correct the record and publish it at %s.", k.p.Domain)
	case alienTerms(text) != nil:
		f.Fix = advice("Publish what of the record is SPF at %s; what is no part of SPF belongs in a record of its own: %s.", k.p.Domain, enumerate(alienTerms(text), 4))
	case !moved:
		// It may be there to be included.
		f.Fix = advice("Publish a record at %s that names all its senders: %s, if it does, or include:%s beside the others.", k.p.Domain, quotable(text), name)
	case !k.trial && k.besides(k.p.Domain, text) == nil && k.holds(p, text):
		value, stated := k.withStated(text)
		f.Fix = &finding.Fix{Summary: "Publish the record at " + k.p.Domain + ".", Name: k.p.Domain, Type: "TXT", Value: value}
		if doubled(name, k.p.Domain) || name == "_dmarc."+k.p.Domain {
			f.Fix.Summary = "Move the record to " + k.p.Domain + "."
			f.Fix.Remove = []finding.Record{{Name: name, Type: "TXT", Value: text}}
		}
		f.Fix.Summary += stated
	default:
		f.Fix = advice("Publish the record of %s at %s, once it has no error.", name, k.p.Domain)
	}
	k.Add("spf-wrong-name", f)
	return true, false
}

// unplaced are the texts that may have been meant as the record of a domain without one, and that are
// said nowhere else: terms without a version, and those of which there are several.
func (k *checker) unplaced() (out []string) {
	if k.p.answers == nil || k.trial {
		return nil
	}
	for _, c := range k.p.answers.texts(k.p.Domain) {
		if wild, _ := k.ofWildcard(c.name); len(out) == maxUnplaced || c.name != k.p.Domain && wild {
			continue
		}
		if spf.IsRecord(c.text) || looksLikeRecord(c.text) || termsBeside(c.text) != "" {
			out = append(out, c.named(k.p.Domain))
		}
	}
	return out
}

// maxUnplaced bounds the texts that unplaced names.
const maxUnplaced = 4
