package receiver

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// good are the facts of a sender that meets everything.
func good() Facts {
	yes := Fact{State: Yes, Evidence: "Seen."}
	return Facts{SPF: yes, DKIM: yes, DKIMRSA: yes, DKIMKeys: yes, DMARC: yes, Aligned: yes, NotEnforced: Fact{State: No, Finding: "dmarc-enforced"},
		PTR: yes, HELO: yes, SOA: yes, TakesMail: yes, AddressesUnlisted: yes, DomainsUnlisted: yes}
}

func TestJudge(t *testing.T) {
	no := func(finding string) Fact {
		return Fact{State: No, Finding: finding, Evidence: "Seen: " + finding + "."}
	}
	unknown := Fact{State: Unknown, Finding: "dkim-none-observed", Evidence: "No selector answered."}
	const all = "Gmail low meets, Gmail bulk meets, Yahoo low meets, Yahoo bulk meets, Microsoft bulk meets, Apple bulk meets"
	tests := []struct {
		name   string
		change func(*Facts)
		want   string
		// causes are receiver, volume, requirement, code and finding.
		causes []string
	}{
		{"all is well", func(*Facts) {}, all, nil},
		{"no SPF", func(f *Facts) { f.SPF = no("spf-record-missing") },
			"Gmail low meets, Gmail bulk fails, Yahoo low meets, Yahoo bulk fails, Microsoft bulk fails, Apple bulk fails",
			[]string{"Gmail bulk spf 421 4.7.27, 550 5.7.27 spf-record-missing", "Yahoo bulk spf 550 5.7.9, 554 5.7.9 spf-record-missing", "Microsoft bulk spf 550 5.7.515 spf-record-missing", "Apple bulk spf 554 5.7.1 [HME1] spf-record-missing"}},
		{"DKIM not observed", func(f *Facts) { f.DKIM, f.DKIMRSA, f.DKIMKeys = unknown, unknown, unknown },
			"Gmail low cannot tell, Gmail bulk cannot tell, Yahoo low cannot tell, Yahoo bulk cannot tell, Microsoft bulk cannot tell, Apple bulk cannot tell",
			[]string{"Gmail low dkim-key-length 421 4.7.30, 550 5.7.30 dkim-none-observed", "Gmail bulk dkim 421 4.7.30, 550 5.7.30 dkim-none-observed"}},
		{"neither SPF nor DKIM", func(f *Facts) {
			f.SPF, f.DKIM, f.DKIMRSA = no("spf-syntax"), no("dkim-proved-absent"), no("dkim-proved-absent")
		},
			"Gmail low fails, Gmail bulk fails, Yahoo low fails, Yahoo bulk fails, Microsoft bulk fails, Apple bulk fails",
			[]string{"Gmail low spf-or-dkim 421 4.7.26, 550 5.7.26 spf-syntax"}},
		{"no SPF, and DKIM not observed", func(f *Facts) { f.SPF, f.DKIM, f.DKIMRSA = no("spf-syntax"), unknown, unknown },
			"Gmail low cannot tell, Gmail bulk fails, Yahoo low cannot tell, Yahoo bulk fails, Microsoft bulk fails, Apple bulk fails",
			[]string{"Gmail low spf-or-dkim 421 4.7.26, 550 5.7.26 dkim-none-observed"}},
		{"an Ed25519 key alone", func(f *Facts) { f.DKIMRSA = no("dkim-ed25519-only") },
			"Gmail low meets, Gmail bulk fails, Yahoo low meets, Yahoo bulk meets, Microsoft bulk fails, Apple bulk meets",
			[]string{"Gmail bulk dkim 421 4.7.30, 550 5.7.30 dkim-ed25519-only", "Microsoft bulk dkim 550 5.7.515 dkim-ed25519-only"}},
		{"no DMARC", func(f *Facts) {
			f.DMARC = no("dmarc-record-missing")
			f.NotEnforced = Fact{State: Yes, Evidence: "No policy."}
		},
			"Gmail low meets, Gmail bulk fails, Yahoo low meets, Yahoo bulk fails, Microsoft bulk fails, Apple bulk fails",
			[]string{"Gmail bulk dmarc 421 4.7.40, 550 5.7.40 dmarc-record-missing", "Microsoft bulk dmarc 550 5.7.515 dmarc-record-missing"}},
		{"unaligned under an enforced policy", func(f *Facts) { f.Aligned = no("dmarc-dkim-unaligned") },
			"Gmail low fails, Gmail bulk fails, Yahoo low fails, Yahoo bulk fails, Microsoft bulk fails, Apple bulk fails",
			[]string{"Gmail low own-policy 550 5.7.26 dmarc-dkim-unaligned", "Gmail bulk alignment 421 4.7.32 dmarc-dkim-unaligned", "Apple bulk own-policy 554 5.7.1 dmarc-dkim-unaligned"}},
		{"unaligned without a policy", func(f *Facts) {
			f.Aligned, f.NotEnforced = no("dmarc-dkim-unaligned"), Fact{State: Yes, Evidence: "No policy."}
		}, "Gmail low meets, Gmail bulk fails, Yahoo low meets, Yahoo bulk fails, Microsoft bulk fails, Apple bulk meets", nil},
		{"no PTR", func(f *Facts) { f.PTR = no("ptr-missing") },
			"Gmail low fails, Gmail bulk fails, Yahoo low fails, Yahoo bulk fails, Microsoft bulk fails, Apple bulk fails",
			[]string{"Gmail low ptr 421 4.7.0, 451 4.7.23, 550 5.7.25 ptr-missing", "Microsoft bulk ptr 550 5.7.25 ptr-missing", "Yahoo low ptr  ptr-missing"}},
		{"null MX", func(f *Facts) { f.TakesMail = no("mx-null") },
			"Gmail low meets, Gmail bulk meets, Yahoo low fails, Yahoo bulk fails, Microsoft bulk meets, Apple bulk meets",
			[]string{"Yahoo low takes-mail 550 5.7.27 mx-null"}},
		{"no SOA", func(f *Facts) { f.SOA = no("domain-no-soa") },
			"Gmail low meets, Gmail bulk meets, Yahoo low fails, Yahoo bulk fails, Microsoft bulk meets, Apple bulk meets",
			[]string{"Yahoo bulk soa 451, 554 domain-no-soa"}},
		{"listed", func(f *Facts) { f.AddressesUnlisted = no("rbl-listed") },
			"Gmail low meets, Gmail bulk meets, Yahoo low fails, Yahoo bulk fails, Microsoft bulk meets, Apple bulk fails",
			[]string{"Yahoo low address-unlisted 553 5.7.1 [BL21], [BL23] rbl-listed"}},
		{"domain listed", func(f *Facts) { f.DomainsUnlisted = no("rbl-domain-listed") },
			"Gmail low meets, Gmail bulk meets, Yahoo low meets, Yahoo bulk meets, Microsoft bulk meets, Apple bulk fails", nil},
		{"no HELO stated", func(f *Facts) { f.HELO = Fact{} }, all, nil},
		{"HELO without address", func(f *Facts) { f.HELO = no("helo-unresolvable") },
			"Gmail low meets, Gmail bulk meets, Yahoo low meets, Yahoo bulk meets, Microsoft bulk fails, Apple bulk meets",
			[]string{"Microsoft bulk helo 550 5.7.506 helo-unresolvable"}},
		{"HELO not answered", func(f *Facts) { f.HELO = Fact{State: Unknown, Finding: "hosts-unresolved"} },
			"Gmail low meets, Gmail bulk meets, Yahoo low meets, Yahoo bulk meets, Microsoft bulk cannot tell, Apple bulk meets", nil},
		{"nothing is known", func(f *Facts) { *f = Facts{} },
			"Gmail low cannot tell, Gmail bulk cannot tell, Yahoo low cannot tell, Yahoo bulk cannot tell, Microsoft bulk cannot tell, Apple bulk cannot tell", nil},
		{"a failure outweighs what is not known", func(f *Facts) { *f = Facts{PTR: no("ptr-missing")} },
			"Gmail low fails, Gmail bulk fails, Yahoo low fails, Yahoo bulk fails, Microsoft bulk fails, Apple bulk fails", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := good()
			tt.change(&f)
			verdicts := Judge(f, "")
			var got, causes []string
			for _, v := range verdicts {
				got = append(got, fmt.Sprintf("%s %s %s", v.Receiver, v.Volume, v.Result))
				if c := v.Cause(); c != nil {
					causes = append(causes, fmt.Sprintf("%s %s %s %s %s", v.Receiver, v.Volume, c.ID, c.Code, c.Finding))
				} else if v.Result != Meets {
					t.Errorf("%s %s without a cause", v.Receiver, v.Volume)
				}
				for _, q := range v.Requirements {
					if q.Because == "" || q.Reference == "" || q.Result == Meets && q.Finding != "" {
						t.Errorf("%s %s: %+v", v.Receiver, v.Volume, q)
					}
				}
			}
			if s := strings.Join(got, ", "); s != tt.want {
				t.Errorf("got  %s\nwant %s", s, tt.want)
			}
			for _, c := range tt.causes {
				if !slices.Contains(causes, c) {
					t.Errorf("no cause %q in %q", c, causes)
				}
			}
		})
	}
}

