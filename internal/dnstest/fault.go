package dnstest

import (
	"net/netip"
	"slices"
	"time"

	"mailworthy/resolver"
)

// Any is every type, in a fault or a count.
const Any resolver.Type = 0

// Kind is a way to fail.
type Kind int

const (
	// ServFail, Refused, FormErr, NotImp and YXDomain are response codes.
	ServFail Kind = iota + 1
	Refused
	FormErr
	NotImp
	YXDomain
	// Denied: NXDOMAIN, whatever there is, and no proof.
	Denied
	// Silence: no answer at all.
	Silence
	// Close: the connection is closed without an answer; over UDP as Silence.
	Close
	// Truncate: the TC bit, and no records, over UDP; the answer over TCP.
	Truncate
	// TruncateAll: the same over every transport.
	TruncateAll
	// WrongID: the answer with another id. WrongQuestion: the answer to another
	// name; WrongType: to another type.
	WrongID
	WrongQuestion
	WrongType
	// NoQuestion: the answer without a question section.
	NoQuestion
	// Garbage: bytes that are no message, behind the right id. Short: half a
	// header. Empty: a datagram of no bytes.
	Garbage
	Short
	Empty
	// Cut: the answer without its last bytes, as if it were whole.
	Cut
	// OtherType: the answer to a question for another type.
	OtherType
	// HeaderOnly: the response code FORMERR in a header without anything else, as
	// old servers answer EDNS.
	HeaderOnly
	// Referral: the root's name servers instead of an answer.
	Referral
	// Bare: NOERROR without any record, not even an SOA.
	Bare
	// CNAMEOnly: of the answer only the first CNAME, as some servers do.
	CNAMEOnly
	// MixedCase: the right answer, with the name in upper case.
	MixedCase
	// Rewrite: an address instead of NXDOMAIN, as some resolvers do.
	Rewrite
)

// Fault says how to fail, and when.
type Fault struct {
	Kind Kind
	// First limits it to the first questions that it fits; 0 is all.
	First int
	// Percent is how many of a hundred questions it hits, chosen by a fixed seed;
	// 0 is all.
	Percent int
	// Transport limits it to "udp", "tcp", "tls" or "https".
	Transport string
	// EDNSOnly limits it to questions with an OPT record.
	EDNSOnly bool
	// Then sends the right answer behind the faulty one.
	Then bool
	// Text is the Extended DNS Error to send (RFC 8914), with Code.
	Text string
	Code uint16
	// Addr is the address of Rewrite; 192.0.2.99 if it is not set.
	Addr netip.Addr
}

type fault struct {
	Fault
	name string
	typ  resolver.Type
	not  []resolver.Type // the types that it spares
	hits int
}

// Fault makes questions for a name (in lower case, raw; empty is every name) and
// type (or Any) fail. Of several that fit, the last one added counts.
func (s *Server) Fault(name string, t resolver.Type, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &fault{Fault: f, name: name, typ: t})
}

// SilenceRest lets every type that the name has no record of so far time out.
func (s *Server) SilenceRest(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := &fault{Fault: Fault{Kind: Silence}, name: name}
	for t := range resolver.Type(300) {
		if t != Any && resolver.Find(s.sets, name, t).Kind == resolver.ZoneFound {
			f.not = append(f.not, t)
		}
	}
	s.faults = append(s.faults, f)
}

// Latency delays every answer.
func (s *Server) Latency(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latency = d
}

// LatencyOf delays the answers of one name, instead of what Latency says.
func (s *Server) LatencyOf(name string, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latencies[name] = d
}

// fits reports whether the fault is meant for questions for the name and type.
func (f *fault) fits(name string, t resolver.Type) bool {
	return (f.name == "" || f.name == name) && (f.typ == Any || f.typ == t) && !slices.Contains(f.not, t)
}

// match finds the fault of a question and counts it.
func (s *Server) match(q *Query) *fault {
	for _, f := range slices.Backward(s.faults) {
		if !f.fits(q.Name, q.Type) || f.Transport != "" && f.Transport != q.Transport || f.EDNSOnly && !q.EDNS ||
			f.First > 0 && f.hits >= f.First || f.Kind == Truncate && q.Transport != "udp" {
			continue
		}
		if f.Percent > 0 && s.rng.IntN(100) >= f.Percent {
			continue
		}
		f.hits++
		return f
	}
	return nil
}
