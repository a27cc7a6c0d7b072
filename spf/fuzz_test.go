package spf

import (
	"context"
	"encoding/json"
	"hash/fnv"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"blitiri.com.ar/go/spf"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// seeds are records with something of everything.
var seeds = []string{
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

// FuzzParse: every term is found where it stands, and every repair is a record.
func FuzzParse(f *testing.F) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if isRecord(text) {
			terms, l := parse(text, nil)
			for _, x := range terms {
				if text[x.offset:x.offset+len(x.text)] != x.text || x.text == "" || strings.Contains(x.text, " ") {
					t.Fatalf("%q at %d", x.text, x.offset)
				}
				if (x.kind == KindIP4 || x.kind == KindIP6) && x.wrong == "" && !x.prefix.IsValid() {
					t.Fatalf("%q has no prefix", x.text)
				}
				if x.wrong == "" {
					if name, _, ok := x.target("acme.example", "acme.example"); ok && len(name) > maxName && strings.Contains(name, ".") {
						t.Fatalf("%q leads to %d octets", x.text, len(name))
					}
				}
			}
			if l.wrongAt >= 0 && (l.wrong == "" || terms[l.wrongAt].wrong == "") {
				t.Fatalf("%+v", l)
			}
		}
		if r := repair(text); r.text == "" {
			return // too large, or nothing in it can be read
		}
		fixed := repair(text).text
		if _, l := parse(fixed, nil); !isRecord(fixed) || l.wrongAt >= 0 {
			t.Fatalf("%q becomes %q: %s", text, fixed, l.wrong)
		}
		if again := repair(fixed).text; again != fixed {
			t.Fatalf("%q becomes %q, and that %q", text, fixed, again)
		}
		r := Lint([]byte(text))
		for _, x := range r.Findings {
			if x.Fix != nil && x.Fix.Value != "" {
				if _, l := parse(filled(x.Fix.Value), nil); !isRecord(x.Fix.Value) || l.wrongAt >= 0 {
					t.Fatalf("%s proposes %q: %s", x.Check, x.Fix.Value, l.wrong)
				}
			}
		}
		merged, _, _ := Merge([]string{text, fixed, "v=spf1 mx -all"})
		if _, l := parse(filled(merged), nil); !isRecord(merged) || l.wrongAt >= 0 {
			t.Fatalf("%q is merged into %q: %s", text, merged, l.wrong)
		}
	})
}

// chaos answers every question, by the hash of its name, and watches what is
// asked.
type chaos struct {
	mu      sync.Mutex
	records []string
	asked   int
	of      map[resolver.Type]int
}

