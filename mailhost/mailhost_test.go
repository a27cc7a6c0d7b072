package mailhost

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/internal/runtest"
	"mailworthy/resolver"
)

func TestMain(m *testing.M) {
	runtest.AtOnce(16)
	goleak.VerifyTestMain(m)
}

// asker counts questions, delays them, and fails those that it is told to.
type asker struct {
	next  resolver.Resolver
	delay time.Duration
	// fail is a space-separated list of "name TYPE", "name" or "TYPE".
	fail []string

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
	for _, f := range a.fail {
		if f == name || f == name+" "+t.String() || f == t.String() {
			return nil, &resolver.Error{Name: name, Type: t, Reason: resolver.ServFail}
		}
	}
	return a.next.Lookup(ctx, name, t)
}

// world has a domain for each case. Everything in it that does not exist is NXDOMAIN.
const world = `
	$ORIGIN example.
	$TTL 300
	@ SOA ns.example. host.example. 1 7200 3600 1209600 300
	acme SOA ns.example. host.example. 1 7200 3600 1209600 300
	acme MX 10 mx1.acme
	acme MX 20 mx2.acme
	acme A 192.0.2.80
	mx1.acme A 192.0.2.10
	mx1.acme AAAA 2001:db8::10
	mx2.acme A 192.0.2.11
	bounce.acme MX 10 mx1.acme
	nullbounce.acme MX 0 .
	txtbounce.acme TXT "v=spf1 -all"
	ownbounce.acme A 192.0.2.12
	sixbounce.acme AAAA 2001:db8::12
	deadbounce.acme MX 10 feedback-smtp.eu-west-l.ses.example.
	halfbounce.acme MX 10 mx1.acme
	halfbounce.acme MX 20 mx9.acme
	aliasbounce.acme CNAME mx1.acme

	implicit SOA ns.example. host.example. 1 7200 3600 1209600 300
	implicit A 192.0.2.80
	missing SOA ns.example. host.example. 1 7200 3600 1209600 300
	null SOA ns.example. host.example. 1 7200 3600 1209600 300
	null MX 0 .
	null10 SOA ns.example. host.example. 1 7200 3600 1209600 300
	null10 MX 10 .
	notalone SOA ns.example. host.example. 1 7200 3600 1209600 300
	notalone MX 0 .
	notalone MX 10 mx1.acme
	notalone MX 20 mx2.acme
	twonulls SOA ns.example. host.example. 1 7200 3600 1209600 300
	twonulls MX 0 .
	twonulls MX 10 .
	broken SOA ns.example. host.example. 1 7200 3600 1209600 300
	broken MX 10 gone.broken
	broken MX 20 alias.broken
	broken MX 30 192.0.2.1.
	broken MX 40 inside.broken
	broken MX 50 mx1.acme
	broken MX 60 mx1.acme
	alias.broken CNAME mx2.acme
	inside.broken A 10.0.0.1
	inside.broken AAAA fe80::1
	single SOA ns.example. host.example. 1 7200 3600 1209600 300
	single MX 10 mx1.acme
	provider SOA ns.example. host.example. 1 7200 3600 1209600 300
	provider MX 10 many.provider
	many.provider A 192.0.2.20
	many.provider A 192.0.2.21
	nosoa MX 10 mx1.acme
	nosoa MX 20 mx2.acme
	dangling CNAME nowhere.nosoa

	dotless SOA ns.example. host.example. 1 7200 3600 1209600 300
	dotless MX 10 mx1.acme
	dotless MX 30 192.0.2.7.dotless
	named SOA ns.example. host.example. 1 7200 3600 1209600 300
	named MX 10 mx1.acme
	named MX 30 192.0.2.7.named
	192.0.2.7.named A 192.0.2.7
	wild SOA ns.example. host.example. 1 7200 3600 1209600 300
	wild MX 10 mx1.acme
	wild MX 30 192.0.2.7.sub.wild
	sub.wild MX 10 mx1.acme
	sub.wild MX 30 192.0.2.7.sub.wild
	*.sub.wild A 192.0.2.80
	taken SOA ns.example. host.example. 1 7200 3600 1209600 300
	taken MX 10 mail.taken
	taken MX 30 192.0.2.7.taken
	mail.taken A 192.0.2.6
	known SOA ns.example. host.example. 1 7200 3600 1209600 300
	known MX 10 mail.known
	known MX 30 192.0.2.6.
	mail.known A 192.0.2.6
	both SOA ns.example. host.example. 1 7200 3600 1209600 300
	both MX 10 mx2.acme
	both MX 20 alias.both
	alias.both CNAME mx2.acme
	twice SOA ns.example. host.example. 1 7200 3600 1209600 300
	twice MX 10 one.twice
	twice MX 20 two.twice
	one.twice CNAME mx1.acme
	two.twice CNAME mx1.acme
	nowhere SOA ns.example. host.example. 1 7200 3600 1209600 300
	nowhere MX 10 mx1.acme
	nowhere MX 20 alias.nowhere
	alias.nowhere CNAME gone.nowhere
`

