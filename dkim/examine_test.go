package dkim

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

// zone is a resolver for acme.example with these records, and one for
// esp.example. KEY in the text is a 2048-bit key record.
func zone(t testing.TB, text string) resolver.Resolver {
	t.Helper()
	acme, esp, _ := strings.Cut(text, "--esp--")
	return resolver.NewOverlay(nil, parseZone(t, "acme.example", acme), parseZone(t, "esp.example", esp))
}

// parseZone reads the records of a zone, to which an SOA is added.
func parseZone(t testing.TB, origin, body string) *resolver.ZoneSet {
	t.Helper()
	text := "$ORIGIN " + origin + ".\n$TTL 300\n@ SOA ns hostmaster 1 7200 3600 1209600 300\n"
	for line := range strings.Lines(body) {
		text += strings.TrimSpace(line) + "\n"
	}
	return dnstest.Parse(t, strings.ReplaceAll(text, "KEY", quoted("v=DKIM1; k=rsa; p="+spki(t, 2048))))
}

// quoted is a text as TXT strings of a master file.
func quoted(s string) string {
	var parts []string
	for chunk := range slices.Chunk([]byte(s), 255) {
		parts = append(parts, `"`+string(chunk)+`"`)
	}
	return strings.Join(parts, " ")
}

// recorder counts the questions that pass through it, and can fail some.
type recorder struct {
	next resolver.Resolver
	mu   sync.Mutex
	// asked are the names in the order asked.
	asked []string
	fail  func(name string) bool
	// delay passes before every answer.
	delay time.Duration
}

func (r *recorder) Lookup(ctx context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	r.mu.Lock()
	r.asked = append(r.asked, name)
	r.mu.Unlock()
	if r.delay > 0 {
		time.Sleep(r.delay)
	}
	if r.fail != nil && r.fail(name) {
		return nil, &resolver.Error{Name: name, Type: t, Reason: resolver.ServFail}
	}
	return r.next.Lookup(ctx, name, t)
}

// hints are what Options.Hints tells at once.
func hints(h Hints) func(func(Hints)) { return func(then func(Hints)) { then(h) } }

// find returns the selector as asked at a domain.
func find(t *testing.T, d *Discovery, domain, name string) *Selector {
	t.Helper()
	for i := range d.Selectors {
		if s := &d.Selectors[i]; s.Name == name && s.Domain == domain {
			return s
		}
	}
	t.Fatalf("selector %s was not asked at %s", name, domain)
	return nil
}

