// Package resolver asks the DNS and says exactly what came back.
//
// There are three outcomes, never two. A question is answered by records
// (Found), by their proved absence (NoData: the name exists without this type;
// NXDomain: the name and everything below it does not exist), or it is not
// answered at all, which is an *Error with its Reason. "Not answered" must never
// be read as "absent": that difference is what this program is for.
//
// Names are plain text without the final dot, labels separated by dots, every
// other byte as it is: no escapes. "foo:bar.example" and names with spaces are
// legal questions. Names in answers are in lower case; a dot or backslash that is
// part of a label, which hardly ever is, stands as \046 or \092 there.
//
// Resolvers are put in front of each other: a Session, which is one audit's view,
// before the zones of files (NewOverlay), before a Cache, before a Client. Build
// makes such a stack.
package resolver

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"mailworthy/finding"
)

// Resolver answers questions. Lookup returns an error only of type *Error; the
// answer it returns is shared and must not be changed.
type Resolver interface {
	Lookup(ctx context.Context, name string, t Type) (*Answer, error)
}

// Type is a DNS resource record type.
type Type uint16

// The types that the audit asks for or meets.
const (
	TypeA      Type = 1
	TypeNS     Type = 2
	TypeCNAME  Type = 5
	TypeSOA    Type = 6
	TypePTR    Type = 12
	TypeMX     Type = 15
	TypeTXT    Type = 16
	TypeAAAA   Type = 28
	TypeDNAME  Type = 39
	TypeDS     Type = 43
	TypeRRSIG  Type = 46
	TypeDNSKEY Type = 48
	TypeTLSA   Type = 52
	TypeSPF    Type = 99

	TypeNSEC3PARAM Type = 51
)

var typeNames = [...]string{
	TypeA: "A", TypeNS: "NS", TypeCNAME: "CNAME", TypeSOA: "SOA", TypePTR: "PTR", TypeMX: "MX",
	TypeTXT: "TXT", TypeAAAA: "AAAA", TypeDNAME: "DNAME", TypeDS: "DS", TypeRRSIG: "RRSIG", TypeNSEC3PARAM: "NSEC3PARAM", TypeDNSKEY: "DNSKEY", TypeTLSA: "TLSA", TypeSPF: "SPF",
}

// String returns the mnemonic, or TYPEn (RFC 3597) if there is none here.
func (t Type) String() string {
	if int(t) < len(typeNames) && typeNames[t] != "" {
		return typeNames[t]
	}
	return "TYPE" + strconv.Itoa(int(t))
}

// Status is the kind of an answer.
type Status string

const (
	// Found: there are records of the type asked.
	Found Status = "found"
	// NoData: the name exists, without records of this type (RFC 2308, 2.2).
	NoData Status = "nodata"
	// NXDomain: the name does not exist, nor does anything below it (RFC 8020).
	NXDomain Status = "nxdomain"
)

// Answer is what the DNS said.
type Answer struct {
	// Name and Type are the question.
	Name   string
	Type   Type
	Status Status
	// Records are those of the type asked, at the end of the alias chain, in
	// the order received. Copies that a server sends are left out, as they are the same record (RFC 2181, 5).
	Records []Record
	// CNAMEs are the targets followed, in order; the last owns the Records.
	CNAMEs []string
	// TTL in seconds: how long the answer may be kept, negative ones by RFC 2308.
	TTL uint32
	// Server is where it came from: "udp://192.0.2.53:53", "zone acme.example".
	Server string
	// Rcode is the mnemonic of the response code.
	Rcode string
	// AuthenticData is the AD bit: the resolver says that DNSSEC validated it.
	AuthenticData bool
	// Authoritative is the AA bit: the server that answered holds the zone of the name, if not of
	// what it leads to (RFC 1035, 4.1.1).
	Authoritative bool
	// MadeUp are addresses that the resolver made up (DNS64, RFC 6147). They are left
	// out of the Records.
	MadeUp []netip.Addr
	// MadeUpByLooks: the resolver did not say in what prefix it makes addresses up, and some
	// of MadeUp hold the IPv4 address of the same host. So may real ones.
	MadeUpByLooks bool
	// Wildcard is the owner of the wildcard that a loaded zone answered for Name from, as it
	// holds nothing there (RFC 4592); else "". Of other servers that is not known.
	Wildcard string
	// file is the zone file that answered, if one did; line is that of its SOA.
	file string
	line uint32
	// ofSPF is what OfSPF returns.
	ofSPF []Record
}

