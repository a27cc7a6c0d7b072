package dkim

import (
	"slices"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// names lists names of a zone as an audit does.
func namesOf(r resolver.Resolver) func(string, int) []string {
	return func(name string, most int) []string { return NamesBelow(r, name, most) }
}

// TestWrongNames: a key that stands where nobody looks for it is one finding, whose
// fix moves it.
func TestWrongNames(t *testing.T) {
	record := "v=DKIM1; k=rsa; p=" + spki(t, 2048)
	microsoft := hints(Hints{MXHosts: []string{"acme-example.mail.protection.outlook.com"}})
	for _, tt := range []struct {
		name, zone string
		listed     bool // the names of the zone can be listed
		o          Options
		want       []string
		from, to   string // what the fix moves
		kind       string
	}{
		{"doubled", "s9._domainkey.acme.example TXT KEY", false, Options{Selectors: []string{"s9"}},
			[]string{"dkim-wrong-name error s9._domainkey.acme.example"}, "s9._domainkey.acme.example.acme.example", "s9._domainkey.acme.example", "TXT"},
		{"of a signing domain, doubled", "s9._domainkey.mail.acme.example TXT KEY", false, Options{Selectors: []string{"s9"}, DKIMDomains: []string{"mail.acme.example"}},
			[]string{"dkim-wrong-name error s9._domainkey.mail.acme.example"}, "s9._domainkey.mail.acme.example.acme.example", "s9._domainkey.mail.acme.example", "TXT"},
		{"of the domain itself, beside others", "s9._domainkeys TXT KEY", false, Options{Selectors: []string{"s9"}, DKIMDomains: []string{"a.acme.example", "b.acme.example", "c.acme.example", "d.acme.example"}, MaxQuestions: 80},
			[]string{"dkim-wrong-name error s9._domainkey.acme.example"}, "s9._domainkeys.acme.example", "s9._domainkey.acme.example", "TXT"},
		{"of a signing domain, none stated", "s9.domainkey.mail TXT KEY", true, Options{DKIMDomains: []string{"mail.acme.example"}},
			[]string{"dkim-wrong-name error s9._domainkey.mail.acme.example"}, "s9.domainkey.mail.acme.example", "s9._domainkey.mail.acme.example", "TXT"},
		{"of a signing domain, beside the domain's own", "s9.domainkey.mail TXT KEY\ns9._domainkey TXT KEY" + second, true, Options{DKIMDomains: []string{"mail.acme.example"}},
			[]string{"dkim-wrong-name error s9._domainkey.mail.acme.example"}, "s9.domainkey.mail.acme.example", "s9._domainkey.mail.acme.example", "TXT"},
		{"no underscore", "s9.domainkey TXT KEY", false, Options{Selectors: []string{"s9"}},
			[]string{"dkim-wrong-name error s9._domainkey.acme.example"}, "s9.domainkey.acme.example", "s9._domainkey.acme.example", "TXT"},
		{"no label", "s9 TXT KEY", false, Options{Selectors: []string{"s9"}},
			[]string{"dkim-wrong-name error s9._domainkey.acme.example"}, "s9.acme.example", "s9._domainkey.acme.example", "TXT"},
		{"no dot", "s9_domainkey TXT KEY", false, Options{Selectors: []string{"s9"}},
			[]string{"dkim-wrong-name error s9._domainkey.acme.example"}, "s9_domainkey.acme.example", "s9._domainkey.acme.example", "TXT"},
		{"label twice", "s9._domainkey._domainkey TXT KEY", false, Options{Selectors: []string{"s9"}},
			[]string{"dkim-wrong-name error s9._domainkey.acme.example"}, "s9._domainkey._domainkey.acme.example", "s9._domainkey.acme.example", "TXT"},
		{"swapped", "_domainkey.s9 TXT KEY", false, Options{Selectors: []string{"s9"}},
			[]string{"dkim-wrong-name error s9._domainkey.acme.example"}, "_domainkey.s9.acme.example", "s9._domainkey.acme.example", "TXT"},
		{"part of the domain twice", "s9._domainkey.acme TXT KEY", false, Options{Selectors: []string{"s9"}},
			[]string{"dkim-wrong-name error s9._domainkey.acme.example"}, "s9._domainkey.acme.acme.example", "s9._domainkey.acme.example", "TXT"},
		{"misspelt", "s9._domainkeys TXT KEY", false, Options{Selectors: []string{"s9"}, MaxQuestions: 80},
			[]string{"dkim-wrong-name error s9._domainkey.acme.example"}, "s9._domainkeys.acme.example", "s9._domainkey.acme.example", "TXT"},
		{"at _domainkey itself", "_domainkey TXT KEY", false, Options{Selectors: []string{"s9"}},
			[]string{"dkim-wrong-name error s9._domainkey.acme.example"}, "_domainkey.acme.example", "s9._domainkey.acme.example", "TXT"},
		{"at _domainkey itself, none stated", "_domainkey TXT KEY", false, Options{},
			[]string{"dkim-wrong-name error <selector>._domainkey.acme.example"}, "_domainkey.acme.example", "<selector>._domainkey.acme.example", "TXT"},
		{"an alias", "s9.domainkey CNAME s9.esp.example.\n--esp--\ns9 TXT KEY", false, Options{Selectors: []string{"s9"}},
			[]string{"dkim-wrong-name error s9._domainkey.acme.example"}, "s9.domainkey.acme.example", "s9._domainkey.acme.example", "CNAME"},
		{"the target of Microsoft as typed", "selector1-acme-example._domainkey CNAME k.esp.example.\n--esp--\nk TXT KEY", false, Options{Selectors: []string{"selector1"}, Hints: microsoft},
			[]string{"dkim-wrong-name error selector1._domainkey.acme.example"}, "selector1-acme-example._domainkey.acme.example", "selector1._domainkey.acme.example", "CNAME"},
		{"the target of Microsoft with the tenant as typed", "selector1-acme-onmicrosoft-com._domainkey CNAME k.esp.example.\n--esp--\nk TXT KEY", false, Options{Selectors: []string{"selector1"}},
			[]string{"dkim-wrong-name error selector1._domainkey.acme.example"}, "selector1-acme-onmicrosoft-com._domainkey.acme.example", "selector1._domainkey.acme.example", "CNAME"},
		{"the tenant, none stated, Microsoft inferred", "selector2-acmeexample-onmicrosoft-com._domainkey TXT KEY", false, Options{Hints: microsoft},
			[]string{"dkim-wrong-name error selector2._domainkey.acme.example"}, "selector2-acmeexample-onmicrosoft-com._domainkey.acme.example", "selector2._domainkey.acme.example", "TXT"},
		{"the tenant, listed, its key not loaded", "selector1-tenant-onmicrosoft-com._domainkey CNAME selector1-acme-example._domainkey.tenant.onmicrosoft.com.", true, Options{},
			[]string{"dkim-wrong-name error selector1._domainkey.acme.example"}, "selector1-tenant-onmicrosoft-com._domainkey.acme.example", "selector1._domainkey.acme.example", "CNAME"},
		{"the tenant without _domainkey, listed", "selector1-tenant-onmicrosoft-com CNAME selector1-acme-example._domainkey.tenant.onmicrosoft.com.", true, Options{},
			[]string{"dkim-wrong-name error selector1._domainkey.acme.example"}, "selector1-tenant-onmicrosoft-com.acme.example", "selector1._domainkey.acme.example", "CNAME"},
		{"the whole target as the name, listed", "selector1-acme-example._domainkey.tenant.onmicrosoft.com CNAME selector1-acme-example._domainkey.tenant.onmicrosoft.com.", true, Options{},
			[]string{"dkim-wrong-name error selector1._domainkey.acme.example"}, "selector1-acme-example._domainkey.tenant.onmicrosoft.com.acme.example", "selector1._domainkey.acme.example", "CNAME"},
		{"the tenant's selector is stated", "selector1-acme-onmicrosoft-com._domainkey TXT KEY" + second, true, Options{Selectors: []string{"selector1-acme-onmicrosoft-com"}}, nil, "", "", ""},
		{"a selector that only looks like it", "selector3-acme-onmicrosoft-com._domainkey TXT KEY" + second, true, Options{}, nil, "", "", ""},
		{"none stated, a service inferred", "selector1._domainkey.acme.example TXT KEY", false, Options{Hints: microsoft},
			[]string{"dkim-wrong-name error selector1._domainkey.acme.example"}, "selector1._domainkey.acme.example.acme.example", "selector1._domainkey.acme.example", "TXT"},
		{"listed, none stated", "odd77._domainkey.acme.example TXT KEY", true, Options{},
			[]string{"dkim-wrong-name error odd77._domainkey.acme.example"}, "odd77._domainkey.acme.example.acme.example", "odd77._domainkey.acme.example", "TXT"},
		{"at the domain itself", "@ TXT KEY\n@ TXT \"v=spf1 -all\"", false, Options{},
			[]string{"dkim-wrong-name error <selector>._domainkey.acme.example"}, "acme.example", "<selector>._domainkey.acme.example", "TXT"},
		{"listed, what aliases of others may lead to", "s7 TXT KEY", true, Options{},
			[]string{"dkim-proved-absent error acme.example"}, "", "", ""},
		{"other texts at names without a label", "@ TXT \"v=spf1 -all\"\n@ TXT \"google-site-verification=abc\"\nmail TXT \"v=spf1 a -all\"\nx._domainkey TXT KEY" + second, true, Options{},
			nil, "", "", ""},
		{"none, and other texts", "@ TXT \"v=spf1 -all\"\n@ TXT \"v=DMARC1; p=none\"\nmail TXT \"v=spf1 a -all\"", true, Options{},
			[]string{"dkim-proved-absent error acme.example"}, "", "", ""},
		{"listed, misspelt", "odd77._dkim TXT KEY", true, Options{},
			[]string{"dkim-wrong-name error odd77._domainkey.acme.example"}, "odd77._dkim.acme.example", "odd77._domainkey.acme.example", "TXT"},
		{"two of them", "s8.domainkey TXT KEY\ns9._domainkey.acme.example TXT KEY", false, Options{Selectors: []string{"s8", "s9"}},
			[]string{"dkim-wrong-name error s8._domainkey.acme.example", "dkim-wrong-name error s9._domainkey.acme.example"}, "", "", ""},
		{"one missing beside it", "s8.domainkey TXT KEY", false, Options{Selectors: []string{"s8", "s9"}},
			[]string{"dkim-selector-missing critical s9._domainkey.acme.example", "dkim-wrong-name error s8._domainkey.acme.example"}, "", "", ""},
		{"a copy without a selector, of a key that is found", "s9._domainkey TXT KEY\n_domainkey TXT KEY" + second, false, Options{Selectors: []string{"s9"}}, nil, "", "", ""},
		{"a copy without a selector, of one at another wrong name", "s9._domainkey.acme.example TXT KEY\n_domainkey TXT KEY", false, Options{Selectors: []string{"s9"}},
			[]string{"dkim-wrong-name error s9._domainkey.acme.example"}, "s9._domainkey.acme.example.acme.example", "s9._domainkey.acme.example", "TXT"},
		{"another key without a selector", "s9.domainkey TXT KEY" + strings.Replace(second, "k2._domainkey", "_domainkey", 1), false, Options{Selectors: []string{"s9"}},
			[]string{"dkim-wrong-name error <selector>._domainkey.acme.example", "dkim-wrong-name error s9._domainkey.acme.example"}, "", "", ""},
		{"an underscore for the dot, listed", "s9__domainkey TXT KEY", true, Options{},
			[]string{"dkim-wrong-name error s9._domainkey.acme.example"}, "s9__domainkey.acme.example", "s9._domainkey.acme.example", "TXT"},
		{"an alias of a key without _domainkey, listed", "s1 CNAME s1.domainkey.u1.wl.sendgrid.net.\ngoogle CNAME www.esp.example.\ndefault TXT KEY", true, Options{},
			[]string{"dkim-wrong-name error s1._domainkey.acme.example"}, "s1.acme.example", "s1._domainkey.acme.example", "CNAME"},
		{"no label, listed: a service may have it for its customers", "s1 TXT KEY\nodd TXT KEY", true, Options{}, []string{"dkim-proved-absent error acme.example"}, "", "", ""},
		{"no label, listed, beside a key", "s1 TXT KEY\ngoogle._domainkey TXT KEY" + second, true, Options{}, nil, "", "", ""},
		{"doubled, and an alias for every name", "s9._domainkey.acme.example TXT KEY\nwww A 192.0.2.1\n* CNAME www", true, Options{},
			[]string{"dkim-wrong-name error s9._domainkey.acme.example"}, "s9._domainkey.acme.example.acme.example", "s9._domainkey.acme.example", "TXT"},
		{"no underscore, and an alias for every name", "s1.domainkey TXT KEY\nwww A 192.0.2.1\n* CNAME www", true, Options{},
			[]string{"dkim-wrong-name error s1._domainkey.acme.example"}, "s1.domainkey.acme.example", "s1._domainkey.acme.example", "TXT"},
		{"the key of a subdomain is none", "s9._domainkey.mail TXT KEY\ngoogle._domainkey TXT KEY" + second, true, Options{}, nil, "", "", ""},
		{"both names have it", "s9._domainkey TXT KEY\ns9.domainkey TXT KEY" + second, true, Options{Selectors: []string{"s9"}}, nil, "", "", ""},
		{"no key at the wrong name", "s9 TXT hello\ngoogle._domainkey TXT KEY" + second, false, Options{Selectors: []string{"s9"}},
			[]string{"dkim-selector-missing critical s9._domainkey.acme.example"}, "", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := zone(t, tt.zone)
			if tt.listed {
				tt.o.Names = namesOf(r)
			}
			findings := Check(Examine(t.Context(), r, "acme.example", tt.o), Context{}).Findings()
			if got := summary(findings); !slices.Equal(got, tt.want) && len(got)+len(tt.want) > 0 {
				t.Fatalf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(tt.want, "\n  "))
			}
			if tt.from == "" {
				return
			}
			f := find1(t, findings, "dkim-wrong-name")
			fix := f.Fix
			if fix.Name != tt.to || fix.Type != tt.kind || len(fix.Remove) != 1 || fix.Remove[0].Name != tt.from || fix.Remove[0].Type != tt.kind {
				t.Errorf("fix %+v", fix)
			}
			if tt.kind == "TXT" && fix.Value != record && !strings.HasPrefix(fix.Value, "v=DKIM1; ") {
				t.Errorf("value %q", fix.Value)
			}
			vet(t, f)
		})
	}
}

