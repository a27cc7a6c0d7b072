package mailhost

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"mailworthy/finding"
)

// Context is what the checks need to know beside the facts.
type Context struct {
	Profile finding.Profile
}

// Bounds on what a finding shows.
const (
	maxNamed    = 8
	maxShown    = 300
	maxEvidence = 8
)

// Check turns facts into findings.
func Check(f *Facts, c Context) *finding.Sheet {
	j := &judge{facts: f, profile: c.Profile}
	j.Sheet = finding.NewSheet(checkList, j.domainName())
	if f.Domain != nil {
		j.domain(f.Domain)
	}
	for i := range f.Envelope {
		j.envelope(&f.Envelope[i])
	}
	if j.profile != finding.Parked && j.profile != finding.Receiver {
		j.addresses()
		j.helo()
	}
	if f.Authoritative != nil {
		j.authoritative(f.Authoritative)
	}
	return j.Sheet
}

type judge struct {
	*finding.Sheet
	facts   *Facts
	profile finding.Profile
}

func (j *judge) domainName() string {
	if j.facts.Domain != nil {
		return j.facts.Domain.Name
	}
	return ""
}

func (j *judge) parked() bool { return j.profile == finding.Parked }

// domain judges whether the domain exists and where its mail goes.
func (j *judge) domain(d *Domain) {
	switch d.Exists {
	case Unknown:
		j.Add("hosts-unresolved", finding.Finding{Title: "The DNS did not say whether the domain exists",
			Detail:  fmt.Sprintf("No question about %s was answered, so nothing can be said about its mail hosts.", d.Name),
			CouldBe: finding.Critical, Undecides: true, Evidence: d.Evidence})
		return
	case Absent:
		j.Add("domain-missing", finding.Finding{Evidence: d.Evidence,
			Detail: fmt.Sprintf("%s does not exist in the DNS (NXDOMAIN), so every receiver rejects mail from it.", d.Name),
			Fix:    &finding.Fix{Summary: fmt.Sprintf("Register %s, or repair its delegation.", d.Authority.Organizational)}})
		return
	}
	j.Decided("domain-missing")
	if !j.parked() {
		j.soa(&d.Authority, "From")
	}
	switch d.MX {
	case MXUnknown:
		j.Add("hosts-unresolved", finding.Finding{Title: "The DNS did not say where the domain's mail goes",
			Detail:  fmt.Sprintf("The question for the MX records of %s was not answered.", d.Name),
			CouldBe: finding.Error, Undecides: true, Evidence: d.Evidence})
		return
	case MXNone:
		j.noMX(d)
		return
	}
	j.Decided("mx-missing", "mx-implicit", "mx-null", "mx-null-not-alone")
	j.nullMX(d)
	if d.MX == MXPresent {
		j.exchanges(d)
	}
}

// noMX judges a domain without MX record: its own address takes its place, if it
// has one (RFC 5321, 5.1).
func (j *judge) noMX(d *Domain) {
	null := finding.Fix{Summary: "Say that the domain takes no mail: publish a null MX.", Name: d.Name, Type: "MX", Value: "0 ."}
	evidence := slices.Concat(d.Evidence, d.Own.Evidence)
	switch d.Own.Resolves {
	case Unknown:
		j.unresolved("The DNS did not say whether the domain can receive mail", d.Name,
			fmt.Sprintf("%s has no MX record, and the question for its own address, which would take the place of one, was not answered.", d.Name),
			finding.Error, evidence)
	case Absent:
		f := finding.Finding{Evidence: evidence,
			Detail: fmt.Sprintf("%s has neither an MX record nor an address: mail to it, be it a reply or a bounce, cannot be delivered.", d.Name),
			Fix:    &finding.Fix{Summary: fmt.Sprintf("Publish an MX record at %s that names the host which takes its mail.", d.Name)}}
		if j.parked() {
			f.Severity, f.Fix = finding.Info, &null
			f.Detail = fmt.Sprintf("%s has neither an MX record nor an address, which is right for a domain without mail; a null MX would say so, and make senders give up at once.", d.Name)
		}
		j.Add("mx-missing", f)
	case Present:
		f := finding.Finding{Evidence: evidence,
			Detail: fmt.Sprintf("%s has no MX record, so mail for it is tried at its own address %s.", d.Name, addrList(d.Own.Addresses)),
			Fix: &finding.Fix{Summary: "Publish an MX record; the value keeps what happens now, name the mail host instead if it is another one.",
				Name: d.Name, Type: "MX", Value: "10 " + d.Name}}
		if j.parked() {
			f.Severity, f.Fix = finding.Notice, &null
		}
		j.Add("mx-implicit", f)
		j.Decided("mx-missing")
	}
	j.Decided("mx-null", "mx-null-not-alone")
}

