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

// awaitMX has the SPF record of the domain wait for MX records that stand at the doubled name, if it is in
// force nowhere today and has an mx: senders behind those would fail by it.
func (a *run) awaitMX(findings []finding.Finding) {
	is := a.otherMX()
	if len(is) == 0 || a.result.SPF == nil || a.result.SPF.Record != nil && a.result.SPF.Record.Status == "found" && a.result.SPF.Record.Error == "" {
		return
	}
	for i := range findings {
		f := &findings[i]
		if f.Fix == nil || f.Fix.Type != "TXT" || f.Fix.Name != a.result.Domain || !spf.IsRecord(f.Fix.Value) {
			continue
		}
		terms, _ := spf.Parse(f.Fix.Value)
		if slices.ContainsFunc(terms, func(t spf.Term) bool {
			name, _, ok := t.Target(a.result.Domain, a.result.Domain)
			return t.Kind == spf.KindMX && ok && name == a.result.Domain
		}) {
			fix := *f.Fix
			fix.Await(fmt.Sprintf("the MX records at %s are moved or removed", is[0].Name))
			f.Fix = &fix
		}
	}
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