// TestWrongNamesOfSubdomain: the control panel adds the name of the zone, which is the domain
// above, to the whole name of a subdomain's key.
func TestWrongNamesOfSubdomain(t *testing.T) {
	for _, listed := range []bool{true, false} {
		r := zone(t, "s9._domainkey.news.acme.example TXT KEY")
		o := Options{Selectors: []string{"s9"}}
		if listed {
			o = Options{Names: namesOf(r)}
		}
		f := find1(t, Check(Examine(t.Context(), r, "news.acme.example", o), Context{}).Findings(), "dkim-wrong-name")
		if f.Fix.Name != "s9._domainkey.news.acme.example" || len(f.Fix.Remove) != 1 || f.Fix.Remove[0].Name != "s9._domainkey.news.acme.example.acme.example" || !f.Fix.Complete {
			t.Errorf("listed %v: %s %+v", listed, f.Detail, f.Fix)
		}
		vet(t, f)
	}
}

// TestTwoMislaidKeys: which of two keys at wrong names a selector was meant to have is asked.
func TestTwoMislaidKeys(t *testing.T) {
	r := zone(t, "s9.domainkey TXT KEY"+strings.Replace(second, "k2._domainkey", "s9._domainkey.acme.example", 1))
	f := find1(t, Check(Examine(t.Context(), r, "acme.example", Options{Selectors: []string{"s9"}}), Context{}).Findings(), "dkim-wrong-name")
	if f.Fix.Complete || f.Fix.Value != "<the key of s9._domainkey.acme.example.acme.example or of s9.domainkey.acme.example>" || !strings.Contains(f.Detail, "Another key for it is at s9.domainkey.acme.example.") {
		t.Errorf("%s %+v", f.Detail, f.Fix)
	}
}

