package resolver

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// libraryResponse is readResponse by means of the DNS library: slower, and an
// independent opinion.
func libraryResponse(msg []byte, name string, t Type, server string) (*response, *Error) {
	fail := func(r Reason, rcode string) (*response, *Error) {
		return nil, &Error{Name: name, Type: t, Reason: r, Server: server, Rcode: rcode}
	}
	var m dns.Msg
	if err := m.Unpack(msg); err != nil {
		return fail(Malformed, "")
	}
	rcode := rcodeName(m.Rcode)
	// The library takes a message that ends early for a short one.
	if len(m.Answer) != int(binary.BigEndian.Uint16(msg[6:])) || len(m.Ns) != int(binary.BigEndian.Uint16(msg[8:])) {
		return fail(Malformed, "")
	}
	switch m.Rcode {
	case dns.RcodeSuccess, dns.RcodeNameError:
		if libraryBlocked(&m) {
			return fail(Refused, rcode)
		}
	case dns.RcodeServerFailure:
		if libraryBlocked(&m) {
			return fail(Refused, rcode)
		}
		return fail(ServFail, rcode)
	case dns.RcodeRefused:
		return fail(Refused, rcode)
	default:
		return fail(BadRcode, rcode)
	}
	res := &response{Answer: Answer{Name: name, Type: t, Server: server, Rcode: rcode,
		AuthenticData: m.AuthenticatedData, Authoritative: m.Authoritative, TTL: ^uint32(0)}}
	at := name
	var chain []*dns.CNAME
	for {
		var alias *dns.CNAME
		for _, rr := range m.Answer {
			h := rr.Header()
			if h.Class != dns.ClassINET || fromPresentation(h.Name) != at {
				continue
			}
			switch c, isAlias := rr.(*dns.CNAME); {
			case Type(h.Rrtype) == t:
				r := recordOf(rr)
				r.TTL = secondsOf(rr)
				if (t == TypeA || t == TypeAAAA) && !r.Addr.IsValid() || (t == TypeTXT || t == TypeSPF) && len(r.TXT) == 0 {
					return fail(Malformed, rcode)
				}
				if !slices.ContainsFunc(res.Records, func(have Record) bool { return have.dataKey() == r.dataKey() }) {
					res.Records = append(res.Records, r)
				}
				res.TTL = min(res.TTL, secondsOf(rr))
			case isAlias && alias == nil:
				alias = c
			}
		}
		if len(res.Records) > 0 {
			if m.Rcode == dns.RcodeNameError || libraryLeftOut(&m, res, at) {
				return fail(Malformed, rcode)
			}
			res.Status = Found
			return res, nil
		}
		if alias == nil {
			if libraryUnproved(&m) {
				return fail(ServFail, rcode)
			}
			if !res.libraryAbsence(&m, chain, at, len(m.Extra) < int(binary.BigEndian.Uint16(msg[10:]))) {
				return fail(Malformed, rcode)
			}
			return res, nil
		}
		chain = append(chain, alias)
		res.TTL = min(res.TTL, secondsOf(alias))
		at = fromPresentation(alias.Target)
		if e := follow(name, t, &res.CNAMEs, at, server); e != nil {
			return nil, e
		}
	}
}

// secondsOf is the TTL of a record (RFC 2181, 8).
func secondsOf(rr dns.RR) uint32 {
	if ttl := rr.Header().Ttl; ttl < 1<<31 {
		return ttl
	}
	return 0
}

// libraryLeftOut reports that records of the type stand elsewhere than in the answer.
func libraryLeftOut(m *dns.Msg, res *response, at string) bool {
	for _, rr := range m.Answer {
		h := rr.Header()
		if Type(h.Rrtype) == res.Type && res.Type != TypeCNAME && (h.Class != dns.ClassINET || fromPresentation(h.Name) != at) {
			return true
		}
	}
	for _, rr := range append(slices.Clone(m.Ns), m.Extra...) {
		h := rr.Header()
		if Type(h.Rrtype) != res.Type || fromPresentation(h.Name) != at {
			continue
		}
		beside := recordOf(rr)
		if h.Class != dns.ClassINET || !slices.ContainsFunc(res.Records, func(r Record) bool { return r.String() == beside.String() }) {
			return true
		}
	}
	return false
}

