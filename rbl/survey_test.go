package rbl

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
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

func TestVerdicts(t *testing.T) {
	s := Examine(t.Context(), worldAsker(t), Options{
		Catalogue: lists(t, worldLists),
		Addresses: given("192.0.2.10", "192.0.2.11", "192.0.2.12", "192.0.2.13", "192.0.2.14", "192.0.2.15", "192.0.2.16", "192.0.2.17", "2001:db8::10", "2001:db8::11", "192.0.2.10"),
		Domains:   []Subject{{"mail.spam.example", "author domain"}, {"good.example", "DKIM domain"}, {"refused.example", "envelope domain"}},
	})
	tests := []struct {
		subject, zone string
		want          Verdict
		why           string
	}{
		{"192.0.2.10", "bl.good.test", Listed, ""},
		{"192.0.2.11", "bl.good.test", Clean, ""},
		{"192.0.2.12", "bl.good.test", Blocked, "too many questions"},
		{"192.0.2.13", "bl.good.test", Blocked, "refuses"},
		{"192.0.2.14", "bl.good.test", Unknown, "outside 127/8"},
		{"192.0.2.15", "bl.good.test", Blocked, "public resolver"},
		{"192.0.2.16", "bl.good.test", Listed, ""},
		{"2001:db8::10", "bl.good.test", Listed, ""},
		{"2001:db8::11", "bl.good.test", Clean, ""},
		{"192.0.2.10", "bl.world.test", Unknown, "lists the whole world"},
		{"192.0.2.11", "bl.empty.test", Unknown, "must be listed"},
		{"192.0.2.11", "bl.public.test", Blocked, "127.255.255.254"},
		{"192.0.2.11", "bl.parked.test", Unknown, "outside 127/8"},
		{"192.0.2.11", "bl.gone.test", Dead, "does not exist for this resolver"},
		{"192.0.2.11", "bl.quiet.test", Unknown, "timeout"},
		{"192.0.2.11", "allow.test", Listed, ""},
		{"192.0.2.10", "allow.test", Clean, ""},
		{"192.0.2.17", "allow.test", Blocked, "quota"},
		{"mail.spam.example", "dom.good.test", Listed, ""},
		{"192.0.2.11", "bl.closed.test", Dead, "2024-06-05"},
		{"good.example", "bl.closed.test", Dead, "2024-06-05"},
		{"good.example", "dom.good.test", Clean, ""},
		{"refused.example", "dom.good.test", Blocked, "refused here"},
	}
	for _, tt := range tests {
		l := verdict(t, s, tt.subject, tt.zone)
		if l.Verdict != tt.want || !strings.Contains(l.Why, tt.why) || (tt.why == "") != (l.Why == "") {
			t.Errorf("%s on %s: %s (%s), want %s (%s)", tt.subject, tt.zone, l.Verdict, l.Why, tt.want, tt.why)
		}
	}
	if n := len(s.Listings); n != 8*9+2*2+3*2 {
		t.Errorf("%d verdicts", n)
	}

	l := verdict(t, s, "192.0.2.10", "bl.good.test")
	if got := fmt.Sprintf("%v %s %v, %s %s", l.Answers, l.Weight, l.Reasons, l.Codes[1].Sublist, l.Codes[1].Weight); got !=
		"[127.0.0.2 127.0.0.10] critical [Spam since Tuesday https://good.test/10], PBL error" {
		t.Errorf("the entry reads %s", got)
	}
	l = verdict(t, s, "mail.spam.example", "dom.good.test")
	if l.Name != "spam.example" || len(l.Codes) != 2 || l.Codes[0].Sublist != "PH" || l.Codes[1].Sublist != "ABUSE" || l.Weight != finding.Critical {
		t.Errorf("bits: %+v", l)
	}
	l = verdict(t, s, "192.0.2.16", "bl.good.test")
	if !strings.Contains(l.Codes[0].Meaning, "not explain") || l.Weight != finding.Critical {
		t.Errorf("unexplained code: %+v", l.Codes)
	}
}