// TestListedSelectors: the selectors of a zone that was loaded are all examined,
// aliases too.
func TestListedSelectors(t *testing.T) {
	for _, tt := range []struct {
		name, zone string
		want       []string
		keys       int
	}{
		{"names that nobody guesses", "7v6qjduqgj2jhvqj5m3a4k3v2ydl4szk._domainkey TXT KEY" + second, nil, 2},
		{"a selector of two labels", "2026.mail._domainkey TXT KEY" + second, nil, 2},
		{"an alias", "odd77._domainkey CNAME k.esp.example." + second + "\n--esp--\nk TXT KEY", nil, 2},
		{"an alias to nothing", "odd77._domainkey CNAME k.esp.example." + second + "\n--esp--\nx TXT KEY",
			[]string{"dkim-cname-dangling error odd77._domainkey.acme.example", "dkim-ed25519-only warning k2._domainkey.acme.example", "dkim-single-selector notice k2._domainkey.acme.example"}, 1},
		{"a weak one", "odd77._domainkey TXT \"v=DKIM1; p=" + rfc6376Key + "\"" + second, []string{"dkim-key-weak warning odd77._domainkey.acme.example"}, 2},
		{"a wildcard is no selector", "*._domainkey TXT \"v=DKIM1; p=\"\nodd77._domainkey TXT KEY" + second, []string{"dkim-wildcard notice *._domainkey.acme.example"}, 2},
	} {
		r := zone(t, tt.zone)
		d := Examine(t.Context(), r, "acme.example", Options{Names: namesOf(r)})
		if got := summary(Check(d, Context{}).Findings()); !slices.Equal(got, tt.want) && len(got)+len(tt.want) > 0 || len(d.Keys) != tt.keys {
			t.Errorf("%s: %d keys, %q", tt.name, len(d.Keys), got)
		}
	}
}