// libraryAbsence reports whether a message without an answer proves that there is
// none, by counting what may stand in it.
func (res *response) libraryAbsence(m *dns.Msg, chain []*dns.CNAME, at string, short bool) bool {
	if short {
		return false // an OPT with the rest of the response code may be missing
	}
	nx := m.Rcode == dns.RcodeNameError
	allowed := 0
	for _, rr := range m.Answer {
		for i, c := range chain {
			owner := fromPresentation(c.Hdr.Name)
			copied, isAlias := rr.(*dns.CNAME)
			h := rr.Header()
			from := fromPresentation(h.Name)
			if h.Class == dns.ClassINET && (h.Rrtype == dns.TypeRRSIG && (Type(h.Rrtype) != res.Type || from != at) ||
				h.Rrtype == dns.TypeDNAME && from != owner && Within(owner, from) && (Type(h.Rrtype) != res.Type || from != at) ||
				isAlias && from == owner && fromPresentation(copied.Target) == fromPresentation(c.Target)) || rr == dns.RR(chain[i]) {
				allowed++
				break
			}
		}
	}
	if allowed != len(m.Answer) {
		return false
	}
	count := map[uint16]int{}
	var soas []*dns.SOA
	for _, rr := range m.Ns {
		h := rr.Header()
		count[h.Rrtype]++
		if h.Class != dns.ClassINET || Type(h.Rrtype) == res.Type && fromPresentation(h.Name) == at {
			return false
		}
		if soa, ok := rr.(*dns.SOA); ok {
			soas = append(soas, soa)
		}
	}
	if count[dns.TypeSOA]+count[dns.TypeNS]+count[dns.TypeRRSIG]+count[dns.TypeNSEC]+count[dns.TypeNSEC3] != len(m.Ns) {
		return false
	}
	enclosed := len(soas) > 0 && !slices.ContainsFunc(soas, func(s *dns.SOA) bool { return !Within(at, fromPresentation(s.Hdr.Name)) })
	for _, rr := range m.Extra {
		h := rr.Header()
		if Type(h.Rrtype) == res.Type && fromPresentation(h.Name) == at {
			return false
		}
		switch h.Rrtype {
		case dns.TypeOPT, dns.TypeTSIG, dns.TypeSIG:
		case dns.TypeA, dns.TypeAAAA, dns.TypeRRSIG:
			if !enclosed || h.Class != dns.ClassINET {
				return false
			}
		default:
			return false
		}
	}
	bare := len(soas)+count[dns.TypeNS] == 0 && m.RecursionAvailable
	res.Status = NoData
	if nx {
		res.Status = NXDomain
	}
	if !enclosed {
		if res.TTL, res.more = 0, false; len(chain) > 0 && !(nx && bare) {
			res.TTL, res.more = ^uint32(0), true
			for _, c := range chain {
				res.TTL = min(res.TTL, secondsOf(c))
			}
			return true
		}
		return bare
	}
	soa := soas[len(soas)-1]
	res.TTL = min(res.TTL, secondsOf(soa), soa.Minttl)
	return !nx || fromPresentation(soa.Hdr.Name) != at
}

// emptyData reports that a record has less data than its type needs, which the
// library lets pass as a record of nothing.
func emptyData(msg []byte) bool {
	var m dns.Msg
	if m.Unpack(msg) != nil {
		return false
	}
	for _, rr := range append(append(m.Answer, m.Ns...), m.Extra...) {
		n := rr.Header().Rdlength
		switch rr := rr.(type) {
		case *dns.NS, *dns.CNAME, *dns.DNAME, *dns.PTR:
			if n == 0 {
				return true
			}
		case *dns.TLSA, *dns.DS, *dns.DNSKEY:
			if n < 4 {
				return true
			}
		case *dns.MX:
			if n < 3 {
				return true
			}
		case *dns.SOA:
			// Numbers that are cut off are 0 to it, the last one always.
			if n < 22 || rr.Minttl == 0 {
				return true
			}
		}
	}
	return false
}

