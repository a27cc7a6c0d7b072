package policy

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/internal/spftest"
	"mailworthy/resolver"
	"mailworthy/spf"
)

// draw writes a tree as indented lines.
func draw(r *Record) string {
	var b strings.Builder
	var down func(r *Record, indent string)
	down = func(r *Record, indent string) {
		fmt.Fprintf(&b, "%s%s %s %d", indent, r.Domain, r.Status, r.Lookups)
		if !r.LookupsExact {
			b.WriteString(" inexact")
		}
		if r.Loop {
			b.WriteString(" loop")
		}
		if r.Repeated {
			b.WriteString(" repeated")
		}
		b.WriteString("\n")
		for i := range r.Terms {
			t := &r.Terms[i]
			fmt.Fprintf(&b, "%s  %s %d", indent, t.Text, t.Cost)
			for _, s := range []string{string(t.Status), t.Ignored, t.Error, t.Unknown} {
				if s != "" {
					b.WriteString(" | " + s)
				}
			}
			if t.Void {
				b.WriteString(" | void")
			}
			if len(t.Prefixes) > 0 && t.Kind != spf.KindIP4 {
				fmt.Fprintf(&b, " %v", t.Prefixes)
			}
			b.WriteString("\n")
			if t.Record != nil {
				down(t.Record, indent+"    ")
			}
		}
	}
	down(r, "")
	return b.String()
}