// TestSplitKeys: a key in pieces is put together if one order alone makes a key.
func TestSplitKeys(t *testing.T) {
	p := soundRecords(t)[0]
	quoted := func(texts ...string) string {
		var b strings.Builder
		for _, text := range texts {
			b.WriteString("s1._domainkey TXT " + quoted(text) + "\n")
		}
		return b.String()
	}
	body := strings.TrimPrefix(p, "v=DKIM1; k=rsa; p=")
	for _, tt := range []struct {
		name, zone string
		value      string // "" if it cannot be put together
	}{
		{"two", quoted(p[:220], p[220:]), p},
		{"two, the second first", quoted(p[220:], p[:220]), p},
		{"three", quoted(p[:120], p[120:250], p[250:]), p},
		{"tags before each piece", quoted(p[:220], "v=DKIM1; k=rsa; p="+p[220:]), p},
		{"p= before each piece", quoted(p[:220], "p="+p[220:]), p},
		{"p= in the second", quoted("v=DKIM1; k=rsa; t=s", "p="+body), "v=DKIM1; k=rsa; t=s; p=" + body},
		{"tags and two pieces", quoted("v=DKIM1; k=rsa; t=s; s=email;", "p="+body[:200], body[200:]), "v=DKIM1; k=rsa; s=email; t=s; p=" + body},
		{"a restriction in the second", quoted(p[:220], "v=DKIM1; k=rsa; t=s; p="+p[220:]), ""},
		{"the same, one of them a test", quoted(p, "v=DKIM1; k=rsa; t=y; p="+body), ""},
		{"cut at a space", quoted("k=rsa; p="+body+";", "v=DKIM1;"), "v=DKIM1; k=rsa; p=" + body},
		{"the type in both", quoted("v=DKIM1; k=rsa", "k=rsa; p="+body), ""},
		{"a slip in the first", quoted("v=DKIM1; t:s", "p="+body), ""},
		{"an empty p= in the second", quoted("v=DKIM1; k=rsa", "p="), ""},
		{"a piece is missing", quoted(p[:120], p[250:]), ""},
		{"two keys", quoted(p, "v=DKIM1; p="+rfc6376Key), ""},
		{"a key and something else", quoted(p, "google-site-verification=abc"), ""},
		{"a key and a revoked one", quoted(p, "v=DKIM1; p="), ""},
	} {
		findings := Check(Examine(t.Context(), zone(t, tt.zone), "acme.example", Options{Selectors: []string{"s1"}}), Context{}).Findings()
		check := "dkim-key-split"
		if tt.value == "" {
			check = "dkim-multiple-records"
		}
		f := find1(t, findings, check)
		if f.Severity != finding.Error || f.Fix.Value != tt.value || tt.value != "" && len(f.Fix.Remove) < 2 {
			t.Errorf("%s: %+v %+v", tt.name, f, f.Fix)
		}
		if tt.value == "" && len(f.Fix.Remove) > 0 {
			t.Errorf("%s: removes %+v", tt.name, f.Fix.Remove)
		}
		for _, other := range findings {
			if other.Check != check && other.Severity.AtLeast(finding.Error) && tt.value != "" {
				t.Errorf("%s: %s beside it", tt.name, other.Check)
			}
			if other.Fix != nil && len(other.Fix.Remove) > 0 && other.Check != "dkim-key-split" {
				t.Errorf("%s: %s removes a record: %+v", tt.name, other.Check, other.Fix)
			}
		}
	}
	same := Check(Examine(t.Context(), zone(t, quoted(p, "k=rsa; p="+body)), "acme.example", Options{Selectors: []string{"s1"}}), Context{}).Findings()
	if f := find1(t, same, "dkim-multiple-records"); f.Fix.Value != p || len(f.Fix.Remove) != 1 {
		t.Errorf("the same key twice: %+v", f.Fix)
	}
}

