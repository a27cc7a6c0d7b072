package audit

import (
	"slices"
	"strings"

	"mailworthy/dkim"
	"mailworthy/dmarc"
	"mailworthy/resolver"
	"mailworthy/spf"
	spfpolicy "mailworthy/spf/policy"
)

// maxSendersBelow bounds the names that sendersBelow lists.
const maxSendersBelow = 4

// sendersBelow are names below the domain that send mail by what a loaded zone shows, an SPF
// record that names somebody, a DKIM key or mailboxes, and have no DMARC record of their own: what the
// domain publishes for itself is their policy too, unless a record above it is (RFC 9989,
// 4.10.1). So does a name that the zone delegates, or whose keys, and an alias of another domain's
// name: what is there is not known, unless its zone is loaded as well. Nothing is asked for that.
func (a *run) sendersBelow() []string {
	if r, _ := a.result.DMARC.Below(); r != nil && r != a.result.DMARC.Record || a.result.DMARC.PolicyDomain != "" && a.result.DMARC.PolicyDomain != a.target.Domain {
		return nil
	}
	records, delegated := a.below(a.target.Domain, maxZonesBelow)
	var sends, governed []string
	for _, rec := range records {
		text := strings.Join(rec.TXT, "")
		name, key := signerOf(&rec)
		record, isPolicy := strings.CutPrefix(name, "_dmarc.")
		switch {
		case name == a.target.Domain:
		case isPolicy && !key:
			if _, err := dmarc.ParseRecord(text); err == nil || rec.Host != "" {
				governed = append(governed, record)
			}
		case strings.Contains(name, "_") || slices.Contains(sends, name):
		case rec.Type == resolver.TypeMX:
			// Mailboxes send as well.
			if rec.Host != "." && rec.Host != "" {
				sends = append(sends, name)
			}
		case key && mayBeKey(&rec), !key && (namesSenders(text) || a.leadsToSender(&rec)):
			sends = append(sends, name)
		}
	}
	sends = slices.DeleteFunc(sends, func(name string) bool { return slices.Contains(governed, name) })
	sends = append(sends, delegated...) // a record that the delegation hides is no record
	return sends[:min(len(sends), maxSendersBelow)]
}

// leadsToSender reports whether a name is an alias of another domain's that has mailboxes or an SPF
// record which names somebody, or may have: its zone is not loaded. That of a web site is none.
func (a *run) leadsToSender(rec *resolver.Record) bool {
	label, _, _ := strings.Cut(rec.Name, ".")
	if rec.Type != resolver.TypeCNAME || label == "www" || resolver.Within(rec.Host, a.target.Domain) {
		return false
	}
	if !resolver.Stands(a.resolver, resolver.Registrable(rec.Host)) {
		return true
	}
	return slices.ContainsFunc(resolver.Below(a.resolver, rec.Host, resolver.TypeTXT, resolver.TypeMX), func(at resolver.Record) bool {
		return at.Name == rec.Host && (at.Type == resolver.TypeMX && at.Host != "." || at.Type == resolver.TypeTXT && namesSenders(at.Text()))
	})
}

// signersBelow are names below the domain that have a DKIM key in a loaded zone, or an alias that may
// lead to one: under relaxed alignment what they sign aligns with the domain (RFC 9989, 4.4.1).
func (a *run) signersBelow() (signs []string) {
	if d := a.result.DMARC; d.Record == nil || d.Record.ADKIM == dmarc.Strict {
		return nil
	}
	records, _ := a.below(a.target.Domain, maxZonesBelow)
	for _, rec := range records {
		name, key := signerOf(&rec)
		if key && name != a.target.Domain && resolver.Within(name, a.target.Domain) && len(signs) < maxSendersBelow && !slices.Contains(signs, name) && mayBeKey(&rec) {
			signs = append(signs, name)
		}
	}
	return signs
}

// maxZonesBelow bounds the loaded zones below a domain that are read.
const maxZonesBelow = 20

