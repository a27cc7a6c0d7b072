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
	m.RecursionAvailable = true
	m.AuthenticatedData = s.authentic && (q.AuthenticatedData || q.IsEdns0() != nil && q.IsEdns0().Do())
	asked := []string{name}
	for {
		z := resolver.Find(s.sets, name, t)
		switch z.Kind {
		case resolver.ZoneFound, resolver.ZoneAlias:
			m.Answer = append(m.Answer, s.rrs(z.Records)...)
		case resolver.ZoneNXDomain:
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

// reply packs the answer, and spoils it as the fault says.
func (s *Server) reply(q *dns.Msg, rec *Query, f *fault) [][]byte {
	m := s.answer(q, rec.Name, rec.Type)
	if f == nil {
		return [][]byte{s.pack(m, q, rec, nil)}
	}
	var out [][]byte
	bare := func(rcode int) {
		e := new(dns.Msg)
		e.SetRcode(q, rcode)
		e.RecursionAvailable = true
		out = [][]byte{s.pack(e, q, rec, f)}
	}
	changed := func(change func(m *dns.Msg)) {
		c := m.Copy()
		change(c)
		out = [][]byte{s.pack(c, q, rec, f)}
	}
	switch f.Kind {
	case ServFail:
		bare(dns.RcodeServerFailure)
	case Refused:
		bare(dns.RcodeRefused)
	case FormErr:
		bare(dns.RcodeFormatError)
	case NotImp:
		bare(dns.RcodeNotImplemented)
	case YXDomain:
		bare(dns.RcodeYXDomain)
	case Bare:
		bare(dns.RcodeSuccess)
	case Silence:
		return nil
	case Close:
		if rec.Transport == "udp" {
			return nil
		}
		return [][]byte{nil}
	case Truncate, TruncateAll:
		changed(func(m *dns.Msg) { m.Truncated, m.Answer, m.Ns, m.Extra = true, nil, nil, nil })
	case WrongID:
		changed(func(m *dns.Msg) { m.Id ^= 0x5555 })
	case WrongQuestion:
		changed(func(m *dns.Msg) { m.Question[0].Name = "other." + m.Question[0].Name })
	case WrongType:
		changed(func(m *dns.Msg) { m.Question[0].Qtype ^= 0x0100 })
	case NoQuestion:
		changed(func(m *dns.Msg) { m.Question = nil })
	case MixedCase:
		changed(func(m *dns.Msg) {
			m.Question[0].Name = strings.ToUpper(m.Question[0].Name)
			for _, rr := range m.Answer {
				rr.Header().Name = strings.ToUpper(rr.Header().Name)
			}
		})
	case CNAMEOnly:
		changed(func(m *dns.Msg) { m.Answer, m.Ns, m.Rcode = m.Answer[:min(1, len(m.Answer))], nil, 0 })
	case Referral:
		changed(func(m *dns.Msg) {
			m.Answer, m.Rcode, m.RecursionAvailable = nil, 0, false
			m.Ns = []dns.RR{&dns.NS{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeNS, Class: dns.ClassINET, Ttl: 3600}, Ns: "a.root.test."}}
		})
	case Garbage:
		b := s.pack(m, q, rec, f)
		out = [][]byte{append(b[:2:2], "\x81\x80\x00\x01\xff\xff\xff\xff\xff\xff\xc0\x0c\xc0\x0cgarbage"...)}
	case Cut:
		b := s.pack(m, q, rec, f)
		out = [][]byte{b[:len(b)-20]}
	case OtherType:
		changed(func(m *dns.Msg) {
			m.Ns, m.Rcode = nil, 0
			m.Answer = []dns.RR{&dns.HINFO{Hdr: dns.RR_Header{Name: m.Question[0].Name, Rrtype: dns.TypeHINFO, Class: dns.ClassINET, Ttl: 60}, Cpu: "any"}}
		})
	case Short:
		out = [][]byte{s.pack(m, q, rec, f)[:6]}
	case Empty:
		out = [][]byte{{}}
	case HeaderOnly:
		e := &dns.Msg{MsgHdr: dns.MsgHdr{Id: q.Id, Response: true, Rcode: dns.RcodeFormatError}}
		b, _ := e.Pack()
		out = [][]byte{b}
	case Rewrite:
		a := f.Addr
		if !a.IsValid() {
			a = netip.MustParseAddr("192.0.2.99")
		}
		if m.Rcode == dns.RcodeNameError && rec.Type == resolver.TypeA {
			m.Rcode, m.Ns = 0, nil
			m.Answer = append(m.Answer, s.rrs([]resolver.Record{{Name: rec.Name, Type: resolver.TypeA, TTL: 60, Addr: a}})...)
		}
		out = [][]byte{s.pack(m, q, rec, f)}
	}
	if f.Then {
		out = append(out, s.pack(m, q, rec, nil))
	}
	return out
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
