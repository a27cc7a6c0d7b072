package audit

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/mailhost"
	"mailworthy/resolver"
	"mailworthy/spf"
	spfpolicy "mailworthy/spf/policy"
)

// halfMislaidMX says of a domain with MX records that a loaded zone has others at the doubled name. Whether
// they were meant beside those in force, or are left from before those, their owner knows.
func (a *run) halfMislaidMX(sheet *finding.Sheet) {
	is := a.otherMX()
	if len(is) == 0 {
		return
	}
	domain, at, n := a.result.Domain, is[0].Name, len(is)
	sheet.Add("mx-missing", finding.Finding{Severity: finding.Notice, Subject: at, Evidence: a.domain.Evidence,
		Title: "MX record at a name with the domain twice (not in force)",
		Detail: fmt.Sprintf("%s has MX records, and %s stands at %s: the domain is in the name twice. No mail comes to the %s there.",
			domain, strings.Join(values(is), ", "), at, show.Plural(n, "host")),
		Fix: &finding.Fix{Summary: fmt.Sprintf("Move the MX %s from %s to %s, or remove what is left of an older set-up.", show.Plural(n, "record"), at, domain)}})
}

// otherMX are the MX records at the doubled name of a domain that has MX records, but for hosts that
// those name as well, and a null MX.
func (a *run) otherMX() []finding.Record {
	if a.domain.MX != mailhost.MXPresent || slices.ContainsFunc(a.domain.Exchanges, func(e mailhost.Exchange) bool { return e.Null }) {
		return nil
	}
	is, _ := a.doubledMX()
	return slices.DeleteFunc(is, func(r finding.Record) bool {
		_, host, _ := strings.Cut(r.Value, " ")
		return host == "." || slices.ContainsFunc(a.domain.Exchanges, func(e mailhost.Exchange) bool { return e.Name == host })
	})
}

// awaitDoubled has an SPF record that no evaluation holds to today wait for MX records and addresses at a
// doubled name, if it lets pass what stands at the name itself: senders behind those would fail by it. It
// does not wait for what the same report moves.
func (a *run) awaitDoubled(findings []finding.Finding) {
	var moved []finding.Record
	for i := range findings {
		if fix := findings[i].Fix; fix != nil && fix.When == "" && !fix.HasPlaceholder() {
			moved = append(moved, fix.Remove...)
		}
	}
	for i := range findings {
		f := &findings[i]
		if f.Fix == nil || f.Severity == finding.Pass {
			continue
		}
		for _, r := range f.Fix.Records() {
			if r.Type != "TXT" || !spf.IsRecord(r.Value) || a.heldTo(r.Name) {
				continue
			}
			d := doubledBehind{a.resolver, a.result.Domain, resolver.Registrable(a.result.Domain), moved, make(map[string]bool)}
			if what := d.record(r.Name, r.Value, 0); what != "" {
				fix := *f.Fix
				fix.Await(what)
				f.Fix = &fix
				break
			}
		}
	}
}

// heldTo reports whether evaluations of the SPF record at a name may come to an end by it today: all but those
// that are known to lead to a permerror. What the DNS did not say is no error.
func (a *run) heldTo(name string) bool {
	for _, p := range append([]*spfpolicy.Policy{a.result.SPF}, a.result.Envelope...) {
		if p == nil {
			continue
		}
		if r := recordAt(p.Record, name); r != nil {
			return !fails(r) && (r != p.Record || p.Lookups <= spf.MaxLookups && p.Voids <= spf.MaxVoidLookups)
		}
	}
	return false
}

// recordAt is the record at a name in a tree, where its terms are shown; nil if there is none.
func recordAt(r *spfpolicy.Record, name string) *spfpolicy.Record {
	if r == nil || r.Repeated || r.Loop {
		return nil
	}
	if r.Domain == name {
		return r
	}
	for i := range r.Terms {
		if below := recordAt(r.Terms[i].Record, name); below != nil {
			return below
		}
	}
	return nil
}

// fails reports whether a record of a tree is known to be missing or in error (RFC 7208, 4.5, 4.6 and 5.2).
func fails(r *spfpolicy.Record) bool {
	return r.Error != "" || r.Loop || lacksSPF(r.Status) || slices.ContainsFunc(r.Terms, func(t spfpolicy.Term) bool {
		if t.Ignored != "" || t.Kind != spf.KindInclude && t.Kind != spf.KindRedirect {
			return false
		}
		return lacksSPF(t.Status) || t.Record != nil && fails(t.Record)
	})
}

// lacksSPF reports whether a name is known to have not exactly one SPF record.
func lacksSPF(s spfpolicy.Status) bool {
	return s == spfpolicy.StatusNone || s == spfpolicy.StatusNXDomain || s == spfpolicy.StatusMultiple || s == spfpolicy.StatusInvalid
}

// doubledBehind looks for what stands at doubled names of a zone behind an SPF record. root is the audited
// domain; moved are the records that the report takes out.
type doubledBehind struct {
	r     resolver.Resolver
	root  string
	zone  string
	moved []finding.Record
	seen  map[string]bool
}

// maxDoubledDepth is how many includes below each other are followed: a receiver asks for no more than
// ten names (RFC 7208, 4.6.4).
const maxDoubledDepth = 10

