package dmarc

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mailworthy/resolver"
)

func TestWalkDomains(t *testing.T) {
	tests := []struct{ domain, want string }{
		{"com", "com"},
		{"a.mail.example.com", "a.mail.example.com mail.example.com example.com com"},
		{"1.2.3.4.5.6.7", "1.2.3.4.5.6.7 2.3.4.5.6.7 3.4.5.6.7 4.5.6.7 5.6.7 6.7 7"},
		{"1.2.3.4.5.6.7.8", "1.2.3.4.5.6.7.8 2.3.4.5.6.7.8 3.4.5.6.7.8 4.5.6.7.8 5.6.7.8 6.7.8 7.8 8"},
		{"0.1.2.3.4.5.6.7.8", "0.1.2.3.4.5.6.7.8 2.3.4.5.6.7.8 3.4.5.6.7.8 4.5.6.7.8 5.6.7.8 6.7.8 7.8 8"},
	}
	for _, test := range tests {
		if got := strings.Join(walkDomains(test.domain), " "); got != test.want {
			t.Errorf("%s: %s", test.domain, got)
		}
	}
}

// TestOrganization: which name a walk comes to, and which record applies.
func TestOrganization(t *testing.T) {
	tests := []struct {
		name, zone, domain string
		org, policy        string
		queries            int
	}{
		{"nothing anywhere", ``, "mail.acme.example", "mail.acme.example", "", 3},
		{"its own", `_dmarc.acme.example TXT "v=DMARC1; p=none"`, "acme.example", "acme.example", "acme.example", 2},
		{"the parent's", `_dmarc.acme.example TXT "v=DMARC1; p=none"`, "mail.acme.example", "acme.example", "acme.example", 3},
		{"own record, the parent's organization", `
			_dmarc.acme.example TXT "v=DMARC1; p=none"
			_dmarc.mail.acme.example TXT "v=DMARC1; p=reject"`, "mail.acme.example", "acme.example", "mail.acme.example", 3},
		{"not the nearest ancestor", `
			_dmarc.acme.example TXT "v=DMARC1; p=none"
			_dmarc.mail.acme.example TXT "v=DMARC1; p=reject"`, "a.mail.acme.example", "acme.example", "acme.example", 4},
		{"psd=n ends the walk", `
			_dmarc.acme.example TXT "v=DMARC1; p=none"
			_dmarc.mail.acme.example TXT "v=DMARC1; p=reject; psd=n"`, "a.mail.acme.example", "mail.acme.example", "mail.acme.example", 2},
		{"psd=y: one label below", `_dmarc.example TXT "v=DMARC1; p=none; psd=y"`, "a.b.acme.example", "acme.example", "example", 4},
		{"psd=y: records between count for nothing", `
			_dmarc.example TXT "v=DMARC1; p=none; psd=y"
			_dmarc.b.acme.example TXT "v=DMARC1; p=reject"`, "a.b.acme.example", "acme.example", "example", 4},
		{"psd=y at the start", `
			_dmarc.example TXT "v=DMARC1; p=none"
			_dmarc.bank.example TXT "v=DMARC1; p=reject; psd=y"`, "bank.example", "bank.example", "bank.example", 1},
		{"psd=u is no psd", `_dmarc.acme.example TXT "v=DMARC1; p=none; psd=u"`, "mail.acme.example", "acme.example", "acme.example", 3},
		{"an invalid psd is u", `_dmarc.acme.example TXT "v=DMARC1; p=none; psd=yes"`, "mail.acme.example", "acme.example", "acme.example", 3},
		{"several at the domain: the parent's applies", `
			_dmarc.mail.acme.example TXT "v=DMARC1; p=reject"
			_dmarc.mail.acme.example TXT "v=DMARC1; p=none"
			_dmarc.acme.example TXT "v=DMARC1; p=quarantine"`, "mail.acme.example", "acme.example", "acme.example", 3},
		{"several with psd=n do not end it", `
			_dmarc.acme.example TXT "v=DMARC1; p=reject; psd=n"
			_dmarc.acme.example TXT "v=DMARC1; p=none; psd=n"`, "mail.acme.example", "mail.acme.example", "", 3},
		{"other TXT is dropped before counting", `
			_dmarc.acme.example TXT "v=spf1 -all"
			_dmarc.acme.example TXT "v=DMARC1; p=none"
			_dmarc.acme.example TXT " v=DMARC1; p=none"`, "acme.example", "acme.example", "acme.example", 2},
		{"strings are joined", `_dmarc.acme.example TXT "v=DM" "ARC1; p=none"`, "acme.example", "acme.example", "acme.example", 2},
		{"an alias", `
			_dmarc.acme.example CNAME policy.esp.example
			policy.esp.example TXT "v=DMARC1; p=none"`, "acme.example", "acme.example", "acme.example", 2},
		{"cut to seven labels", `_dmarc.c.d.e.f.g.acme.example TXT "v=DMARC1; p=reject; psd=n"`,
			"m.a.b.c.d.e.f.g.acme.example", "c.d.e.f.g.acme.example", "c.d.e.f.g.acme.example", 2},
		{"what the cut leaves out is never found", `_dmarc.b.c.d.e.f.g.acme.example TXT "v=DMARC1; p=reject; psd=n"`,
			"m.a.b.c.d.e.f.g.acme.example", "m.a.b.c.d.e.f.g.acme.example", "", 8},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := discover(t, test.zone, test.domain)
			if d.OrganizationalDomain != test.org || d.PolicyDomain != test.policy || len(d.Queries) != test.queries {
				t.Errorf("organization %q, policy at %q, %d queries; want %q, %q, %d",
					d.OrganizationalDomain, d.PolicyDomain, len(d.Queries), test.org, test.policy, test.queries)
			}
			if o := organizationalDomain(context.Background(), world(t, test.zone), test.domain); o != test.org {
				t.Errorf("the walk alone says %q", o)
			}
		})
	}
}

