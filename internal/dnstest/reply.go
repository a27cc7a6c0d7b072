package dnstest

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"mailworthy/resolver"
)

// answer is what the zones say, aliases followed.
func (s *Server) answer(q *dns.Msg, name string, t resolver.Type) *dns.Msg {
	m := new(dns.Msg)
	m.SetReply(q)
	m.RecursionAvailable, m.Authoritative = !s.authority, s.authority
	m.AuthenticatedData = s.authentic && (q.AuthenticatedData || q.IsEdns0() != nil && q.IsEdns0().Do())
	asked := []string{name}
	for {
		z := resolver.Find(s.sets, name, t)
		switch z.Kind {
		case resolver.ZoneFound, resolver.ZoneAlias:
			m.Answer = append(m.Answer, s.rrs(z.Records)...)
		case resolver.ZoneNXDomain:
			if s.authority && len(m.Answer) > 0 && (z.SOA == nil || z.SOA.Name == "" || z.SOA.Name == ".") {
				return m // the alias leads out of the zones
			}
			m.Rcode = dns.RcodeNameError
			m.Ns = s.soa(z)
		case resolver.ZoneNoData:
			m.Ns = s.soa(z)
		case resolver.ZoneReferral:
			m.Ns = s.rrs(z.Records)
		case resolver.ZoneTooLong:
			m.Answer = append(m.Answer, s.rrs(z.Records)...)
			m.Rcode = dns.RcodeYXDomain
		}
		if z.Kind != resolver.ZoneAlias {
			return m
		}
		name = z.Records[len(z.Records)-1].Host
		if slices.Contains(asked, name) || len(asked) > 2*resolver.MaxAliases {
			return m // a loop: the chain, once around
		}
		asked = append(asked, name)
	}
}

func (s *Server) soa(z resolver.ZoneAnswer) []dns.RR {
	if z.SOA == nil {
		return nil
	}
	return s.rrs([]resolver.Record{*z.SOA})
}

func (s *Server) rrs(records []resolver.Record) []dns.RR {
	var out []dns.RR
	for _, r := range records {
		rr, err := toRR(r)
		if err != nil {
			s.t.Errorf("dnstest: %v", err)
			continue
		}
		out = append(out, rr)
	}
	return out
}

// rcodes are the faults that are an answer without records.
var rcodes = map[Kind]int{ServFail: dns.RcodeServerFailure, Refused: dns.RcodeRefused, FormErr: dns.RcodeFormatError,
	NotImp: dns.RcodeNotImplemented, YXDomain: dns.RcodeYXDomain, Denied: dns.RcodeNameError, Bare: dns.RcodeSuccess}

// changes are the faults that change the message of an answer.
var changes = map[Kind]func(m *dns.Msg){
	Truncate:      truncate,
	TruncateAll:   truncate,
	WrongID:       func(m *dns.Msg) { m.Id ^= 0x5555 },
	WrongQuestion: func(m *dns.Msg) { m.Question[0].Name = "other." + m.Question[0].Name },
	WrongType:     func(m *dns.Msg) { m.Question[0].Qtype ^= 0x0100 },
	NoQuestion:    func(m *dns.Msg) { m.Question = nil },
	MixedCase: func(m *dns.Msg) {
		m.Question[0].Name = strings.ToUpper(m.Question[0].Name)
		for _, rr := range m.Answer {
			rr.Header().Name = strings.ToUpper(rr.Header().Name)
		}
	},
	CNAMEOnly: func(m *dns.Msg) { m.Answer, m.Ns, m.Rcode = m.Answer[:min(1, len(m.Answer))], nil, 0 },
	Referral: func(m *dns.Msg) {
		m.Answer, m.Rcode, m.RecursionAvailable = nil, 0, false
		m.Ns = []dns.RR{&dns.NS{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeNS, Class: dns.ClassINET, Ttl: 3600}, Ns: "a.root.test."}}
	},
	OtherType: func(m *dns.Msg) {
		m.Ns, m.Rcode = nil, 0
		m.Answer = []dns.RR{&dns.HINFO{Hdr: dns.RR_Header{Name: m.Question[0].Name, Rrtype: dns.TypeHINFO, Class: dns.ClassINET, Ttl: 60}, Cpu: "any"}}
	},
}