func (c *chaos) Lookup(_ context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	c.of[t]++
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
		a.Records = []resolver.Record{{TXT: []string{c.records[n%len(c.records)]}}}
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

// FuzzEvaluate: no panic, and bounded questions whatever the records are: never
// over ten terms' worth beside the hosts of MX and PTR answers, never over thirty
// in all, and never for type 99.
func FuzzEvaluate(f *testing.F) {
	for i, s := range seeds {
		f.Add(s, seeds[(i+1)%len(seeds)], "bounce@acme.example", "192.0.2.1", "mx.acme.example")
	}
	f.Add("v=spf1 include:a.%{d} mx ptr", "v=spf1 mx mx mx mx mx mx mx mx mx mx", "m\u00fcller@m\u00fcller.example", "2001:db8::1", "[192.0.2.1]")
	f.Fuzz(func(t *testing.T, root, nested, from, ip, helo string) {
		a, err := netip.ParseAddr(ip)
		if err != nil {
			a = netip.MustParseAddr("192.0.2.1")
		}
		c := &chaos{records: []string{root, nested}, of: make(map[resolver.Type]int)}
		e := CheckHost(context.Background(), c, Client{IP: a, HELO: helo, MailFrom: from})
		switch e.Result {
		case None, Neutral, Pass, Fail, SoftFail, TempError, PermError, Unknown:
		default:
			t.Fatalf("result %q", e.Result)
		}
		if c.asked > maxQuestions || e.Questions != c.asked || e.Lookups > maxLookups || e.VoidLookups > maxVoid+1 {
			t.Fatalf("%d questions, %+v", c.asked, e)
		}
		// The root, the explanation, and a TXT for each include and redirect.
		if c.of[resolver.TypeSPF] != 0 || c.of[resolver.TypeTXT]+c.of[resolver.TypeMX] > maxLookups+2 || c.of[resolver.TypePTR] > 1 {
			t.Fatalf("asked %v", c.of)
		}
		if _, err := json.Marshal(e); err != nil {
			t.Fatal(err)
		}
		c.asked = 0
		p := Examine(context.Background(), c, "acme.example")
		if c.asked > maxExamined || c.of[resolver.TypeSPF] != 0 {
			t.Fatalf("an examination asked %d questions", c.asked)
		}
		if _, err := json.Marshal(p); err != nil {
			t.Fatal(err)
		}
		p.Targets()
		for _, x := range Check(p, Context{MX: "present", Evaluations: []Evaluation{e}}).Findings() {
			if x.Fix != nil && x.Fix.Value != "" && x.Severity != finding.Pass {
				if _, l := parse(filled(x.Fix.Value), nil); !isRecord(x.Fix.Value) || l.wrongAt >= 0 {
					t.Fatalf("%s proposes %q: %s", x.Check, x.Fix.Value, l.wrong)
				}
			}
		}
	})
}

// FuzzDifferential compares verdicts with blitiri.com.ar/go/spf on the same zone.
// Where the two differ, settled says by which rule this package is right.
func FuzzDifferential(f *testing.F) {
	for _, s := range seeds {
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
		record := version
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
	z := newTable()
	z.add("acme.example", resolver.TypeTXT, record)
	z.add("pass.example", resolver.TypeTXT, "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all")
	z.add("fail.example", resolver.TypeTXT, "v=spf1 -ip4:192.0.2.0/24 ?all")
	z.add("two.example", resolver.TypeTXT, "v=spf1 a -all")
	z.add("two.example", resolver.TypeTXT, "v=spf1 mx -all")
	z.add("nested.example", resolver.TypeTXT, "v=spf1 include:fail.example a:mail.example redirect=pass.example")
	z.add("error.example", resolver.TypeTXT, "v=spf1 bogus -all")
	z.add("none.example", resolver.TypeTXT, "nothing")
	z.fail["broken.example"] = true
	for _, n := range []string{"mail.example", "acme.example"} {
		z.add(n, resolver.TypeA, "192.0.2.1")
		z.add(n, resolver.TypeAAAA, "2001:db8::1")
		z.add(n, resolver.TypeMX, "mail.example")
	}
	for i := range 11 {
		z.add("crowd.example", resolver.TypeMX, string(rune('a'+i))+".crowd.example")
	}
	z.add("v4.one.example", resolver.TypeA, "203.0.113.1")
	z.add("192.0.2.1.ok.example", resolver.TypeA, "127.0.0.2")
	z.add("1.2.0.192.in-addr.arpa", resolver.TypePTR, "mail.example")
	ours := CheckHost(context.Background(), z, Client{IP: ip, HELO: "mail.example", MailFrom: "bounce@acme.example"})
	theirs, _ := spf.CheckHostWithSender(ip.AsSlice(), "mail.example", "bounce@acme.example", spf.WithResolver(forBlitiri{z}))
	if string(ours.Result) != string(theirs) && settled(record, ours) == "" {
		t.Errorf("%q for %s: %s (%s), the other %s", record, ip, ours.Result, ours.Error, theirs)
	}
}

// settled names the rule by which a disagreement is settled in favour of this
// package, or returns "" where there is none.
func settled(record string, ours Evaluation) string {
	terms, l := parse(record, nil)
	has := func(test func(t *term) bool) bool {
		return slices.ContainsFunc(terms, func(t term) bool { return test(&t) })
	}
	switch {
	case l.wrongAt >= 0 && ours.Result == PermError:
		// The other evaluates as it reads, and knows a wider grammar.
		return "RFC 7208, 4.6: a syntax error anywhere is permerror before evaluation"
	case ours.VoidLookups > maxVoid && has(func(t *term) bool { return t.kind == KindPTR }):
		return "RFC 7208, 4.6.4: each ptr term that finds nothing is a void lookup, not only the first"
	case ours.VoidLookups > maxVoid && has(func(t *term) bool { return t.kind == KindA || t.kind == KindExists }):
		// The other asks for the addresses of both families.
		return "RFC 7208, 5, 5.7 and 4.6.4: a name without an address of the family asked for is a void lookup"
	case has(func(t *term) bool { return strings.ContainsAny(t.spec, "/:") }):
		// The other takes no "/" in a domain.
		return "RFC 7208, 7.1: every visible character may stand in a domain-spec"
	case has(func(t *term) bool { return strings.Contains(strings.ToLower(t.spec), "%{p") }):
		// The other always puts "unknown" there.
		return "RFC 7208, 7.3: p is the validated domain name of the address"
	case has(func(t *term) bool { return t.kind == KindIP6 && t.prefix.Addr().Is4In6() }):
		return "RFC 7208, 5: an IPv4 client is matched by ip4 alone"
	case has(func(t *term) bool { return t.kind != KindModifier && !askable(targetName(t.spec)) && t.spec != "" }):
		return "RFC 7208, 4.8: a name that cannot be asked matches nothing"
	case has(func(t *term) bool {
		return (t.kind == KindInclude || t.kind == KindRedirect) && !checkable(targetName(t.spec))
	}):
		return "RFC 7208, 4.3: a target of one label gives none"
	}
	return ""
}

// filled is a proposal with something valid in its placeholders.
func filled(value string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(value, "<")
		inside, after, closed := strings.Cut(rest, ">")
		if !ok || !closed {
			b.WriteString(value)
			return b.String()
		}
		b.WriteString(before)
		switch {
		case strings.HasSuffix(before, "ip4:"):
			b.WriteString("192.0.2.1")
		case strings.HasSuffix(before, "ip6:"):
			b.WriteString("2001:db8::1")
		case strings.HasPrefix(inside, "-all"):
			b.WriteString("-all")
		case strings.HasSuffix(before, " "):
			b.WriteString("mx")
		default:
			b.WriteString("right.example")
		}
		value = after
	}
}