// OfSPF returns the records of type SPF (99) at the name of a TXT answer, if a loaded zone
// gave it. Nobody asks for them any more (RFC 7208, 3.1), and no server is asked.
func (a *Answer) OfSPF() []Record { return a.ofSPF }

// Record is one resource record. Which fields are set depends on Type.
type Record struct {
	Name string
	Type Type
	TTL  uint32
	// Addr of A and AAAA.
	Addr netip.Addr
	// TXT holds the character strings of a TXT record as raw bytes, unjoined.
	TXT []string
	// Host is the name in a CNAME, DNAME, MX, NS, PTR or (the primary) SOA; "." is the root.
	Host string
	// Preference of an MX.
	Preference uint16
	// line is where it stands in its zone file, 0 if it is of none.
	line uint32
	// quoted is what Quoted returns.
	quoted string
	// Data is the rest as text: of SOA, TLSA, DS, DNSKEY and unknown types in
	// master-file form.
	Data string
}

// Text joins the strings of a TXT record without a separator (RFC 7208, 3.3).
func (r *Record) Text() string {
	if len(r.TXT) == 1 {
		return r.TXT[0]
	}
	return strings.Join(r.TXT, "")
}

// Quoted is the text that a TXT record of a zone file would have in quotes, if a ';'
// without them made a comment of the rest of its line (RFC 1035, 5.1); otherwise "".
func (r *Record) Quoted() string { return r.quoted }

// CutNote says of a record with a Quoted text what became of it.
const CutNote = "in the zone file the text behind the first ';' is a comment, because the string is not in quotes"

// String is the data of the record for a person, raw: escape it for the medium.
func (r *Record) String() string {
	switch r.Type {
	case TypeA, TypeAAAA:
		return r.Addr.String()
	case TypeTXT, TypeSPF:
		return r.Text()
	case TypeMX:
		return strconv.Itoa(int(r.Preference)) + " " + r.Host
	case TypeCNAME, TypeDNAME, TypeNS, TypePTR:
		return r.Host
	}
	return r.Data
}

// Absent reports that the DNS said there is nothing: NoData or NXDomain.
func (a *Answer) Absent() bool { return a.Status != Found }

// LastName is the name that the answer is about, at the end of its aliases.
func (a *Answer) LastName() string {
	if n := len(a.CNAMEs); n > 0 {
		return a.CNAMEs[n-1]
	}
	return a.Name
}

// Endless reports whether the aliases lead back to one of them (Session.LoopsEnd).
func (a *Answer) Endless() bool {
	n := len(a.CNAMEs)
	return n > 0 && (a.CNAMEs[n-1] == a.Name || slices.Contains(a.CNAMEs[:n-1], a.CNAMEs[n-1]))
}

// OfZone reports whether a loaded zone has answered.
func (a *Answer) OfZone() bool { return IsZone(a.Server) }

// IsZone reports whether the Server of an answer, an error or a trace is a loaded zone.
func IsZone(server string) bool { return strings.HasPrefix(server, zoneServer) }

// zoneServer stands before the origin of a zone that answers.
const zoneServer = "zone "

// maxLines bounds the lines of a zone file that evidence names: a report shows few.
const maxLines = 20