func TestExamine(t *testing.T) {
	r := zone(t, `
		google._domainkey  TXT KEY
		s1._domainkey      CNAME s1.domainkey.u1.wl.sendgrid.net.
		k2._domainkey      CNAME k2.esp.example.
		k3._domainkey      CNAME gone.esp.example.
		mandrill._domainkey TXT "v=DKIM1; p="
		mail._domainkey    TXT "v=DKIM1; p=" 
		mail._domainkey    TXT KEY
		--esp--
		k2                 TXT KEY
	`)
	d := Examine(t.Context(), r, "Acme.Example.", Options{Selectors: []string{"x9", "google._domainkey.acme.example"}, DKIMDomains: []string{"esp.example"},
		Hints: hints(Hints{MXHosts: []string{"ASPMX.L.Google.com."}, SPFTargets: []string{"_spf.google.com", "sendgrid.net"}})})

	if d.Domain != "acme.example" || d.Proof != ProofExists || d.Wildcard.Status != WildcardNone {
		t.Errorf("domain %q, proof %s, wildcard %s", d.Domain, d.Proof, d.Wildcard.Status)
	}
	if got := d.Providers[0]; got.Provider != "Google Workspace" || fmt.Sprint(got.Why) != "[mx aspmx.l.google.com spf _spf.google.com]" {
		t.Errorf("first provider %+v", got)
	}
	for _, tt := range []struct {
		domain, name string
		status       SelectorStatus
		provider, by string
		stated       bool
	}{
		{"acme.example", "x9", SelectorNXDomain, "", "", true},
		{"esp.example", "x9", SelectorNXDomain, "", "", true},
		{"acme.example", "google", SelectorFound, "Google Workspace", "inferred", true},
		{"acme.example", "s1", SelectorUnresolved, "SendGrid", "cname", false}, // its target is not in the zones
		{"acme.example", "k2", SelectorFound, "", "", false},
		{"acme.example", "k3", SelectorNXDomain, "", "", false},
		{"acme.example", "k1", SelectorNXDomain, "", "", false},
		{"acme.example", "20230601", SelectorNXDomain, "", "", false}, // Google's, in the second round
	} {
		s := find(t, d, tt.domain, tt.name)
		if s.Status != tt.status || s.Provider != tt.provider || s.ProviderBy != tt.by || s.Stated != tt.stated {
			t.Errorf("%s at %s: %+v", tt.name, tt.domain, *s)
		}
	}
	if s := find(t, d, "acme.example", "k3"); !s.Dangling() || s.CNAMEs[0] != "gone.esp.example" || s.Evidence == nil {
		t.Errorf("k3: %+v", s)
	}
	var keys []string
	for _, k := range d.Keys {
		keys = append(keys, fmt.Sprintf("%s %d records %d strings %d bits live=%v", k.Selector, k.RecordCount, k.StringCount, k.Bits, k.Live()))
	}
	slices.Sort(keys)
	if want := []string{"google 1 records 2 strings 2048 bits live=true", "k2 1 records 2 strings 2048 bits live=true",
		"mail 2 records 1 strings 0 bits live=false", "mandrill 1 records 1 strings 0 bits live=false"}; !slices.Equal(keys, want) {
		t.Errorf("keys\n%s", strings.Join(keys, "\n"))
	}
	if d.Answered != 4 || d.Unresolved != 1 || d.Tried != len(d.Selectors)-2 {
		t.Errorf("tried %d of %d, answered %d, unresolved %d", d.Tried, len(d.Selectors), d.Answered, d.Unresolved)
	}
	if d.Questions > defaultQuestions {
		t.Errorf("%d questions", d.Questions)
	}
	if _, err := json.Marshal(d); err != nil {
		t.Error(err)
	}
}

// The questions asked never exceed the bound, and none is asked twice.
func TestExamineQuestions(t *testing.T) {
	all := len(loaded().all())
	present := "x TXT here\ngoogle._domainkey TXT KEY"
	tests := []struct {
		name, zone string
		o          Options
		most       int
		exact      bool
	}{
		{"by default", present, Options{}, 60, true},
		{"with providers", present, Options{Hints: hints(Hints{MXHosts: []string{"mx.sparkpostmail.com"}, SPFTargets: []string{"sparkpostmail.com", "mailgun.org", "_spf.google.com"}})}, 60, true},
		{"in bulk", present, Options{Catalogue: Inferred, Hints: hints(Hints{MXHosts: []string{"aspmx.l.google.com"}})}, 3 + 10 + 5, true},
		{"absent", "www TXT here", Options{Hints: hints(Hints{SPFTargets: []string{"mailgun.org"}})}, 45, true},
		{"all", present, Options{Catalogue: All}, all + 3, true},
		{"all, bounded", present, Options{Catalogue: All, MaxQuestions: 100}, 100, true},
		{"a small bound", present, Options{MaxQuestions: 7}, 7, true},
		{"less than the fixed ones", present, Options{MaxQuestions: 1}, 3, true},
		{"many stated", present, Options{Selectors: strings.Fields(strings.Repeat("a b c d e f g h ", 3)), DKIMDomains: []string{"esp.example"}, MaxQuestions: 10}, 19, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &recorder{next: zone(t, tt.zone)}
			d := Examine(t.Context(), r, "acme.example", tt.o)
			if len(r.asked) > tt.most || tt.exact && len(r.asked) != tt.most {
				t.Errorf("%d questions, want %d", len(r.asked), tt.most)
			}
			if d.Questions != len(r.asked) {
				t.Errorf("counted %d of %d questions", d.Questions, len(r.asked))
			}
			slices.Sort(r.asked)
			if len(slices.Compact(slices.Clone(r.asked))) != len(r.asked) {
				t.Errorf("asked twice: %v", r.asked)
			}
		})
	}
}

