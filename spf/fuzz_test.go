package spf

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"blitiri.com.ar/go/spf"

	"mailworthy/internal/spftest"
	"mailworthy/resolver"
)

// FuzzParse: every term is found at its offset, and the first error is that of its term.
func FuzzParse(f *testing.F) {
	for _, s := range spftest.Seeds {
		f.Add(s)
	}
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if x := ParseTerm(text); text == "" && x.Error == "" {
			t.Errorf("an empty text is read as %s", x.Kind)
		}
		if IsRecord(text) {
			terms, l := Parse(text)
			for _, x := range terms {
				if text[x.Offset:x.Offset+len(x.Text)] != x.Text || x.Text == "" || strings.Contains(x.Text, " ") {
					t.Fatalf("%q at %d", x.Text, x.Offset)
				}
				if (x.Kind == KindIP4 || x.Kind == KindIP6) && x.Error == "" && !x.Prefix.IsValid() {
					t.Fatalf("%q has no prefix", x.Text)
				}
				if x.Error == "" {
					if name, _, ok := x.Target("acme.example", "acme.example"); ok && len(name) > maxName && strings.Contains(name, ".") {
						t.Fatalf("%q leads to %d octets", x.Text, len(name))
					}
				}
			}
			if l.ErrorAt >= 0 && (l.Error == "" || terms[l.ErrorAt].Error == "") {
				t.Fatalf("%+v", l)
			}
		}
	})
}

