package mailhost

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/resolver"
)

// Context is what the checks need to know beside the facts.
type Context struct {
	Profile finding.Profile
	// AddressesUnknown: more addresses may send than are in the facts, because the DNS
	// did not say which, or because of a bound.
	AddressesUnknown bool
}

// Bounds on what a finding shows.
const (
	maxNamed    = 8
	maxShown    = 300
	maxEvidence = 8
)

// Check turns facts into findings.
func Check(f *Facts, c Context) *finding.Sheet {
	j := &judge{facts: f, profile: c.Profile, addressesUnknown: c.AddressesUnknown}
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
	facts            *Facts
	profile          finding.Profile
	addressesUnknown bool
}

func (j *judge) domainName() string {
	if j.facts.Domain != nil {
		return j.facts.Domain.Name
	}
	return ""
}

func (j *judge) parked() bool { return j.profile == finding.Parked }

// howToExist says what makes the domain exist. A name below a zone that is there needs
// no registrar.
func (d *Domain) howToExist() string {
	if d.Name != d.Authority.Organizational && d.Authority.SOA == Present {
		return fmt.Sprintf("Publish records at %s in the zone of %s, or send from a domain that exists.", d.Name, d.Authority.Organizational)
	}
	return howToExist(d.Name, d.Authority.Organizational)
}

// howToExist says what makes a domain exist whose zone is not there, if anything can.
func howToExist(name, organizational string) string {
	if !resolver.Documented(name) && !resolver.Unregistrable(name) {
		return fmt.Sprintf("Register %s, or repair its delegation.", organizational)
	}
	top := name[strings.LastIndexByte(name, '.')+1:]
	if resolver.Documented(name) && top != "example" && top != "test" {
		top = organizational
	}
	return fmt.Sprintf("Nobody can register %s: %s is reserved. Send from a domain that exists.", name, top)
}