// Two rounds, whatever is asked: the second waits for the first and for the hints,
// which are found out meanwhile.
func TestExamineRounds(t *testing.T) {
	const roundTrip = time.Second
	tests := []struct {
		name, zone string
		hints      time.Duration // how long MX and SPF take
		want       time.Duration
	}{
		{"present", "google._domainkey TXT KEY", roundTrip, 2 * roundTrip},
		{"late hints", "google._domainkey TXT KEY", 3 * roundTrip, 4 * roundTrip},
		{"proved absent", "www TXT here", roundTrip, 2 * roundTrip}, // the names at which a key may stand by mistake
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &recorder{next: zone(t, tt.zone), delay: roundTrip}
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				b := resolver.NewBatch(t.Context(), r)
				calls := 0
				Begin(b, "acme.example", Options{Hints: func(then func(Hints)) {
					b.Go(func() { time.Sleep(tt.hints) }, func() { then(Hints{SPFTargets: []string{"mailgun.org"}}) })
				}}, func(*Discovery) { calls++ })
				b.Run()
				if calls != 1 {
					t.Errorf("done was called %d times", calls)
				}
				if got := time.Since(start); got != tt.want { // the clock of the bubble
					t.Errorf("%s, want %s", got, tt.want)
				}
			})
		})
	}
}

func TestExamineProof(t *testing.T) {
	tests := []struct {
		name, zone string
		want       Proof
	}{
		{"nothing below", "www TXT here", ProofAbsent},
		{"empty non-terminal", "odd._domainkey TXT KEY", ProofExists},
		{"a record of its own", `_domainkey TXT "o=-"`, ProofExists},
		{"alias of nothing", "_domainkey CNAME gone.esp.example.", ProofExists},
		{"wildcard at the domain", `* TXT "v=spf1 -all"`, ProofExists},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if d := Examine(t.Context(), zone(t, tt.zone), "acme.example", Options{}); d.Proof != tt.want {
				t.Errorf("proof %s", d.Proof)
			}
		})
	}
}

func TestExamineWildcard(t *testing.T) {
	tests := []struct {
		name, zone       string
		want             WildcardStatus
		answered, atOnce int // selectors with an answer of their own; those like any other
	}{
		{"none", "google._domainkey TXT KEY", WildcardNone, 1, 0},
		{"lock-down", `*._domainkey TXT "v=DKIM1; p="`, WildcardRevoked, 0, 56},
		{"lock-down beside a key", "*._domainkey TXT \"v=DKIM1; p=\"\ngoogle._domainkey TXT KEY", WildcardRevoked, 1, 55},
		{"key", "*._domainkey TXT KEY", WildcardKey, 0, 56},
		{"SPF at the domain", `* TXT "v=spf1 -all"`, WildcardOther, 0, 56},
		{"alias", "*._domainkey CNAME k.esp.example.\n--esp--\nk TXT KEY", WildcardKey, 0, 56},
		{"alias of nothing", "*._domainkey CNAME k.esp.example.\ngoogle._domainkey TXT KEY", WildcardNone, 1, 55},
		{"renamed as a whole", "_domainkey DNAME _domainkey.esp.example.\n--esp--\ngoogle._domainkey TXT KEY\n", WildcardNone, 1, 55},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := Examine(t.Context(), zone(t, tt.zone), "acme.example", Options{})
			like := 0
			for _, s := range d.Selectors {
				if s.Wildcard {
					like++
				}
			}
			if d.Wildcard.Status != tt.want || d.Answered != tt.answered || len(d.Keys) != tt.answered {
				t.Errorf("wildcard %s, answered %d, keys %d", d.Wildcard.Status, d.Answered, len(d.Keys))
			}
			if want := tt.atOnce + len(d.Selectors) - 56; tt.atOnce > 0 && like != want {
				t.Errorf("%d of %d selectors like any other, want %d", like, len(d.Selectors), want)
			}
		})
	}
}