func worldAsker(t testing.TB, fail ...string) *asker {
	return &asker{next: dnstest.Zone(t, world), fail: fail}
}

// found are the findings as text, passes left out.
func found(all []finding.Finding) []string {
	var out []string
	for _, f := range all {
		if f.Severity == finding.Pass {
			continue
		}
		s := fmt.Sprintf("%s %s %s", f.Severity, f.Check, f.Subject)
		if f.CouldBe != "" {
			s += " could be " + string(f.CouldBe)
		}
		if f.Undecides {
			s += " undecides"
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return out
}

func passed(all []finding.Finding, id string) bool {
	return slices.ContainsFunc(all, func(f finding.Finding) bool { return f.Check == id && f.Severity == finding.Pass })
}

func TestDomain(t *testing.T) {
	tests := []struct {
		domain  string
		profile finding.Profile
		fail    []string
		mx      MXState
		want    []string
		passes  string
	}{
		{"acme.example", finding.Sender, nil, MXPresent, nil, "domain-missing domain-no-soa mx-missing mx-implicit mx-null mx-null-not-alone mx-unresolvable mx-cname mx-ip-literal mx-private-address mx-single mx-duplicate"},
		{"implicit.example", finding.Sender, nil, MXNone, []string{"warning mx-implicit implicit.example"}, "mx-missing"},
		{"implicit.example", finding.Parked, nil, MXNone, []string{"notice mx-implicit implicit.example"}, "mx-missing"},
		{"missing.example", finding.Sender, nil, MXNone, []string{"error mx-missing missing.example"}, "domain-missing"},
		{"missing.example", finding.Parked, nil, MXNone, []string{"info mx-missing missing.example"}, "domain-missing"},
		{"null.example", finding.Sender, nil, MXNull, []string{"error mx-null null.example"}, "mx-missing mx-null-not-alone mx-null-preference"},
		{"null.example", finding.Receiver, nil, MXNull, []string{"error mx-null null.example"}, ""},
		{"null.example", finding.Parked, nil, MXNull, nil, "mx-null mx-missing"},
		{"null10.example", finding.Parked, nil, MXNull, []string{"notice mx-null-preference null10.example"}, "mx-null"},
		{"notalone.example", finding.Sender, nil, MXPresent, []string{"error mx-null-not-alone notalone.example"}, "mx-null"},
		{"twonulls.example", finding.Parked, nil, MXNull, []string{"error mx-null-not-alone twonulls.example"}, "mx-null"},
		{"broken.example", finding.Sender, nil, MXPresent, []string{
			"error mx-cname alias.broken.example", "error mx-ip-literal 192.0.2.1",
			"error mx-private-address inside.broken.example",
			"error mx-unresolvable gone.broken.example", "notice mx-duplicate mx1.acme.example"}, ""},
		{"single.example", finding.Sender, nil, MXPresent, []string{"notice mx-single single.example"}, ""},
		{"single.example", finding.Parked, nil, MXPresent, nil, "mx-single"},
		{"provider.example", finding.Sender, nil, MXPresent, nil, "mx-single"},
		{"dotless.example", finding.Sender, nil, MXPresent, []string{"error mx-ip-literal 192.0.2.7.dotless.example"}, "mx-unresolvable"},
		{"dotless.example", finding.Sender, []string{"192.0.2.7.dotless.example"}, MXPresent, []string{"unknown hosts-unresolved 192.0.2.7.dotless.example could be error"}, ""},
		{"named.example", finding.Sender, nil, MXPresent, nil, "mx-ip-literal"},
		{"sub.wild.example", finding.Sender, nil, MXPresent, []string{"error mx-ip-literal 192.0.2.7.sub.wild.example"}, ""},
		{"both.example", finding.Sender, nil, MXPresent, []string{"error mx-cname alias.both.example"}, ""},
		{"nowhere.example", finding.Sender, nil, MXPresent, []string{"error mx-unresolvable alias.nowhere.example"}, ""},
		{"gone.test", finding.Sender, nil, MXNone, []string{"unknown hosts-unresolved gone.test could be critical undecides"}, ""},
		{"gone.example", finding.Sender, nil, MXNone, []string{"critical domain-missing gone.example"}, ""},
		{"dangling.example", finding.Sender, nil, MXNone, []string{"error domain-no-soa dangling.example", "error mx-missing dangling.example"}, "domain-missing"},

		{"acme.example", finding.Sender, []string{"MX"}, MXUnknown, []string{"unknown hosts-unresolved acme.example could be error undecides"}, "domain-missing"},
		{"acme.example", finding.Sender, []string{"acme.example"}, MXUnknown, []string{"unknown hosts-unresolved acme.example could be critical undecides"}, ""},
		{"acme.example", finding.Sender, []string{"acme.example SOA"}, MXPresent, []string{"unknown hosts-unresolved acme.example could be error"}, "mx-single"},
		{"acme.example", finding.Sender, []string{"mx1.acme.example", "mx2.acme.example AAAA"}, MXPresent, []string{"unknown hosts-unresolved mx1.acme.example could be error"}, "mx-single"},
		{"implicit.example", finding.Sender, []string{"implicit.example A"}, MXNone, []string{"unknown hosts-unresolved implicit.example could be error undecides"}, "mx-null"},
		{"gone.example", finding.Sender, []string{"MX", "A"}, MXUnknown, []string{"critical domain-missing gone.example"}, ""},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.domain, " ", tt.profile, tt.fail), func(t *testing.T) {
			d := ExamineDomain(t.Context(), worldAsker(t, tt.fail...), tt.domain)
			if d.MX != tt.mx && tt.domain != "gone.test" {
				t.Errorf("MX %s, want %s", d.MX, tt.mx)
			}
			all := Check(&Facts{Domain: d}, Context{Profile: tt.profile}).Findings()
			slices.Sort(tt.want)
			if got := found(all); !slices.Equal(got, tt.want) {
				t.Errorf("found %q\nwant  %q", got, tt.want)
			}
			for id := range strings.FieldsSeq(tt.passes) {
				if !passed(all, id) {
					t.Errorf("%s did not pass", id)
				}
			}
			for _, f := range all {
				if f.Severity != finding.Pass && (f.Detail == "" || len(f.Evidence) == 0) {
					t.Errorf("%s lacks detail or evidence: %+v", f.Check, f)
				}
			}
		})
	}
}