// Answers that are refusals must never be read as listings, on any list there is.
func TestRefusalsAreNoListings(t *testing.T) {
	answer := func(addrs ...string) *resolver.Answer {
		a := &resolver.Answer{Status: resolver.Found}
		for _, s := range addrs {
			a.Records = append(a.Records, resolver.Record{Type: resolver.TypeA, Addr: netip.MustParseAddr(s)})
		}
		return a
	}
	blocked := [][]string{{"127.255.255.252"}, {"127.255.255.253"}, {"127.255.255.254"}, {"127.255.255.255"}, {"127.0.0.1"}, {"127.0.0.2", "127.255.255.254"}}
	outside := [][]string{{"192.0.2.80"}, {"0.0.0.0"}, {"127.0.0.2", "203.0.113.1"}, {"128.0.0.2"}}
	for _, l := range DefaultCatalogue().Lists {
		if l.Dead != "" {
			continue
		}
		for _, a := range blocked {
			if r := l.read(answer(a...)); r.verdict != Blocked || r.why == "" || r.advice == "" {
				t.Errorf("%s: %v is %+v", l.Zone, a, r)
			}
		}
		for _, a := range outside {
			if r := l.read(answer(a...)); r.verdict != Unknown || !r.outside {
				t.Errorf("%s: %v is %+v", l.Zone, a, r)
			}
		}
		for _, refusal := range l.Refusals {
			if r := l.read(answer(strings.ReplaceAll(refusal.Answer, "*", "3"))); r.verdict != Blocked {
				t.Errorf("%s: %s is %s", l.Zone, refusal.Answer, r.verdict)
			}
		}
		if r := l.read(answer()); r.verdict != Unknown {
			t.Errorf("%s: an answer without addresses is %s", l.Zone, r.verdict)
		}
	}
	if r := DefaultCatalogue().Find("multi.surbl.org").read(answer("127.0.0.9")); r.verdict != Blocked {
		t.Errorf("SURBL bit 1 beside others is %s", r.verdict)
	}
}

func TestCodes(t *testing.T) {
	tests := []struct {
		zone, answer string
		verdict      Verdict
		want         string
	}{
		{"zen.spamhaus.org", "127.0.0.2", Listed, "SBL critical"},
		{"zen.spamhaus.org", "127.0.0.3", Listed, "CSS critical"},
		{"zen.spamhaus.org", "127.0.0.4", Listed, "XBL critical"},
		{"zen.spamhaus.org", "127.0.0.9", Listed, "DROP critical"},
		{"zen.spamhaus.org", "127.0.0.10", Listed, "PBL error"},
		{"zen.spamhaus.org", "127.0.0.11", Listed, "PBL error"},
		{"zen.spamhaus.org", "127.0.0.30", Listed, "BCL critical"},
		{"dbl.spamhaus.org", "127.0.1.5", Listed, "malware critical"},
		{"multi.surbl.org", "127.0.0.80", Listed, "MW error, ABUSE error"},
		{"multi.uribl.com", "127.0.0.6", Listed, "black error, grey warning"},
		{"rep.mailspike.net", "127.0.0.12", Listed, "L3 warning"},
		{"rep.mailspike.net", "127.0.0.14", Clean, "neutral warning"},
		{"rep.mailspike.net", "127.0.0.19", Clean, "good warning"},
		{"list.dnswl.org", "127.0.5.3", Listed, "high info"},
		{"dnsbl-3.uceprotect.net", "127.0.0.2", Listed, " info"},
	}
	c := DefaultCatalogue()
	for _, tt := range tests {
		r := c.Find(tt.zone).read(&resolver.Answer{Status: resolver.Found,
			Records: []resolver.Record{{Type: resolver.TypeA, Addr: netip.MustParseAddr(tt.answer)}}})
		var got []string
		for _, code := range r.codes {
			got = append(got, code.Sublist+" "+string(code.Weight))
		}
		if r.verdict != tt.verdict || strings.Join(got, ", ") != tt.want {
			t.Errorf("%s %s: %s %v, want %s %s", tt.zone, tt.answer, r.verdict, got, tt.verdict, tt.want)
		}
	}
}