// record says what is to be done about MX records and addresses at doubled names before a record is
// published; "" if there are none. Included records are read as they stand.
func (d *doubledBehind) record(domain, text string, depth int) string {
	terms, _ := spf.Parse(text)
	for i := range terms {
		t := &terms[i]
		name, _, ok := t.Target(domain, d.root)
		if !ok || d.zone == "" || !resolver.Within(name, d.zone) {
			continue
		}
		what := ""
		switch t.Kind {
		case spf.KindMX:
			what = d.exchanges(name, terms)
		case spf.KindA:
			what = d.addresses(name, terms)
		case spf.KindInclude, spf.KindRedirect:
			if depth == maxDoubledDepth || d.seen[name] {
				continue
			}
			d.seen[name] = true
			for _, rec := range d.at(name, resolver.TypeTXT) {
				if text := rec.Text(); what == "" && spf.IsRecord(text) {
					what = d.record(name, text, depth+1)
				}
			}
		}
		if what != "" {
			return what
		}
	}
	return ""
}

// at are the records at a name in a loaded zone.
func (d *doubledBehind) at(name string, types ...resolver.Type) []resolver.Record {
	return slices.DeleteFunc(slices.Clone(resolver.Below(d.r, name, types...)), func(r resolver.Record) bool { return r.Name != name })
}

// exchanges is about the MX records at the doubled name of a domain, but for hosts that those in force
// name as well, and about the addresses of the hosts of these. A null MX names none.
func (d *doubledBehind) exchanges(domain string, terms []spf.Term) string {
	hosts := make(map[string]bool)
	inForce := d.at(domain, resolver.TypeMX)
	for _, rec := range inForce {
		hosts[rec.Host] = true
	}
	at := domain + "." + d.zone
	for _, rec := range d.at(at, resolver.TypeMX) {
		was := finding.Record{Name: at, Type: "MX", Value: fmt.Sprintf("%d %s", rec.Preference, rec.Host)}
		if rec.Host != "." && !hosts["."] && !hosts[rec.Host] && !slices.Contains(d.moved, was) {
			return fmt.Sprintf("the MX records at %s are moved or removed", at)
		}
	}
	for _, rec := range inForce {
		if resolver.Within(rec.Host, d.zone) {
			if what := d.addresses(rec.Host, terms); what != "" {
				return what
			}
		}
	}
	return ""
}

// addresses is about the public addresses at the doubled name of a host, but for those that the host has, or
// that the record itself names.
func (d *doubledBehind) addresses(host string, terms []spf.Term) string {
	own, at := d.at(host, resolver.TypeA, resolver.TypeAAAA), host+"."+d.zone
	for _, rec := range d.at(at, resolver.TypeA, resolver.TypeAAAA) {
		switch {
		case !mailhost.Public(rec.Addr), slices.ContainsFunc(own, func(o resolver.Record) bool { return o.Addr == rec.Addr }),
			slices.Contains(d.moved, finding.Record{Name: at, Type: rec.Type.String(), Value: rec.Addr.String()}),
			slices.ContainsFunc(terms, func(t spf.Term) bool { return t.Prefix.IsValid() && t.Prefix.Contains(rec.Addr) }):
			continue
		}
		return fmt.Sprintf("the address at %s is moved or removed", at)
	}
	return ""
}

// values are those of some records.
func values(is []finding.Record) []string {
	var out []string
	for _, r := range is {
		out = append(out, r.Value)
	}
	return out
}

// moved makes a fix publish at a name the records that stand at another one.
func moved(fix *finding.Fix, to string, is []finding.Record) {
	fix.Name, fix.Type, fix.Value, fix.Remove = to, is[0].Type, is[0].Value, is
	for _, rec := range is[1:] {
		fix.More = append(fix.More, finding.Record{Name: to, Type: rec.Type, Value: rec.Value})
	}
}

// mislaidAddresses says of an MX host without an address that a loaded zone has its addresses at the
// doubled name. They are moved.
func (a *run) mislaidAddresses(sheet *finding.Sheet) {
	zone := resolver.Registrable(a.result.Domain)
	for _, f := range sheet.Found() {
		if f.Check != "mx-unresolvable" || f.Fix == nil || f.Fix.Value != "" || len(f.Fix.Remove) > 0 || !resolver.Within(f.Subject, zone) {
			continue
		}
		at := f.Subject + "." + zone
		var is []finding.Record
		public := true
		for _, rec := range resolver.Below(a.resolver, at, resolver.TypeA, resolver.TypeAAAA) {
			if rec.Name == at {
				is = append(is, finding.Record{Name: at, Type: rec.Type.String(), Value: rec.Addr.String()})
				public = public && mailhost.Public(rec.Addr)
			}
		}
		if len(is) == 0 {
			continue
		}
		f.Detail += fmt.Sprintf(" An address stands at %s: the domain is in the name twice.", at)
		f.Fix = &finding.Fix{Summary: fmt.Sprintf("Move the %s from %s to %s.", show.Plural(len(is), "address"), at, f.Subject)}
		if public && len(is) <= maxEnvelopes {
			moved(f.Fix, f.Subject, is)
		}
	}
}