func TestTree(t *testing.T) {
	r := dnstest.Zone(t, `
		$TTL 3600
		$ORIGIN acme.example.
		@      SOA ns admin 1 7200 900 604800 300
		@      TXT "v=spf1 +a/28 -MX//64 ?include:%{d2}.esp.acme.example include:in.acme.example include:%{i}.acme.example exists:%{l}.acme.example ptr redirect=end.acme.example"
		@      A 192.0.2.1
		@      MX 10 mx
		mx     AAAA 2001:db8::1
		in     TXT "v=spf1 include:back.acme.example a:gone.acme.example include:twice.acme.example bogus -all mx"
		back   TXT "v=spf1 include:in.acme.example ?all"
		twice  TXT "v=spf1 ip4:192.0.2.9 ~all"
		end    TXT "v=spf1 include:twice.acme.example a:mx.acme.example -all"
	`)
	p := Examine(context.Background(), r, "Acme.Example.")
	want := `acme.example found 14 inexact
  +a/28 1 | found [192.0.2.0/28]
  -MX//64 1 | found [2001:db8::/64]
  ?include:%{d2}.esp.acme.example 1 | nxdomain | void
    acme.example.esp.acme.example nxdomain 0
  include:in.acme.example 5 | found
    in.acme.example found 4 inexact
      include:back.acme.example 2 | found
        back.acme.example found 1 inexact
          include:in.acme.example 1 | found
            in.acme.example found 0 inexact loop
          ?all 0
      a:gone.acme.example 1 | nxdomain | void
      include:twice.acme.example 1 | found
        twice.acme.example found 0
          ip4:192.0.2.9 0
          ~all 0
      bogus 0 | not a mechanism
      -all 0
      mx 0 | after_all
  include:%{i}.acme.example 1 | %{i} depends on the client: --ip states it
  exists:%{l}.acme.example 1 | %{l} depends on the client: --mail-from states it
  ptr 1 | it depends on the names of the client
  redirect=end.acme.example 3 | found
    end.acme.example found 2
      include:twice.acme.example 1 | found
        twice.acme.example found 0 repeated
      a:mx.acme.example 1 | found [2001:db8::1/128]
      -all 0
`
	// Nested records are indented by four from their term's record.
	if got := draw(p.Record); normal(got) != normal(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if p.Lookups != 14 || p.LookupsExact {
		t.Errorf("%d lookups, exact %v", p.Lookups, p.LookupsExact)
	}
	if want := []string{"acme.example.esp.acme.example", "in.acme.example", "back.acme.example", "twice.acme.example", "end.acme.example"}; !sameSet(p.Targets(), want) {
		t.Errorf("targets %v", p.Targets())
	}
	if p.SendsNothing() {
		t.Error("it sends")
	}
	if _, err := json.Marshal(p); err != nil {
		t.Error(err)
	}
}

func normal(s string) string {
	var out []string
	for _, l := range strings.Split(s, "\n") {
		out = append(out, strings.TrimSpace(l))
	}
	return strings.Join(out, "\n")
}

func sameSet(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}

func TestAccounting(t *testing.T) {
	r := dnstest.Zone(t, `
		$TTL 3600
		$ORIGIN acme.example.
		@    SOA ns admin 1 7200 900 604800 300
		@    TXT "v=spf1 -ip4:192.0.2.9 ip4:192.0.2.0/24 ip4:192.0.2.128/25 ip6:2001:db8::/32 include:esp.acme.example ip4:10.0.0.0/30 -all"
		esp  TXT "v=spf1 -ip4:203.0.113.64/26 ip4:203.0.113.0/24 ip4:11.0.0.0/9 -all"
		open TXT "v=spf1 +all"
		one  TXT "v=spf1 ip4:192.0.2.1 ip4:192.0.2.8/29 a mx ip4:192.0.2.128/28 redirect=rest.one.acme.example"
		one  A 192.0.2.1
		one  MX 10 mx.one
		mx.one A 192.0.2.50
		mx.one AAAA 2001:db8::50
		rest.one TXT "v=spf1 ip4:192.0.2.60 include:esp.acme.example -ip4:192.0.2.61 -all"
		nothing TXT "v=spf1 -all"
	`)
	p := Examine(context.Background(), r, "acme.example")
	a := p.Addresses
	// 255 + 192 + 2^23 + 4
	if a.IPv4 != "8389059" || a.IPv6 != "79228162514264337593543950336" || !a.Exact {
		t.Errorf("%s and %s, exact %v", a.IPv4, a.IPv6, a.Exact)
	}
	if len(a.Overlaps) != 1 || a.Overlaps[0].Term != "ip4:192.0.2.128/25" || a.Overlaps[0].Within.Term != "ip4:192.0.2.0/24" {
		t.Errorf("overlaps %+v", a.Overlaps)
	}
	if len(a.Broad) != 1 || a.Broad[0].Own || a.Broad[0].Term != "ip4:11.0.0.0/9" {
		t.Errorf("broad %+v", a.Broad)
	}
	if !slices.ContainsFunc(a.Special, func(r Range) bool { return r.Kind == "private" && r.Term == "ip4:10.0.0.0/30" }) {
		t.Errorf("special %+v", a.Special)
	}
	if a := Examine(context.Background(), r, "open.acme.example").Addresses; a.IPv4 != "4294967296" || a.IPv6 != "340282366920938463463374607431768211456" {
		t.Errorf("+all authorises %s and %s", a.IPv4, a.IPv6)
	}
	var got []string
	for _, s := range examineOwn(t, r, "one.acme.example").Addresses {
		got = append(got, s.Addr.String()+" "+s.From)
	}
	want := []string{"192.0.2.1 ip4:192.0.2.1"}
	for i := 8; i < 16; i++ {
		want = append(want, fmt.Sprintf("192.0.2.%d ip4:192.0.2.8/29", i))
	}
	want = append(want, "192.0.2.50 mx", "2001:db8::50 mx", "192.0.2.60 ip4:192.0.2.60")
	if !slices.Equal(got, want) {
		t.Errorf("sending addresses %v, not %v", got, want)
	}
	if !Examine(context.Background(), r, "nothing.acme.example").SendsNothing() {
		t.Error("v=spf1 -all sends nothing")
	}
}

// TestAccountingAgrees compares what is accounted for with what is evaluated.
func TestAccountingAgrees(t *testing.T) {
	r := dnstest.Zone(t, overLimit)
	p := Examine(context.Background(), r, "acme.example")
	for _, a := range p.samples(maxSamples) {
		e := spf.Limits{Lookups: maxCost, Voids: maxCost, Questions: maxCost}.CheckHost(context.Background(), r, spf.Client{IP: a, MailFrom: "a@acme.example"})
		if (e.Result == spf.Pass) != p.pass.contains(a) {
			t.Errorf("%s: %s, accounted for: %v", a, e.Result, p.pass.contains(a))
		}
	}
}

// TestUnknown: what the DNS does not say is unknown, and never absent.
func TestUnknown(t *testing.T) {
	for _, c := range []struct {
		broken    string
		typ       resolver.Type
		couldBe   finding.Severity
		undecides bool
		not       []string // checks that may not be decided, or found
	}{
		{"acme.example", resolver.TypeTXT, finding.Critical, true, []string{"spf-record-missing", "spf-multiple-records", "spf-syntax", "spf-too-many-lookups"}},
		{"esp.example", resolver.TypeTXT, finding.Critical, true, []string{"spf-include-missing", "spf-too-many-lookups", "spf-target-unregistered", "spf-loop", "spf-address-count"}},
		{"host.example", resolver.TypeA, finding.Warning, false, []string{"spf-void-lookup", "spf-too-many-void-lookups", "spf-target-unregistered"}},
		{"acme.example", resolver.TypeMX, finding.Warning, false, []string{"spf-mx-void", "spf-void-lookup"}},
		{"mx.example", resolver.TypeAAAA, finding.Warning, false, []string{"spf-overlap"}},
		{"why.example", resolver.TypeTXT, finding.Notice, false, []string{"spf-exp-invalid"}},
	} {
		for _, kind := range []dnstest.Kind{dnstest.ServFail, dnstest.Refused, dnstest.Silence} {
			s := dnstest.Start(t, `
				$TTL 3600
				$ORIGIN example.
				@    SOA ns admin 1 7200 900 604800 300
				acme TXT "v=spf1 a:host.example mx include:esp.example -all exp=why.example"
				acme MX 10 mx
				mx   A 192.0.2.1
				mx   AAAA 2001:db8::1
				host A 192.0.2.2
				host AAAA 2001:db8::2
				esp  TXT "v=spf1 ip4:198.51.100.1 -all"
				why  TXT "because"
			`)
			s.Fault(c.broken, c.typ, dnstest.Fault{Kind: kind})
			findings := Check(Examine(context.Background(), s.Patient(-1), "acme.example"), Context{}).Findings()
			unknown := slices.IndexFunc(findings, func(f finding.Finding) bool { return f.Check == "spf-unresolved" })
			if unknown < 0 {
				t.Errorf("%s %s: not reported:\n%s", c.broken, c.typ, list(findings))
				continue
			}
			if f := findings[unknown]; f.CouldBe != c.couldBe || f.Undecides != c.undecides || f.Severity != finding.Unknown {
				t.Errorf("%s %s: %s, could be %s, undecides %v", c.broken, c.typ, f.Severity, f.CouldBe, f.Undecides)
			}
			for _, f := range findings {
				if slices.Contains(c.not, f.Check) {
					t.Errorf("%s %s: %s is %s", c.broken, c.typ, f.Check, f.Severity)
				}
				if f.Check != "spf-unresolved" && f.Severity.AtLeast(finding.Warning) {
					t.Errorf("%s %s: %s %s: %s", c.broken, c.typ, f.Check, f.Severity, f.Detail)
				}
				sound(t, c.broken, f)
			}
		}
	}
}

// late answers after a fixed time and remembers how much was asked at once.
type late struct {
	mu    sync.Mutex
	z     *spftest.Zone
	delay time.Duration
	asked map[question]int
}

func (l *late) Lookup(ctx context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	l.mu.Lock()
	l.asked[question{name, t}]++
	l.mu.Unlock()
	time.Sleep(l.delay)
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.z.Lookup(ctx, name, t)
}

// TestRounds: includes three deep take four rounds, however many there are, and
// each question is asked once.
func TestRounds(t *testing.T) {
	z := spftest.New()
	for i := range 4 {
		for j := range 5 {
			a := fmt.Sprintf("%d.%d.example", i, j)
			z.Add(a, resolver.TypeTXT, fmt.Sprintf("v=spf1 include:deep.%s include:common.example -all", a))
			z.Add("deep."+a, resolver.TypeTXT, fmt.Sprintf("v=spf1 include:deeper.%s -all", a))
			z.Add("deeper."+a, resolver.TypeTXT, "v=spf1 ip4:192.0.2.1 -all")
		}
	}
	root := "v=spf1"
	for i := range 4 {
		for j := range 5 {
			root += fmt.Sprintf(" include:%d.%d.example", i, j)
		}
	}
	z.Add("acme.example", resolver.TypeTXT, root+" -all")
	z.Add("common.example", resolver.TypeTXT, "v=spf1 ip4:192.0.2.2 -all")
	synctest.Test(t, func(t *testing.T) {
		l := &late{z: z, delay: 20 * time.Millisecond, asked: map[question]int{}}
		start := time.Now()
		p := Examine(context.Background(), l, "acme.example")
		if d := time.Since(start); d != 4*l.delay {
			t.Errorf("%d rounds, not 4", d/l.delay)
		}
		if p.Lookups != 80 || !p.LookupsExact || p.Questions != 62+splitNames {
			t.Errorf("%d lookups, %d questions", p.Lookups, p.Questions)
		}
		for q, n := range l.asked {
			if n != 1 {
				t.Errorf("%s %s was asked %d times", q.name, q.t, n)
			}
		}
	})
}

// TestOwn: the domain's own senders are told as soon as their addresses are known,
// even those that an include asked for first, and not before.
func TestOwn(t *testing.T) {
	z := spftest.New()
	z.Add("acme.example", resolver.TypeTXT, "v=spf1 include:1.esp.example redirect=_spf.acme.example")
	z.Add("_spf.acme.example", resolver.TypeTXT, "v=spf1 a:host.acme.example mx include:2.esp.example ip4:192.0.2.8/31 -ip4:192.0.2.3 ~all")
	z.Add("_spf.acme.example", resolver.TypeMX, "mx.acme.example")
	z.Add("host.acme.example", resolver.TypeA, "192.0.2.1")
	z.Add("mx.acme.example", resolver.TypeAAAA, "2001:db8::1")
	z.Add("1.esp.example", resolver.TypeTXT, "v=spf1 a:host.acme.example include:2.esp.example -all")
	z.Add("2.esp.example", resolver.TypeTXT, "v=spf1 include:3.esp.example -all")
	z.Add("3.esp.example", resolver.TypeTXT, "v=spf1 mx:4.esp.example -all")
	synctest.Test(t, func(t *testing.T) {
		l := &late{z: z, delay: time.Second, asked: map[question]int{}}
		start := time.Now()
		b := resolver.NewBatch(t.Context(), l)
		Begin(b, "acme.example", func(own *Own) {
			// The record, the one it redirects to, its MX, and the addresses of that.
			if d := time.Since(start); d != 4*l.delay {
				t.Errorf("its own after %s", d)
			}
			want := "{found [{192.0.2.1 a:host.acme.example} {2001:db8::1 mx} {192.0.2.8 ip4:192.0.2.8/31} {192.0.2.9 ip4:192.0.2.8/31}] [1.esp.example _spf.acme.example 2.esp.example] false}"
			if got := fmt.Sprint(*own); got != want {
				t.Errorf("%s, not %s", got, want)
			}
		}, func(p *Policy) {
			if d := time.Since(start); d != 6*l.delay || p.Lookups != 11 {
				t.Errorf("%d lookups after %s", p.Lookups, d)
			}
		})
		b.Run()
		for q, n := range l.asked {
			if n != 1 {
				t.Errorf("%s %s was asked %d times", q.name, q.t, n)
			}
		}
	})
}

// endless has a record at every name that includes two more.
type endless struct {
	mu    sync.Mutex
	asked int
}

func (e *endless) Lookup(_ context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	e.mu.Lock()
	e.asked++
	e.mu.Unlock()
	a := &resolver.Answer{Name: name, Type: t, Status: resolver.NXDomain}
	if t == resolver.TypeTXT {
		a.Status = resolver.Found
		a.Records = []resolver.Record{{TXT: []string{"v=spf1 include:a.%{d} include:b.%{d} a:c.%{d} -all"}}}
	}
	return a, nil
}

func TestCut(t *testing.T) {
	e := &endless{}
	p := Examine(context.Background(), e, "acme.example")
	if e.asked > maxExamined || p.Questions != e.asked || !p.Cut || p.LookupsExact {
		t.Errorf("%d questions, %d counted, cut %v", e.asked, p.Questions, p.Cut)
	}
	findings := Check(p, Context{}).Findings()
	if !slices.ContainsFunc(findings, func(f finding.Finding) bool { return f.Check == "spf-unresolved" && f.Undecides }) {
		t.Error("that the tree is cut is not reported")
	}
}

// TestDoubling: includes of includes multiply; counting must not take as long.
func TestDoubling(t *testing.T) {
	z := spftest.New()
	for i := range 60 {
		z.Add(fmt.Sprintf("%d.example.test", i), resolver.TypeTXT, fmt.Sprintf("v=spf1 include:%d.example.test include:%[1]d.example.test -all", i+1))
	}
	z.Add("60.example.test", resolver.TypeTXT, "v=spf1 ip4:192.0.2.1 -all")
	p := Examine(context.Background(), &spftest.Locked{Zone: z}, "0.example.test")
	if p.Lookups != maxCost {
		t.Errorf("%d lookups", p.Lookups)
	}
	if !p.pass.contains(netip.MustParseAddr("192.0.2.1")) {
		t.Error("the address at the end is not accounted for")
	}
	Check(p, Context{}).Findings()
}

// examineOwn is what an examination tells first.
func examineOwn(t *testing.T, r resolver.Resolver, domain string) (own *Own) {
	t.Helper()
	b := resolver.NewBatch(t.Context(), r)
	over := false
	Begin(b, domain, func(found *Own) {
		if own != nil || over {
			t.Errorf("%s: told its own senders twice, or late", domain)
		}
		own = found
	}, func(p *Policy) {
		if over = true; own == nil || own.Status != p.Status {
			t.Errorf("%s is %s: %+v", domain, p.Status, own)
		}
	})
	if b.Run(); !over {
		t.Errorf("%s: not examined", domain)
	}
	return own
}

func TestExamineInvalid(t *testing.T) {
	for _, d := range []string{"", "example", "[192.0.2.1]", "a..example", strings.Repeat("a", 64) + ".example"} {
		p := Examine(context.Background(), spftest.New(), d)
		own := examineOwn(t, spftest.New(), d)
		if p.Status != StatusInvalid || own.Status != StatusInvalid || len(Check(p, Context{}).Findings()) != 0 || len(p.Targets())+len(own.Addresses)+len(own.Targets) != 0 {
			t.Errorf("%q: %s", d, p.Status)
		}
	}
}
