package rbl

import (
	"net/netip"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/resolver"
)

func TestCheck(t *testing.T) {
	s := Examine(t.Context(), worldAsker(t), Options{
		Catalogue: lists(t, worldLists), Lists: []string{"bl.good.test", "bl.world.test", "bl.empty.test", "bl.public.test", "bl.gone.test", "bl.quiet.test", "dom.good.test", "allow.test", "bl.closed.test"},
		Addresses: given("192.0.2.10", "192.0.2.11"),
		Domains:   []Subject{{"bounce.spam.example", "envelope domain"}, {"spam.example", "author domain"}},
	})
	all := Check(s, Context{Profile: finding.Sender}).Findings()
	tests := []struct {
		check, subject string
		severity       finding.Severity
		couldBe        finding.Severity
		detail         []string
		fix            string
	}{
		{"rbl-listed", "192.0.2.10", finding.Critical, "", []string{"bl.good.test", "127.0.0.2, SBL, spam", "127.0.0.10, PBL, dial-up", "Spam since Tuesday", "Look the address up."}, "https://good.test/out"},
		{"rbl-domain-listed", "spam.example", finding.Critical, "", []string{"author domain", "envelope domain bounce.spam.example", "127.0.0.72, PH, phishing; ABUSE"}, "dom.good.test"},
		{"rbl-allow-listed", "192.0.2.11", finding.Info, "", []string{"127.0.9.2, medium"}, ""},
		{"rbl-list-blocked", "bl.public.test", finding.Unknown, finding.Error, []string{"192.0.2.10, 192.0.2.11", "127.255.255.254"}, "--resolver"},
		{"rbl-list-unhealthy", "bl.world.test", finding.Unknown, finding.Error, []string{"lists the whole world"}, "Do not use the list"},
		{"rbl-list-unhealthy", "bl.empty.test", finding.Unknown, finding.Warning, []string{"it does not list 127.0.0.2"}, "Do not use the list"},
		{"rbl-unresolved", "bl.quiet.test", finding.Unknown, finding.Notice, []string{"192.0.2.10, 192.0.2.11", "timeout"}, "Try again"},
		{"rbl-list-dead", "bl.closed.test", finding.Warning, "", []string{"it was closed (2024-06-05)"}, "Take bl.closed.test out"},
		{"rbl-list-dead", "bl.gone.test", finding.Warning, "", []string{"its zone does not exist for this resolver"}, "take bl.gone.test out"},
	}
	known := 0
	for _, f := range all {
		if f.Severity != finding.Pass {
			known++
		}
	}
	if known != len(tests) {
		t.Errorf("%d findings, want %d", known, len(tests))
	}
	for _, tt := range tests {
		found := false
		for _, f := range findings(all, tt.check) {
			if f.Subject != tt.subject {
				continue
			}
			found = true
			if f.Severity != tt.severity || f.CouldBe != tt.couldBe || f.Undecides || f.Section != finding.Reputation {
				t.Errorf("%s %s: %+v", tt.check, tt.subject, f)
			}
			for _, text := range tt.detail {
				if !strings.Contains(f.Detail, text) {
					t.Errorf("%s %s: %q lacks %q", tt.check, tt.subject, f.Detail, text)
				}
			}
			if (f.Fix == nil) != (tt.fix == "") || f.Fix != nil && !strings.Contains(f.Fix.Summary, tt.fix) {
				t.Errorf("%s %s: fix %+v", tt.check, tt.subject, f.Fix)
			}
			if len(f.Evidence) == 0 && tt.subject != "bl.closed.test" {
				t.Errorf("%s %s: no evidence", tt.check, tt.subject)
			}
		}
		if !found {
			t.Errorf("no finding %s about %s", tt.check, tt.subject)
		}
	}
	if !passed(all, "rbl-no-addresses") {
		t.Error("rbl-no-addresses did not pass")
	}
}

func TestCheckDecides(t *testing.T) {
	tests := []struct {
		name      string
		lists     string
		spoil     func(string, resolver.Type) (*resolver.Answer, error)
		undecides bool
		pass      bool
	}{
		{"all of weight refuse", "bl.public.test", nil, true, false},
		{"all of weight silent", "bl.good.test", failing("bl.good.test", resolver.ServFail), true, false},
		{"all answer", "bl.good.test", nil, false, true},
		{"one of weight answers", "bl.good.test bl.public.test", nil, false, false},
		{"only light ones are silent", "bl.quiet.test bl.good.test", failing("bl.quiet.test", resolver.Refused), false, false},
		{"a closed one says nothing that counts", "bl.good.test bl.closed.test", nil, false, true},
		{"a light one answers, those of weight do not", "bl.good.test bl.public.test dom.good.test", failing("bl.good.test", resolver.ServFail), true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := worldAsker(t)
			if tt.spoil != nil {
				r.spoil = tt.spoil
			}
			s := Examine(t.Context(), r, Options{Catalogue: lists(t, worldLists), Lists: strings.Fields(tt.lists), Addresses: given("192.0.2.11")})
			all := Check(s, Context{Profile: finding.Sender}).Findings()
			undecides := 0
			for _, f := range all {
				if f.Undecides {
					undecides++
				}
			}
			if want := map[bool]int{true: 1, false: 0}[tt.undecides]; undecides != want {
				t.Errorf("%d findings undecide, want %d: %+v", undecides, want, all)
			}
			if got := passed(all, "rbl-listed"); got != tt.pass {
				t.Errorf("rbl-listed passed: %v", got)
			}
		})
	}
}

func TestCheckAddresses(t *testing.T) {
	none := func(then func([]netip.Addr)) { then(nil) }
	tests := []struct {
		name      string
		addresses func(func([]netip.Addr))
		context   Context
		want      string
	}{
		{"a sender without addresses", none, Context{Profile: finding.Sender}, "rbl-no-addresses notice"},
		{"a parked domain", none, Context{Profile: finding.Parked}, ""},
		{"a receiver", none, Context{Profile: finding.Receiver}, ""},
		{"nobody asked about addresses", nil, Context{}, ""},
		{"the DNS did not say", none, Context{Profile: finding.Sender, AddressesUnknown: true}, "rbl-unresolved unknown undecides"},
		{"the DNS did not say all", given("192.0.2.11"), Context{Profile: finding.Sender, AddressesUnknown: true}, "rbl-unresolved unknown"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := Examine(t.Context(), worldAsker(t), Options{Catalogue: lists(t, worldLists), Lists: []string{"bl.good.test"}, Addresses: tt.addresses})
			got := ""
			for _, f := range Check(s, tt.context).Findings() {
				if f.Severity != finding.Pass {
					got = f.Check + " " + string(f.Severity)
					if f.Undecides {
						got += " undecides"
					}
				}
			}
			if got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

// A list of the default set that ends is no fault of the domain.
func TestDeadListThatNobodyNamed(t *testing.T) {
	c := lists(t, `lists: [{zone: bl.gone.test}]`)
	s := Examine(t.Context(), worldAsker(t), Options{Catalogue: c, Addresses: given("192.0.2.11")})
	if f := findings(Check(s, Context{}).Findings(), "rbl-list-dead"); len(f) != 1 || f[0].Severity != finding.Info {
		t.Errorf("%+v", f)
	}
}

func TestChecksAreDocumented(t *testing.T) {
	for _, c := range Checks {
		if c.Section != finding.Reputation || c.Title == "" || c.Condition == "" || c.Why == "" || c.Remedy == "" || c.Reference == "" {
			t.Errorf("%s: %+v", c.ID, c)
		}
	}
}