// nullMX judges the records that say "no mail here" (RFC 7505).
func (j *judge) nullMX(d *Domain) {
	if !slices.ContainsFunc(d.Exchanges, func(e Exchange) bool { return e.Null }) {
		return
	}
	var nulls, others []finding.Record
	for i := range d.Exchanges {
		if e := &d.Exchanges[i]; e.Null {
			nulls = append(nulls, e.record(d))
		} else {
			others = append(others, e.record(d))
		}
	}
	if len(nulls)+len(others) > 1 {
		f := finding.Finding{Evidence: d.Evidence,
			Detail: fmt.Sprintf("%s has a null MX, which says that it takes no mail, beside %d other MX %s. A null MX must be the only one.", d.Name, len(nulls)+len(others)-1, plural(len(nulls)+len(others)-1, "record")),
			Fix:    &finding.Fix{Summary: "Remove the null MX.", Remove: nulls}}
		if j.parked() || len(others) == 0 {
			f.Fix = &finding.Fix{Summary: "Keep the null MX alone.", Name: d.Name, Type: "MX", Value: "0 .", Remove: append(nulls, others...)}
		}
		j.Add("mx-null-not-alone", f)
	}
	if d.MX != MXNull {
		return
	}
	if p := d.Exchanges[0].Preference; p != 0 {
		j.Add("mx-null-preference", finding.Finding{Evidence: d.Evidence,
			Detail: fmt.Sprintf("The null MX of %s has preference %d, where the standard has 0.", d.Name, p),
			Fix:    &finding.Fix{Summary: "Publish the null MX with preference 0.", Name: d.Name, Type: "MX", Value: "0 .", Remove: nulls}})
	} else {
		j.Decided("mx-null-preference")
	}
	if !j.parked() {
		j.Add("mx-null", finding.Finding{Evidence: d.Evidence,
			Detail: fmt.Sprintf("%s says with a null MX that it takes no mail. A domain that sends must be able to receive replies and bounces: receivers may answer 550 5.7.27, sender address has null MX.", d.Name),
			Fix:    &finding.Fix{Summary: fmt.Sprintf("Replace the null MX of %s by one that names the host which takes its mail.", d.Name), Remove: nulls}})
	}
}

// record is the MX record as published.
func (e *Exchange) record(d *Domain) finding.Record {
	return finding.Record{Name: d.Name, Type: "MX", Value: fmt.Sprintf("%d %s", e.Preference, e.Name)}
}