// FuzzEvaluate: no panic, and bounded questions whatever the records are: never
// over ten terms' worth beside the hosts of MX and PTR answers, never over thirty
// in all, and never for type 99.
func FuzzEvaluate(f *testing.F) {
	for i, s := range spftest.Seeds {
		f.Add(s, spftest.Seeds[(i+1)%len(spftest.Seeds)], "bounce@acme.example", "192.0.2.1", "mx.acme.example")
	}
	f.Add("v=spf1 include:a.%{d} mx ptr", "v=spf1 mx mx mx mx mx mx mx mx mx mx", "m\u00fcller@m\u00fcller.example", "2001:db8::1", "[192.0.2.1]")
	f.Fuzz(func(t *testing.T, root, nested, from, ip, helo string) {
		a, err := netip.ParseAddr(ip)
		if err != nil {
			a = netip.MustParseAddr("192.0.2.1")
		}
		c := &spftest.Chaos{Records: []string{root, nested}, Of: make(map[resolver.Type]int)}
		e := CheckHost(context.Background(), c, Client{IP: a, HELO: helo, MailFrom: from})
		switch e.Result {
		case None, Neutral, Pass, Fail, SoftFail, TempError, PermError, Unknown:
		default:
			t.Fatalf("result %q", e.Result)
		}
		if c.Asked > maxQuestions || e.Questions != c.Asked || e.Lookups > MaxLookups || e.VoidLookups > MaxVoidLookups+1 {
			t.Fatalf("%d questions, %+v", c.Asked, e)
		}
		// The root, the explanation, and a TXT for each include and redirect.
		if c.Of[resolver.TypeSPF] != 0 || c.Of[resolver.TypeTXT]+c.Of[resolver.TypeMX] > MaxLookups+2 || c.Of[resolver.TypePTR] > 1 {
			t.Fatalf("asked %v", c.Of)
		}
		if _, err := json.Marshal(e); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzDifferential compares verdicts with blitiri.com.ar/go/spf on the same zone.
// Where the two differ, settled says by which rule this package is right.
func FuzzDifferential(f *testing.F) {
	for _, s := range spftest.Seeds {
		f.Add(s, "192.0.2.1")
		f.Add(s, "2001:db8::1")
	}
	for _, s := range []string{"v=spf1 ptr:%{p} -all", "v=spf1 include:pass.example -all", "v=spf1 include:fail.example ~all", "v=spf1 include:broken.example -all", "v=spf1 include:none.example -all",
		"v=spf1 a:v1.example a:v2.example a:v3.example -all", "v=spf1 redirect=pass.example", "v=spf1 mx:mail.example -all", "v=spf1 exists:%{i}.ok.example -all", "v=spf1 ptr ptr ptr ptr -all",
		"v=spf1 a:mail.example a:mail.example a:mail.example a:mail.example a:mail.example a:mail.example a:mail.example a:mail.example a:mail.example a:mail.example a:mail.example -all"} {
		f.Add(s, "192.0.2.1")
	}
	f.Fuzz(func(t *testing.T, record, ip string) {
		if a, err := netip.ParseAddr(ip); err == nil && a.Zone() == "" {
			compare(t, record, a)
		}
	})
}

// vocabulary are the terms of TestDifferential.
var vocabulary = strings.Fields(`ip4:192.0.2.0/28 ip4:192.0.2.1 -ip4:192.0.2.2 ip4:203.0.113.0/24 ip6:2001:db8::/64 ip6:2001:db8::1 ~ip6:2001:db8:1::/48
	a -a A:mail.example a/24 a//64 a:mail.example/28//48 a:v1.example ?a:v2.example a:v3.example a:broken.example a:v4.one.example
	mx MX/24 mx:mail.example mx:v1.example mx:crowd.example ~mx:mail.example//64 mx:broken.example
	include:pass.example -include:pass.example include:fail.example ?include:fail.example include:none.example include:v1.example include:broken.example
	include:two.example include:nested.example include:error.example INCLUDE:Pass.Example
	exists:%{i}.ok.example exists:%{ir}.%{v}.ok.example exists:mail.example exists:v1.example exists:%{l}.%{d2}.ok.example exists:%{o}.ok.example exists:%{h}
	exists:%{d1r}.ok.example a:%{d} a:%{s1-}.example include:%{d1}.pass.example include:pass.%{d1} exists:%{L}.ok.example
	ptr ptr:example ptr:mail.example -ptr:other.example
	all -all ~all ?all redirect=pass.example redirect=fail.example redirect=none.example redirect=acme.example redirect=broken.example exp=why.example foo=bar`)

// TestDifferential compares verdicts on records put together from a vocabulary.
func TestDifferential(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 5))
	for range 4000 {
		record := Version
		for range rng.IntN(12) {
			record += " " + vocabulary[rng.IntN(len(vocabulary))]
		}
		for _, ip := range []string{"192.0.2.1", "192.0.2.2", "198.51.100.7", "2001:db8::1", "2001:db8:2::9"} {
			compare(t, record, netip.MustParseAddr(ip))
		}
	}
}

// compare asks both packages for a verdict.
func compare(t *testing.T, record string, ip netip.Addr) {
	t.Helper()
	z := spftest.New()
	z.Add("acme.example", resolver.TypeTXT, record)
	z.Add("pass.example", resolver.TypeTXT, "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all")
	z.Add("fail.example", resolver.TypeTXT, "v=spf1 -ip4:192.0.2.0/24 ?all")
	z.Add("two.example", resolver.TypeTXT, "v=spf1 a -all")
	z.Add("two.example", resolver.TypeTXT, "v=spf1 mx -all")
	z.Add("nested.example", resolver.TypeTXT, "v=spf1 include:fail.example a:mail.example redirect=pass.example")
	z.Add("error.example", resolver.TypeTXT, "v=spf1 bogus -all")
	z.Add("none.example", resolver.TypeTXT, "nothing")
	z.Fail["broken.example"] = true
	for _, n := range []string{"mail.example", "acme.example"} {
		z.Add(n, resolver.TypeA, "192.0.2.1")
		z.Add(n, resolver.TypeAAAA, "2001:db8::1")
		z.Add(n, resolver.TypeMX, "mail.example")
	}
	for i := range 11 {
		z.Add("crowd.example", resolver.TypeMX, string(rune('a'+i))+".crowd.example")
	}
	z.Add("v4.one.example", resolver.TypeA, "203.0.113.1")
	z.Add("192.0.2.1.ok.example", resolver.TypeA, "127.0.0.2")
	z.Add("1.2.0.192.in-addr.arpa", resolver.TypePTR, "mail.example")
	ours := CheckHost(context.Background(), z, Client{IP: ip, HELO: "mail.example", MailFrom: "bounce@acme.example"})
	theirs, _ := spf.CheckHostWithSender(ip.AsSlice(), "mail.example", "bounce@acme.example", spf.WithResolver(forBlitiri{z, new(atomic.Int64)}))
	if string(ours.Result) != string(theirs) && settled(record, ours) == "" {
		t.Errorf("%q for %s: %s (%s), the other %s", record, ip, ours.Result, ours.Error, theirs)
	}
}

// settled names the rule by which a disagreement is settled in favour of this
// package, or returns "" if there is none.
func settled(record string, ours Evaluation) string {
	terms, l := Parse(record)
	has := func(test func(t *Term) bool) bool {
		return slices.ContainsFunc(terms, func(t Term) bool { return test(&t) })
	}
	switch {
	case l.ErrorAt >= 0 && ours.Result == PermError:
		// The other evaluates as it reads, and knows a wider grammar.
		return "RFC 7208, 4.6: a syntax error anywhere is permerror before evaluation"
	case ours.VoidLookups > MaxVoidLookups && has(func(t *Term) bool { return t.Kind == KindPTR }):
		return "RFC 7208, 4.6.4: each ptr term that finds nothing is a void lookup, not only the first"
	case ours.VoidLookups > MaxVoidLookups && has(func(t *Term) bool { return t.Kind == KindA || t.Kind == KindExists }):
		// The other asks for the addresses of both families.
		return "RFC 7208, 5, 5.7 and 4.6.4: a name without an address of the family asked for is a void lookup"
	case has(func(t *Term) bool { return strings.ContainsAny(t.Spec, "/:") }):
		// The other takes no "/" in a domain.
		return "RFC 7208, 7.1: every visible character may stand in a domain-spec"
	case has(func(t *Term) bool { return strings.Contains(strings.ToLower(t.Spec), "%{p") }):
		// The other always puts "unknown" there.
		return "RFC 7208, 7.3: p is the validated domain name of the address"
	case has(func(t *Term) bool { return t.Kind == KindIP6 && t.Prefix.Addr().Is4In6() }):
		return "RFC 7208, 5: an IPv4 client is matched by ip4 alone"
	case has(func(t *Term) bool { return t.Kind != KindModifier && !Askable(TargetName(t.Spec)) && t.Spec != "" }):
		return "RFC 7208, 4.8: a name that cannot be asked matches nothing"
	case has(func(t *Term) bool {
		return (t.Kind == KindInclude || t.Kind == KindRedirect) && !Checkable(TargetName(t.Spec))
	}):
		return "RFC 7208, 4.3: a target of one label gives none"
	}
	return ""
}