// FuzzReadResponseAgainstLibrary: our reader and the library's come to the same
// outcome of every message, but for data too short for its type, which only we refuse.
func FuzzReadResponseAgainstLibrary(f *testing.F) {
	seed := func(name string, typ Type, change func(*dns.Msg), records ...string) {
		m := new(dns.Msg)
		m.SetQuestion(name+".", uint16(typ))
		m.Response, m.RecursionAvailable = true, true
		for _, s := range records {
			rr, err := dns.NewRR(s)
			if err != nil {
				f.Fatal(err)
			}
			if rr.Header().Rrtype == dns.TypeSOA && typ != TypeSOA || rr.Header().Rrtype == dns.TypeNS && typ != TypeNS {
				m.Ns = append(m.Ns, rr)
			} else {
				m.Answer = append(m.Answer, rr)
			}
		}
		m.SetEdns0(1232, false)
		if change != nil {
			change(m)
		}
		for _, compress := range []bool{true, false} {
			m.Compress = compress
			msg, err := m.Pack()
			if err != nil {
				f.Fatal(err)
			}
			f.Add(msg, name, uint16(typ))
		}
	}
	const soa = "a.test. 60 IN SOA ns.a.test. host.a.test. 1 2 3 4 5"
	seed("a.test", TypeA, nil, "a.test. 300 IN A 192.0.2.1", "a.test. 30 IN A 192.0.2.2")
	seed("a.test", TypeAAAA, nil, "a.test. 300 IN AAAA 2001:db8::1")
	seed("a.test", TypeMX, nil, "A.test. 300 IN MX 10 Mx.a.test.", "a.test. 300 IN MX 0 .")
	seed("a.test", TypeTXT, nil, `a.test. 300 IN TXT "v=spf1 -all" "\000\"\\ä"`, `a.test. 300 IN TXT ""`)
	seed("w.a.test", TypeA, nil, "w.a.test. 5 IN CNAME v.a.test.", "v.a.test. 300 IN A 192.0.2.1")
	seed("w.a.test", TypeA, nil, "w.a.test. 5 IN CNAME v.b.test.", soa)
	seed("w.a.test", TypeA, nil, "w.a.test. 5 IN CNAME w.a.test.")
	seed(`x\.y.a.test`, TypePTR, nil, `x\.y.a.test. 5 IN PTR q\\\007\..a.test.`)
	seed("a.test", TypeTXT, nil, soa)
	seed("a.test", TypeTXT, func(m *dns.Msg) { m.Rcode = dns.RcodeNameError }, soa)
	seed("a.test", TypeSOA, nil, soa)
	seed("a.test", TypeTLSA, nil, "a.test. 9 IN TLSA 3 1 1 abcd", "a.test. 9 IN RRSIG TLSA 8 2 300 20300101000000 20200101000000 1 a.test. AAAA")
	seed("a.test", TypeA, nil, "a.test. 9 IN NS b.test.")
	seed("a.test", TypeA, func(m *dns.Msg) { m.Rcode = dns.RcodeBadVers })
	seed("a.test", TypeA, func(m *dns.Msg) {
		m.Rcode = dns.RcodeServerFailure
		o := m.IsEdns0()
		o.Option = append(o.Option, &dns.EDNS0_EDE{InfoCode: 22, ExtraText: "dead"})
	})
	seed("a.test", TypeTXT, func(m *dns.Msg) {
		m.Rcode = dns.RcodeNameError
		o := m.IsEdns0()
		o.Option = append(o.Option, &dns.EDNS0_COOKIE{Cookie: "0123456789abcdef"}, &dns.EDNS0_EDE{InfoCode: 15, ExtraText: "policy"})
	}, soa)
	f.Fuzz(func(t *testing.T, msg []byte, name string, typ uint16) {
		name, wrong := canonical(name)
		if len(msg) < headerLen || wrong != "" {
			return
		}
		ours, e := readResponse(msg, name, Type(typ), "s")
		theirs, te := libraryResponse(msg, name, Type(typ), "s")
		if e != nil {
			if te == nil && !emptyData(msg) && !cutQuestion(msg) && !badFrame(msg) {
				t.Fatalf("we refuse (%v) what the library takes: %+v", e, theirs)
			}
			// How far one reads a message that is none, and so whether its response code
			// is known, is no difference.
			sameCode := e.Reason == Malformed || te != nil && e.Rcode == te.Rcode
			if te != nil && (e.Reason != te.Reason || !sameCode) && !emptyData(msg) && !cutQuestion(msg) && !badFrame(msg) {
				t.Fatalf("we say %v, by the library it is %v", e, te)
			}
			return
		}
		if te != nil {
			t.Fatalf("we take what the library refuses (%v): %+v", te, ours)
		}
		if !reflect.DeepEqual(ours, theirs) {
			t.Fatalf("\nours    %+v\ntheirs  %+v", ours, theirs)
		}
	})
}

// libraryBlocked is message.blocked.
func libraryBlocked(m *dns.Msg) bool { return librarySays(m, 4, 15, 16, 17, 18) }

