package mailhost

import (
	"net/netip"
	"slices"

	"mailworthy/finding"
)

// Presence is whether something is in the DNS. There are three answers.
type Presence string

const (
	Present Presence = "present"
	Absent  Presence = "absent"
	// Unknown: the DNS did not say.
	Unknown Presence = "unknown"
)

// MXState is where a domain takes its mail.
type MXState string

const (
	// MXPresent: MX records that name hosts.
	MXPresent MXState = "present"
	// MXNone: no MX record; mail goes to the domain's own addresses (RFC 5321, 5.1).
	MXNone MXState = "none"
	// MXNull: the domain takes no mail (RFC 7505, 3).
	MXNull MXState = "null"
	// MXUnknown: the DNS did not say.
	MXUnknown MXState = "unknown"
)

// Facts are what was found about the hosts of a domain.
type Facts struct {
	Domain    *Domain   `json:"domain"`
	Addresses []Address `json:"addresses"`
	HELO      []HELO    `json:"helo"`
	// Envelope are the envelope domains other than the domain.
	Envelope []Authority `json:"envelope"`
	// Authoritative is the comparison of the authoritative servers, if asked for.
	Authoritative *Authoritative `json:"authoritative"`
}

// Domain is a mail domain: whether it exists and where its mail goes.
type Domain struct {
	Name string `json:"name"`
	// Exists: Absent is NXDOMAIN.
	Exists Presence `json:"exists"`
	MX     MXState  `json:"mx"`
	// Exchanges are the MX records by preference.
	Exchanges []Exchange `json:"exchanges"`
	// ExchangesLeftOut counts MX records beyond the bound.
	ExchangesLeftOut int `json:"exchanges_left_out"`
	// Own is the domain name as a host: where mail goes without an MX.
	Own       Host      `json:"own"`
	Authority Authority `json:"authority"`
	// Evidence is the question for the MX records.
	Evidence []finding.Evidence `json:"evidence"`
}

// Exchange is one MX record.
type Exchange struct {
	Preference uint16 `json:"preference"`
	// Null: the host is "." (RFC 7505, 3).
	Null bool `json:"null"`
	// Literal: the host is written as an address, where only a name may stand
	// (RFC 1035, 3.3.9; RFC 5321, 5.1).
	Literal bool `json:"literal"`
	// Validation is the text of the TXT record that proves the same as this record,
	// which names no host: one of Microsoft 365 that only shows who owns the domain.
	Validation string `json:"validation" empty:"null"`
	// Gateway is the service whose inbound host it is: no mail leaves from there.
	Gateway string `json:"gateway" empty:"null"`
	// Meant is the host that the record was probably meant to name, which has an
	// address, while the one that it names has none.
	Meant *Host `json:"meant"`
	Host
	// unregistered is the registrable domain of the host, if that does not exist.
	unregistered string
	// mailboxes: people send from mailboxes at the gateway's service.
	mailboxes bool
	// undotted is the whole name to which the zone added its own, if the final dot is
	// missing; "" if that is not it.
	undotted string
	// aimed is the host that the alias at the host was meant to lead to, if its final dot is
	// missing; "" if that is not it.
	aimed string
	// wildcard: what answers for that name is a wildcard, whose addresses are left out.
	wildcard bool
}

// Host is a name and its addresses.
type Host struct {
	Name string `json:"name"`
	// Resolves: Absent if neither family has an address, Unknown if one
	// has none and the other was not answered.
	Resolves  Presence     `json:"resolves"`
	Addresses []netip.Addr `json:"addresses"`
	// CNAMEs are the aliases behind the name, in order.
	CNAMEs   []string           `json:"cnames"`
	Evidence []finding.Evidence `json:"evidence"`
	// silent counts the families that were not answered.
	silent int
}

// Authority is whether a domain lies in a zone that can be found: an SOA at the
// domain or at its organizational domain.
type Authority struct {
	Domain         string `json:"domain"`
	Organizational string `json:"organizational_domain"`
	// Exists: Absent is NXDOMAIN at the domain.
	Exists Presence `json:"exists"`
	SOA    Presence `json:"soa"`
	// MX of an envelope domain; empty if it was not asked for.
	MX MXState `json:"mx" empty:"null"`
	// Hosts take the mail of an envelope domain: its MX hosts, up to a bound, or the domain
	// itself if it has none.
	Hosts    []Host             `json:"hosts"`
	Evidence []finding.Evidence `json:"evidence"`
}

// Address is a sending address and its reverse DNS.
type Address struct {
	Addr netip.Addr `json:"ip"`
	// NotPublic is the kind of an address that exists inside a network only, such
	// as "private": the public DNS has no name for it and was not asked. Empty:
	// it is public.
	NotPublic string   `json:"not_public" empty:"null"`
	PTR       Presence `json:"ptr"`
	// Names are the PTR records, up to a bound.
	Names []ReverseName `json:"names"`
	// NamesLeftOut counts PTR records beyond the bound.
	NamesLeftOut int `json:"names_left_out"`
	// Evidence is the question for the PTR records.
	Evidence []finding.Evidence `json:"evidence"`
}