// domain judges whether the domain exists and where its mail goes.
func (j *judge) domain(d *Domain) {
	switch d.Exists {
	case Unknown:
		j.Add("hosts-unresolved", finding.Finding{Title: "Domain lookup failed: not known whether it exists",
			Detail:  fmt.Sprintf("No question about %s was answered, so nothing can be said about its mail hosts.", d.Name),
			CouldBe: finding.Critical, Undecides: true, Evidence: d.Evidence})
		return
	case Absent:
		j.Add("domain-missing", finding.Finding{Evidence: d.Evidence,
			Detail: fmt.Sprintf("%s does not exist in the DNS (NXDOMAIN), so every receiver rejects mail from it.", d.Name),
			Fix:    &finding.Fix{Summary: d.howToExist()}})
		return
	}
	j.Decided("domain-missing")
	if !j.parked() {
		j.soa(&d.Authority, "From")
	}
	switch d.MX {
	case MXUnknown:
		j.Add("hosts-unresolved", finding.Finding{Title: "MX lookup failed: result unknown",
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
		j.noHost(true, "A/AAAA lookup failed: not known whether the domain can receive mail", d.Name,
			fmt.Sprintf("%s has no MX record, and the question for its own address, which would take the place of one, was not answered.", d.Name),
			evidence)
	case Absent:
		f := finding.Finding{Evidence: evidence,
			Detail: fmt.Sprintf("%s has neither an MX record nor an address: mail to it, be it a reply or a bounce, cannot be delivered.", d.Name),
			Fix:    d.anotherMX(fmt.Sprintf("Publish an MX record at %s that names the host which takes its mail.", d.Name), 10)}
		if j.parked() {
			f.Severity, f.Fix = finding.Info, &null
			f.Detail = fmt.Sprintf("%s has neither an MX record nor an address, which is right for a domain without mail; a null MX would say so, and make senders give up at once.", d.Name)
		}
		j.Add("mx-missing", f)
	case Present:
		f := finding.Finding{Evidence: evidence,
			Detail: fmt.Sprintf("%s has no MX record, so mail for it is tried at its own address %s.", d.Name, addrList(d.Own.Addresses)),
			Fix:    d.anotherMX("Publish an MX record that names your mail host; if the domain receives no mail, publish a null MX: \"0 .\".", 10)}
		if j.parked() {
			// Mail that the host at the address takes would end with a null MX: only the
			// owner knows whether there is any.
			f.Severity, f.Fix = finding.Notice, &finding.Fix{Summary: "If the domain receives no mail, say so with a null MX: \"0 .\"."}
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
			Detail: fmt.Sprintf("%s has a null MX, which says that it takes no mail, beside %d other MX %s. A null MX must be the only one.", d.Name, len(nulls)+len(others)-1, show.Plural(len(nulls)+len(others)-1, "record")),
			Fix:    &finding.Fix{Summary: "Remove the null MX.", Remove: nulls}}
		switch {
		case j.profile == finding.Receiver && len(others) > 0:
			// It sends nothing; whether it takes mail is what the two disagree on.
			f.Fix = &finding.Fix{Summary: fmt.Sprintf("If %s takes mail, remove the null MX; if not, keep it alone and remove the %s.", d.Name, show.Plural(len(others), "other"))}
		case j.parked() || len(others) == 0:
			kept := func(r finding.Record) bool { return r.Value == "0 ." }
			f.Fix = &finding.Fix{Summary: "Keep the null MX alone.", Name: d.Name, Type: "MX", Value: "0 .",
				Remove: slices.DeleteFunc(slices.Concat(nulls, others), kept)}
		}
		j.Add("mx-null-not-alone", f)
	}
	if d.MX != MXNull {
		return
	}
	if p := d.Exchanges[0].Preference; p != 0 {
		f := finding.Finding{Evidence: d.Evidence,
			Detail: fmt.Sprintf("The null MX of %s has preference %d, where the standard has 0.", d.Name, p)}
		if j.parked() && len(nulls) == 1 {
			f.Fix = &finding.Fix{Summary: "Publish the null MX with preference 0.", Name: d.Name, Type: "MX", Value: "0 .", Remove: nulls}
		}
		j.Add("mx-null-preference", f)
	} else {
		j.Decided("mx-null-preference")
	}
	if !j.parked() {
		j.Add("mx-null", finding.Finding{Evidence: d.Evidence,
			Detail: fmt.Sprintf("%s says with a null MX that it takes no mail. A domain that sends must be able to receive replies and bounces: receivers may answer 550 5.7.27, sender address has null MX.", d.Name),
			Fix:    d.anotherMX(fmt.Sprintf("Replace the null MX of %s by an MX record that names the host which takes its mail. If the domain sends nothing either, keep it and publish v=spf1 -all.", d.Name), 10, nulls...)})
	}
}

func isPublic(a netip.Addr) bool { return notPublic(a) == "" }

var (
	sharedSpace = netip.MustParsePrefix("100.64.0.0/10")
	thisNetwork = netip.MustParsePrefix("0.0.0.0/8")
	reserved    = netip.MustParsePrefix("240.0.0.0/4")
	nat64       = netip.MustParsePrefix("64:ff9b::/96")
	nat64Local  = netip.MustParsePrefix("64:ff9b:1::/48")
)

// Translated reports whether an address lies in a prefix of NAT64, in which a network
// shows its own hosts those of IPv4 (RFC 6052, 2.1; RFC 8215): nobody sends from
// there, and no DNS zone should have it.
func Translated(a netip.Addr) bool { return nat64.Contains(a) || nat64Local.Contains(a) }

// Public reports whether mail can come from the address: it does not exist only
// inside a network.
func Public(a netip.Addr) bool { return notPublic(a) == "" }

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
	case a.Is4In6():
		return "IPv4-mapped"
	case Translated(a):
		return "translated (NAT64)"
	}
	return ""
}

// FileWithoutSOA reports that a loaded file of the zone leaves its SOA out, as records copied from a
// panel do: what its servers have is not known.
func (a *Authority) FileWithoutSOA() bool {
	return slices.ContainsFunc(a.Evidence, func(e finding.Evidence) bool {
		return e.Type == "SOA" && len(e.CNAMEs) == 0 && resolver.IsZone(e.Server) && strings.HasSuffix(e.Server, " "+e.Name)
	})
}

// soa judges Yahoo's test for one of the two domains.
func (j *judge) soa(a *Authority, identity string) {
	switch a.SOA {
	case Unknown:
		j.Undecided("domain-no-soa")
		j.unresolved("SOA lookup failed: result unknown", a.Domain,
			fmt.Sprintf("The question for the SOA of %s was not answered.", a.Domain), finding.Error, a.Evidence)
	case Absent:
		if a.FileWithoutSOA() {
			j.Undecided("domain-no-soa")
			return
		}
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
		j.Undecided("mx-null", "mx-missing", "mx-unresolvable")
		j.unresolved("MX lookup of a MAIL FROM domain failed: result unknown", a.Domain,
			fmt.Sprintf("The question for the MX records of the envelope domain %s was not answered.", a.Domain), finding.Error, a.Evidence)
	default:
		j.bounces(a)
	}
}