func TestRewritingResolver(t *testing.T) {
	rewritten := func(except string) func(string, resolver.Type) (*resolver.Answer, error) {
		zone := dnstest.Zone(t, strings.Replace(world, "@ SOA", "test. SOA", 1))
		return func(name string, typ resolver.Type) (*resolver.Answer, error) {
			a, err := zone.Lookup(t.Context(), name, typ)
			if err == nil && a.Status == resolver.NXDomain && typ == resolver.TypeA && !strings.HasSuffix(name, except) {
				return &resolver.Answer{Name: name, Type: typ, Status: resolver.Found,
					Records: []resolver.Record{{Name: name, Type: typ, Addr: netip.MustParseAddr("198.51.100.7")}}}, nil
			}
			return a, err
		}
	}
	c := lists(t, `
lists:
  - {zone: bl.good.test, kinds: [ipv4], weight: error}
  - {zone: dom.good.test, kinds: [domain], weight: error}
  - {zone: allow.test, kinds: [ipv4, allow], test: {answer: 127.0.10.0}}
`)
	for name, except := range map[string]string{"every absent name": "-", "all but reserved names": ".invalid"} {
		t.Run(name, func(t *testing.T) {
			r := &asker{spoil: rewritten(except)}
			s := Examine(t.Context(), r, Options{Catalogue: c, Addresses: given("192.0.2.10", "192.0.2.11"), Domains: []Subject{{Name: "good.example"}}})
			if !s.Resolver.Rewrites || len(s.Resolver.Evidence) == 0 {
				t.Fatalf("not found out: %+v", s.Resolver)
			}
			for _, l := range s.Listings {
				if l.Verdict != Unknown {
					t.Errorf("%s on %s is %s", l.Subject, l.Zone, l.Verdict)
				}
			}
			all := Check(s, Context{}).Findings()
			f := findings(all, "rbl-resolver-rewrites")
			if len(f) != 1 || f[0].CouldBe != finding.Error || !f[0].Undecides || len(findings(all, "rbl-list-unhealthy")) > 0 {
				t.Errorf("findings: %+v", all)
			}
		})
	}
}

func TestQuestions(t *testing.T) {
	r := worldAsker(t)
	health := &Health{}
	o := Options{Catalogue: lists(t, worldLists), Health: health,
		Addresses: given("192.0.2.10", "192.0.2.11", "::ffff:192.0.2.11"),
		Domains:   []Subject{{"a.spam.example", "x"}, {"b.spam.example", "y"}, {"A.spam.example", "z"}}}
	Examine(t.Context(), r, o)
	for q, n := range r.asked {
		if n > 1 {
			t.Errorf("%s was asked %d times", q, n)
		}
	}
	if n := r.count(" TXT"); n != 3 {
		t.Errorf("%d questions for reasons, want those of the three entries: %v", n, r.asked)
	}
	for zone, n := range map[string]int{
		"bl.good.test A":               2 + 2, // two test entries, two addresses
		"bl.closed.test A":             0,
		"spam.example.dom.good.test A": 1,
		".invalid A":                   2, // the absent name, and a test entry
	} {
		if zone == ".invalid A" {
			n = 1
		}
		if got := r.count(zone); got != n {
			t.Errorf("%s: %d questions, want %d", zone, got, n)
		}
	}

	// The same run, another domain: no list is tested again, and none that failed is asked.
	r.reset()
	o.Addresses, o.Domains = given("192.0.2.20", "192.0.2.21"), []Subject{{Name: "other.example"}}
	s := Examine(t.Context(), r, o)
	want := []string{"20.2.0.192.allow.test A", "20.2.0.192.bl.good.test A", "21.2.0.192.allow.test A", "21.2.0.192.bl.good.test A", "other.example.dom.good.test A"}
	var got []string
	for q := range r.asked {
		got = append(got, q)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("asked %q, want %q", got, want)
	}
	if v := verdict(t, s, "192.0.2.20", "bl.world.test"); v.Verdict != Unknown {
		t.Errorf("a list that failed before is %s", v.Verdict)
	}
}