// ReverseName is the name of a PTR record.
type ReverseName struct {
	Name string `json:"name"`
	// Confirmed: Present if the name resolves back to the address.
	Confirmed Presence `json:"confirmed"`
	// Resolved are the addresses of the name in the same family.
	Resolved []netip.Addr `json:"resolved"`
	// Generic says why the name looks generated; empty: it does not.
	Generic  string             `json:"generic" empty:"null"`
	Evidence []finding.Evidence `json:"evidence"`
}

// HELO is a name that the sending hosts greet with.
type HELO struct {
	// Literal: an address literal (RFC 5321, 4.1.3) and no name.
	Literal bool `json:"literal"`
	Host
}

// Source is an address and the host it was found at.
type Source struct {
	Addr netip.Addr `json:"ip"`
	Host string     `json:"host"`
}

// MXHosts returns the names of the MX hosts by preference, each once.
func (d *Domain) MXHosts() []string {
	var names []string
	seen := make(map[string]bool)
	for _, e := range d.Exchanges {
		if e.isHost() && !seen[e.Name] {
			seen[e.Name] = true
			names = append(names, e.Name)
		}
	}
	return names
}

// isHost: the record names a host, as it should.
func (e *Exchange) isHost() bool { return !e.Null && !e.Literal && e.Validation == "" }

// usable: mail can be delivered to the host from outside, as far as the DNS shows.
func (e *Exchange) usable() bool {
	return e.isHost() && slices.ContainsFunc(e.Addresses, isPublic)
}

// Mended reports whether each MX record whose host cannot be reached was probably meant to name one
// that can, so that it is replaced.
func (d *Domain) Mended() bool {
	return len(d.Exchanges) > 0 && !slices.ContainsFunc(d.Exchanges, func(e Exchange) bool {
		return !e.usable() && (e.Meant == nil || !slices.ContainsFunc(e.Meant.Addresses, isPublic))
	})
}

// Senders returns the addresses of the MX hosts that mail may leave from, each once,
// and the names of the hosts that only receive. The domain's own address, which takes
// the place of a missing MX (RFC 5321, 5.1), is mostly a web server's: it is left out.
func (d *Domain) Senders() (senders []Source, receiveOnly []string) {
	seen := make(map[netip.Addr]bool)
	for i := range d.Exchanges {
		e := &d.Exchanges[i]
		if e.Gateway != "" {
			if !slices.Contains(receiveOnly, e.Name) {
				receiveOnly = append(receiveOnly, e.Name)
			}
			continue
		}
		for _, a := range e.Addresses {
			if !seen[a] && !a.IsLoopback() && !a.IsUnspecified() {
				seen[a] = true
				senders = append(senders, Source{a, e.Name})
			}
		}
	}
	return senders, receiveOnly
}

// OnlyReceives reports whether an address is that of MX hosts of services alone, from which no mail
// of the domain leaves.
func (d *Domain) OnlyReceives(addr netip.Addr) bool {
	receives := false
	for i := range d.Exchanges {
		if e := &d.Exchanges[i]; slices.Contains(e.Addresses, addr) {
			if e.Gateway == "" {
				return false
			}
			receives = true
		}
	}
	return receives
}

// SendersUnknown reports that an MX host which mail may leave from may have addresses that
// are not known.
func (d *Domain) SendersUnknown() bool {
	return d.MX == MXUnknown || slices.ContainsFunc(d.Exchanges, func(e Exchange) bool {
		return e.silent > 0 && e.Gateway == "" && !e.reserved(d)
	})
}

// Mailboxes returns the services at which people have mailboxes of the domain and
// send with it in MAIL FROM, by the MX hosts.
func (d *Domain) Mailboxes() []string {
	var services []string
	for i := range d.Exchanges {
		if e := &d.Exchanges[i]; e.mailboxes && !slices.Contains(services, e.Gateway) {
			services = append(services, e.Gateway)
		}
	}
	return services
}

// Confirmed reports whether a PTR name leads back to the address: one is enough (RFC
// 8601, 3). It is Unknown if none is known to, and one was not answered or was beyond
// the bound.
func (a *Address) Confirmed() Presence {
	state := Absent
	if a.NamesLeftOut > 0 {
		state = Unknown
	}
	for _, n := range a.Names {
		switch n.Confirmed {
		case Present:
			return Present
		case Unknown:
			state = Unknown
		}
	}
	return state
}

// hostWith is a name that is known to have the address: an MX host's, or the
// domain's own.
func (d *Domain) hostWith(addr netip.Addr) string {
	for i := range d.Exchanges {
		if e := &d.Exchanges[i]; e.isHost() && len(e.CNAMEs) == 0 && slices.Contains(e.Addresses, addr) {
			return e.Name
		}
	}
	if len(d.Own.CNAMEs) == 0 && slices.Contains(d.Own.Addresses, addr) {
		return d.Name
	}
	return ""
}