// A guess that got no answer is an unknown, and never an absence.
func TestExamineUnresolved(t *testing.T) {
	r := &recorder{next: zone(t, "google._domainkey TXT KEY"), fail: func(string) bool { return true }}
	d := Examine(t.Context(), r, "acme.example", Options{})
	if d.Proof != ProofUnknown || d.Wildcard.Status != WildcardUnknown || d.Unresolved != d.Tried || len(d.Keys) != 0 {
		t.Errorf("%+v", d)
	}
	for _, s := range d.Selectors {
		if s.Status != SelectorUnresolved || s.Reason != "servfail" || s.Evidence == nil {
			t.Errorf("%+v", s)
		}
	}
}

func TestExamineHubSpot(t *testing.T) {
	d := Examine(t.Context(), zone(t, "hs1-148395._domainkey TXT KEY"), "acme.example",
		Options{Catalogue: Inferred, Hints: hints(Hints{SPFTargets: []string{"148395.spf04.hubspotemail.net"}})})
	if s := find(t, d, "acme.example", "hs1-148395"); s.Status != SelectorFound || s.Provider != "HubSpot" {
		t.Errorf("%+v", s)
	}
	find(t, d, "acme.example", "hs2-148395")
}

// Whatever is published, what is kept and said of it is bounded.
func TestExamineHostile(t *testing.T) {
	var records []resolver.Record
	for range 50 {
		records = append(records, resolver.Record{Type: resolver.TypeTXT, TXT: []string{"v=DKIM1; n=" + strings.Repeat("\x1b[2J", 12000) + "; h=" + strings.Repeat("x", 2000) + ":sha1; p="}})
	}
	d := Examine(t.Context(), everything{records}, "acme.example", Options{Selectors: []string{"s9"}})
	for _, k := range d.Keys {
		if len(k.Record) > mostText+3 || len(k.Notes) > mostText+3 {
			t.Errorf("kept %d octets", len(k.Record))
		}
	}
	for _, f := range Check(d, Context{}).Findings() {
		vet(t, f)
	}
}

// everything has the same records at every name.
type everything struct{ records []resolver.Record }

func (e everything) Lookup(_ context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	return &resolver.Answer{Name: name, Type: t, Status: resolver.Found, Records: e.records}, nil
}

// The siblings of an alias are asked although MX and SPF say nothing.
func TestExamineSiblings(t *testing.T) {
	d := Examine(t.Context(), zone(t, "fm1._domainkey CNAME fm1.acme.example.dkim.fmhosted.com."), "acme.example", Options{Catalogue: Inferred})
	for _, s := range d.Selectors {
		if s.Name == "fm3" {
			t.Fatal("fm1 is not among the ten most common: nothing should have led to fm3")
		}
	}
	overlay := resolver.NewOverlay(nil,
		parseZone(t, "acme.example", "selector1._domainkey CNAME selector1-acme-example._domainkey.acme.onmicrosoft.com."),
		parseZone(t, "onmicrosoft.com", ""))
	d = Examine(t.Context(), overlay, "acme.example", Options{MaxQuestions: 6})
	if s := find(t, d, "acme.example", "selector1"); s.Provider != "Microsoft 365" || !s.Dangling() {
		t.Errorf("%+v", s)
	}
	find(t, d, "acme.example", "selector2")
}

// BenchmarkExamine is what the examination itself costs: the session knows the answers.
func BenchmarkExamine(b *testing.B) {
	r := resolver.NewSession(zone(b, "google._domainkey TXT KEY"), 0)
	for _, mode := range []Mode{Inferred, Common, All} {
		b.Run(string(mode), func(b *testing.B) {
			b.ReportAllocs()
			questions := 0
			for b.Loop() {
				questions += Examine(b.Context(), r, "acme.example", Options{Catalogue: mode, Hints: hints(Hints{MXHosts: []string{"aspmx.l.google.com"}})}).Questions
			}
			b.ReportMetric(float64(questions)/float64(b.N), "questions/op")
		})
	}
}