// What the DNS cannot show is listed, and never as met.
func TestHidden(t *testing.T) {
	hidden := map[string]string{"Gmail low": "spam-rate tls message-format", "Gmail bulk": "spam-rate tls one-click-unsubscribe message-format",
		"Yahoo low": "spam-rate message-format", "Yahoo bulk": "spam-rate unsubscribe message-format", "Microsoft bulk": "unsubscribe message-format", "Apple bulk": "unsubscribe message-format"}
	for _, v := range Judge(good(), "") {
		var got []string
		for _, q := range v.Requirements {
			if !q.ShownByDNS {
				got = append(got, q.ID)
				if q.Result != CannotTell {
					t.Errorf("%s %s %s is %s", v.Receiver, v.Volume, q.ID, q.Result)
				}
			}
		}
		if s := strings.Join(got, " "); s != hidden[v.Receiver+" "+v.Volume] {
			t.Errorf("%s %s: %s", v.Receiver, v.Volume, s)
		}
	}
}

func TestVolume(t *testing.T) {
	for volume, want := range map[string]int{"": 6, Bulk: 4, Low: 2, "other": 0} {
		if got := Judge(good(), volume); len(got) != want {
			t.Errorf("%q: %d verdicts, want %d", volume, len(got), want)
		}
	}
}

