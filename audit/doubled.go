package audit

import (
	"cmp"
	"fmt"
	"net/netip"
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
		if what := a.doubledBehindFix(f.Fix, moved); what != "" {
			await(f, what)
		}
	}
}

// doubledBehindFix says what is to be done about MX records and addresses at doubled names before a fix is
// published; "" if there are none. A record that is published in other words, as one with addresses in
// place of hosts, is read as it stands, too.
func (a *run) doubledBehindFix(fix *finding.Fix, moved []finding.Record) string {
	proposed := make(map[string]string)
	for _, r := range fix.Records() {
		if r.Type == "TXT" && spf.IsRecord(r.Value) {
			proposed[r.Name] = r.Value
		}
	}
	for _, r := range fix.Records() {
		if proposed[r.Name] != r.Value || r.Type != "TXT" {
			continue
		}
		for _, from := range a.newlyHeldTo(r.Name) {
			d := doubledBehind{r: a.resolver, root: a.result.Domain, zone: resolver.Registrable(a.result.Domain), from: from, proposed: proposed, moved: moved}
			if what := cmp.Or(d.records(proposed), d.records(nil)); what != "" {
				return what
			}
		}
	}
	return ""
}

// newlyHeldTo are the names that evaluations begin at which a record that is published at a name puts in force:
// the name itself, and the domain whose record leads to it, if that has no error of its own. It is in
// force today unless it is known to lead to a permerror. What the DNS did not say is no error.
func (a *run) newlyHeldTo(name string) (from []string) {
	known := false
	for _, p := range a.policies() {
		if p == nil {
			continue
		}
		r := recordAt(p.Record, name)
		if r == nil {
			continue
		}
		known = true
		if r.Status != spfpolicy.StatusFound || fails(r) || r == p.Record && (p.Lookups > spf.MaxLookups || p.Voids > spf.MaxVoidLookups) {
			from = append(from, name)
			if r != p.Record && p.Record.Error == "" && fails(r) {
				from = append(from, p.Domain)
			}
		}
	}
	if !known {
		return []string{name}
	}
	return from
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

// fails reports whether a record of a tree is known to be missing or in error, or names more MX hosts than it
// may (RFC 7208, 4.5, 4.6 and 5.2).
func fails(r *spfpolicy.Record) bool {
	return r.Error != "" || r.Loop || lacksSPF(r.Status) || slices.ContainsFunc(r.Terms, func(t spfpolicy.Term) bool {
		switch {
		case t.Ignored != "":
			return false
		case t.Kind == spf.KindInclude, t.Kind == spf.KindRedirect:
			return lacksSPF(t.Status) || t.Record != nil && fails(t.Record)
		}
		return t.Kind == spf.KindMX && len(t.Hosts) > spf.MaxHosts
	})
}

// lacksSPF reports whether a name is known to have not exactly one SPF record.
func lacksSPF(s spfpolicy.Status) bool {
	return s == spfpolicy.StatusNone || s == spfpolicy.StatusNXDomain || s == spfpolicy.StatusMultiple || s == spfpolicy.StatusInvalid
}

// doubledBehind looks for what stands at doubled names of a zone behind the SPF record at from. root is the
// audited domain; proposed are the records that a fix publishes, by name; moved are those that the report
// takes out.
type doubledBehind struct {
	r          resolver.Resolver
	root, zone string
	from       string
	proposed   map[string]string
	moved      []finding.Record
	passing    []netip.Prefix // once sought; see passes
	sought     bool
	held       map[string][]resolver.Record // what at found
}

// maxDoubledDepth is how many includes below each other are followed: a receiver asks for no more than
// ten names (RFC 7208, 4.6.4).
const maxDoubledDepth = 10

// texts are the SPF records at a name: that which is proposed, or else as they stand.
func (d *doubledBehind) texts(name string, proposed map[string]string) []string {
	if text, ok := proposed[name]; ok {
		return []string{text}
	}
	var out []string
	for _, rec := range d.at(name, resolver.TypeTXT) {
		if text := rec.Text(); spf.IsRecord(text) {
			out = append(out, text)
		}
	}
	return out
}

// passes reports whether an address passes by an ip4, ip6, a or mx term once the proposed records are
// published. Terms behind one that lets others not pass are left out.
func (d *doubledBehind) passes(addr netip.Addr) bool {
	if !d.sought {
		d.sought = true
		d.authorise(d.from, 0, make(map[string]bool))
	}
	return within(addr, d.passing)
}

// authorise adds the networks of a record and of those that it includes to those that pass.
func (d *doubledBehind) authorise(domain string, depth int, seen map[string]bool) {
	texts := d.texts(domain, d.proposed)
	if depth > maxDoubledDepth || len(texts) != 1 || seen[domain] {
		return
	}
	seen[domain] = true
	terms, layout := spf.Parse(texts[0])
	for i := range terms {
		t := &terms[i]
		if t.Error != "" || layout.Ignored(i, t) != "" {
			continue
		}
		if t.Kind.Directive() && t.Sign != '+' {
			return
		}
		name, _, ok := t.Target(domain, d.root)
		switch {
		case t.Prefix.IsValid():
			d.passing = append(d.passing, t.Prefix)
		case !ok || !resolver.Within(name, d.zone):
		case t.Kind == spf.KindA:
			d.passing = append(d.passing, d.around(t, name)...)
		case t.Kind == spf.KindMX:
			for _, rec := range firstHosts(d.at(name, resolver.TypeMX)) {
				if resolver.Within(rec.Host, d.zone) {
					d.passing = append(d.passing, d.around(t, rec.Host)...)
				}
			}
		case t.Kind == spf.KindInclude, t.Kind == spf.KindRedirect:
			d.authorise(name, depth+1, seen)
		}
	}
}

// around are the networks of a term around the addresses of a host, or of one that its alias leads to.
func (d *doubledBehind) around(t *spf.Term, host string) (out []netip.Prefix) {
	for hops, to := 0, d.alias(host); to != "" && hops < resolver.MaxAliases; hops, to = hops+1, d.alias(to) {
		host = to
	}
	for _, rec := range d.at(host, resolver.TypeA, resolver.TypeAAAA) {
		out = append(out, t.Around(rec.Addr))
	}
	return out
}

// records says what is to be done about MX records and addresses at doubled names before the proposed records
// are in force; "" if there are none. Included records are read as they stand.
func (d *doubledBehind) records(proposed map[string]string) string {
	return d.record(d.from, proposed, 0, make(map[string]bool))
}

// record is records from a name on. Terms by which nobody passes need none of those; but of the MX records of
// the audited domain the owner is asked in any case.
func (d *doubledBehind) record(domain string, proposed map[string]string, depth int, seen map[string]bool) string {
	if depth > maxDoubledDepth || seen[domain] {
		return ""
	}
	seen[domain] = true
	for _, text := range d.texts(domain, proposed) {
		terms, layout := spf.Parse(text)
		for i := range terms {
			t := &terms[i]
			name, _, ok := t.Target(domain, d.root)
			if !ok || t.Error != "" || d.zone == "" || !resolver.Within(name, d.zone) {
				continue
			}
			nobody := layout.Ignored(i, t) != "" || t.Kind.Directive() && t.Sign != '+'
			if nobody && !(t.Kind == spf.KindMX && name == d.root && domain == d.root) {
				continue
			}
			what := ""
			switch t.Kind {
			case spf.KindMX:
				what = d.exchanges(name, t)
			case spf.KindA:
				what = d.addresses(name, t, 0)
			case spf.KindInclude, spf.KindRedirect:
				what = d.record(name, proposed, depth+1, seen)
			}
			if what != "" {
				return what
			}
		}
	}
	return ""
}

// at are the records at a name in a loaded zone. They are looked for once: terms repeat names.
func (d *doubledBehind) at(name string, types ...resolver.Type) []resolver.Record {
	key := fmt.Sprint(name, types)
	is, ok := d.held[key]
	if !ok {
		is = standing(d.r, name, types...)
		if d.held == nil {
			d.held = make(map[string][]resolver.Record)
		}
		d.held[key] = is
	}
	return is
}

// doubled are the records at a name of which the zone, by the name that one would register or by the one that
// it is loaded for, was added once more.
func (d *doubledBehind) doubled(name string, types ...resolver.Type) []resolver.Record {
	is := d.at(name+"."+d.zone, types...)
	for origin := name; origin != d.zone && resolver.Within(origin, d.zone); _, origin, _ = strings.Cut(origin, ".") {
		if len(d.at(origin, resolver.TypeSOA)) > 0 {
			return append(slices.Clip(is), d.at(name+"."+origin, types...)...)
		}
	}
	return is
}

// firstHosts are the MX records whose hosts are looked up: an mx term with more than ten is a permerror (RFC
// 7208, 4.6.4), and a record with twice as many in place of it is not proposed without a question.
func firstHosts(is []resolver.Record) []resolver.Record { return is[:min(len(is), 2*spf.MaxHosts)] }

// alias is the name below the same domain that the alias at a host leads to; "" if there is none.
func (d *doubledBehind) alias(host string) string {
	if c := d.at(host, resolver.TypeCNAME); len(c) > 0 && resolver.Within(c[0].Host, d.zone) {
		return c[0].Host
	}
	return ""
}

// exchanges is about the MX records at the doubled name of a domain, but for hosts that those in force
// name as well, and about the addresses of the hosts of these. A null MX names none.
func (d *doubledBehind) exchanges(domain string, t *spf.Term) string {
	hosts := make(map[string]bool)
	inForce := d.at(domain, resolver.TypeMX)
	for _, rec := range inForce {
		hosts[rec.Host] = true
	}
	for _, rec := range d.doubled(domain, resolver.TypeMX) {
		was := finding.Record{Name: rec.Name, Type: "MX", Value: fmt.Sprintf("%d %s", rec.Preference, rec.Host)}
		if rec.Host != "." && !hosts["."] && !hosts[rec.Host] && !slices.Contains(d.moved, was) && (domain == d.root || !d.passesWhole(rec.Host)) {
			return fmt.Sprintf("the MX records at %s are moved or removed", rec.Name)
		}
	}
	for _, rec := range firstHosts(inForce) {
		if resolver.Within(rec.Host, d.zone) {
			if what := d.addresses(rec.Host, t, 0); what != "" {
				return what
			}
		}
	}
	return ""
}

// passesWhole reports whether a host has addresses in the zone, and none is public that does not pass anyway.
func (d *doubledBehind) passesWhole(host string) bool {
	is := d.at(host, resolver.TypeA, resolver.TypeAAAA)
	return resolver.Within(host, d.zone) && len(is) > 0 && !slices.ContainsFunc(is, func(r resolver.Record) bool { return mailhost.Public(r.Addr) && !d.passes(r.Addr) })
}

// addresses is about the public addresses at the doubled name of a host or of one that its alias leads to, but
// for those that pass by those that the host has, or by other terms.
func (d *doubledBehind) addresses(host string, t *spf.Term, hops int) string {
	is, own := d.doubled(host, resolver.TypeA, resolver.TypeAAAA), []netip.Prefix(nil)
	if len(is) > 0 {
		own = d.around(t, host) // at the apex all of a zone is looked through
	}
	for _, rec := range is {
		switch {
		case !mailhost.Public(rec.Addr), within(rec.Addr, own), d.passes(rec.Addr),
			slices.Contains(d.moved, finding.Record{Name: rec.Name, Type: rec.Type.String(), Value: rec.Addr.String()}):
			continue
		}
		return fmt.Sprintf("the address at %s is moved or removed", rec.Name)
	}
	if to := d.alias(host); to != "" && hops < resolver.MaxAliases {
		return d.addresses(to, t, hops+1)
	}
	return ""
}

// within reports whether one of some networks holds an address.
func within(addr netip.Addr, networks []netip.Prefix) bool {
	return slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(addr) })
}

// arriving are the domains without MX records at which complete fixes publish those that stand elsewhere.
func arriving(findings []finding.Finding) (domains []string) {
	for i := range findings {
		f := &findings[i]
		if f.Check != "mx-missing" || f.Fix == nil || f.Fix.When != "" || f.Fix.HasPlaceholder() {
			continue
		}
		for _, r := range f.Fix.Records() {
			if r.Type == "MX" && !strings.HasSuffix(r.Value, " .") {
				domains = append(domains, r.Name)
			}
		}
	}
	return domains
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
		for _, rec := range standing(a.resolver, at, resolver.TypeA, resolver.TypeAAAA) {
			is = append(is, finding.Record{Name: at, Type: rec.Type.String(), Value: rec.Addr.String()})
			public = public && mailhost.Public(rec.Addr)
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