func TestDomainFacts(t *testing.T) {
	d := ExamineDomain(t.Context(), worldAsker(t), "Broken.Example.")
	if got := d.MXHosts(); !slices.Equal(got, []string{"gone.broken.example", "alias.broken.example", "inside.broken.example", "mx1.acme.example"}) {
		t.Errorf("MX hosts %q", got)
	}
	var got []string
	senders, _ := ExamineDomain(t.Context(), worldAsker(t), "acme.example").Senders()
	for _, s := range senders {
		got = append(got, s.Addr.String()+" "+s.Host)
	}
	if !slices.Equal(got, []string{"192.0.2.10 mx1.acme.example", "2001:db8::10 mx1.acme.example", "192.0.2.11 mx2.acme.example"}) {
		t.Errorf("addresses %q", got)
	}
	for _, domain := range []string{"implicit.example", "null.example"} {
		if got, hosts := ExamineDomain(t.Context(), worldAsker(t), domain).Senders(); len(got) != 0 || len(hosts) != 0 {
			t.Errorf("%s sends from %v", domain, got)
		}
	}
}

// The fixes must be records that are ready to paste.
func TestDomainFixes(t *testing.T) {
	record := func(f *finding.Fix) string {
		s := fmt.Sprintf("%s %s %s", f.Name, f.Type, f.Value)
		for _, r := range f.Remove {
			s += fmt.Sprintf("; without %s %s %s", r.Name, r.Type, r.Value)
		}
		for _, r := range f.More {
			s += fmt.Sprintf("; with %s %s %s", r.Name, r.Type, r.Value)
		}
		return s
	}
	tests := []struct {
		domain  string
		profile finding.Profile
		check   string
		want    string
	}{
		{"implicit.example", finding.Sender, "mx-implicit", "implicit.example MX 10 <the host that takes the mail of implicit.example>"},
		{"implicit.example", finding.Parked, "mx-implicit", "  "},
		{"missing.example", finding.Parked, "mx-missing", "missing.example MX 0 ."},
		{"null10.example", finding.Parked, "mx-null-preference", "null10.example MX 0 .; without null10.example MX 10 ."},
		{"notalone.example", finding.Sender, "mx-null-not-alone", "  ; without notalone.example MX 0 ."},
		{"notalone.example", finding.Parked, "mx-null-not-alone", "notalone.example MX 0 .; without notalone.example MX 10 mx1.acme.example; without notalone.example MX 20 mx2.acme.example"},
		{"notalone.example", finding.Receiver, "mx-null-not-alone", "  "},
		{"broken.example", finding.Sender, "mx-cname", "broken.example MX 20 mx2.acme.example; without broken.example MX 20 alias.broken.example"},
		{"broken.example", finding.Sender, "mx-ip-literal", "broken.example MX 30 <the name of the host 192.0.2.1>; without broken.example MX 30 192.0.2.1; with <the name of the host 192.0.2.1> A 192.0.2.1"},
		{"dotless.example", finding.Sender, "mx-ip-literal", "dotless.example MX 30 <the name of the host 192.0.2.7>; without dotless.example MX 30 192.0.2.7.dotless.example; with <the name of the host 192.0.2.7> A 192.0.2.7"},
		{"taken.example", finding.Sender, "mx-ip-literal", "taken.example MX 30 <the name of the host 192.0.2.7>; without taken.example MX 30 192.0.2.7.taken.example; with <the name of the host 192.0.2.7> A 192.0.2.7"},
		{"known.example", finding.Sender, "mx-ip-literal", "  ; without known.example MX 30 192.0.2.6"},
		{"both.example", finding.Sender, "mx-cname", "  ; without both.example MX 20 alias.both.example"},
		{"nowhere.example", finding.Sender, "mx-unresolvable", "  ; without nowhere.example MX 20 alias.nowhere.example"},
		{"twice.example", finding.Sender, "mx-cname one.twice.example", "twice.example MX 10 mx1.acme.example; without twice.example MX 10 one.twice.example"},
		{"twice.example", finding.Sender, "mx-cname two.twice.example", "  ; without twice.example MX 20 two.twice.example"},
		{"broken.example", finding.Sender, "mx-duplicate", "  ; without broken.example MX 60 mx1.acme.example"},
	}
	for _, tt := range tests {
		d := ExamineDomain(t.Context(), worldAsker(t), tt.domain)
		for _, f := range Check(&Facts{Domain: d}, Context{Profile: tt.profile}).Findings() {
			if (f.Check == tt.check || f.Check+" "+f.Subject == tt.check) && (f.Fix == nil || record(f.Fix) != tt.want) {
				t.Errorf("%s %s: %+v", tt.domain, tt.check, f.Fix)
			}
		}
	}
}

