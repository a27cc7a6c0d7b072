package dmarc

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestEvaluate(t *testing.T) {
	const acme = "_dmarc.acme.example TXT \"v=DMARC1; p=reject; sp=quarantine\"\n"
	const strict = "_dmarc.acme.example TXT \"v=DMARC1; p=reject; adkim=s; aspf=s; t=y\"\n"
	pass := func(domains ...string) []Identity {
		var out []Identity
		for _, d := range domains {
			out = append(out, Identity{d, "pass"})
		}
		return out
	}
	tests := []struct {
		name string
		zone string
		id   Identities
		want string // result, policy, effective policy, spf and dkim aligned
		why  string // part of the error
	}{
		{"no record", "", Identities{From: "acme.example", SPF: pass("acme.example")}, "none - - true false", ""},
		{"relaxed envelope", acme, Identities{From: "acme.example", SPF: pass("bounce.acme.example")}, "pass reject reject true false", ""},
		{"capitals and a final dot", acme, Identities{From: "ACME.example.", DKIM: []Identity{{"Acme.Example", "PASS"}}}, "pass reject reject false true", ""},
		{"an IDN", "_dmarc.xn--bcher-kva.example TXT \"v=DMARC1; p=none\"\n",
			Identities{From: "bücher.example", DKIM: pass("xn--bcher-kva.example")}, "pass none none false true", ""},
		{"no identifier", acme, Identities{From: "acme.example"}, "fail reject reject false false", ""},
		{"did not pass", acme, Identities{From: "acme.example", SPF: []Identity{{"acme.example", "softfail"}}}, "fail reject reject false false", ""},
		{"its check did not complete: aligned if it passed", acme, Identities{From: "acme.example", SPF: []Identity{{"acme.example", "temperror"}}}, "temperror reject reject - false", "did not complete"},
		{"its check did not complete: not aligned whatever it gave", acme, Identities{From: "acme.example", DKIM: []Identity{{"esp.test", "temperror"}}}, "fail reject reject false false", ""},
		{"its check did not complete: another one passed", acme, Identities{From: "acme.example", SPF: []Identity{{"acme.example", "temperror"}}, DKIM: pass("acme.example")}, "pass reject reject - true", ""},
		{"an alias to nowhere exists (RFC 6604)", "_dmarc.acme.example TXT \"v=DMARC1; p=reject; sp=quarantine; np=none\"\nnews.acme.example CNAME gone.test.", Identities{From: "news.acme.example"}, "fail quarantine quarantine false false", ""},
		{"another organization", acme, Identities{From: "acme.example", SPF: pass("bounce.esp.test"), DKIM: pass("esp.test")}, "fail reject reject false false", ""},
		{"one signature of two", acme, Identities{From: "acme.example", DKIM: pass("esp.test", "acme.example")}, "pass reject reject false true", ""},
		{"strict, not identical", strict, Identities{From: "acme.example", SPF: pass("b.acme.example"), DKIM: pass("acme.example.")}, "pass reject quarantine false true", ""},
		{"subdomain", acme + "news.acme.example A 192.0.2.1", Identities{From: "news.acme.example", DKIM: pass("acme.example")}, "pass quarantine quarantine false true", ""},
		{"unusable record", "_dmarc.acme.example TXT \"v=DMARC1; p=rejct\"", Identities{From: "acme.example", SPF: pass("acme.example")},
			"permerror - - true false", "no usable policy"},
		{"several records", acme + acme + "_dmarc.acme.example TXT \"v=DMARC1; p=none\"", Identities{From: "acme.example"}, "none - - false false", ""},
		{"no domain", "", Identities{From: "acme..example"}, "permerror - - - -", "not a domain name"},
		{"an identity that is no domain", acme, Identities{From: "acme.example", DKIM: pass("..", "acme.example")}, "pass reject reject false true", ""},
		{"own step silent", acme + "!_dmarc.acme.example servfail", Identities{From: "acme.example", SPF: pass("acme.example")}, "temperror - - true false", "_dmarc.acme.example (servfail)"},
		{"parent silent: the domain itself is aligned all the same", "_dmarc.news.acme.example TXT \"v=DMARC1; p=reject\"\n!_dmarc.acme.example timeout",
			Identities{From: "news.acme.example", DKIM: pass("news.acme.example")}, "pass reject reject false true", ""},
		{"parent silent: a sibling is not decided", "_dmarc.news.acme.example TXT \"v=DMARC1; p=reject\"\n!_dmarc.acme.example timeout",
			Identities{From: "news.acme.example", DKIM: pass("mail.acme.example")}, "temperror reject reject false -", "_dmarc.acme.example (timeout)"},
		{"parent silent, strict: a sibling is not aligned", "_dmarc.news.acme.example TXT \"v=DMARC1; p=reject; adkim=s\"\n!_dmarc.acme.example timeout",
			Identities{From: "news.acme.example", DKIM: pass("mail.acme.example")}, "fail reject reject false false", ""},
		{"identity's walk silent", acme + "!_dmarc.esp.test timeout", Identities{From: "acme.example", DKIM: pass("esp.test")}, "fail reject reject false false", ""},
		{"identity's walk silent below the organization", acme + "!_dmarc.b.acme.example timeout", Identities{From: "acme.example", SPF: pass("b.acme.example")},
			"temperror reject reject - false", "_dmarc.b.acme.example (timeout)"},
		{"public suffix silent: the same for both", acme + "!_dmarc.example timeout", Identities{From: "acme.example", SPF: pass("b.acme.example")}, "pass reject reject true false", ""},
		{"existence silent: failed all the same, the policy is not known", acme + "!news.acme.example timeout\n_dmarc.acme.example TXT \"other\"",
			Identities{From: "news.acme.example"}, "fail quarantine quarantine false false", ""},
		{"existence silent and np differs", "_dmarc.acme.example TXT \"v=DMARC1; p=reject; np=none\"\n!news.acme.example timeout",
			Identities{From: "news.acme.example", DKIM: pass("esp.test")}, "fail - - false false", "exists is not known"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := Evaluate(context.Background(), world(t, test.zone), test.id)
			got := fmt.Sprint(v.Result, " ", shown(v.Policy), " ", shown(v.EffectivePolicy), " ", shown(v.SPFAligned), " ", shown(v.DKIMAligned))
			if got != test.want {
				t.Errorf("got %q, want %q (%s)", got, test.want, v.Error)
			}
			if (v.Error == "") != (test.why == "") || !strings.Contains(v.Error, test.why) {
				t.Errorf("error %q, want one with %q", v.Error, test.why)
			}
		})
	}
}