// A list that did not answer is tried again after a while; one that the caller's
// own deadline cut off, at once.
func TestUnresolvedHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := lists(t, `lists: [{zone: bl.quiet.test}]`)
		o := Options{Catalogue: c, Health: &Health{}, Addresses: given("192.0.2.10")}
		for _, tt := range []struct {
			reason resolver.Reason
			wait   time.Duration
			again  bool
		}{
			{resolver.Timeout, 0, true}, {resolver.Timeout, time.Minute, false}, {resolver.Timeout, 5 * time.Minute, true},
			{resolver.ServFail, 6 * time.Minute, true}, {resolver.Canceled, 6 * time.Minute, true}, {resolver.Canceled, 0, true}, {resolver.Budget, 0, true},
		} {
			time.Sleep(tt.wait)
			r := &asker{next: worldAsker(t).next, spoil: failing("bl.quiet.test", tt.reason)}
			s := Examine(t.Context(), r, o)
			if again := r.count("bl.quiet.test A") > 0; again != tt.again {
				t.Errorf("%s after %s: asked again %v, want %v", tt.reason, tt.wait, again, tt.again)
			}
			if v := verdict(t, s, "192.0.2.10", "bl.quiet.test").Verdict; v != Unknown {
				t.Errorf("%s: %s", tt.reason, v)
			}
		}
	})
}

// examineLate examines with addresses that are known after a time.
func examineLate(t *testing.T, r resolver.Resolver, o Options, after time.Duration) *Survey {
	var out *Survey
	b := resolver.NewBatch(t.Context(), r)
	known := o.Addresses
	o.Addresses = func(then func([]netip.Addr)) {
		b.Go(func() { time.Sleep(after) }, func() { known(then) })
	}
	Begin(b, o, func(s *Survey) { out = s })
	b.Run()
	return out
}

// Rounds: with a fixed time to answer, the wall time is the number of rounds.
func TestRounds(t *testing.T) {
	const rtt = 20 * time.Millisecond
	tests := []struct {
		name  string
		addrs []string
		after time.Duration
		want  time.Duration
	}{
		{"all clean", []string{"192.0.2.20", "2001:db8::11"}, 0, rtt},
		{"listed: the reason is a second round", []string{"192.0.2.10"}, 0, 2 * rtt},
		{"addresses known after two rounds", []string{"192.0.2.10", "192.0.2.20"}, 2 * rtt, 4 * rtt},
		{"IPv6 known after two rounds", []string{"2001:db8::10"}, 2 * rtt, 4 * rtt},
		{"no addresses", nil, 0, rtt},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			zone := worldAsker(t).next
			synctest.Test(t, func(t *testing.T) {
				r := &asker{next: zone, delay: rtt}
				start := time.Now()
				examineLate(t, r, Options{Catalogue: lists(t, worldLists), Lists: []string{"bl.good.test", "dom.good.test", "allow.test"},
					Domains: []Subject{{Name: "good.example"}}, Addresses: given(tt.addrs...)}, tt.after)
				if took := time.Since(start); took != tt.want {
					t.Errorf("%s, want %s", took, tt.want)
				}
			})
		})
	}
}

// While the addresses are being found out the lists are tested, so those that
// refuse are not asked about any address.
func TestHealthComesFirst(t *testing.T) {
	zone := worldAsker(t).next
	synctest.Test(t, func(t *testing.T) {
		r := &asker{next: zone, delay: time.Millisecond}
		s := examineLate(t, r, Options{Catalogue: lists(t, worldLists), Lists: []string{"bl.public.test"}, Addresses: given("192.0.2.10")}, time.Second)
		if n := r.count("bl.public.test A"); n != 2 {
			t.Errorf("%d questions, want the test entries alone", n)
		}
		if v := verdict(t, s, "192.0.2.10", "bl.public.test"); v.Verdict != Blocked || len(v.Evidence) != 0 {
			t.Errorf("%+v", v)
		}
	})
}

func TestConcurrentExaminations(t *testing.T) {
	r := worldAsker(t)
	health := &Health{}
	c := lists(t, worldLists)
	done := make(chan *Survey)
	for i := range 8 {
		go func() {
			done <- Examine(t.Context(), r, Options{Catalogue: c, Health: health, Addresses: given(fmt.Sprintf("192.0.2.%d", 100+i))})
		}()
	}
	for range 8 {
		s := <-done
		if v := verdict(t, s, s.Addresses[0].String(), "bl.good.test"); v.Verdict != Clean {
			t.Errorf("%+v", v)
		}
	}
	for _, q := range []string{"2.0.0.127.bl.good.test A", "1.0.0.127.bl.good.test A", "2.0.0.127.bl.world.test A", "bl.empty.test SOA"} {
		if n := r.count(q); n != 1 {
			t.Errorf("%s was asked %d times", q, n)
		}
	}
}