func TestEnvelope(t *testing.T) {
	r := worldAsker(t)
	a := ExamineSOA(t.Context(), r, []string{"bounce.acme.example", "nullbounce.acme.example", "gone.example", "nosoa.example", "x.nosoa.example"})
	all := Check(&Facts{Envelope: a}, Context{Profile: finding.Sender}).Findings()
	want := []string{"critical domain-missing gone.example", "critical domain-missing x.nosoa.example", "error domain-no-soa nosoa.example", "error mx-null nullbounce.acme.example"}
	if got := found(all); !slices.Equal(got, want) {
		t.Errorf("found %q\nwant  %q", got, want)
	}
	a = ExamineSOA(t.Context(), r, []string{"txtbounce.acme.example", "ownbounce.acme.example", "sixbounce.acme.example", "deadbounce.acme.example", "halfbounce.acme.example", "aliasbounce.acme.example"})
	all = Check(&Facts{Envelope: a, Domain: ExamineDomain(t.Context(), r, "acme.example")}, Context{Profile: finding.Sender}).Findings()
	for _, want := range []string{"warning mx-missing txtbounce.acme.example", "warning mx-unresolvable feedback-smtp.eu-west-l.ses.example", "warning mx-unresolvable mx9.acme.example"} {
		if !slices.Contains(found(all), want) {
			t.Errorf("%s is not among %q", want, found(all))
		}
	}
	for _, f := range all {
		if f.Severity.AtLeast(finding.Warning) && (strings.Contains(f.Detail, "own") || strings.Contains(f.Detail, "six") || strings.Contains(f.Detail, "alias")) {
			t.Errorf("%+v", f)
		}
		if f.Check == "mx-missing" && f.Severity == finding.Warning && (f.Fix.Complete || f.Fix.Type != "MX") {
			t.Errorf("%+v", f.Fix)
		}
	}
	// Of another organization's domain only its owner can publish a record; what is not
	// answered is not missing.
	for _, f := range Check(&Facts{Envelope: a}, Context{Profile: finding.Sender}).Findings() {
		if f.Check == "mx-missing" && f.Severity == finding.Error && f.Fix.Name != "" {
			t.Errorf("%+v", f.Fix)
		}
	}
	for _, domain := range []string{"txtbounce.acme.example", "bounce.acme.example"} {
		a = ExamineSOA(t.Context(), worldAsker(t, "A"), []string{domain})
		all := Check(&Facts{Envelope: a}, Context{Profile: finding.Sender}).Findings()
		for _, f := range all {
			if (f.Check == "mx-missing" || f.Check == "mx-unresolvable") && f.Severity.AtLeast(finding.Warning) {
				t.Errorf("%+v", f)
			}
		}
		if domain[0] == 't' && !slices.ContainsFunc(found(all), func(f string) bool { return strings.HasPrefix(f, "unknown hosts-unresolved") }) {
			t.Errorf("found %q", found(all))
		}
	}
	a = ExamineSOA(t.Context(), worldAsker(t, "SOA", "MX"), []string{"bounce.acme.example"})
	if got := found(Check(&Facts{Envelope: a}, Context{Profile: finding.Sender}).Findings()); len(got) != 2 || !strings.HasPrefix(got[0], "unknown hosts-unresolved") {
		t.Errorf("found %q", got)
	}
}