func shown[T any](p *T) string {
	if p == nil {
		return "-"
	}
	return fmt.Sprint(*p)
}

// TestEvaluateAsksNoMore: strict alignment and equal names need no walk of the
// identifier (RFC 9989, 4.10.2), and what did not pass is not looked at.
func TestEvaluateAsksNoMore(t *testing.T) {
	const strict = `_dmarc.acme.example TXT "v=DMARC1; p=reject; adkim=s; aspf=s"`
	const relaxed = `_dmarc.acme.example TXT "v=DMARC1; p=reject"`
	tests := []struct {
		name, zone string
		id         Identities
	}{
		{"strict", strict, Identities{From: "acme.example", SPF: []Identity{{"x.test", "pass"}}, DKIM: []Identity{{"y.test", "pass"}}}},
		{"equal", relaxed, Identities{From: "acme.example", SPF: []Identity{{"acme.example", "pass"}}}},
		{"failed", relaxed, Identities{From: "acme.example", SPF: []Identity{{"x.test", "fail"}}}},
	}
	for _, test := range tests {
		dns := world(t, test.zone)
		Evaluate(context.Background(), dns, test.id)
		for _, q := range dns.asked {
			if !strings.HasPrefix(q, "acme.example ") && q != "_dmarc.acme.example TXT" && q != "_dmarc.example TXT" {
				t.Errorf("%s: asked %s", test.name, q)
			}
		}
	}
}