// TestOpenSelectorsAreNoPass: a selector that did not answer leaves the checks of
// keys undecided.
func TestOpenSelectorsAreNoPass(t *testing.T) {
	for _, tt := range []struct {
		name string
		o    Options
		fail string
	}{
		{"stated", Options{Selectors: []string{"s9"}}, "s9."},
		{"of a service", Options{Hints: hints(Hints{MXHosts: []string{"aspmx.l.google.com"}})}, "google."},
		{"a guess", Options{}, "s1."},
	} {
		r := &recorder{next: zone(t, "s2._domainkey TXT KEY"+second), fail: func(n string) bool { return strings.HasPrefix(n, tt.fail) }}
		for _, f := range Check(Examine(t.Context(), r, "acme.example", tt.o), Context{}).Findings() {
			if slices.Contains(keyChecks, f.Check) && f.Severity == finding.Pass {
				t.Errorf("%s: %s is %s", tt.name, f.Check, f.Severity)
			}
		}
	}
}

// TestMislaidAliases: an alias at a wrong name is moved with the target that was meant, and
// to none that is known not to exist.
func TestMislaidAliases(t *testing.T) {
	for _, tt := range []struct {
		name, zone, value, says string
		complete                bool
	}{
		{"a live target", "k2.domainkey CNAME k.esp.example.\n--esp--\nk TXT KEY", "k.esp.example", "", true},
		{"a target that does not exist", "s1.domainkey CNAME s1.dkim.esp.example.\n--esp--\nk TXT KEY", "<target of the alias, as the service shows it>", "which has no key either", false},
		{"a target without its final dot", "k2.domainkey CNAME dkim2.mcsv.net", "dkim2.mcsv.net", "the final dot is missing", true},
		{"a target that is not loaded", "k2.domainkey CNAME dkim2.mcsv.net.", "dkim2.mcsv.net", "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := zone(t, tt.zone)
			f := find1(t, Check(Examine(t.Context(), r, "acme.example", Options{Names: namesOf(r)}), Context{}).Findings(), "dkim-wrong-name")
			if f.Fix.Value != tt.value || !strings.Contains(f.Detail, tt.says) || f.Fix.Complete != tt.complete {
				t.Errorf("%s %+v", f.Detail, f.Fix)
			}
			vet(t, f)
		})
	}
}