const reverse = `
	$TTL 300
	acme.example. SOA ns.example. host.example. 1 7200 3600 1209600 300
	mx1.acme.example. A 192.0.2.10
	mx1.acme.example. AAAA 2001:db8::10
	other.acme.example. A 192.0.2.99
	isp.test. SOA ns.example. host.example. 1 7200 3600 1209600 300
	13-2-0-192.isp.test. A 192.0.2.13
	14-2-0-192.isp.test. A 192.0.2.14
	mx1.isp.test. A 192.0.2.14
	2.0.192.in-addr.arpa. SOA ns.example. host.example. 1 7200 3600 1209600 300
	10.2.0.192.in-addr.arpa. PTR mx1.acme.example.
	12.2.0.192.in-addr.arpa. PTR other.acme.example.
	13.2.0.192.in-addr.arpa. PTR 13-2-0-192.isp.test.
	14.2.0.192.in-addr.arpa. PTR 14-2-0-192.isp.test.
	14.2.0.192.in-addr.arpa. PTR mx1.isp.test.
	15.2.0.192.in-addr.arpa. PTR gone.isp.test.
	16.2.0.192.in-addr.arpa. PTR mx1.acme.example.
	16.2.0.192.in-addr.arpa. PTR mx1.isp.test.
	17.2.0.192.in-addr.arpa. CNAME 17.0-63.2.0.192.in-addr.arpa.
	17.0-63.2.0.192.in-addr.arpa. PTR mx17.isp.test.
	mx17.isp.test. A 192.0.2.17
	mx17.isp.test. A 192.0.2.18
	19.2.0.192.in-addr.arpa. PTR mx17.isp.test.
	19.2.0.192.in-addr.arpa. PTR host19.isp.test.
	host19.isp.test. A 192.0.2.19
	20.2.0.192.in-addr.arpa. PTR gone.acme.example.
	20.2.0.192.in-addr.arpa. PTR other.acme.example.
	21.2.0.192.in-addr.arpa. CNAME 21.0-31.2.0.192.in-addr.arpa.
	21.0-31.2.0.192.in-addr.arpa. PTR gone.isp.test.
	21.0-31.2.0.192.in-addr.arpa. PTR mx17.isp.test.
	8.b.d.0.1.0.0.2.ip6.arpa. SOA ns.example. host.example. 1 7200 3600 1209600 300
	0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR mx1.acme.example.
	1.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR mx1.acme.example.
`