// TestVerdictJSON pins the keys that scripts rely on; what there is none of is null.
func TestVerdictJSON(t *testing.T) {
	text, err := json.Marshal(Evaluate(context.Background(), world(t, ""), Identities{From: "acme.example"}))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"result":"none","domain":"acme.example","policy_domain":null,"organizational_domain":"acme.example",` +
		`"policy":null,"effective_policy":null,"tag":null,"adkim":null,"aspf":null,"spf_aligned":false,"dkim_aligned":false,` +
		`"queries":["_dmarc.acme.example","_dmarc.example"],"identifiers":[],"error":""}`
	if string(text) != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
}

func TestAlign(t *testing.T) {
	const relaxed = "_dmarc.acme.example TXT \"v=DMARC1; p=reject\"\n"
	const strict = "_dmarc.acme.example TXT \"v=DMARC1; p=reject; aspf=s\"\n"
	tests := []struct {
		name, zone, from, domain string
		want                     string // mode, relaxed, strict, aligned, organization
		why                      string
	}{
		{"itself", relaxed, "acme.example", "acme.example", "r true true true acme.example", "author domain itself"},
		{"below", relaxed, "acme.example", "b.acme.example", "r true false true acme.example", "relaxed alignment is in force"},
		{"below, strict", strict, "acme.example", "b.acme.example", "s true false false acme.example", "strict alignment"},
		{"another", relaxed, "acme.example", "b.esp.test", "r false false false b.esp.test", "no record at it or above"},
		{"another, record not known", relaxed + "!_dmarc.b.esp.test servfail", "acme.example", "b.esp.test", "r false false false b.esp.test", "(whether it has a record is not known)"},
		{"another with a record", relaxed + "_dmarc.esp.test TXT \"v=DMARC1; p=none\"", "acme.example", "b.esp.test", "r false false false esp.test", "the shortest name with a record"},
		{"psd=n between", relaxed + "_dmarc.b.acme.example TXT \"v=DMARC1; p=none; psd=n\"", "acme.example", "b.acme.example", "r false false false b.acme.example", "psd=n"},
		{"psd=y above", "_dmarc.example TXT \"v=DMARC1; p=none; psd=y\"", "acme.example", "other.example", "r false false false other.example", "psd=y"},
		{"no record: siblings are strangers", "", "a.acme.example", "b.acme.example", "r false false false b.acme.example", ""},
		{"record not known", "!_dmarc.acme.example servfail", "acme.example", "acme.example", " true true true acme.example", "either mode"},
		{"record not known, below", "!_dmarc.acme.example servfail", "acme.example", "b.acme.example", " - false - ", "_dmarc.acme.example (servfail)"},
		{"record not known, another", "!_dmarc.acme.example servfail", "acme.example", "b.esp.test", " false false false b.esp.test", "not aligned in either mode"},
		{"no domain", relaxed, "acme.example", "..", "r - false - ", "no domain name"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dns := world(t, test.zone)
			a := align(context.Background(), dns, Discover(context.Background(), dns, test.from), test.domain)[0]
			got := fmt.Sprint(string(a.Mode), " ", shown(a.Relaxed), " ", a.Strict, " ", shown(a.Aligned), " ", a.OrganizationalDomain)
			if got != test.want || !strings.Contains(a.Why, test.why) {
				t.Errorf("got %q (%s), want %q (%s)", got, a.Why, test.want, test.why)
			}
			_, same := DiscoverAligned(context.Background(), dns, test.from, []string{test.domain}, nil)
			if same[0].Why != a.Why {
				t.Errorf("DiscoverAligned says %s", same[0].Why)
			}
		})
	}
}