// Every fact is used by some rule, and every rule names facts that exist.
func TestRules(t *testing.T) {
	used := make(map[Name]bool)
	for _, r := range Receivers {
		ids := make(map[string]bool)
		for _, rule := range r.Rules {
			if ids[rule.ID] || rule.Text == "" {
				t.Errorf("%s %s: rule %+v", r.Name, r.Volume, rule)
			}
			ids[rule.ID] = true
			for _, n := range rule.AnyOf {
				used[n] = true
				new(Facts).get(n)
			}
		}
	}
	if len(used) != 13 {
		t.Errorf("%d facts are used: %v", len(used), used)
	}
}

func ExampleJudge() {
	f := Facts{
		SPF:     Fact{State: Yes, Evidence: "192.0.2.10 passes."},
		DKIM:    Fact{State: No, Finding: "dkim-proved-absent", Evidence: "_domainkey.acme.example does not exist."},
		DKIMRSA: Fact{State: No, Finding: "dkim-proved-absent", Evidence: "_domainkey.acme.example does not exist."},
		DMARC:   Fact{State: Yes, Evidence: "p=none."},
	}
	for _, v := range Judge(f, Bulk)[:1] {
		c := v.Cause()
		fmt.Printf("%s %s: %s, %s (%s): %s\n", v.Receiver, v.Result, c.Text, c.Code, c.Finding, c.Because)
	}
	// Output: Gmail fails: DKIM passes, 421 4.7.30, 550 5.7.30 (dkim-proved-absent): _domainkey.acme.example does not exist.
}