func TestAddresses(t *testing.T) {
	tests := []struct {
		addr string
		fail []string
		want []string
		fix  string
	}{
		{"192.0.2.10", nil, nil, ""},
		{"2001:db8::10", nil, nil, ""},
		{"::ffff:192.0.2.10", nil, nil, ""},
		{"192.0.2.17", nil, nil, ""},
		{"192.0.2.11", nil, []string{"error ptr-missing 192.0.2.11"}, "11.2.0.192.in-addr.arpa PTR <the name of the host 192.0.2.11>"},
		{"192.0.2.12", nil, []string{"error ptr-unconfirmed 192.0.2.12"}, "12.2.0.192.in-addr.arpa PTR <the name of the host 192.0.2.12>"},
		{"192.0.2.15", nil, []string{"error ptr-unconfirmed 192.0.2.15"}, "15.2.0.192.in-addr.arpa PTR <the name of the host 192.0.2.15>"},
		{"192.0.2.16", nil, []string{"error ptr-unconfirmed 192.0.2.16"}, "16.2.0.192.in-addr.arpa PTR <the name of the host 192.0.2.16>"},
		{"2001:db8::11", nil, []string{"error ptr-unconfirmed 2001:db8::11"}, "1.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR <the name of the host 2001:db8::11>"},
		{"192.0.2.13", nil, []string{"warning ptr-generic 192.0.2.13"}, "13.2.0.192.in-addr.arpa PTR <the name of the host 192.0.2.13>"},
		{"192.0.2.14", nil, nil, ""},
		{"192.0.2.19", nil, []string{"notice ptr-unconfirmed 192.0.2.19"}, "  "},
		{"192.0.2.20", nil, []string{"error ptr-unconfirmed 192.0.2.20"}, "gone.acme.example A 192.0.2.20"},
		{"192.0.2.21", nil, []string{"error ptr-unconfirmed 192.0.2.21"}, "21.0-31.2.0.192.in-addr.arpa PTR <the name of the host 192.0.2.21>"},
		{"192.0.2.10", []string{"PTR"}, []string{"unknown hosts-unresolved 192.0.2.10 could be error"}, ""},
		{"192.0.2.10", []string{"mx1.acme.example A"}, []string{"unknown hosts-unresolved 192.0.2.10 could be error"}, ""},
		{"2001:db8::10", []string{"mx1.acme.example A"}, nil, ""},
		{"192.0.2.19", []string{"mx17.isp.test"}, nil, ""},
		{"192.0.2.19", []string{"host19.isp.test"}, []string{"unknown hosts-unresolved 192.0.2.19 could be error"}, ""},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.addr, tt.fail), func(t *testing.T) {
			r := &asker{next: dnstest.Zone(t, reverse), fail: tt.fail}
			f := &Facts{Domain: &Domain{Name: "acme.example", Exists: Present, MX: MXNull, Authority: Authority{Domain: "acme.example", Organizational: "acme.example", SOA: Present}},
				Addresses: ExamineAddresses(t.Context(), r, []netip.Addr{netip.MustParseAddr(tt.addr)})}
			f.Domain.Exchanges = []Exchange{{Null: true, Host: Host{Name: "."}}}
			all := slices.DeleteFunc(Check(f, Context{Profile: finding.Sender}).Findings(), func(f finding.Finding) bool { return f.Check == "mx-null" })
			if got := found(all); !slices.Equal(got, tt.want) {
				t.Errorf("found %q, want %q", got, tt.want)
			}
			for _, f := range all {
				if f.Fix != nil && fmt.Sprintf("%s %s %s", f.Fix.Name, f.Fix.Type, f.Fix.Value) != tt.fix {
					t.Errorf("fix %+v", f.Fix)
				}
			}
			if all := Check(f, Context{Profile: finding.Parked}).Findings(); len(found(all)) != 0 {
				t.Errorf("a parked domain: %q", found(all))
			}
		})
	}
}