// TestHyphenedTarget: the target of Microsoft 365 with a hyphen for the dot before _domainkey.
func TestHyphenedTarget(t *testing.T) {
	const right = "selector1-acme-example._domainkey.acme.onmicrosoft.com"
	for _, target := range []string{"selector1-acme-example-domainkey.acme.onmicrosoft.com.acme.example.", "selector1-acme-example-_domainkey.acme.onmicrosoft.com.acme.example.",
		"selector1-acme-example_domainkey.acme.onmicrosoft.com.acme.example."} {
		r := zone(t, "selector1._domainkey CNAME "+target+"\nselector2._domainkey CNAME selector2-acme-example._domainkey.acme.onmicrosoft.com.acme.example.")
		findings := Check(Examine(t.Context(), r, "acme.example", Options{Names: namesOf(r), Selectors: []string{"selector1"}}), Context{}).Findings()
		for _, f := range findings {
			if f.Check == "dkim-cname-dangling" && strings.HasPrefix(f.Subject, "selector1.") && (f.Fix.Value != right || !f.Fix.Complete) {
				t.Errorf("%s: %s %+v", target, f.Detail, f.Fix)
			}
		}
		if got := summary(findings); !slices.Equal(got, []string{"dkim-cname-dangling error selector1._domainkey.acme.example", "dkim-cname-dangling error selector2._domainkey.acme.example"}) {
			t.Errorf("%s: %q", target, got)
		}
	}
}

