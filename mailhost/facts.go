package mailhost

import (
	"context"
	"net/netip"

	"mailworthy/finding"
	"mailworthy/resolver"
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
	// Authoritative is the comparison of the authoritative servers, where asked for.
	Authoritative *Authoritative `json:"authoritative,omitempty"`
}

// Domain is a mail domain: whether it exists and where its mail goes.
type Domain struct {
	Name string `json:"name"`
	// Exists: Absent is NXDOMAIN.
	Exists Presence `json:"exists"`
	MX     MXState  `json:"mx"`
	// Exchanges are the MX records by preference.
	Exchanges []Exchange `json:"exchanges"`
	// NullPreference is the preference of a null MX: it should be 0.
	NullPreference uint16 `json:"null_preference,omitempty"`
	// Own is the domain name as a host: where mail goes without an MX.
	Own       Host               `json:"own"`
	Authority Authority          `json:"authority"`
	Evidence  []finding.Evidence `json:"evidence,omitempty"`
}

// Exchange is one MX record.
type Exchange struct {
	Preference uint16 `json:"preference"`
	// Null: the host is "." (RFC 7505).
	Null bool `json:"null,omitempty"`
	// Literal: the host is written as an address, which is not allowed (RFC 5321, 5.1; RFC 1035, 3.3.9).
	Literal bool `json:"literal,omitempty"`
	Host
}

// Host is a name and its addresses.
type Host struct {
	Name string `json:"name"`
	// Resolves: Absent where neither family has an address, Unknown where one
	// has none and the other was not answered.
	Resolves  Presence           `json:"resolves"`
	Addresses []netip.Addr       `json:"addresses"`
	CNAMEs    []string           `json:"cnames,omitempty"`
	Evidence  []finding.Evidence `json:"evidence,omitempty"`
}

// Authority is whether a domain is in a zone that can be found: an SOA at the
// domain or at its organizational domain.
type Authority struct {
	Domain         string `json:"domain"`
	Organizational string `json:"organizational"`
	// Exists: Absent is NXDOMAIN at the domain.
	Exists   Presence           `json:"exists"`
	SOA      Presence           `json:"soa"`
	Evidence []finding.Evidence `json:"evidence,omitempty"`
}

// Address is a sending address and its reverse DNS.
type Address struct {
	Addr netip.Addr `json:"ip"`
	PTR  Presence   `json:"ptr"`
	// Names are the PTR records, up to a bound.
	Names []ReverseName `json:"names"`
	// NamesLeftOut counts PTR records beyond the bound.
	NamesLeftOut int                `json:"names_left_out,omitempty"`
	Evidence     []finding.Evidence `json:"evidence,omitempty"`
}

// ReverseName is the name of a PTR record.
type ReverseName struct {
	Name string `json:"name"`
	// Confirmed: Present where the name resolves back to the address.
	Confirmed Presence `json:"confirmed"`
	// Resolved are the addresses of the name in the same family.
	Resolved []netip.Addr `json:"resolved"`
	// Generic says why the name looks generated; empty: it does not.
	Generic  string             `json:"generic,omitempty"`
	Evidence []finding.Evidence `json:"evidence,omitempty"`
}

// HELO is a name that the sending hosts greet with.
type HELO struct {
	// Literal: an address literal (RFC 5321, 4.1.3) and no name.
	Literal bool `json:"literal,omitempty"`
	Host
}

// Source is an address and the host it was found at.
type Source struct {
	Addr netip.Addr `json:"ip"`
	Host string     `json:"host"`
}

// MXHosts returns the names of the MX hosts by preference, each once.
func (d *Domain) MXHosts() []string { return nil }

// Addresses returns the addresses of the MX hosts, or the domain's own where it
// has no MX (RFC 5321, 5.1).
func (d *Domain) Addresses() []Source { return nil }

// ExamineDomain asks for the MX records of the domain and all they lead to.
func ExamineDomain(ctx context.Context, r resolver.Resolver, domain string) *Domain { return &Domain{} }

// ExamineAddresses asks for the PTR names of each address and where they lead.
func ExamineAddresses(ctx context.Context, r resolver.Resolver, addrs []netip.Addr) []Address {
	return nil
}

// ExamineHELO asks for the addresses of each name.
func ExamineHELO(ctx context.Context, r resolver.Resolver, names []string) []HELO { return nil }

// ExamineSOA asks whether each domain, or its organizational domain, has an SOA.
func ExamineSOA(ctx context.Context, r resolver.Resolver, domains []string) []Authority { return nil }

// Authoritative is what each authoritative server of a domain says.
type Authoritative struct {
	Domain  string   `json:"domain"`
	Servers []Server `json:"servers"`
}

// Server is one address of one name server.
type Server struct {
	Host string     `json:"host"`
	Addr netip.Addr `json:"ip"`
}

// ExamineAuthoritative finds the authoritative servers of the domain through r
// and asks each for the SPF, DMARC and MX records of the domain. The function
// at makes a resolver that asks that one server.
func ExamineAuthoritative(ctx context.Context, r resolver.Resolver, domain string, at func(server netip.Addr) resolver.Resolver) *Authoritative {
	return &Authoritative{}
}

// Context is what the checks need to know beside the facts.
type Context struct {
	Profile finding.Profile
}

// Check turns facts into findings.
func Check(f *Facts, c Context) []finding.Finding { return nil }

// Checks are the checks of the section "hosts".
var Checks []finding.Check