// The PTR record to ask for is the name of the host that has the address.
func TestPTRFixNamesTheHost(t *testing.T) {
	r := &asker{next: dnstest.Zone(t, reverse)}
	addr := netip.MustParseAddr("192.0.2.11")
	f := &Facts{Domain: &Domain{Name: "acme.example", Exists: Present, MX: MXPresent, Authority: Authority{SOA: Present},
		Exchanges: []Exchange{{Preference: 10, Host: Host{Name: "mx2.acme.example", Resolves: Present, Addresses: []netip.Addr{addr}}}}},
		Addresses: ExamineAddresses(t.Context(), r, []netip.Addr{addr})}
	fix := func() *finding.Fix {
		for _, f := range Check(f, Context{Profile: finding.Sender}).Findings() {
			if f.Check == "ptr-missing" {
				return f.Fix
			}
		}
		return &finding.Fix{}
	}
	if got := fix(); got.Value != "mx2.acme.example" || got.More != nil {
		t.Errorf("%+v", got)
	}
	f.HELO = []HELO{{Host: Host{Name: "out.acme.example", Resolves: Present, Addresses: []netip.Addr{addr}}}}
	if got := fix(); got.Value != "out.acme.example" {
		t.Errorf("%+v", got)
	}
}

func TestHELO(t *testing.T) {
	tests := []struct {
		helo string
		fail []string
		want []string
	}{
		{"MX1.acme.example.", nil, nil},
		{"other.acme.example", nil, []string{"warning helo-mismatch other.acme.example"}},
		{"gone.acme.example", nil, []string{"warning helo-mismatch gone.acme.example", "warning helo-unresolvable gone.acme.example"}},
		{"[192.0.2.10]", nil, []string{"warning helo-unresolvable [192.0.2.10]"}},
		{"[IPv6:2001:db8::10]", nil, []string{"warning helo-unresolvable [ipv6:2001:db8::10]"}},
		{"mx1.acme.example", []string{"mx1.acme.example AAAA"}, nil},
		{"other.acme.example", []string{"other.acme.example A"}, []string{"unknown hosts-unresolved other.acme.example could be warning", "warning helo-mismatch other.acme.example"}},
		{"other.acme.example", []string{"PTR"}, []string{"unknown hosts-unresolved 192.0.2.10 could be error", "unknown hosts-unresolved other.acme.example could be warning"}},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.helo, tt.fail), func(t *testing.T) {
			r := &asker{next: dnstest.Zone(t, reverse), fail: tt.fail}
			f := &Facts{Addresses: ExamineAddresses(t.Context(), r, []netip.Addr{netip.MustParseAddr("192.0.2.10")}), HELO: ExamineHELO(t.Context(), r, []string{tt.helo})}
			if got := found(Check(f, Context{Profile: finding.Sender}).Findings()); !slices.Equal(got, tt.want) {
				t.Errorf("found %q, want %q", got, tt.want)
			}
		})
	}
}

func TestBounds(t *testing.T) {
	var zone strings.Builder
	zone.WriteString("$TTL 300\nbig.test. SOA ns.test. h.test. 1 7200 3600 1209600 300\n2.0.192.in-addr.arpa. SOA ns.test. h.test. 1 7200 3600 1209600 300\n")
	for i := range 100 {
		fmt.Fprintf(&zone, "big.test. MX %d mx%d.big.test.\n10.2.0.192.in-addr.arpa. PTR mx%d.big.test.\n", i, i, i)
	}
	r := &asker{next: dnstest.Zone(t, zone.String())}
	d := ExamineDomain(t.Context(), r, "big.test")
	a := ExamineAddresses(t.Context(), r, []netip.Addr{netip.MustParseAddr("192.0.2.10")})
	if len(d.Exchanges) != maxExchanges || d.ExchangesLeftOut != 50 || len(a[0].Names) != maxPTRNames || a[0].NamesLeftOut != 90 {
		t.Errorf("%d + %d MX records, %d + %d PTR names", len(d.Exchanges), d.ExchangesLeftOut, len(a[0].Names), a[0].NamesLeftOut)
	}
}

