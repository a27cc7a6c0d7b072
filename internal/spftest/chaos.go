package spftest

import (
	"context"
	"hash/fnv"
	"net/netip"
	"sync"

	"mailworthy/resolver"
)

// Seeds are records with something of everything.
var Seeds = []string{
	"v=spf1 mx -all",
	"v=spf1 a/24//64 mx:acme.example/28 ip4:192.0.2.0/24 ip6:2001:db8::/32 include:_spf.esp.example ?all exp=why.acme.example",
	"v=spf1 exists:%{ir}.%{v}._spf.%{d2} include:%{l1r+-}.%{o} ptr:%{p} -all",
	"v=spf1 redirect=%{d}.acme.example",
	"V=SPF1 +A:%{H}.acme.example ~MX//0 -Ip4:0.0.0.0/0",
	"v=spf1 inlude:a.example ip4=192.0.2.1 include: b.example ip4:192.0.2.1include:c.example,d.example --all",
	"v=spf1 ip4:192.0.2.8-192.0.2.15 ip4:192.0.2.* ip4:192.0.2.0/255.255.255.0 ip4:2001:db8::1 192.0.2.1",
	"v=spf1: mx - all", " v=spf1 mx", "\"v=spf1 mx\" \"-all\"", "v=spf1 %", "v=spf1 a:%{", "v=spf1 a:%{}", "v=spf1 a:%{d0}.x", "v=spf1 =", "v=spf1 /", "v=spf1 :",
	"v=spf1 ip6:::ffff:192.0.2.1/96 a:foo:bar/baz.example.com -all", "000000 iClud:.A",
	"V=SPF1 +A:%{H0.acme.example ~MX//0 -Ip4:0", "v=spf1 -Ip4:192.0.2.0/24", "v=spf1 ~mx/24 -al",
}

// Chaos answers every question, by the hash of its name, and watches what is
// asked.
type Chaos struct {
	mu      sync.Mutex
	Records []string
	Asked   int
	Of      map[resolver.Type]int
}

// Lookup implements resolver.Resolver.
func (c *Chaos) Lookup(_ context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Asked++
	c.Of[t]++
	h := fnv.New32a()
	h.Write([]byte(name))
	n := int(h.Sum32() % 97)
	a := &resolver.Answer{Name: name, Type: t, Status: resolver.Found, TTL: 3600}
	switch {
	case n < 3:
		return nil, &resolver.Error{Name: name, Type: t, Reason: resolver.ServFail}
	case n < 10:
		a.Status = resolver.NXDomain
		return a, nil
	}
	switch t {
	case resolver.TypeTXT:
		a.Records = []resolver.Record{{TXT: []string{c.Records[n%len(c.Records)]}}}
	case resolver.TypeMX, resolver.TypePTR:
		for i := range n % 14 {
			a.Records = append(a.Records, resolver.Record{Host: string(rune('a'+i)) + "." + name})
		}
	case resolver.TypeA:
		a.Records = []resolver.Record{{Addr: netip.AddrFrom4([4]byte{192, 0, 2, byte(n)})}}
	case resolver.TypeAAAA:
		a.Records = []resolver.Record{{Addr: netip.MustParseAddr("2001:db8::1")}}
	}
	if len(a.Records) == 0 {
		a.Status = resolver.NoData
	}
	return a, nil
}