// exchanges judges the MX hosts.
func (j *judge) exchanges(d *Domain) {
	j.Decided("mx-unresolvable", "mx-cname", "mx-ip-literal", "mx-private-address", "mx-duplicate")
	if d.ExchangesLeftOut > 0 {
		j.Undecided("mx-unresolvable", "mx-cname", "mx-ip-literal", "mx-private-address", "mx-duplicate")
	}
	var unknown []string
	var unknownEvidence []finding.Evidence
	seen := make(map[string]*Exchange)
	for i := range d.Exchanges {
		e := &d.Exchanges[i]
		if first := seen[e.Name]; first != nil && !e.Null {
			j.Add("mx-duplicate", finding.Finding{Subject: e.Name, Evidence: d.Evidence,
				Detail: fmt.Sprintf("%s is named by two MX records of %s, with preference %d and %d.", e.Name, d.Name, first.Preference, e.Preference),
				Fix:    &finding.Fix{Summary: "Remove the second one.", Remove: []finding.Record{e.record(d)}}})
			continue
		}
		seen[e.Name] = e
		switch {
		case e.Null:
		case e.Literal:
			j.literal(d, e, literal(e.Name))
		case e.Resolves != Unknown && e.dotless(d).IsValid():
			j.literal(d, e, e.dotless(d))
		default:
			j.alias(d, i)
			j.notPublic(d, e)
			if e.Resolves == Unknown {
				unknown = append(unknown, e.Name)
				unknownEvidence = append(unknownEvidence, e.Evidence...)
				if e.dotless(d).IsValid() {
					j.Undecided("mx-ip-literal")
				}
			} else if e.Resolves == Absent {
				j.unresolvable(d, e)
			}
		}
	}
	if len(unknown) > 0 {
		j.Undecided("mx-unresolvable")
		j.unresolved("The DNS did not say where MX hosts are", named(unknown),
			fmt.Sprintf("The addresses of %s, which the MX records of %s name, are not known: the questions were not answered.", named(unknown), d.Name),
			finding.Error, unknownEvidence)
	}
	j.single(d, seen)
}

// single is about a host that has no reserve of any kind: many addresses behind
// one name, as large providers have them, are one.
func (j *judge) single(d *Domain, exchanges map[string]*Exchange) {
	hosts := d.MXHosts()
	if len(hosts) != 1 || j.parked() {
		j.Decided("mx-single")
		return
	}
	e := exchanges[hosts[0]]
	four, six := 0, 0
	for _, a := range e.Addresses {
		if a.Is4() {
			four++
		} else {
			six++
		}
	}
	switch {
	case four > 1 || six > 1:
		j.Decided("mx-single")
	case e.silent > 0 || len(e.Addresses) == 0:
		// It may have more; or it has none, which is another check's to say.
		j.Undecided("mx-single")
	default:
		j.Add("mx-single", finding.Finding{Evidence: slices.Concat(d.Evidence, e.Evidence),
			Detail: fmt.Sprintf("%s is the only MX host of %s. While it is down, mail waits at its senders.", e.Name, d.Name),
			Fix:    &finding.Fix{Summary: "Publish a second MX record with a higher preference, if mail must not wait."}})
	}
}

// unresolvable judges a host that has no address.
func (j *judge) unresolvable(d *Domain, e *Exchange) {
	f := finding.Finding{Subject: e.Name, Evidence: e.Evidence,
		Detail: fmt.Sprintf("The MX host %s of %s has neither an A nor an AAAA record.", e.Name, d.Name)}
	host := e.Name
	if n := len(e.CNAMEs); n > 0 {
		host = e.CNAMEs[n-1]
		f.Detail = fmt.Sprintf("The MX host %s of %s is an alias of %s, which has neither an A nor an AAAA record.", e.Name, d.Name, host)
	}
	f.Fix = &finding.Fix{Summary: fmt.Sprintf("Publish the address of %s, or remove the MX record \"%d %s\".", host, e.Preference, e.Name)}
	j.Add("mx-unresolvable", f)
}

// alias judges a host that is a CNAME (RFC 2181, 10.3).
func (j *judge) alias(d *Domain, i int) {
	e := &d.Exchanges[i]
	if len(e.CNAMEs) == 0 {
		if e.Resolves == Unknown {
			j.Undecided("mx-cname")
		}
		return
	}
	target := e.CNAMEs[len(e.CNAMEs)-1]
	fix := &finding.Fix{Summary: "Name the host that the alias leads to.", Name: d.Name, Type: "MX",
		Value: fmt.Sprintf("%d %s", e.Preference, target), Remove: []finding.Record{e.record(d)}}
	switch {
	case e.Resolves == Absent:
		fix = &finding.Fix{Summary: "Remove the MX record: the alias leads nowhere.", Remove: fix.Remove}
	case d.named(target, i):
		fix = &finding.Fix{Summary: fmt.Sprintf("Remove the MX record: %s, which the alias leads to, has one already.", target), Remove: fix.Remove}
	case d.aliased(target, i):
		fix = &finding.Fix{Summary: fmt.Sprintf("Remove the MX record: another one is an alias of %s too, and is to name it.", target), Remove: fix.Remove}
	}
	j.Add("mx-cname", finding.Finding{Subject: e.Name, Evidence: e.Evidence,
		Detail: fmt.Sprintf("The MX host %s of %s is an alias of %s. An MX record must name the host itself.", e.Name, d.Name, target),
		Fix:    fix})
}