// The domain and its hosts are two rounds, addresses and their names as well,
// and no question is put twice.
func TestRounds(t *testing.T) {
	const rtt = 20 * time.Millisecond
	zone, back := dnstest.Zone(t, world), dnstest.Zone(t, reverse)
	addrs := []netip.Addr{netip.MustParseAddr("192.0.2.10"), netip.MustParseAddr("2001:db8::10"), netip.MustParseAddr("192.0.2.16"), netip.MustParseAddr("192.0.2.14")}
	tests := []struct {
		name string
		next resolver.Resolver
		run  func(context.Context, resolver.Resolver)
		want time.Duration
	}{
		{"domain", zone, func(ctx context.Context, r resolver.Resolver) { ExamineDomain(ctx, r, "broken.example") }, 2 * rtt},
		{"domain without MX", zone, func(ctx context.Context, r resolver.Resolver) { ExamineDomain(ctx, r, "implicit.example") }, rtt},
		{"subdomain", zone, func(ctx context.Context, r resolver.Resolver) { ExamineDomain(ctx, r, "bounce.acme.example") }, 2 * rtt},
		{"addresses", back, func(ctx context.Context, r resolver.Resolver) { ExamineAddresses(ctx, r, addrs) }, 2 * rtt},
		{"HELO", back, func(ctx context.Context, r resolver.Resolver) {
			ExamineHELO(ctx, r, []string{"mx1.acme.example", "gone.example"})
		}, rtt},
		{"SOA", zone, func(ctx context.Context, r resolver.Resolver) {
			ExamineSOA(ctx, r, []string{"bounce.acme.example", "null.example"})
		}, 2 * rtt},
		{"SOA, a null MX", zone, func(ctx context.Context, r resolver.Resolver) { ExamineSOA(ctx, r, []string{"null.example"}) }, rtt},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &asker{next: tt.next, delay: rtt}
				start := time.Now()
				tt.run(t.Context(), r)
				if took := time.Since(start); took != tt.want {
					t.Errorf("%s, want %s", took, tt.want)
				}
				for q, n := range r.asked {
					if n > 1 {
						t.Errorf("%s was asked %d times", q, n)
					}
				}
			})
		})
	}
}

func TestChecksAreDocumented(t *testing.T) {
	for _, c := range Checks {
		if c.Section != finding.Hosts || c.Title == "" || c.Condition == "" || c.Why == "" || c.Remedy == "" || c.Reference == "" {
			t.Errorf("%s: %+v", c.ID, c)
		}
	}
}

// TestExchangeUnregistered: of an MX host whose domain does not exist it is said that anyone
// may register it; of one whose domain is there, or whose own domain it is, that it has no
// address.
func TestExchangeUnregistered(t *testing.T) {
	const zone = "$ORIGIN .\n$TTL 300\n. SOA ns h 1 2 3 4 5\nacme-mail.com. SOA ns h 1 2 3 4 5\nhost-there.com. SOA ns h 1 2 3 4 5\n"
	for _, tt := range []struct {
		mx, fail     string
		unregistered bool
	}{
		{"mx1.gone-foo.com.", "", true},
		{"gone-foo.com.", "", true},
		{"mx1.host-there.com.", "", false},
		{"mx1.acme-mail.com.", "", false},
		{"mx1.gone.example.", "", false},
		{"mx1.gone.local.", "", false},
		{"mx1.gone-foo.com.", "gone-foo.com", false},
	} {
		var fail []string
		if tt.fail != "" {
			fail = []string{tt.fail + " SOA"}
		}
		r := &asker{next: dnstest.Zone(t, zone+"acme-mail.com. MX 10 "+tt.mx+"\nacme-mail.com. MX 20 mx2.acme-mail.com.\nmx2.acme-mail.com. A 192.0.2.1\n"), fail: fail}
		d := ExamineDomain(context.Background(), r, "acme-mail.com")
		said := false
		for _, f := range Check(&Facts{Domain: d}, Context{Profile: finding.Sender}).Findings() {
			if f.Check != "mx-unresolvable" || f.Severity == finding.Pass {
				continue
			}
			if said = strings.Contains(f.Detail, "Whoever registers it"); said && (!strings.Contains(f.Detail, "The domain gone-foo.com of the MX host") || f.Fix.Complete || strings.Contains(f.Fix.Summary, "Publish the address")) {
				t.Errorf("%s: %+v", tt.mx, f)
			}
		}
		if said != tt.unregistered {
			t.Errorf("%s, without an answer of %q: unregistered: %v", tt.mx, tt.fail, said)
		}
	}
}