// TestPolicyTag: which of p, sp and np applies (RFC 9989, 4.10.1).
func TestPolicyTag(t *testing.T) {
	const here = "\nsub.acme.example A 192.0.2.1"
	const below = "\nx.sub.acme.example A 192.0.2.1"
	tests := []struct{ name, record, zone, domain, want string }{
		{"own", "p=reject; sp=none; np=none", "", "acme.example", "reject reject p"},
		{"existing subdomain", "p=reject; sp=quarantine; np=none", here, "sub.acme.example", "quarantine quarantine sp"},
		{"NODATA is existing", "p=reject; sp=quarantine; np=none", below, "sub.acme.example", "quarantine quarantine sp"},
		{"NXDOMAIN", "p=reject; sp=quarantine; np=none", "", "sub.acme.example", "none none np"},
		{"np falls back to sp", "p=reject; sp=quarantine", "", "sub.acme.example", "quarantine quarantine sp"},
		{"sp falls back to p", "p=reject; np=none", here, "sub.acme.example", "reject reject p"},
		{"both fall back", "p=reject", "", "sub.acme.example", "reject reject p"},
		{"t=y", "p=reject; t=y", here, "sub.acme.example", "reject quarantine p"},
		{"t=y on quarantine", "p=quarantine; t=y", "", "acme.example", "quarantine none p"},
		{"t=y on none", "p=none; t=y", "", "acme.example", "none none p"},
		{"invalid sp with rua", "p=reject; sp=x; rua=mailto:a@acme.example", here, "sub.acme.example", "none none p"},
		{"invalid sp without", "p=reject; sp=x", here, "acme.example", "  "},
		{"whether it exists is not known, and matters", "p=reject; np=none", "\n!sub.acme.example servfail", "sub.acme.example", "   undecided"},
		{"whether it exists is not known, and does not matter", "p=reject", "\n!sub.acme.example servfail", "sub.acme.example", "reject reject p"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := discover(t, "_dmarc.acme.example TXT \"v=DMARC1; "+test.record+"\""+test.zone, test.domain)
			got := fmt.Sprintf("%s %s %s", d.Policy, d.EffectivePolicy, d.Tag)
			if d.Undecided.Policy != "" {
				got += " undecided"
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestSilence: what a step that does not answer leaves undecided, and what not.
func TestSilence(t *testing.T) {
	const own = "_dmarc.mail.acme.co.uk TXT \"v=DMARC1; p=reject\"\n"
	const parent = "_dmarc.acme.co.uk TXT \"v=DMARC1; p=none; sp=reject\"\n"
	tests := []struct {
		name, zone, domain string
		policy             string // at, or "?" for undecided
		org                string
	}{
		{"the domain's own step", parent + "!_dmarc.mail.acme.co.uk timeout", "mail.acme.co.uk", "?", "?"},
		{"a step in between that could end the walk", "!_dmarc.acme.co.uk servfail\n" + own, "mail.acme.co.uk", "mail.acme.co.uk", "?"},
		{"the parent's step", "!_dmarc.acme.co.uk timeout", "mail.acme.co.uk", "?", "?"},
		{"a public suffix below which there is a record", parent + "!_dmarc.co.uk servfail", "mail.acme.co.uk", "acme.co.uk", "acme.co.uk"},
		{"the top of the tree: psd=y there would make co.uk the organization", parent + "!_dmarc.uk refused", "acme.co.uk", "acme.co.uk", "?"},
		{"a public suffix without a record below: its own would apply", "!_dmarc.co.uk servfail", "acme.co.uk", "?", "acme.co.uk"},
		{"both suffixes", parent + "!_dmarc.co.uk servfail\n!_dmarc.uk servfail", "acme.co.uk", "acme.co.uk", "?"},
		{"above psd=n nothing matters", "_dmarc.acme.co.uk TXT \"v=DMARC1; p=none; psd=n\"\n!_dmarc.co.uk timeout", "acme.co.uk", "acme.co.uk", "acme.co.uk"},
		{"everything", "!_dmarc.mail.acme.co.uk timeout\n!_dmarc.acme.co.uk timeout\n!_dmarc.co.uk timeout\n!_dmarc.uk timeout", "mail.acme.co.uk", "?", "?"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := discover(t, test.zone, test.domain)
			policy, org := d.PolicyDomain, d.OrganizationalDomain
			if d.Undecided.Policy != "" {
				policy = "?"
			}
			if d.Undecided.OrganizationalDomain != "" {
				org = "?"
			}
			if policy != test.policy || org != test.org {
				t.Errorf("policy at %s, organization %s; want %s, %s (%+v)", policy, org, test.policy, test.org, d.Undecided)
			}
			if enforces := d.Enforces(); (enforces == nil) != (policy == "?") {
				t.Errorf("Enforces is %v", enforces)
			}
		})
	}
}

// TestRounds: the walk, and all that does not depend on it, is one round; the
// destinations are a second. The clock is a fake one, in which only answers
// take time.
func TestRounds(t *testing.T) {
	const latency = time.Second
	const zone = `
		_dmarc.acme.example TXT "v=DMARC1; p=reject; rua=mailto:a@one.example,mailto:b@two.example; ruf=mailto:c@three.example"
		acme.example A 192.0.2.1`
	tests := []struct {
		name   string
		rounds int
		run    func(context.Context, resolver.Resolver)
	}{
		{"a walk", 1, func(ctx context.Context, r resolver.Resolver) {
			organizationalDomain(ctx, r, "1.2.3.4.5.6.7.8.9.example")
		}},
		{"no record", 1, func(ctx context.Context, r resolver.Resolver) { Discover(ctx, r, "a.b.c.d.e.f.g.h.nothing.example") }},
		{"with destinations", 2, func(ctx context.Context, r resolver.Resolver) { Discover(ctx, r, "acme.example") }},
		{"with alignments", 2, func(ctx context.Context, r resolver.Resolver) {
			DiscoverAligned(ctx, r, "acme.example", []string{"b.acme.example", "esp.example"}, []string{"esp.example", "x.example"})
		}},
		{"align after it", 3, func(ctx context.Context, r resolver.Resolver) {
			align(ctx, r, Discover(ctx, r, "acme.example"), "a.test", "b.invalid")
		}},
		{"evaluate", 2, func(ctx context.Context, r resolver.Resolver) {
			Evaluate(ctx, r, Identities{From: "acme.example", SPF: []Identity{{"a.example", "pass"}}, DKIM: []Identity{{"b.example", "pass"}}})
		}},
		{"evaluate, equal names", 1, func(ctx context.Context, r resolver.Resolver) {
			Evaluate(ctx, r, Identities{From: "acme.example", DKIM: []Identity{{"acme.example", "pass"}}})
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dns := world(t, zone)
			dns.latency = latency
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				test.run(t.Context(), dns)
				if rounds := int(time.Since(start) / latency); rounds != test.rounds {
					t.Errorf("%d rounds, want %d", rounds, test.rounds)
				}
			})
			slices.Sort(dns.asked)
			for i := 1; i < len(dns.asked); i++ {
				if dns.asked[i] == dns.asked[i-1] {
					t.Errorf("%s was asked twice", dns.asked[i])
				}
			}
		})
	}
}

// FuzzWalk walks through random trees with faults: at most eight questions, and
// what is decided agrees with every way the silent steps could turn out.
func FuzzWalk(f *testing.F) {
	f.Add(uint64(1), "a.b.c.example")
	f.Add(uint64(2), "1.2.3.4.5.6.7.8.9.10.example")
	f.Add(uint64(3), "..")
	f.Add(uint64(4), strings.Repeat("a.", 126)+"a")
	f.Add(uint64(5), "Ünïcode.EXAMPLE.")
	records := []string{"v=DMARC1; p=none", "v=DMARC1; p=reject; psd=n", "v=DMARC1; p=reject; psd=y; rua=mailto:x@y.example",
		"v=DMARC1; sp=x", "v=spf1 -all", " v=DMARC1"}
	f.Fuzz(func(t *testing.T, seed uint64, domain string) {
		random := rand.New(rand.NewPCG(seed, 0))
		dns := &randomDNS{random: random, records: records, answers: map[string]*resolver.Answer{}}
		d := &Discovery{}
		name, err := canonical(domain)
		if err != nil {
			if d := Discover(t.Context(), dns, domain); d.Error == "" || len(Check(d, Context{}).Findings()) == 0 {
				t.Fatalf("%q: no error", domain)
			}
			return
		}
		d.Domain = name
		for _, w := range walkDomains(name) {
			dns.fill(recordName(w))
		}
		b := resolver.NewBatch(t.Context(), dns)
		qs := new(asker).askWalk(b, name)
		if len(qs) > 8 {
			t.Fatalf("%d questions", len(qs))
		}
		b.Run()
		d.Walk = readWalk(qs)
		d.Queries = queries(d.Walk)
		d.decide()
		silent := 0
		for i := range d.Walk {
			if d.Walk[i].Outcome == Unanswered {
				silent++
			}
		}
		if silent == 0 && d.OrganizationalDomain == "" {
			t.Fatal("everything was answered, and the organizational domain is undecided")
		}
		everyWay(func(supposed map[string]held) bool {
			c := conclude(d.Walk, supposed)
			if d.OrganizationalDomain != "" && c.org != d.OrganizationalDomain {
				t.Fatalf("decided %s, but it could be %s", d.OrganizationalDomain, c.org)
			}
			if !(c.org == name || strings.HasSuffix(name, "."+c.org)) {
				t.Fatalf("%s is no ancestor of %s", c.org, name)
			}
			if d.Undecided.Policy == "" && c.policy >= 0 && d.Walk[c.policy].Domain != d.PolicyDomain {
				t.Fatalf("decided the record at %q, but it could be that at %s", d.PolicyDomain, d.Walk[c.policy].Domain)
			}
			return true
		}, d.Walk)
		Check(d, Context{}).Findings()
		d.Next(Context{})
	})
}

// randomDNS answers TXT questions at random, the same each time.
type randomDNS struct {
	random  *rand.Rand
	records []string
	answers map[string]*resolver.Answer
}

func (r *randomDNS) fill(name string) {
	a := &resolver.Answer{Name: name, Type: resolver.TypeTXT, Status: resolver.NXDomain}
	switch n := r.random.IntN(10); {
	case n < 2:
		a = nil
	case n < 6:
		a.Status = resolver.Found
		for range 1 + r.random.IntN(2) {
			a.Records = append(a.Records, resolver.Record{Type: resolver.TypeTXT, TXT: []string{r.records[r.random.IntN(len(r.records))]}})
		}
	}
	r.answers[name] = a
}

func (r *randomDNS) Lookup(_ context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	a, ok := r.answers[name]
	if !ok || a == nil || t != resolver.TypeTXT {
		return nil, &resolver.Error{Name: name, Type: t, Reason: resolver.ServFail}
	}
	return a, nil
}

// The benchmarks are of what the examination itself costs: the session knows the
// answers.
func BenchmarkWalk(b *testing.B) {
	dns := world(b, `_dmarc.acme.example TXT "v=DMARC1; p=reject; rua=mailto:a@acme.example"`)
	session := resolver.NewSession(dns, 0)
	b.ReportAllocs()
	for b.Loop() {
		organizationalDomain(b.Context(), session, "a.b.c.mail.acme.example")
	}
}

func BenchmarkDiscover(b *testing.B) {
	dns := world(b, `
		acme.example TXT "v=spf1 mx -all"
		acme.example TXT "google-site-verification=0123456789abcdefghijklmnopqrstuvwxyz0123456"
		_dmarc.acme.example TXT "v=DMARC1; p=quarantine; sp=reject; rua=mailto:dmarc@acme.example"
		_dmarc.example.org TXT "v=DMARC1; p=reject; rua=mailto:a@acme.example,mailto:b@reports.example"`)
	for _, domain := range []string{"acme.example", "mail.acme.example", "example.org", "nothing.example"} {
		b.Run(domain, func(b *testing.B) {
			session := resolver.NewSession(dns, 0)
			b.ReportAllocs()
			for b.Loop() {
				Discover(b.Context(), session, domain)
			}
			b.ReportMetric(float64(session.Queries()), "queries/op")
		})
	}
}

// organizationalDomain is where a walk from the domain ends (RFC 9989, 4.10.2); "" if that
// is not decided.
func organizationalDomain(ctx context.Context, r resolver.Resolver, domain string) string {
	domain, err := canonical(domain)
	if err != nil {
		return ""
	}
	b := resolver.NewBatch(ctx, r)
	walk := new(asker).askWalk(b, domain)
	b.Run()
	org, _ := organization(readWalk(walk))
	return org
}

// align judges envelope domains against the domain of d, all at once.
func align(ctx context.Context, r resolver.Resolver, d *Discovery, domains ...string) []Alignment {
	b := resolver.NewBatch(ctx, r)
	identifiers := new(asker).askIdentifiers(b, d, "spf", domains)
	b.Run()
	return judgeAll(d, identifiers)
}