// named: another MX record names the host.
func (d *Domain) named(host string, but int) bool {
	for i := range d.Exchanges {
		if i != but && d.Exchanges[i].Name == host {
			return true
		}
	}
	return false
}

// aliased: an MX record before that one names an alias of the host.
func (d *Domain) aliased(host string, before int) bool {
	for i := range d.Exchanges[:before] {
		if c := d.Exchanges[i].CNAMEs; len(c) > 0 && c[len(c)-1] == host {
			return true
		}
	}
	return false
}

// dotless is the address that the record was meant to name, where the zone's
// name was added to it: 192.0.2.1 without a final dot. A host that has just this
// address bears its name rightly.
func (e *Exchange) dotless(d *Domain) netip.Addr {
	for _, zone := range []string{d.Name, d.Authority.Organizational} {
		if text, ok := strings.CutSuffix(e.Name, "."+zone); ok && zone != "" {
			if a, err := netip.ParseAddr(text); err == nil && a.Is4() && !slices.Contains(e.Addresses, a) {
				return a
			}
		}
	}
	return netip.Addr{}
}

// literal judges a host that is written as an address.
func (j *judge) literal(d *Domain, e *Exchange, addr netip.Addr) {
	name := d.freeName()
	f := finding.Finding{Subject: e.Name, Evidence: d.Evidence,
		Detail: fmt.Sprintf("An MX record of %s names the address %s. It is looked up as a name, which does not exist, so no mail gets there.", d.Name, e.Name)}
	if !e.Literal {
		f.Evidence = slices.Concat(d.Evidence, e.Evidence)
		f.Detail = fmt.Sprintf("An MX record of %s names %s, which looks like the address %s written without a final dot, so that the zone added its own name. "+
			"With the dot it would be wrong as well: an MX record must name a host, not an address.", d.Name, e.Name, addr)
	}
	f.Fix = &finding.Fix{Summary: "Give the host a name and let the MX record name it.", Name: d.Name, Type: "MX",
		Value:  fmt.Sprintf("%d %s", e.Preference, name),
		Remove: []finding.Record{e.record(d)}, More: []finding.Record{{Name: name, Type: forwardType(addr).String(), Value: addr.String()}}}
	for i := range d.Exchanges {
		if o := &d.Exchanges[i]; o.isHost() && slices.Contains(o.Addresses, addr) {
			f.Fix = &finding.Fix{Summary: fmt.Sprintf("Remove the MX record: %s, which has that address, has one already.", o.Name), Remove: f.Fix.Remove}
			break
		}
	}
	j.Add("mx-ip-literal", f)
}

// freeName is a name for a mail host that no MX record of the domain has yet.
func (d *Domain) freeName() string {
	name := "mail." + d.Name
	for n := 2; d.named(name, -1); n++ {
		name = fmt.Sprintf("mx%d.%s", n, d.Name)
	}
	return name
}

// notPublic judges the addresses of a host that nobody outside can reach.
func (j *judge) notPublic(d *Domain, e *Exchange) {
	if e.silent > 0 {
		j.Undecided("mx-private-address")
	}
	for _, a := range e.Addresses {
		if kind := notPublic(a); kind != "" {
			j.Add("mx-private-address", finding.Finding{Subject: e.Name, Evidence: e.Evidence,
				Detail: fmt.Sprintf("The MX host %s of %s has the %s address %s, which nobody outside can deliver to.", e.Name, d.Name, kind, a),
				Fix: &finding.Fix{Summary: fmt.Sprintf("Publish the public address of %s instead.", e.Name),
					Remove: []finding.Record{{Name: e.Name, Type: forwardType(a).String(), Value: a.String()}}}})
		}
	}
}

var (
	sharedSpace = netip.MustParsePrefix("100.64.0.0/10")
	thisNetwork = netip.MustParsePrefix("0.0.0.0/8")
	reserved    = netip.MustParsePrefix("240.0.0.0/4")
)