// libraryUnproved is message.unproved.
func libraryUnproved(m *dns.Msg) bool {
	return librarySays(m, 6, 7, 8, 12, 13, 14, 20, 21, 22, 23, 24) && !librarySays(m, 3, 19)
}

// librarySays is message.says.
func librarySays(m *dns.Msg, codes ...uint16) bool {
	opt := m.IsEdns0()
	return opt != nil && slices.ContainsFunc(opt.Option, func(o dns.EDNS0) bool {
		e, ok := o.(*dns.EDNS0_EDE)
		return ok && slices.Contains(codes, e.InfoCode)
	})
}

// TestEmptyForWantOfAnAnswer: an empty message whose server says that it reached nobody is no
// answer, unless it says that it has an old one; records are, whatever stands beside them.
func TestEmptyForWantOfAnAnswer(t *testing.T) {
	for _, tt := range []struct {
		rcode   int
		codes   []uint16
		records string
		why     Reason
	}{
		{dns.RcodeSuccess, []uint16{22}, "", ServFail},
		{dns.RcodeSuccess, []uint16{23}, "", ServFail},
		{dns.RcodeSuccess, []uint16{20}, "", ServFail},
		{dns.RcodeNameError, []uint16{22}, "", ServFail},
		{dns.RcodeSuccess, []uint16{22, 3}, "", ""},
		{dns.RcodeNameError, []uint16{22, 19}, "", ""},
		{dns.RcodeSuccess, []uint16{22}, "a.test. 60 IN A 192.0.2.1", ""},
		{dns.RcodeSuccess, []uint16{6}, "", ServFail},
		{dns.RcodeNameError, []uint16{6}, "", ServFail},
		{dns.RcodeSuccess, []uint16{6}, "a.test. 60 IN A 192.0.2.1", ""},
		{dns.RcodeSuccess, []uint16{7}, "", ServFail},
		{dns.RcodeSuccess, []uint16{8}, "", ServFail},
		{dns.RcodeSuccess, []uint16{12}, "", ServFail},
		{dns.RcodeSuccess, []uint16{13}, "", ServFail},
		{dns.RcodeSuccess, []uint16{14}, "", ServFail},
		{dns.RcodeSuccess, []uint16{21}, "", ServFail},
		{dns.RcodeSuccess, []uint16{24}, "", ServFail},
		{dns.RcodeNameError, []uint16{25}, "", ServFail},
		{dns.RcodeSuccess, []uint16{5}, "", ""},
		{dns.RcodeSuccess, []uint16{10}, "", ""}, // of a standby key
		{dns.RcodeSuccess, []uint16{29}, "", ""}, // synthesized, as RFC 8198 has it
		{dns.RcodeSuccess, []uint16{0}, "", ""},
		{dns.RcodeSuccess, []uint16{27}, "", ""},
		{dns.RcodeSuccess, nil, "", ""},
		{dns.RcodeSuccess, []uint16{15}, "", Refused},
		{dns.RcodeServerFailure, []uint16{15}, "", Refused},
		{dns.RcodeServerFailure, []uint16{6}, "", ServFail},
		{dns.RcodeServerFailure, []uint16{22}, "", ServFail},
	} {
		m := new(dns.Msg).SetReply(new(dns.Msg).SetQuestion("a.test.", dns.TypeA))
		m.Rcode, m.RecursionAvailable = tt.rcode, true
		m.SetEdns0(1232, false)
		for _, code := range tt.codes {
			m.IsEdns0().Option = append(m.IsEdns0().Option, &dns.EDNS0_EDE{InfoCode: code})
		}
		section, text := &m.Ns, "test. 60 IN SOA ns.test. h.test. 1 2 3 4 5"
		if tt.records != "" {
			section, text = &m.Answer, tt.records
		}
		rr, err := dns.NewRR(text)
		if err != nil {
			t.Fatal(err)
		}
		*section = append(*section, rr)
		msg, err := m.Pack()
		if err != nil {
			t.Fatal(err)
		}
		var why Reason
		if _, e := readResponse(msg, "a.test", TypeA, "s"); e != nil {
			why = e.Reason
		}
		if why != tt.why {
			t.Errorf("%s, extended errors %v, records %q: %q, want %q", dns.RcodeToString[tt.rcode], tt.codes, tt.records, why, tt.why)
		}
	}
}