// bounces judges whether the hosts that take the mail of an envelope domain have an address.
func (j *judge) bounces(a *Authority) {
	unknown, reachable := []finding.Evidence(nil), false
	for i := range a.Hosts {
		switch h := &a.Hosts[i]; h.Resolves {
		case Present:
			reachable = true
		case Unknown:
			unknown = append(unknown, h.Evidence...)
		}
	}
	own := j.facts.Domain != nil && a.Organizational == j.facts.Domain.Authority.Organizational
	for i := range a.Hosts {
		h := &a.Hosts[i]
		switch {
		case h.Resolves != Absent:
		case a.MX == MXNone:
			f := finding.Finding{Severity: finding.Warning, Subject: a.Domain, Evidence: slices.Concat(a.Evidence, h.Evidence),
				Detail: fmt.Sprintf("The envelope domain %s has neither an MX record nor an address. Bounces to it are lost, and some receivers refuse a sender that cannot be answered: \"Sender address rejected: Domain not found\".", a.Domain),
				Fix:    (&Domain{Name: a.Domain}).anotherMX(fmt.Sprintf("Publish an MX record at %s that names the host which takes bounces.", a.Domain), 10)}
			if !own {
				f.Fix = &finding.Fix{Summary: fmt.Sprintf("Have the owner of %s publish an MX record there, or send with another envelope domain.", a.Domain)}
			}
			j.Add("mx-missing", f)
		default:
			f := finding.Finding{Severity: finding.Warning, Subject: h.Name, Evidence: h.Evidence,
				Detail: fmt.Sprintf("The MX host %s of the envelope domain %s has neither an A nor an AAAA record.", h.Name, a.Domain),
				Fix:    &finding.Fix{Summary: fmt.Sprintf("Correct the name in the MX record of %s, or publish the address of %s.", a.Domain, h.Name)}}
			if !reachable && unknown == nil {
				f.Detail += " Bounces are lost, and receivers may refuse a sender that cannot be answered."
			}
			j.Add("mx-unresolvable", f)
		}
	}
	switch {
	case unknown == nil && len(a.Hosts) > 0:
		j.Decided("mx-missing", "mx-unresolvable")
	case unknown == nil:
	case a.MX == MXNone:
		j.Undecided("mx-missing")
	default:
		j.Undecided("mx-unresolvable")
	}
	if unknown != nil && !reachable {
		j.unresolved("A/AAAA lookup for a MAIL FROM domain failed: result unknown", a.Domain,
			fmt.Sprintf("The addresses of what takes the mail of the envelope domain %s are not known: the questions were not answered.", a.Domain), finding.Warning, unknown)
	}
}

// unresolved adds what the DNS did not say, if the section can be judged without.
func (j *judge) unresolved(title, subject, detail string, couldBe finding.Severity, evidence []finding.Evidence) {
	j.Add("hosts-unresolved", finding.Finding{Title: title, Subject: subject, Detail: detail, CouldBe: couldBe,
		Evidence: evidence[:min(len(evidence), maxEvidence)]})
}

// noHost adds that addresses of hosts that take the mail are not known. If these are
// all hosts, and no name of a sending address is known either, nothing of the section
// was looked at but the names of hosts, and it cannot be judged.
func (j *judge) noHost(all bool, title, subject, detail string, evidence []finding.Evidence) {
	named := slices.ContainsFunc(j.facts.Addresses, func(a Address) bool { return a.NotPublic == "" && a.PTR != Unknown })
	j.Add("hosts-unresolved", finding.Finding{Title: title, Subject: subject, Detail: detail, CouldBe: finding.Error,
		Undecides: all && !named, Evidence: evidence[:min(len(evidence), maxEvidence)]})
}

// named lists the first few of many.
func named(names []string) string { return show.Listed(names, maxNamed) }

func addrList(addrs []netip.Addr) string {
	names := make([]string, len(addrs))
	for i, a := range addrs {
		names[i] = a.String()
	}
	return named(names)
}