func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := &asker{spoil: failing("", resolver.Canceled)}
	s := Examine(ctx, r, Options{Catalogue: lists(t, worldLists), Addresses: given("192.0.2.10")})
	for _, l := range s.Listings {
		if l.Verdict != Unknown && l.Verdict != Dead {
			t.Errorf("%s: %s", l.Zone, l.Verdict)
		}
	}
}

// The facts of a survey are data for others: they must survive JSON.
func TestSurveyIsJSON(t *testing.T) {
	s := Examine(t.Context(), worldAsker(t), Options{Catalogue: lists(t, worldLists), Addresses: given("192.0.2.10")})
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var back Survey
	if err := json.Unmarshal(b, &back); err != nil || len(back.Listings) != len(s.Listings) {
		t.Errorf("%v: %d listings of %d", err, len(back.Listings), len(s.Listings))
	}
}

// A list is called closed if its zone is denied by a resolver that finds others.
func TestClosedOnlyBesideOthers(t *testing.T) {
	deny := func(zones string) func(string, resolver.Type) (*resolver.Answer, error) {
		return func(name string, typ resolver.Type) (*resolver.Answer, error) {
			for _, z := range strings.Fields(zones) {
				if name == z || strings.HasSuffix(name, "."+z) {
					return &resolver.Answer{Name: name, Type: typ, Status: resolver.NXDomain}, nil
				}
			}
			return nil, nil
		}
	}
	tests := []struct {
		name, lists, denied string
		want                Verdict
		why                 string
	}{
		{"another list answers", "bl.gone.test bl.good.test", "", Dead, "not exist for this resolver"},
		{"another one refuses", "bl.gone.test bl.public.test", "", Dead, "not exist for this resolver"},
		{"alone, and its top-level domain exists", "bl.gone.test", "", Dead, "not exist for this resolver"},
		{"all lists are denied", "bl.gone.test bl.good.test", "bl.good.test", Unknown, "no other block list"},
		{"another list is silent", "bl.gone.test bl.quiet.test", "", Unknown, "no other block list"},
		{"everything is denied", "bl.gone.test bl.good.test", "test", Unknown, "nor does the top-level domain"},
		{"closed by the catalogue", "bl.closed.test", "test", Dead, "2024-06-05"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := worldAsker(t)
			if tt.denied != "" {
				r.spoil = deny(tt.denied)
			}
			s := Examine(t.Context(), r, Options{Catalogue: lists(t, worldLists), Lists: strings.Fields(tt.lists), Addresses: given("192.0.2.11")})
			l := s.Listings[0]
			if l.Verdict != tt.want || !strings.Contains(l.Why, tt.why) {
				t.Errorf("%s: %s (%s), want %s (%s)", l.Zone, l.Verdict, l.Why, tt.want, tt.why)
			}
			all := Check(s, Context{Profile: finding.Sender}).Findings()
			if got := passed(all, "rbl-listed"); got != (tt.name == "another list answers") {
				t.Errorf("rbl-listed passed: %t", got)
			}
		})
	}
}

// A list that the catalogue has as alive is not closed by what one resolver says of it, by
// whatever name it denies; the listing is not known then. One that the user adds, or brings
// back, is.
func TestAliveByTheCatalogue(t *testing.T) {
	catalogue := DefaultCatalogue()
	d := decoder{env: func(string) string { return "" }}
	if err := d.decode([]byte("lists: [{zone: zen.spamhaus.org, weight: error}, {zone: bl.own.test}, {zone: ix.dnsbl.manitu.net, dead: \"\"}]"), catalogue); err != nil {
		t.Fatal(err)
	}
	deny := &asker{spoil: func(name string, typ resolver.Type) (*resolver.Answer, error) {
		a := &resolver.Answer{Name: name, Type: typ, Status: resolver.NXDomain}
		if !strings.Contains(name, ".") || name == "2.0.0.127.psbl.surriel.com" {
			a.Status, a.Records = resolver.Found, []resolver.Record{{Name: name, Type: typ, Addr: netip.MustParseAddr("127.0.0.2")}}
		}
		return a, nil
	}}
	for zone, want := range map[string]Verdict{"zen.spamhaus.org": Unknown, "bl.spamcop.net": Unknown, "b.barracudacentral.org": Unknown,
		"psbl.surriel.com": Clean, "bl.own.test": Dead, "ix.dnsbl.manitu.net": Dead} {
		s := Examine(t.Context(), deny, Options{Catalogue: catalogue, Lists: []string{"psbl.surriel.com", zone}, Addresses: given("192.0.2.11")})
		l := verdict(t, s, "192.0.2.11", zone)
		if l.Verdict != want {
			t.Errorf("%s: %s (%s), want %s", zone, l.Verdict, l.Why, want)
		}
		all := Check(s, Context{Profile: finding.Sender}).Findings()
		for _, f := range all {
			if f.Check == "rbl-list-dead" && f.Severity != finding.Pass && want != Dead {
				t.Errorf("%s: %s %s", zone, f.Title, f.Detail)
			}
		}
		if want == Unknown && (passed(all, "rbl-listed") || passed(all, "rbl-list-dead")) {
			t.Errorf("%s: passed", zone)
		}
	}
}