// TestTargetOfAnother: an alias to the target of another domain or selector is no key held in
// reserve.
func TestTargetOfAnother(t *testing.T) {
	for target, want := range map[string]bool{"selector1-acme-com._domainkey.acme.onmicrosoft.com.": true, "selector2-acme-example._domainkey.acme.onmicrosoft.com.": true,
		"selector1-acme-com._domainkey.acme.n-v1.dkim.mail.microsoft.": true, "selector1-acme-example._domainkey.acme.onmicrosoft.com.": false} {
		r := resolver.NewOverlay(nil, parseZone(t, "acme.example", "selector1._domainkey CNAME "+target+"\nselector2._domainkey CNAME k.esp.example."), parseZone(t, "esp.example", "k TXT KEY"),
			parseZone(t, "onmicrosoft.com", ""), parseZone(t, "dkim.mail.microsoft", ""))
		sheet := Check(Examine(t.Context(), r, "acme.example", Options{Names: namesOf(r)}), Context{})
		got := slices.ContainsFunc(sheet.Findings(), func(f finding.Finding) bool {
			return f.Check == "dkim-cname-dangling" && f.Severity == finding.Error && strings.Contains(f.Detail, "begins with selector1-acme-example") && !f.Fix.Complete
		})
		if got != want {
			t.Errorf("%s: %v, %q", target, got, summary(sheet.Findings()))
		}
	}
}

// TestHyphenedTargetIsAsked: a target that differs in more from what Microsoft asks for, or in
// its tenant from the other selector's, is not proposed as it is.
func TestHyphenedTargetIsAsked(t *testing.T) {
	for _, target := range []string{"selector1-acme-example_domainkey.aacme.onmicrosoft.com.acme.example.", "selector1-acme-example__domainkey.acme.onmicrosoft.com.acme.example.",
		"selector1-acm-example_domainkey.acme.onmicrosoft.com.acme.example."} {
		r := zone(t, "selector1._domainkey CNAME "+target+"\nselector2._domainkey CNAME selector2-acme-example._domainkey.acme.onmicrosoft.com.acme.example.")
		seen := false
		for _, f := range Check(Examine(t.Context(), r, "acme.example", Options{Names: namesOf(r), Selectors: []string{"selector1"}}), Context{}).Findings() {
			if f.Check == "dkim-cname-dangling" && strings.HasPrefix(f.Subject, "selector1.") {
				seen = true
				if f.Fix.Complete || f.Fix.Value != "" || !strings.Contains(f.Fix.Summary, "if it is that one") {
					t.Errorf("%s: %s %+v", target, f.Detail, f.Fix)
				}
			}
		}
		if !seen {
			t.Errorf("%s: nothing is said", target)
		}
	}
}