// Evidence is the answer as a report shows it.
func (a *Answer) Evidence() finding.Evidence {
	e := finding.Evidence{Name: a.Name, Type: a.Type.String(), Status: string(a.Status), CNAMEs: a.CNAMEs,
		Server: a.Server, Rcode: a.Rcode, TTL: a.TTL, AuthenticData: a.AuthenticData, File: a.file}
	if a.Endless() {
		e.Note = "the alias " + a.CNAMEs[len(a.CNAMEs)-1] + " comes again"
	}
	if a.file != "" && len(a.Records) == 0 {
		e.Lines = []int{int(max(a.line, 1))}
	}
	if len(a.Records) > 0 {
		e.Answer = make([]string, 0, len(a.Records))
	}
	for i := range a.Records {
		e.Answer = append(e.Answer, a.Records[i].String())
		if a.Records[i].quoted != "" {
			e.Note = CutNote
		}
		if a.file != "" {
			if len(e.Lines) < maxLines {
				e.Lines = append(e.Lines, int(max(a.Records[i].line, 1)))
			}
		}
	}
	if len(a.MadeUp) > 0 {
		e.Note = fmt.Sprintf("left out, made up by the resolver (DNS64): %v", a.MadeUp)
		if a.MadeUpByLooks {
			e.Note = fmt.Sprintf("left out, they look like made up by the resolver (DNS64): %v", a.MadeUp)
		}
	}
	return e
}

// Reason says why a question has no answer.
type Reason string

const (
	// Timeout: no server answered in time.
	Timeout Reason = "timeout"
	// ServFail: the resolver could not find out (RCODE 2).
	ServFail Reason = "servfail"
	// Refused: the server will not answer us (RCODE 5), or what it answers is its own policy
	// by an extended error: the name is blocked there (RFC 8914).
	Refused Reason = "refused"
	// BadRcode: another response code than NOERROR and NXDOMAIN.
	BadRcode Reason = "rcode"
	// Malformed: what came back is no DNS message, or not one for this question.
	Malformed Reason = "malformed"
	// Network: no server could be reached, or the connection broke.
	Network Reason = "network"
	// AliasLoop: the CNAME chain is a loop or longer than the bound.
	AliasLoop Reason = "alias-loop"
	// BadName: the name cannot be asked: an empty or long label, or over 255 octets.
	BadName Reason = "bad-name"
	// Budget: the audit's bound on questions is spent.
	Budget Reason = "budget-spent"
	// Offline: no zone holds the name and the network may not be used.
	Offline Reason = "offline"
	// Canceled: the audit was stopped, or its deadline passed, before the answer.
	Canceled Reason = "canceled"
	// NotPublic: the resolver does not see the public DNS, and is not believed.
	NotPublic Reason = "not-public"
)

// NoZone is the detail of an error of reason Offline if nothing more is to be said.
const NoZone = "no zone holds the name"

// Error says that the DNS did not answer, and why. It never means "absent".
type Error struct {
	Name   string
	Type   Type
	Reason Reason
	// Server is the last one asked, empty if none was.
	Server string
	// Rcode is the mnemonic of the response code, if there was a response.
	Rcode string
	// Detail is more from the server or the system: an Extended DNS Error
	// (RFC 8914), a system error.
	Detail string
	// CNAMEs are the aliases of zone files that lead to the name that was not
	// answered, or back to one of them.
	CNAMEs []string
	// bogus: the server says by an extended error that signatures do not prove what there is.
	bogus bool
	// aliases are those by which a server led to the name that was not answered.
	aliases []string
}

// Aliases are those by which a server led to a name that was not answered. That they were there
// is an answer.
func (e *Error) Aliases() []string { return e.aliases }

// Error implements error.
func (e *Error) Error() string {
	s := fmt.Sprintf("%s %s: %s", e.Name, e.Type, e.Reason)
	if e.Rcode != "" && e.Reason == BadRcode {
		s += " " + e.Rcode
	}
	if e.Detail != "" {
		s += " (" + e.Detail + ")"
	}
	if e.Server != "" {
		s += " from " + e.Server
	}
	return s
}

// Evidence is the failure as a report shows it.
func (e *Error) Evidence() finding.Evidence {
	return finding.Evidence{Name: e.Name, Type: e.Type.String(), Status: string(e.Reason), Server: e.Server,
		Rcode: e.Rcode, Note: e.Detail, CNAMEs: e.CNAMEs}
}

// AsError returns err as an *Error; an error of another kind becomes one with
// reason Network, so that no failure is lost. It returns nil for nil.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Reason: Network, Detail: err.Error()}
}

// Outcome is the evidence of a Lookup, answered or not.
func Outcome(a *Answer, err error) finding.Evidence {
	if err != nil {
		return AsError(err).Evidence()
	}
	return a.Evidence()
}