// A subject that no list takes is named, with the reason, and passes nothing.
func TestNotAsked(t *testing.T) {
	for _, tt := range []struct {
		lists string
		addrs []string
		names []Subject
		want  string
		asked bool
	}{
		{"dom.good.test", []string{"192.0.2.10"}, nil, "192.0.2.10: dom.good.test lists domains only, and 192.0.2.10 is an IPv4 address", false},
		{"dom.good.test", []string{"192.0.2.10"}, []Subject{{"good.example", "domain"}}, "192.0.2.10: dom.good.test lists domains only, and 192.0.2.10 is an IPv4 address", true},
		{"bl.public.test", nil, []Subject{{"good.example", "domain"}}, "good.example: bl.public.test lists IPv4 addresses only, and good.example is a domain", false},
		{"bl.public.test", []string{"2001:db8::10"}, nil, "2001:db8::10: bl.public.test lists IPv4 addresses only, and 2001:db8::10 is an IPv6 address", false},
		{"bl.public.test dom.good.test", []string{"2001:db8::10"}, nil, "2001:db8::10: the lists chosen hold IPv4 addresses and domains only, and 2001:db8::10 is an IPv6 address", false},
		{"bl.good.test", []string{"2001:db8::11"}, nil, "", true},
		{"bl.closed.test", []string{"192.0.2.10"}, nil, "", false},
	} {
		o := Options{Catalogue: lists(t, worldLists), Lists: strings.Fields(tt.lists), Domains: tt.names}
		if tt.addrs != nil {
			o.Addresses = given(tt.addrs...)
		}
		s := Examine(t.Context(), worldAsker(t), o)
		got := ""
		for _, n := range s.NotAsked {
			got += n.Subject + ": " + n.Why
		}
		if got != tt.want || s.Asked() != tt.asked {
			t.Errorf("%s %v: %q (asked: %t), want %q", tt.lists, tt.addrs, got, s.Asked(), tt.want)
		}
		all := Check(s, Context{}).Findings()
		if has := slices.ContainsFunc(all, func(f finding.Finding) bool { return f.Check == "rbl-not-asked" }); has != (tt.want != "") {
			t.Errorf("%s: rbl-not-asked: %t", tt.lists, has)
		}
	}
}

// TestSilent: a subject of which no list that was asked said anything is known, whatever others
// were told, and lists that are closed or were not asked say nothing of it.
func TestSilent(t *testing.T) {
	for _, tt := range []struct {
		name     string
		listings []Listing
		want     bool
	}{
		{"nothing was asked", nil, false},
		{"an allow list alone, which refuses", []Listing{{Subject: "192.0.2.1", Verdict: Blocked, Allow: true}}, true},
		{"an allow list without an entry", []Listing{{Subject: "192.0.2.1", Verdict: Clean, Allow: true}}, false},
		{"one of two answers", []Listing{{Subject: "192.0.2.1", Verdict: Unknown}, {Subject: "192.0.2.1", Verdict: Listed}}, false},
		{"one subject of two", []Listing{{Subject: "192.0.2.1", Verdict: Clean}, {Subject: "192.0.2.2", Verdict: Unknown}}, true},
		{"closed", []Listing{{Subject: "192.0.2.1", Verdict: Dead}}, false},
		{"offline", []Listing{{Subject: "192.0.2.1", Verdict: Unknown, Why: notAsked}}, false},
	} {
		if got := (&Survey{Listings: tt.listings}).Silent(); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}
