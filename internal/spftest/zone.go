// Package spftest has a zone in memory for the tests of SPF: one map access an answer, and
// a count of what was asked.
package spftest

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"

	"mailworthy/resolver"
)

// Question is what is asked.
type Question struct {
	Name string
	Type resolver.Type
}

// Zone is a zone in memory. Beside the answers of a resolver it has the records of each
// type as package net has them, for other libraries.
type Zone struct {
	Answers map[Question]*resolver.Answer
	TXT     map[string][]string
	MX      map[string][]*net.MX
	IP      map[string][]net.IPAddr
	PTR     map[string][]string
	// Fail are the names for which the DNS says nothing.
	Fail map[string]bool

	// Asked counts the questions.
	Asked atomic.Int64
}

// New returns an empty zone.
func New() *Zone {
	return &Zone{Answers: map[Question]*resolver.Answer{}, TXT: map[string][]string{}, MX: map[string][]*net.MX{},
		IP: map[string][]net.IPAddr{}, PTR: map[string][]string{}, Fail: map[string]bool{}}
}

// Add adds a record of type TXT, A, AAAA, MX or PTR.
func (z *Zone) Add(name string, t resolver.Type, value string) {
	q := Question{name, t}
	a := z.Answers[q]
	if a == nil {
		a = &resolver.Answer{Name: name, Type: t, Status: resolver.Found, TTL: 3600}
		z.Answers[q] = a
	}
	r := resolver.Record{Name: name, Type: t, TTL: 3600}
	switch t {
	case resolver.TypeTXT:
		r.TXT = []string{value}
		z.TXT[name] = append(z.TXT[name], value)
	case resolver.TypeA, resolver.TypeAAAA:
		r.Addr = netip.MustParseAddr(value)
		z.IP[name] = append(z.IP[name], net.IPAddr{IP: net.ParseIP(value)})
	case resolver.TypeMX:
		r.Host = value
		z.MX[name] = append(z.MX[name], &net.MX{Host: value})
	case resolver.TypePTR:
		r.Host = value
		z.PTR[name] = append(z.PTR[name], value)
	}
	a.Records = append(a.Records, r)
}

// Lookup implements resolver.Resolver.
func (z *Zone) Lookup(_ context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	z.Asked.Add(1)
	if a := z.Answers[Question{name, t}]; a != nil {
		return a, nil
	}
	if z.Fail[name] {
		return nil, &resolver.Error{Name: name, Type: t, Reason: resolver.ServFail}
	}
	return &resolver.Answer{Name: name, Type: t, Status: resolver.NXDomain}, nil
}

// Providers returns a zone like those of real senders: four includes, each with
// includes of its own or ranges.
func Providers() *Zone {
	z := New()
	z.Add("acme.example", resolver.TypeTXT, "site-verification=0123456789abcdef")
	z.Add("acme.example", resolver.TypeTXT, "v=spf1 include:_spf.first.example include:_spf.second.example mx include:_spf.third.example include:_spf.last.example ~all")
	z.Add("acme.example", resolver.TypeMX, "mx.acme.example")
	z.Add("mx.acme.example", resolver.TypeA, "192.0.2.25")
	z.Add("mx.acme.example", resolver.TypeAAAA, "2001:db8::25")
	for i, n := range []string{"first", "second", "third", "last"} {
		record := "v=spf1"
		for j := range 6 {
			record += " ip4:198.51.100." + strconv.Itoa(i*48+j*8) + "/29"
		}
		record += " ip6:2001:db8:" + strconv.Itoa(i) + "::/48 ~all"
		z.Add("_spf."+n+".example", resolver.TypeTXT, record)
	}
	z.Add("literal.example", resolver.TypeTXT, "v=spf1 ip4:192.0.2.0/28 ip4:192.0.2.32/28 ip4:192.0.2.64/28 ip4:192.0.2.96/28 ip4:198.51.100.1 "+
		"ip4:198.51.100.2 ip4:198.51.100.3 ip6:2001:db8:1::/48 ip6:2001:db8:2::/48 ip6:2001:db8::25 ~all")
	z.Add("macro.example", resolver.TypeTXT, "v=spf1 exists:%{ir}.%{v}._spf.%{d2} -all")
	z.Add("9.113.0.203.in-addr._spf.macro.example", resolver.TypeA, "127.0.0.2")
	return z
}

// Locked is a zone for questions at the same time.
type Locked struct {
	mu   sync.Mutex
	Zone *Zone
}

// Lookup implements resolver.Resolver.
func (l *Locked) Lookup(ctx context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Zone.Lookup(ctx, name, t)
}