// notPublic names the kind of an address that is not reachable from outside (RFC
// 6890); empty: it is. Documentation ranges are left alone: examples use them.
func notPublic(a netip.Addr) string {
	switch {
	case a.IsLoopback():
		return "loopback"
	case a.IsUnspecified() || thisNetwork.Contains(a):
		return "unspecified"
	case a.IsPrivate():
		return "private"
	case a.IsLinkLocalUnicast():
		return "link-local"
	case sharedSpace.Contains(a):
		return "shared (carrier-grade NAT)"
	case a.IsMulticast():
		return "multicast"
	case reserved.Contains(a):
		return "reserved"
	}
	return ""
}

// soa judges Yahoo's test for one of the two domains.
func (j *judge) soa(a *Authority, identity string) {
	switch a.SOA {
	case Unknown:
		j.Undecided("domain-no-soa")
		j.unresolved("The DNS did not say whether a zone holds the domain", a.Domain,
			fmt.Sprintf("The question for the SOA of %s was not answered.", a.Domain), finding.Error, a.Evidence)
	case Absent:
		where := a.Domain
		if a.Organizational != a.Domain {
			where += " or " + a.Organizational
		}
		j.Add("domain-no-soa", finding.Finding{Subject: a.Domain, Evidence: a.Evidence,
			Detail: fmt.Sprintf("There is no SOA record at %s. Yahoo rejects mail whose %s domain has none.", where, identity),
			Fix:    &finding.Fix{Summary: fmt.Sprintf("Repair the zone of %s: its authoritative servers must answer with an SOA.", a.Organizational)}})
	default:
		j.Decided("domain-no-soa")
	}
}

// envelope judges an envelope domain: bounces must get there.
func (j *judge) envelope(a *Authority) {
	switch a.Exists {
	case Absent:
		j.Add("domain-missing", finding.Finding{Subject: a.Domain, Evidence: a.Evidence,
			Detail: fmt.Sprintf("The envelope domain %s does not exist in the DNS (NXDOMAIN), so receivers reject mail with it in MAIL FROM.", a.Domain),
			Fix:    &finding.Fix{Summary: fmt.Sprintf("Publish %s, or send with another envelope domain.", a.Domain)}})
		return
	case Present:
		j.Decided("domain-missing")
	default:
		j.Undecided("domain-missing")
	}
	j.soa(a, "MAIL FROM")
	switch a.MX {
	case MXNull:
		j.Add("mx-null", finding.Finding{Subject: a.Domain, Evidence: a.Evidence,
			Detail: fmt.Sprintf("The envelope domain %s says with a null MX that it takes no mail, so bounces cannot be delivered. Receivers may answer 550 5.7.27, sender address has null MX.", a.Domain),
			Fix:    &finding.Fix{Summary: fmt.Sprintf("Replace the null MX of %s by one that names the host which takes bounces.", a.Domain)}})
	case MXUnknown:
		j.Undecided("mx-null")
		j.unresolved("The DNS did not say where bounces go", a.Domain,
			fmt.Sprintf("The question for the MX records of the envelope domain %s was not answered.", a.Domain), finding.Error, a.Evidence)
	}
}

// unresolved adds what the DNS did not say, where the section can be judged without.
func (j *judge) unresolved(title, subject, detail string, couldBe finding.Severity, evidence []finding.Evidence) {
	j.Add("hosts-unresolved", finding.Finding{Title: title, Subject: subject, Detail: detail, CouldBe: couldBe,
		Evidence: evidence[:min(len(evidence), maxEvidence)]})
}

// named lists the first few of many.
func named(names []string) string {
	if len(names) > maxNamed {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:maxNamed], ", "), len(names)-maxNamed)
	}
	return strings.Join(names, ", ")
}

func addrList(addrs []netip.Addr) string {
	names := make([]string, len(addrs))
	for i, a := range addrs {
		names[i] = a.String()
	}
	return named(names)
}

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

func cut(s string, n int) string {
	if len(s) > n {
		return s[:n] + "…"
	}
	return s
}
