package resolver

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

// ParseType reads a mnemonic or TYPEn (RFC 3597, 5), in any case.
func ParseType(s string) (Type, bool) {
	s = strings.ToUpper(s)
	if t, ok := dns.StringToType[s]; ok {
		return Type(t), true
	}
	if n, ok := strings.CutPrefix(s, "TYPE"); ok {
		if v, err := strconv.ParseUint(n, 10, 16); err == nil {
			return Type(v), true
		}
	}
	return 0, false
}

// recordOf is a record of the DNS library as ours.
func recordOf(rr dns.RR) Record {
	h := rr.Header()
	r := Record{Name: fromPresentation(h.Name), Type: Type(h.Rrtype), TTL: h.Ttl}
	switch v := rr.(type) {
	case *dns.A:
		r.Addr, _ = netip.AddrFromSlice(v.A.To4())
	case *dns.AAAA:
		r.Addr, _ = netip.AddrFromSlice(v.AAAA.To16())
	case *dns.TXT:
		r.TXT = rawStrings(v.Txt)
	case *dns.SPF:
		r.TXT = rawStrings(v.Txt)
	case *dns.MX:
		r.Preference, r.Host = v.Preference, fromPresentation(v.Mx)
	case *dns.CNAME:
		r.Host = fromPresentation(v.Target)
	case *dns.DNAME:
		r.Host = fromPresentation(v.Target)
	case *dns.NS:
		r.Host = fromPresentation(v.Ns)
	case *dns.PTR:
		r.Host = fromPresentation(v.Ptr)
	case *dns.SOA:
		r.Host = fromPresentation(v.Ns)
		r.Data = dataOf(rr)
	default:
		r.Data = dataOf(rr)
	}
	return r
}

// dataOf is the data of a record in master-file form.
func dataOf(rr dns.RR) string {
	if v, ok := rr.(*dns.RFC3597); ok {
		return `\# ` + strconv.Itoa(len(v.Rdata)/2) + " " + v.Rdata
	}
	return strings.TrimPrefix(rr.String(), rr.Header().String())
}

// rawStrings undoes the escapes that the DNS library puts into strings.
func rawStrings(txt []string) []string {
	out := make([]string, len(txt))
	for i, s := range txt {
		if strings.IndexByte(s, '\\') < 0 {
			out[i] = s
			continue
		}
		b := make([]byte, 0, len(s))
		for len(s) > 0 {
			c, n := unescape(s)
			if n == 0 {
				c, n = s[0], 1
			}
			b = append(b, c)
			s = s[n:]
		}
		out[i] = string(b)
	}
	return out
}

// soaMinimum is the last field of an SOA: how long absence may be kept, unless
// the TTL of the SOA itself is less (RFC 2308, 4 and 5).
func soaMinimum(r *Record) uint32 {
	i := strings.LastIndexByte(r.Data, ' ')
	v, _ := strconv.ParseUint(r.Data[i+1:], 10, 32)
	return uint32(v)
}

// sameData reports whether the data of two records of one name and type are equal.
func (r *Record) sameData(other *Record) bool {
	return r.Addr == other.Addr && r.Host == other.Host && r.Preference == other.Preference && r.Data == other.Data && slices.Equal(r.TXT, other.TXT)
}

// dataKey tells records of one name and type apart.
func (r *Record) dataKey() string {
	switch r.Type {
	case TypeTXT, TypeSPF:
		var b strings.Builder
		for _, s := range r.TXT {
			b.WriteByte(byte(len(s)))
			b.WriteString(s)
		}
		return b.String()
	case TypeSOA:
		return r.Data
	}
	return r.String()
}
