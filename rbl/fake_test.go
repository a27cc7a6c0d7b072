package rbl

import (
	"context"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

// asker counts questions and can spoil or delay the answers of another resolver.
type asker struct {
	next resolver.Resolver
	// spoil returns something else instead of the answer, or nil and nil.
	spoil func(name string, t resolver.Type) (*resolver.Answer, error)
	delay time.Duration

	mu    sync.Mutex
	asked map[string]int
}

func (a *asker) Lookup(ctx context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	a.mu.Lock()
	if a.asked == nil {
		a.asked = make(map[string]int)
	}
	a.asked[name+" "+t.String()]++
	a.mu.Unlock()
	if a.delay > 0 {
		time.Sleep(a.delay)
	}
	if a.spoil != nil {
		if answer, err := a.spoil(name, t); answer != nil || err != nil {
			return answer, err
		}
	}
	return a.next.Lookup(ctx, name, t)
}

// count is how many questions end in the suffix.
func (a *asker) count(suffix string) int {
	n := 0
	for q, times := range a.asked {
		if strings.HasSuffix(q, suffix) {
			n += times
		}
	}
	return n
}

func (a *asker) reset() { a.asked = nil }

func (a *asker) total() int { return a.count("") }

// failing spoils all questions below a zone with an error.
func failing(zone string, reason resolver.Reason) func(string, resolver.Type) (*resolver.Answer, error) {
	return func(name string, t resolver.Type) (*resolver.Answer, error) {
		if strings.HasSuffix(name, zone) {
			return nil, &resolver.Error{Name: name, Type: t, Reason: reason, Server: "udp://192.0.2.53:53"}
		}
		return nil, nil
	}
}

// lists reads a catalogue of nothing but these lists.
func lists(t testing.TB, text string) *Catalogue {
	t.Helper()
	c := &Catalogue{}
	d := decoder{env: func(string) string { return "" }}
	if err := d.decode([]byte(text), c); err != nil {
		t.Fatal(err)
	}
	for _, l := range c.Lists {
		l.Stated = false
	}
	return c
}

func given(addrs ...string) func(func([]netip.Addr)) {
	return func(then func([]netip.Addr)) {
		var out []netip.Addr
		for _, a := range addrs {
			out = append(out, netip.MustParseAddr(a))
		}
		then(out)
	}
}

// verdict is what a list says about a subject in a survey.
func verdict(t testing.TB, s *Survey, subject, zone string) Listing {
	t.Helper()
	for _, l := range s.Listings {
		if l.Subject == subject && l.Zone == zone {
			return l
		}
	}
	t.Fatalf("no verdict of %s about %s", zone, subject)
	return Listing{}
}

func findings(all []finding.Finding, id string) []finding.Finding {
	var out []finding.Finding
	for _, f := range all {
		if f.Check == id && f.Severity != finding.Pass {
			out = append(out, f)
		}
	}
	return out
}

func passed(all []finding.Finding, id string) bool {
	for _, f := range all {
		if f.Check == id {
			return f.Severity == finding.Pass
		}
	}
	return false
}

// world has one list of each sort.
const world = `
	$TTL 300
	@ SOA ns.test. host.test. 1 7200 3600 1209600 300
	invalid. SOA ns.test. host.test. 1 7200 3600 1209600 300
	; bl.good.test is as RFC 5782 has it.
	bl.good.test. SOA ns.test. host.test. 1 7200 3600 1209600 300
	2.0.0.127.bl.good.test. A 127.0.0.2
	10.2.0.192.bl.good.test. A 127.0.0.2
	10.2.0.192.bl.good.test. A 127.0.0.10
	10.2.0.192.bl.good.test. TXT "Spam since Tuesday" " https://good.test/10"
	12.2.0.192.bl.good.test. A 127.255.255.255
	13.2.0.192.bl.good.test. A 127.0.0.1
	14.2.0.192.bl.good.test. A 192.0.2.80
	15.2.0.192.bl.good.test. A 127.0.0.2
	15.2.0.192.bl.good.test. A 127.255.255.254
	16.2.0.192.bl.good.test. A 127.0.0.77
	2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.bl.good.test. A 127.0.0.2
	0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.good.test. A 127.0.0.2
	; bl.world.test lists everything.
	bl.world.test. SOA ns.test. host.test. 1 7200 3600 1209600 300
	*.bl.world.test. A 127.0.0.2
	; bl.empty.test lists nothing.
	bl.empty.test. SOA ns.test. host.test. 1 7200 3600 1209600 300
	; bl.public.test refuses everybody.
	bl.public.test. SOA ns.test. host.test. 1 7200 3600 1209600 300
	*.bl.public.test. A 127.255.255.254
	; bl.parked.test was sold.
	bl.parked.test. SOA ns.test. host.test. 1 7200 3600 1209600 300
	*.bl.parked.test. A 203.0.113.80
	; bl.gone.test does not exist, and its parent says so.
	bl.quiet.test. SOA ns.test. host.test. 1 7200 3600 1209600 300
	2.0.0.127.bl.quiet.test. A 127.0.0.2
	; dom.good.test has domains.
	dom.good.test. SOA ns.test. host.test. 1 7200 3600 1209600 300
	test.dom.good.test. A 127.0.0.254
	spam.example.dom.good.test. A 127.0.0.72
	spam.example.dom.good.test. TXT "named in spam"
	refused.example.dom.good.test. A 127.0.0.1
	; allow.test vouches.
	allow.test. SOA ns.test. host.test. 1 7200 3600 1209600 300
	2.0.0.127.allow.test. A 127.0.10.0
	11.2.0.192.allow.test. A 127.0.9.2
	17.2.0.192.allow.test. A 127.0.0.255
`

const worldLists = `
lists:
  - zone: bl.good.test
    name: Good
    kinds: [ipv4, ipv6]
    weight: critical
    codes:
      - {answer: 127.0.0.2, sublist: SBL, meaning: spam}
      - {answer: 127.0.0.10, sublist: PBL, meaning: dial-up, weight: error}
    delisting: {url: "https://good.test/out", steps: "Look the address up."}
  - {zone: bl.world.test, weight: error}
  - {zone: bl.empty.test, weight: warning}
  - {zone: bl.public.test, weight: error}
  - {zone: bl.parked.test, weight: warning}
  - {zone: bl.gone.test, weight: error}
  - {zone: bl.quiet.test, weight: notice}
  - zone: dom.good.test
    name: Domains
    kinds: [domain]
    weight: error
    mask: true
    registrable: true
    codes:
      - {answer: 127.0.0.8, sublist: PH, meaning: phishing}
      - {answer: 127.0.0.64, sublist: ABUSE, meaning: named in spam, weight: critical}
    refusals: [{answer: 127.0.0.1, meaning: refused here}]
  - zone: allow.test
    name: Allow
    kinds: [ipv4, allow]
    weight: info
    test: {listed: [127.0.0.2], answer: 127.0.10.0}
    codes: [{answer: "127.0.*.2", sublist: medium, effect: credit}]
    refusals: [{answer: 127.0.0.255, meaning: quota}, {answer: "127.0.10.*", meaning: quota}]
  - {zone: bl.closed.test, dead: 2024-06-05}
`

func worldAsker(t testing.TB) *asker {
	return &asker{next: dnstest.Zone(t, strings.Replace(world, "@ SOA", "test. SOA", 1)), spoil: failing("bl.quiet.test", resolver.Timeout)}
}
