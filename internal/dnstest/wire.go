package dnstest

import (
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/miekg/dns"

	"mailworthy/resolver"
)

// toRR is a record as the DNS library packs it.
func toRR(r resolver.Record) (dns.RR, error) {
	h := dns.RR_Header{Name: fqdn(r.Name), Rrtype: uint16(r.Type), Class: dns.ClassINET, Ttl: r.TTL}
	switch r.Type {
	case resolver.TypeA:
		if !r.Addr.Is4() {
			return nil, fmt.Errorf("%q is no IPv4 address", r.Addr)
		}
		return &dns.A{Hdr: h, A: net.IP(r.Addr.AsSlice())}, nil
	case resolver.TypeAAAA:
		if !r.Addr.Is6() {
			return nil, fmt.Errorf("%q is no IPv6 address", r.Addr)
		}
		return &dns.AAAA{Hdr: h, AAAA: net.IP(r.Addr.AsSlice())}, nil
	case resolver.TypeTXT, resolver.TypeSPF:
		if len(r.TXT) == 0 {
			r.TXT = []string{""} // a record has one string at least (RFC 1035, 3.3.14)
		}
		txt := make([]string, len(r.TXT))
		for i, s := range r.TXT {
			if len(s) > 255 {
				return nil, fmt.Errorf("a string of %d bytes", len(s))
			}
			txt[i] = strings.ReplaceAll(s, `\`, `\\`)
		}
		if r.Type == resolver.TypeSPF {
			return &dns.SPF{Hdr: h, Txt: txt}, nil
		}
		return &dns.TXT{Hdr: h, Txt: txt}, nil
	case resolver.TypeMX:
		return &dns.MX{Hdr: h, Preference: r.Preference, Mx: fqdn(r.Host)}, nil
	case resolver.TypeCNAME:
		return &dns.CNAME{Hdr: h, Target: fqdn(r.Host)}, nil
	case resolver.TypeDNAME:
		return &dns.DNAME{Hdr: h, Target: fqdn(r.Host)}, nil
	case resolver.TypeNS:
		return &dns.NS{Hdr: h, Ns: fqdn(r.Host)}, nil
	case resolver.TypePTR:
		return &dns.PTR{Hdr: h, Ptr: fqdn(r.Host)}, nil
	}
	rr, err := dns.NewRR(". 0 IN " + r.Type.String() + " " + r.Data)
	if err != nil {
		return nil, err
	}
	*rr.Header() = h
	return rr, nil
}

// fqdn is a name of package resolver in the form of the DNS library.
func fqdn(name string) string { return strings.TrimSuffix(name, ".") + "." }

// plainName is a name of the DNS library as package resolver shows it: in lower
// case, with no escapes but those of a dot or backslash in a label.
func plainName(s string) string {
	s = strings.TrimSuffix(s, ".")
	if s == "" {
		return "."
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\\' && i+1 < len(s) {
			if i++; s[i] >= '0' && s[i] <= '9' && i+2 < len(s) {
				c = (s[i]-'0')*100 + (s[i+1]-'0')*10 + s[i+2] - '0'
				i += 2
			} else {
				c = s[i]
			}
			if c == '.' || c == '\\' {
				b = fmt.Appendf(b, `\%03d`, c)
				continue
			}
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		b = append(b, c)
	}
	return string(b)
}

// Message is the answer to one question as it goes over the wire, with id 0.
func (s *Server) Message(name string, t resolver.Type) []byte {
	q := new(dns.Msg)
	q.Question = []dns.Question{{Name: fqdn(name), Qtype: uint16(t), Qclass: dns.ClassINET}}
	query, err := q.Pack()
	if err != nil {
		s.t.Fatal(err)
	}
	out := s.handle(query, "tcp", netip.AddrPort{})
	if len(out) != 1 {
		s.t.Fatalf("dnstest: a fault spoils %s %s", name, t)
	}
	return out[0]
}
