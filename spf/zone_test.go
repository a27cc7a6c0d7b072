package spf

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"mailworthy/resolver"
)

// table is a zone in memory that both this package and blitiri.com.ar/go/spf can
// ask, at the cost of one map access. It counts what it is asked.
type table struct {
	answers map[question]*resolver.Answer
	txt     map[string][]string
	mx      map[string][]*net.MX
	ip      map[string][]net.IPAddr
	ptr     map[string][]string
	fail    map[string]bool

	asked, other atomic.Int64 // by this package, by the other
}

func newTable() *table {
	return &table{answers: map[question]*resolver.Answer{}, txt: map[string][]string{}, mx: map[string][]*net.MX{},
		ip: map[string][]net.IPAddr{}, ptr: map[string][]string{}, fail: map[string]bool{}}
}

func (z *table) add(name string, t resolver.Type, value string) {
	q := question{name, t}
	a := z.answers[q]
	if a == nil {
		a = &resolver.Answer{Name: name, Type: t, Status: resolver.Found, TTL: 3600}
		z.answers[q] = a
	}
	r := resolver.Record{Name: name, Type: t, TTL: 3600}
	switch t {
	case resolver.TypeTXT:
		r.TXT = []string{value}
		z.txt[name] = append(z.txt[name], value)
	case resolver.TypeA, resolver.TypeAAAA:
		r.Addr = netip.MustParseAddr(value)
		z.ip[name] = append(z.ip[name], net.IPAddr{IP: net.ParseIP(value)})
	case resolver.TypeMX:
		r.Host = value
		z.mx[name] = append(z.mx[name], &net.MX{Host: value})
	case resolver.TypePTR:
		r.Host = value
		z.ptr[name] = append(z.ptr[name], value)
	}
	a.Records = append(a.Records, r)
}

func (z *table) Lookup(_ context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	z.asked.Add(1)
	if a := z.answers[question{name, t}]; a != nil {
		return a, nil
	}
	if z.fail[name] {
		return nil, &resolver.Error{Name: name, Type: t, Reason: resolver.ServFail}
	}
	return &resolver.Answer{Name: name, Type: t, Status: resolver.NXDomain}, nil
}

// forBlitiri is the same zone for the other package.
type forBlitiri struct{ *table }

var notFound = &net.DNSError{Err: "no such host", IsNotFound: true}

func (z forBlitiri) find(name string) (string, error) {
	z.other.Add(1)
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	if z.fail[name] {
		return name, &net.DNSError{Err: "server failure", IsTemporary: true}
	}
	return name, nil
}

func (z forBlitiri) LookupTXT(_ context.Context, name string) ([]string, error) {
	name, err := z.find(name)
	if v := z.txt[name]; v != nil {
		return v, nil
	} else if err == nil {
		err = notFound
	}
	return nil, err
}

func (z forBlitiri) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	name, err := z.find(name)
	if v := z.mx[name]; v != nil {
		return v, nil
	} else if err == nil {
		err = notFound
	}
	return nil, err
}

func (z forBlitiri) LookupIPAddr(_ context.Context, name string) ([]net.IPAddr, error) {
	name, err := z.find(name)
	if v := z.ip[name]; v != nil {
		return v, nil
	} else if err == nil {
		err = notFound
	}
	return nil, err
}

func (z forBlitiri) LookupAddr(_ context.Context, addr string) ([]string, error) {
	name, err := z.find(resolver.ReverseName(netip.MustParseAddr(addr).Unmap()))
	if v := z.ptr[name]; v != nil {
		return v, nil
	} else if err == nil {
		err = notFound
	}
	return nil, err
}

// providers is a zone like those of real senders: four includes, each with
// includes of its own or ranges.
func providers() *table {
	z := newTable()
	z.add("acme.example", resolver.TypeTXT, "site-verification=0123456789abcdef")
	z.add("acme.example", resolver.TypeTXT, "v=spf1 include:_spf.first.example include:_spf.second.example mx include:_spf.third.example include:_spf.last.example ~all")
	z.add("acme.example", resolver.TypeMX, "mx.acme.example")
	z.add("mx.acme.example", resolver.TypeA, "192.0.2.25")
	z.add("mx.acme.example", resolver.TypeAAAA, "2001:db8::25")
	for i, n := range []string{"first", "second", "third", "last"} {
		record := "v=spf1"
		for j := range 6 {
			record += " ip4:198.51.100." + strconv.Itoa(i*48+j*8) + "/29"
		}
		record += " ip6:2001:db8:" + strconv.Itoa(i) + "::/48 ~all"
		z.add("_spf."+n+".example", resolver.TypeTXT, record)
	}
	z.add("literal.example", resolver.TypeTXT, "v=spf1 ip4:192.0.2.0/28 ip4:192.0.2.32/28 ip4:192.0.2.64/28 ip4:192.0.2.96/28 ip4:198.51.100.1 "+
		"ip4:198.51.100.2 ip4:198.51.100.3 ip6:2001:db8:1::/48 ip6:2001:db8:2::/48 ip6:2001:db8::25 ~all")
	z.add("macro.example", resolver.TypeTXT, "v=spf1 exists:%{ir}.%{v}._spf.%{d2} -all")
	z.add("9.113.0.203.in-addr._spf.macro.example", resolver.TypeA, "127.0.0.2")
	return z
}

// locked is a table for questions at the same time.
type locked struct {
	mu sync.Mutex
	z  *table
}

func (l *locked) Lookup(ctx context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.z.Lookup(ctx, name, t)
}