// below returns the texts, aliases and MX records of loaded zones at a domain and below it, and the names
// that are delegated to zones which are not loaded, or below which all is another domain's (DNAME).
func (a *run) below(domain string, most int) (records []resolver.Record, delegated []string) {
	for _, rec := range resolver.Below(a.resolver, domain, resolver.TypeTXT, resolver.TypeSPF, resolver.TypeCNAME, resolver.TypeMX, resolver.TypeNS, resolver.TypeDNAME) {
		renamed := rec.Type == resolver.TypeDNAME
		switch {
		case renamed && resolver.Within(rec.Host, a.target.Domain): // what is there is read there
		case (rec.Type == resolver.TypeNS || renamed) && strings.HasPrefix(rec.Name, "_domainkey.") && rec.Name != "_domainkey."+domain:
			delegated = append(delegated, strings.TrimPrefix(rec.Name, "_domainkey."))
		case rec.Type != resolver.TypeNS && !renamed:
			records = append(records, rec)
		case rec.Name == domain || slices.Contains(delegated, rec.Name) || strings.Contains(rec.Name, "_"):
		case !renamed && most > 0 && len(resolver.Below(a.resolver, rec.Name, resolver.TypeSOA)) > 0:
			if slices.ContainsFunc(records, func(r resolver.Record) bool { return resolver.Within(r.Name, rec.Name) }) {
				continue // another NS record of the same zone
			}
			more, further := a.below(rec.Name, most-1)
			records, delegated = append(records, more...), append(delegated, further...)
		default:
			delegated = append(delegated, rec.Name)
		}
	}
	return records, delegated
}

// signerOf is the domain that signs with what stands at a name below _domainkey, or below that without
// its underscore, and whether the name is one; otherwise the name itself.
func signerOf(rec *resolver.Record) (domain string, key bool) {
	if _, domain, key = strings.Cut(rec.Name, "domainkey."); !key {
		return rec.Name, false
	}
	return domain, true
}

// mayBeKey reports whether a record is a usable key, or an alias that may lead to one.
func mayBeKey(rec *resolver.Record) bool { return rec.Host != "" || usableKey(rec.Text()) }

// usableKey reports whether a text is a DKIM key that is not revoked.
func usableKey(text string) bool {
	r, err := dkim.ParseKey(text)
	return err == nil && !r.Revoked
}

// namesSenders reports whether a text is an SPF record that lets somebody send.
func namesSenders(text string) bool {
	p := &spfpolicy.Policy{Status: spfpolicy.StatusFound, Record: &spfpolicy.Record{Text: text}}
	meant := strings.ToLower(text[:min(len(text), len(" \"v = spf1"))])
	return (spf.IsRecord(text) || strings.Contains(meant, "spf") && !strings.HasPrefix(meant, "spf2.0")) && !p.NamesNoSender()
}

// signsYet is the name of a key of the domain, or of an alias that may lead to one, by which
// something may sign with it although it seems to send nothing. Empty: none is known.
func (a *run) signsYet() string {
	d := a.result.DKIM
	if d == nil {
		return a.maySign()
	}
	for i := range d.Keys {
		if k := &d.Keys[i]; k.Live() && !k.Wildcard && k.Domain == a.target.Domain {
			return k.QueryName()
		}
	}
	for i := range d.Selectors {
		if s := &d.Selectors[i]; s.Domain == a.target.Domain && !s.Wildcard && s.Status == dkim.SelectorUnresolved && len(s.CNAMEs) > 0 {
			return s.QueryName()
		}
	}
	// Keys whose zone is another's and not loaded may all be there.
	keys := "_domainkey." + a.target.Domain
	if slices.ContainsFunc(resolver.Below(a.resolver, a.target.Domain, resolver.TypeNS), func(r resolver.Record) bool { return r.Name == keys }) &&
		len(resolver.Below(a.resolver, keys, resolver.TypeSOA)) == 0 {
		return keys
	}
	return ""
}

// maySign is signsYet where no keys were asked for: by the loaded zone, or without one the name below
// which there may be some.
func (a *run) maySign() string {
	keys := "_domainkey." + a.target.Domain
	if !resolver.Stands(a.resolver, a.target.Domain) {
		return keys
	}
	for _, rec := range resolver.Below(a.resolver, keys, resolver.TypeTXT, resolver.TypeCNAME, resolver.TypeNS) {
		if rec.Type != resolver.TypeTXT || usableKey(rec.Text()) {
			return rec.Name
		}
	}
	return ""
}