// TestWordsApart: what stands between the words of a value costs no key.
func TestWordsApart(t *testing.T) {
	p := "p=" + spki(t, 2048)
	for record, want := range map[string]string{
		"v=DKIM1; k=r sa; " + p:                     "v=DKIM1; k=rsa; " + p,
		"v=DKIM1; k=rsa; s=email,tlsrpt; " + p:      "v=DKIM1; k=rsa; s=email:tlsrpt; " + p,
		"v=DKIM1; h=sha 256; " + p:                  "v=DKIM1; h=sha256; " + p,
		"v=DK IM1; s=em ail; " + p:                  "v=DKIM1; s=email; " + p,
		"v=DKIM1; k=rsa; p=" + p:                    "v=DKIM1; k=rsa; " + p,
		"v=DKIM1; k=rsa; p= " + p:                   "", // revoked, and another key behind it
		"v=DKIM1; k=k=rsa; " + p:                    "v=DKIM1; k=rsa; " + p,
		"v=DKIM1; k=rsa; s=email,unknown; x=y " + p: "",
	} {
		k, _ := ParseKey(record)
		if got := k.repaired(); got != want {
			t.Errorf("%.60s: %q", record, got)
		}
	}
}

// TestNoSelectors: what stands below _domainkey at a name that no selector has is no key
// gone wrong.
func TestNoSelectors(t *testing.T) {
	r := zone(t, "_adsp._domainkey TXT dkim=all\n_dmarc._domainkey TXT \"v=DMARC1; p=reject\"\nx._report._domainkey TXT y\ngoogle._domainkey TXT KEY"+second)
	if got := summary(Check(Examine(t.Context(), r, "acme.example", Options{Names: namesOf(r)}), Context{}).Findings()); len(got) > 0 {
		t.Errorf("%q", got)
	}
}

// TestOtherKinds: a record of another kind at a selector is said to be that, and is not
// removed for a key.
func TestOtherKinds(t *testing.T) {
	for text, at := range map[string]string{"v=spf1 mx -all": "acme.example", "v=DMARC1; p=reject": "_dmarc.acme.example", "v=STSv1; id=1": "_mta-sts.acme.example"} {
		r := zone(t, `s1._domainkey TXT "`+text+`"`)
		findings := Check(Examine(t.Context(), r, "acme.example", Options{Selectors: []string{"s1"}}), Context{}).Findings()
		if got := summary(findings); !slices.Equal(got, []string{"dkim-key-syntax error s1._domainkey.acme.example"}) {
			t.Errorf("%s: %q", text, got)
		}
		if f := find1(t, findings, "dkim-key-syntax"); !strings.Contains(f.Detail, "belongs at "+at+":") || len(f.Fix.Remove) > 0 || f.Fix.Complete {
			t.Errorf("%s: %s %+v", text, f.Detail, f.Fix)
		}
	}
}

// TestOwnAlias: what is wrong behind an alias of a name of one's own is one's own to put right.
func TestOwnAlias(t *testing.T) {
	for _, tt := range []struct{ name, zone, check, summary string }{
		{"its own name", "s1._domainkey CNAME k.keys.acme.example.\nk.keys TXT \"v=DKIM1; k=rsa; p=AAAA\"", "dkim-key-undecodable", "Correct the record there: the selector is an alias of k.keys.acme.example, a name of your own."},
		{"another's", "s1._domainkey CNAME k.esp.example.\n--esp--\nk TXT \"v=DKIM1; k=rsa; p=AAAA\"", "dkim-key-undecodable", "Have the operator of k.esp.example correct the record there: the selector is an alias of k.esp.example."},
		{"its own, without a key", "s1._domainkey CNAME k.keys.acme.example.\nk.keys A 192.0.2.1", "dkim-cname-dangling", "Publish the key at k.keys.acme.example, or remove the alias."},
		{"another's, without a key", "s1._domainkey CNAME k.esp.example.\n--esp--\nk A 192.0.2.1", "dkim-cname-dangling", "Have the key published at k.esp.example, or remove the alias."},
	} {
		f := find1(t, Check(Examine(t.Context(), zone(t, tt.zone), "acme.example", Options{Selectors: []string{"s1"}}), Context{}).Findings(), tt.check)
		if f.Fix == nil || f.Fix.Summary != tt.summary {
			t.Errorf("%s: %+v", tt.name, f.Fix)
		}
	}
}