func truncate(m *dns.Msg) { m.Truncated, m.Answer, m.Ns, m.Extra = true, nil, nil, nil }

// reply packs the answer, and spoils it as the fault says.
func (s *Server) reply(q *dns.Msg, rec *Query, f *fault) [][]byte {
	m := s.answer(q, rec.Name, rec.Type)
	if f == nil {
		return [][]byte{s.pack(m, q, rec, nil)}
	}
	var out [][]byte
	rcode, isRcode := rcodes[f.Kind]
	change := changes[f.Kind]
	switch {
	case f.Kind == Silence, f.Kind == Close && rec.Transport == "udp":
		return nil
	case f.Kind == Close:
		return [][]byte{nil}
	case isRcode:
		e := new(dns.Msg)
		e.SetRcode(q, rcode)
		e.RecursionAvailable = true
		out = [][]byte{s.pack(e, q, rec, f)}
	case change != nil:
		c := m.Copy()
		change(c)
		out = [][]byte{s.pack(c, q, rec, f)}
	default:
		out = s.octets(m, q, rec, f)
	}
	if f.Then {
		out = append(out, s.pack(m, q, rec, nil))
	}
	return out
}

// octets are the messages of the faults that spoil what is packed; none of any other.
func (s *Server) octets(m, q *dns.Msg, rec *Query, f *fault) [][]byte {
	switch f.Kind {
	case Garbage:
		b := s.pack(m, q, rec, f)
		return [][]byte{append(b[:2:2], "\x81\x80\x00\x01\xff\xff\xff\xff\xff\xff\xc0\x0c\xc0\x0cgarbage"...)}
	case Cut:
		b := s.pack(m, q, rec, f)
		return [][]byte{b[:len(b)-20]}
	case Short:
		return [][]byte{s.pack(m, q, rec, f)[:6]}
	case Empty:
		return [][]byte{{}}
	case HeaderOnly:
		e := &dns.Msg{MsgHdr: dns.MsgHdr{Id: q.Id, Response: true, Rcode: dns.RcodeFormatError}}
		b, _ := e.Pack()
		return [][]byte{b}
	case Rewrite:
		a := f.Addr
		if !a.IsValid() {
			a = netip.MustParseAddr("192.0.2.99")
		}
		if m.Rcode == dns.RcodeNameError && rec.Type == resolver.TypeA {
			m.Rcode, m.Ns = 0, nil
			m.Answer = append(m.Answer, s.rrs([]resolver.Record{{Name: rec.Name, Type: resolver.TypeA, TTL: 60, Addr: a}})...)
		}
		return [][]byte{s.pack(m, q, rec, f)}
	}
	return nil
}

// pack writes a message, with EDNS if the question had it, and truncates it to
// what the question allows.
func (s *Server) pack(m, q *dns.Msg, rec *Query, f *fault) []byte {
	if rec.EDNS {
		opt := &dns.OPT{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeOPT}}
		opt.SetUDPSize(1232)
		if f != nil && (f.Text != "" || f.Code != 0) {
			opt.Option = append(opt.Option, &dns.EDNS0_EDE{InfoCode: f.Code, ExtraText: f.Text})
		}
		m.Extra = []dns.RR{opt} // the answer may be packed twice, with a fault and without
	}
	m.Compress = true
	b, err := m.Pack()
	if err != nil {
		s.t.Errorf("dnstest: %s %s: %v", rec.Name, rec.Type, err)
		return nil
	}
	limit := 512
	if rec.EDNS {
		limit = max(limit, int(rec.UDPSize))
	}
	if rec.Transport == "udp" && len(b) > limit {
		short := m.Copy()
		short.Truncated, short.Answer, short.Ns = true, nil, nil
		b, _ = short.Pack()
	}
	return b
}