// badFrame reports that a message has bytes behind its records, two OPT records, or perhaps a
// pointer into the header, all of which the library lets pass.
func badFrame(msg []byte) bool {
	var m dns.Msg
	if m.Unpack(msg) != nil {
		return false
	}
	opts := 0
	for _, rr := range m.Extra {
		if rr.Header().Rrtype == dns.TypeOPT {
			opts++
		}
	}
	if opts > 1 {
		return true
	}
	for i := headerLen; i+1 < len(msg); i++ {
		if msg[i] == 0xc0 && msg[i+1] < headerLen {
			return true
		}
	}
	off := headerLen
	for range m.Question {
		end, _ := skipName(msg, off)
		off = end + 4
	}
	for range len(m.Answer) + len(m.Ns) + len(m.Extra) {
		end, _ := skipName(msg, off)
		off = end + rrFixed + int(binary.BigEndian.Uint16(msg[end+8:]))
	}
	return off < len(msg)
}

// cutQuestion reports that the message ends within its questions, which the
// library lets pass.
func cutQuestion(msg []byte) bool {
	off := headerLen
	for range binary.BigEndian.Uint16(msg[4:]) {
		end, wrong := skipName(msg, off)
		if wrong != "" || end+4 > len(msg) {
			return true
		}
		off = end + 4
	}
	return false
}

// FuzzNames: names are compared, built and written alike.
func FuzzNames(f *testing.F) {
	for _, s := range []string{".", "a.test", "A.Test", `x\046y.test`, `\092.test`, strings.Repeat("a.", 100) + "b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name, wrong := canonical(s)
		if wrong != "" {
			return
		}
		raw := appendName(nil, name)
		end, wrong := skipName(raw, 0)
		if wrong != "" || end != len(raw) {
			t.Fatalf("%q: %s at %d of %d", name, wrong, end, len(raw))
		}
		if got := nameAt(raw, 0); got != name {
			t.Errorf("%q becomes %q", name, got)
		}
		if !nameIs(raw, 0, name) || nameIs(raw, 0, name+"x") || name != "." && nameIs(raw, 0, "x."+name) || len(name) > 1 && nameIs(raw, 0, name[1:]) {
			t.Errorf("%q is not compared rightly", name)
		}
	})
}

// TestCopies: a record that an answer has several times is one (RFC 2181, 5), whatever its TTL.
func TestCopies(t *testing.T) {
	many := make([]string, 0, 100)
	for i := range 50 {
		many = append(many, fmt.Sprintf("a.test. 60 IN TXT \"%d\"", i), fmt.Sprintf("a.test. 60 IN TXT \"%d\"", i))
	}
	for _, tt := range []struct {
		typ     Type
		records []string
		want    int
	}{
		{TypeTXT, []string{`a.test. 60 IN TXT "v=spf1 -all"`, `a.test. 60 IN TXT "v=spf1 -all"`}, 1},
		{TypeTXT, []string{`a.test. 60 IN TXT "v=spf1 -all"`, `A.test. 300 IN TXT "v=spf1 -all"`}, 1},
		{TypeTXT, []string{`a.test. 60 IN TXT "v=spf1 -all"`, `a.test. 60 IN TXT "v=spf1 -ALL"`}, 2},
		{TypeTXT, []string{`a.test. 60 IN TXT "v=spf1 -all"`, `a.test. 60 IN TXT "v=spf1" " -all"`}, 2},
		{TypeTXT, many, 50},
		{TypeMX, []string{"a.test. 60 IN MX 10 b.test.", "a.test. 60 IN MX 10 B.test.", "a.test. 60 IN MX 20 b.test."}, 2},
		{TypeA, []string{"a.test. 60 IN A 192.0.2.1", "a.test. 60 IN A 192.0.2.1", "a.test. 60 IN A 192.0.2.2"}, 2},
		{TypeTLSA, []string{"a.test. 60 IN TLSA 3 1 1 00", "a.test. 60 IN TLSA 3 1 1 00", "a.test. 60 IN TLSA 3 1 1 01"}, 2},
	} {
		m := new(dns.Msg).SetReply(new(dns.Msg).SetQuestion("a.test.", uint16(tt.typ)))
		for _, text := range tt.records {
			rr, err := dns.NewRR(text)
			if err != nil {
				t.Fatal(err)
			}
			m.Answer = append(m.Answer, rr)
		}
		m.Compress = true
		msg, err := m.Pack()
		if err != nil {
			t.Fatal(err)
		}
		if res, e := readResponse(msg, "a.test", tt.typ, "s"); e != nil || len(res.Records) != tt.want {
			t.Errorf("%q: %+v, %v", tt.records[:2], res, e)
		}
	}
}
