package dkim

import (
	"context"
	"encoding/base64"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// summary lists the findings that are no passes as "check severity subject", sorted.
func summary(findings []finding.Finding) []string {
	out := []string{}
	for _, f := range findings {
		if f.Severity == finding.Pass {
			continue
		}
		s := fmt.Sprintf("%s %s %s", f.Check, f.Severity, f.Subject)
		if f.Undecides {
			s += " undecides"
		}
		if f.CouldBe != "" {
			s += " could-be-" + string(f.CouldBe)
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return out
}

func find1(t *testing.T, findings []finding.Finding, check string) finding.Finding {
	t.Helper()
	for _, f := range findings {
		if f.Check == check {
			return f
		}
	}
	t.Fatalf("no finding %s", check)
	return finding.Finding{}
}

// second is a second live key, so that dkim-single-selector stays quiet.
const second = "\nk2._domainkey TXT \"v=DKIM1; k=ed25519; p=" + ed25519Key + "\""

func TestCheck(t *testing.T) {
	txt := func(selector, record string) string { return selector + "._domainkey TXT " + quoted(record) }
	p := "p=" + spki(t, 2048)
	nobodys := guards("acme.example")
	guarded := func(n string) bool { return slices.Contains(nobodys[:], n) }
	tests := []struct {
		name    string
		zone    string
		o       Options
		fail    func(name string) bool
		profile finding.Profile
		want    []string
	}{
		{name: "two good keys", zone: "google._domainkey TXT KEY" + second},
		{name: "one good key", zone: "google._domainkey TXT KEY", want: []string{"dkim-single-selector notice google._domainkey.acme.example"}},
		{name: "one key behind an alias", zone: "k2._domainkey CNAME k2.esp.example.\n--esp--\nk2 TXT KEY"},
		{name: "nothing observed", zone: "odd._domainkey TXT KEY", want: []string{"dkim-none-observed notice acme.example undecides could-be-error"}},
		{name: "proved absent", zone: "www TXT here", want: []string{"dkim-proved-absent error acme.example"}},
		{name: "proved absent, guesses unresolved", zone: "www TXT here",
			fail: func(n string) bool { return strings.HasPrefix(n, "s1.") || strings.HasPrefix(n, "k1.") },
			want: []string{"dkim-proved-absent error acme.example"}},
		{name: "the proof alone unresolved", zone: "www TXT here", fail: func(n string) bool { return strings.HasPrefix(n, "_domainkey.") },
			want: []string{"dkim-none-observed notice acme.example undecides could-be-error",
				"dkim-unresolved unknown _domainkey.acme.example undecides could-be-error"}},
		{name: "everything unresolved", zone: "www TXT here", fail: func(string) bool { return true },
			want: []string{"dkim-unresolved unknown *._domainkey.acme.example could-be-warning",
				"dkim-unresolved unknown _domainkey.acme.example undecides could-be-error",
				"dkim-unresolved unknown acme.example undecides could-be-error"}},
		{name: "a guess unresolved beside good keys", zone: "google._domainkey TXT KEY" + second, fail: func(n string) bool { return strings.HasPrefix(n, "s1.") },
			want: []string{"dkim-unresolved unknown acme.example could-be-warning"}},

		{name: "stated and missing", zone: "google._domainkey TXT KEY" + second, o: Options{Selectors: []string{"s9"}},
			want: []string{"dkim-selector-missing critical s9._domainkey.acme.example"}},
		{name: "stated and found at another signing domain", zone: "google._domainkey TXT KEY" + second + "\n--esp--\ns9._domainkey TXT \"k=ed25519; p=kqEFYq1LVcOsaBbQwPcLxj8Pj6lJrkFSo6yjS3ZU9bQ=\"",
			o: Options{Selectors: []string{"s9"}, DKIMDomains: []string{"esp.example"}}},
		{name: "stated and missing at both", zone: "google._domainkey TXT KEY" + second + "\n--esp--\nwww TXT here", o: Options{Selectors: []string{"s9"}, DKIMDomains: []string{"esp.example"}},
			want: []string{"dkim-selector-missing critical s9._domainkey.acme.example"}},
		{name: "stated, one place unresolved", zone: "google._domainkey TXT KEY" + second, o: Options{Selectors: []string{"s9"}, DKIMDomains: []string{"esp.example"}},
			fail: func(n string) bool { return strings.HasSuffix(n, "esp.example") },
			want: []string{"dkim-unresolved unknown s9._domainkey.acme.example could-be-critical"}},
		{name: "stated and unresolved, nothing else", zone: "www TXT here", o: Options{Selectors: []string{"s9"}}, fail: func(n string) bool { return strings.HasPrefix(n, "s9") },
			want: []string{"dkim-unresolved unknown s9._domainkey.acme.example undecides could-be-critical"}},
		{name: "stated, missing, nothing else", zone: "odd._domainkey TXT KEY", o: Options{Selectors: []string{"s9"}},
			want: []string{"dkim-selector-missing critical s9._domainkey.acme.example"}},
		{name: "stated, an alias of nothing", zone: "google._domainkey TXT KEY" + second + "\ns9._domainkey CNAME s9.esp.example.", o: Options{Selectors: []string{"s9"}},
			want: []string{"dkim-cname-dangling error s9._domainkey.acme.example", "dkim-selector-missing critical s9._domainkey.acme.example"}},

		{name: "revoked guess", zone: txt("s1", "v=DKIM1; p=") + "\ngoogle._domainkey TXT KEY" + second, want: []string{"dkim-revoked notice s1._domainkey.acme.example"}},
		{name: "nothing but revoked", zone: txt("s1", "v=DKIM1; p=") + "\n" + txt("google", "v=DKIM1; p="), want: []string{
			"dkim-none-observed notice acme.example undecides could-be-error", "dkim-revoked notice google._domainkey.acme.example", "dkim-revoked notice s1._domainkey.acme.example"}},
		{name: "revoked and stated", zone: txt("s1", "v=DKIM1; p=") + "\ngoogle._domainkey TXT KEY" + second, o: Options{Selectors: []string{"s1"}},
			want: []string{"dkim-revoked error s1._domainkey.acme.example"}},
		{name: "duplicate tag", zone: txt("s1", "v=DKIM1; k=rsa; k=rsa; "+p), want: []string{"dkim-key-syntax error s1._domainkey.acme.example"}},
		{name: "empty entry", zone: txt("s1", "v=DKIM1; s=:email; "+p) + second, want: []string{"dkim-key-syntax notice s1._domainkey.acme.example"}},
		{name: "empty tag", zone: txt("s1", "v=DKIM1;; "+p) + second, want: []string{"dkim-key-syntax warning s1._domainkey.acme.example"}},
		{name: "cut off", zone: txt("s1", "v=DKIM1; "+p[:200]), want: []string{"dkim-key-undecodable error s1._domainkey.acme.example"}},
		{name: "any signature verifies", zone: txt("s1", "v=DKIM1; p="+rawRSA(t, modulus(2048), big.NewInt(1))), want: []string{"dkim-key-insecure critical s1._domainkey.acme.example"}},
		{name: "version last", zone: txt("s1", "k=rsa; "+p+"; v=DKIM1"), want: []string{"dkim-version-misplaced error s1._domainkey.acme.example"}},
		{name: "escapes of a zone file", zone: txt("s1", `v=DKIM1\\; k=rsa\\; `+p+`\\;`), want: []string{"dkim-version-misplaced error s1._domainkey.acme.example"}},
		{name: "an escape at the end alone", zone: txt("s1", `v=DKIM1; k=rsa; `+p+`\\;`), want: []string{"dkim-key-undecodable error s1._domainkey.acme.example"}},
		{name: "algorithm", zone: txt("s1", "v=DKIM1; k=dsa; "+p), want: []string{"dkim-algorithm-unknown error s1._domainkey.acme.example"}},
		{name: "two records", zone: "s1._domainkey TXT KEY\ns1._domainkey TXT \"v=DKIM1; p=\"" + second, want: []string{"dkim-multiple-records error s1._domainkey.acme.example"}},
		{name: "512 bits", zone: txt("s1", "v=DKIM1; p="+spki(t, 512)) + second, want: []string{"dkim-key-too-short critical s1._domainkey.acme.example"}},
		{name: "1023 bits", zone: txt("s1", "v=DKIM1; p="+spki(t, 1023)) + second, want: []string{"dkim-key-too-short critical s1._domainkey.acme.example"}},
		{name: "1024 bits", zone: txt("s1", "v=DKIM1; p="+spki(t, 1024)) + second, want: []string{"dkim-key-weak warning s1._domainkey.acme.example"}},
		{name: "2047 bits", zone: txt("s1", "v=DKIM1; p="+spki(t, 2047)) + second, want: []string{"dkim-key-weak warning s1._domainkey.acme.example"}},
		{name: "4096 bits", zone: txt("s1", "v=DKIM1; p="+spki(t, 4096)) + second},
		{name: "4097 bits", zone: txt("s1", "v=DKIM1; p="+spki(t, 4097)) + second, want: []string{"dkim-key-too-long warning s1._domainkey.acme.example"}},
		{name: "testing", zone: txt("s1", "v=DKIM1; t=y; "+p) + second, want: []string{"dkim-testing warning s1._domainkey.acme.example"}},
		{name: "sha1 alone", zone: txt("s1", "v=DKIM1; h=sha1; "+p), want: []string{"dkim-hash-sha1 error s1._domainkey.acme.example"}},
		{name: "sha1 beside sha256", zone: txt("s1", "v=DKIM1; h=sha1:sha256; "+p) + second, want: []string{"dkim-hash-sha1 notice s1._domainkey.acme.example"}},
		{name: "another hash", zone: txt("s1", "v=DKIM1; h=sha512; "+p), want: []string{"dkim-hash-unknown error s1._domainkey.acme.example"}},
		{name: "another service", zone: txt("s1", "v=DKIM1; s=tlsrpt; "+p), want: []string{"dkim-service-excluded error s1._domainkey.acme.example"}},
		{name: "service mail among others", zone: txt("s1", "v=DKIM1; s=tlsrpt:email; "+p) + second},
		{name: "granularity", zone: txt("s1", "v=DKIM1; g=*; "+p) + second, want: []string{"dkim-granularity notice s1._domainkey.acme.example"}},
		{name: "shared by two selectors", zone: "s1._domainkey TXT KEY\ns2._domainkey TXT KEY", want: []string{"dkim-shared-key notice s1._domainkey.acme.example"}},

		{name: "lock-down of a domain that sends", zone: "*._domainkey TXT \"v=DKIM1; p=\"\ngoogle._domainkey TXT KEY" + second,
			want: []string{"dkim-wildcard notice *._domainkey.acme.example"}},
		{name: "lock-down, whether it is one not answered", zone: "*._domainkey TXT \"v=DKIM1; p=\"\ngoogle._domainkey TXT KEY" + second, fail: guarded,
			want: []string{"dkim-unresolved unknown *._domainkey.acme.example could-be-warning"}},
		{name: "one of them stated", zone: "*._domainkey TXT \"v=DKIM1; p=\"\ngoogle._domainkey TXT KEY" + second, fail: guarded, o: Options{Selectors: []string{"s9"}},
			want: []string{"dkim-revoked error s9._domainkey.acme.example", "dkim-unresolved unknown *._domainkey.acme.example could-be-warning"}},
		{name: "SPF for all names, not answered", zone: "* TXT \"v=spf1 -all\"\ngoogle._domainkey TXT KEY" + second, fail: guarded,
			want: []string{"dkim-unresolved unknown *._domainkey.acme.example could-be-warning"}},
		{name: "few alike are none's", zone: txt("s1", "v=DKIM1; p=") + "\n" + txt("k1", "v=DKIM1; p=") + "\ngoogle._domainkey TXT KEY" + second, fail: guarded,
			want: []string{"dkim-revoked notice k1._domainkey.acme.example", "dkim-revoked notice s1._domainkey.acme.example", "dkim-unresolved unknown *._domainkey.acme.example could-be-warning"}},
		{name: "parked, a key for all, not answered", zone: "*._domainkey TXT KEY", fail: guarded, profile: finding.Parked,
			want: []string{"dkim-parked-key notice selector1._domainkey.acme.example"}},
		{name: "lock-down and nothing else", zone: "*._domainkey TXT \"v=DKIM1; p=\"",
			want: []string{"dkim-none-observed notice acme.example undecides could-be-error", "dkim-wildcard notice *._domainkey.acme.example"}},
		{name: "wildcard key", zone: "*._domainkey TXT KEY\ngoogle._domainkey TXT \"v=DKIM1; p=" + spki(t, 2050)[:200] + "\" \"" + spki(t, 2050)[200:] + "\"" + second,
			want: []string{"dkim-wildcard warning *._domainkey.acme.example"}},
		{name: "SPF for all names", zone: "* TXT \"v=spf1 -all\"",
			want: []string{"dkim-none-observed notice acme.example undecides could-be-error", "dkim-wildcard warning *._domainkey.acme.example"}},
		{name: "stated, SPF for all names", zone: "* TXT \"v=spf1 -all\"", o: Options{Selectors: []string{"s9"}},
			want: []string{"dkim-selector-missing critical s9._domainkey.acme.example", "dkim-wildcard warning *._domainkey.acme.example"}},
		{name: "stated, answered by the wildcard key", zone: "*._domainkey TXT KEY", o: Options{Selectors: []string{"s9"}},
			want: []string{"dkim-wildcard warning *._domainkey.acme.example"}},
		{name: "stated, revoked by the wildcard", zone: "*._domainkey TXT \"v=DKIM1; p=\"\ngoogle._domainkey TXT KEY" + second, o: Options{Selectors: []string{"s9"}},
			want: []string{"dkim-revoked error s9._domainkey.acme.example", "dkim-wildcard notice *._domainkey.acme.example"}},
		{name: "alias of nothing", zone: "s1._domainkey CNAME s1.esp.example.\ngoogle._domainkey TXT KEY" + second,
			want: []string{"dkim-cname-dangling error s1._domainkey.acme.example"}},

		{name: "parked, locked down", zone: "*._domainkey TXT \"v=DKIM1; p=\"", profile: finding.Parked},
		{name: "parked, nothing", zone: "www TXT here", profile: finding.Parked},
		{name: "parked, nothing but SPF for all names", zone: "* TXT \"v=spf1 -all\"", profile: finding.Parked},
		{name: "receiver, nothing observed", zone: "odd._domainkey TXT KEY", profile: finding.Receiver},
		{name: "parked, unresolved", zone: "www TXT here", profile: finding.Parked, fail: func(string) bool { return true }},
		{name: "parked, weak key in testing", zone: txt("s1", "v=DKIM1; t=y; p="+spki(t, 512)), profile: finding.Parked,
			want: []string{"dkim-key-too-short critical s1._domainkey.acme.example", "dkim-parked-key notice s1._domainkey.acme.example"}},
		{name: "parked, wildcard key", zone: "*._domainkey TXT KEY", profile: finding.Parked, want: []string{"dkim-wildcard warning *._domainkey.acme.example"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := Examine(t.Context(), &recorder{next: zone(t, tt.zone), fail: tt.fail}, "acme.example", tt.o)
			findings := Check(d, Context{Profile: tt.profile}).Findings()
			if got := summary(findings); !slices.Equal(got, tt.want) && len(got)+len(tt.want) > 0 {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(tt.want, "\n  "))
			}
			for _, f := range findings {
				vet(t, f)
			}
		})
	}
}

// TestUnquoted: in a zone file without quotes the record ends at its first semicolon,
// and what was meant is known.
func TestUnquoted(t *testing.T) {
	p := "p=" + spki(t, 2048)
	const ed = "k=ed25519; p=V8IP11j9tWXCx2iQT54Mk7fFo93GBZ2eK0JMbIUyOgg="
	for _, test := range []struct{ data, check, fix string }{
		{"v=DKIM1; k=rsa; " + p, "dkim-key-syntax", "v=DKIM1; k=rsa; " + p},
		{"v=DKIM1;k=rsa;" + p, "dkim-key-syntax", "v=DKIM1; k=rsa; " + p},
		{"v=DKIM1 ; k=rsa ; " + p, "dkim-key-syntax", "v=DKIM1; k=rsa; " + p},
		{"k=rsa; t=s; " + p, "dkim-key-syntax", "v=DKIM1; k=rsa; t=s; " + p},
		{"v=DKIM1; " + ed, "dkim-key-syntax", "v=DKIM1; " + ed},
		{"v=DKIM1; k=rsa; p=MIIB", "dkim-key-syntax", placeholderKey}, // cut off besides
		{"v=DKIM1 ; key of May", "dkim-key-syntax", placeholderKey},
		{`"v=DKIM1; ` + ed + `" ; p=1`, "", ""},
	} {
		d := Examine(t.Context(), zone(t, "s1._domainkey TXT "+test.data), "acme.example", Options{})
		for _, f := range Check(d, Context{}).Findings() {
			if f.Subject != "s1._domainkey.acme.example" || f.Severity != finding.Error {
				continue
			}
			if f.Check != test.check || f.Fix.Value != test.fix {
				t.Errorf("%.60s: got %s, %+v", test.data, f.Check, f.Fix)
			}
			test.check = ""
			vet(t, f)
		}
		if test.check != "" {
			t.Errorf("%.60s: no %s", test.data, test.check)
		}
	}
}

// vet holds for every finding whatever it says.
func vet(t *testing.T, f finding.Finding) {
	t.Helper()
	if f.Severity == finding.Pass {
		return
	}
	if f.Detail == "" || !strings.HasSuffix(f.Detail, ".") && !strings.HasSuffix(f.Detail, `"`) {
		t.Errorf("%s: the detail is no sentence: %q", f.Check, f.Detail)
	}
	if len(f.Evidence) == 0 || len(f.Evidence) > mostEvidence {
		t.Errorf("%s: %d pieces of evidence", f.Check, len(f.Evidence))
	}
	if len(f.Detail) > 1000 {
		t.Errorf("%s: detail of %d octets", f.Check, len(f.Detail))
	}
	if f.Severity == finding.Unknown {
		return
	}
	fixless := []string{"dkim-shared-key", "dkim-wildcard", "dkim-revoked"}
	if f.Fix == nil && !slices.Contains(fixless, f.Check) {
		t.Errorf("%s: no fix", f.Check)
	}
	if f.Check == "dkim-none-observed" && strings.Contains(f.Title+f.Detail, "missing") {
		t.Errorf("not observed is called missing: %s", f.Detail)
	}
	if f.Fix != nil && f.Fix.Type == "TXT" && strings.HasPrefix(f.Fix.Value, "v=DKIM1") && !strings.Contains(f.Fix.Value, "<") {
		if k, err := ParseKey(f.Fix.Value); err != nil || len(k.Problems) > 0 {
			t.Errorf("%s: the fix %q is no key: %v %v", f.Check, f.Fix.Value, err, k.Problems)
		}
	}
}

// An empty non-terminal that a broken server denies.
func TestCheckDenied(t *testing.T) {
	r := &denier{zone(t, "google._domainkey TXT KEY"+second)}
	findings := Check(Examine(t.Context(), r, "acme.example", Options{}), Context{}).Findings()
	if got, want := summary(findings), []string{"dkim-ent-broken error _domainkey.acme.example"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if f := find1(t, findings, "dkim-ent-broken"); f.Fix.Name != "_domainkey.acme.example" || f.Fix.Value == "" {
		t.Errorf("fix %+v", f.Fix)
	}
}

// denier answers NXDOMAIN for _domainkey.
type denier struct{ resolver.Resolver }

func (d *denier) Lookup(ctx context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	a, err := d.Resolver.Lookup(ctx, name, t)
	if strings.HasPrefix(name, "_domainkey.") {
		c := *a
		c.Status, c.Rcode = resolver.NXDomain, "NXDOMAIN"
		return &c, err
	}
	return a, err
}

// Microsoft 365 keeps one selector of two in reserve, whose alias leads nowhere.
func TestCheckStandby(t *testing.T) {
	const active, reserve = "selector1-acme-example._domainkey.acme.onmicrosoft.com", "selector2-acme-example._domainkey.acme.onmicrosoft.com"
	for _, tt := range []struct {
		name string
		live bool
		fail string
		want []string
	}{
		{"one is alive", true, "", nil},
		{"neither is", false, "", []string{"dkim-cname-dangling error selector1._domainkey.acme.example", "dkim-cname-dangling error selector2._domainkey.acme.example"}},
		{"the other is unresolved", false, "selector1.", []string{"dkim-unresolved unknown acme.example could-be-warning"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			key := ""
			if tt.live {
				key = "\nselector1-acme-example._domainkey.acme TXT " + quoted("v=DKIM1; p="+spki(t, 2048))
			}
			next := resolver.NewOverlay(nil,
				parseZone(t, "acme.example", "selector1._domainkey CNAME "+active+".\nselector2._domainkey CNAME "+reserve+"."),
				parseZone(t, "onmicrosoft.com", "acme TXT tenant"+key))
			r := &recorder{next: next, fail: func(n string) bool { return tt.fail != "" && strings.HasPrefix(n, tt.fail) }}
			got := summary(Check(Examine(t.Context(), r, "acme.example", Options{}), Context{}).Findings())
			if !slices.Equal(got, tt.want) && len(got)+len(tt.want) > 0 {
				t.Errorf("got\n  %s", strings.Join(got, "\n  "))
			}
		})
	}
}

func TestFixes(t *testing.T) {
	p := spki(t, 2048)
	google := Options{Hints: hints(Hints{MXHosts: []string{"aspmx.l.google.com"}})}
	tests := []struct {
		name, zone, check string
		o                 Options
		profile           finding.Profile
		want              finding.Fix // Name, Type and Value
	}{
		{"version first", "s1._domainkey TXT " + quoted("k=rsa; p="+p+"; v=DKIM1"), "dkim-version-misplaced", Options{}, "",
			finding.Fix{Name: "s1._domainkey.acme.example", Type: "TXT", Value: "v=DKIM1; k=rsa; p=" + p}},
		{"out of testing", "s1._domainkey TXT " + quoted("v=DKIM1; t=y:s; p="+p), "dkim-testing", Options{}, "",
			finding.Fix{Name: "s1._domainkey.acme.example", Type: "TXT", Value: "v=DKIM1; t=s; p=" + p}},
		{"lost key", "s1._domainkey TXT " + quoted("v=DKIM1; p="+p[:200]), "dkim-key-undecodable", Options{}, "",
			finding.Fix{Name: "s1._domainkey.acme.example", Type: "TXT", Value: placeholderKey}},
		{"at a provider", "s1._domainkey CNAME s1.esp.example.\n--esp--\ns1 TXT " + quoted("v=DKIM1; t=y; p="+p), "dkim-testing", Options{}, "", finding.Fix{}},
		{"absent, by a provider with TXT", "www TXT here", "dkim-proved-absent", google, "",
			finding.Fix{Name: "google._domainkey.acme.example", Type: "TXT", Value: "v=DKIM1; k=rsa; p=<public key shown by Google Workspace>"}},
		{"absent, by a provider with aliases", "www TXT here", "dkim-proved-absent", Options{Hints: hints(Hints{MXHosts: []string{"in1-smtp.messagingengine.com"}})}, "",
			finding.Fix{Name: "fm1._domainkey.acme.example", Type: "CNAME", Value: "fm1.acme.example.dkim.fmhosted.com"}},
		{"absent, no provider known", "www TXT here", "dkim-proved-absent", Options{}, "",
			finding.Fix{Name: "<selector>._domainkey.acme.example", Type: "TXT", Value: placeholderKey}},
		{"stated alias of a provider", "google._domainkey TXT KEY", "dkim-selector-missing",
			Options{Selectors: []string{"fm2"}, Hints: hints(Hints{MXHosts: []string{"in1-smtp.messagingengine.com"}})}, "",
			finding.Fix{Name: "fm2._domainkey.acme.example", Type: "CNAME", Value: "fm2.acme.example.dkim.fmhosted.com"}},
		{"parked", "s1._domainkey TXT KEY", "dkim-parked-key", Options{}, finding.Parked,
			finding.Fix{Name: "*._domainkey.acme.example", Type: "TXT", Value: "v=DKIM1; p="}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := find1(t, Check(Examine(t.Context(), zone(t, tt.zone), "acme.example", tt.o), Context{Profile: tt.profile, Stated: tt.profile != ""}).Findings(), tt.check)
			if f.Fix == nil || f.Fix.Summary == "" || f.Fix.Name != tt.want.Name || f.Fix.Type != tt.want.Type || f.Fix.Value != tt.want.Value {
				t.Errorf("fix %+v", f.Fix)
			}
		})
	}
}

func TestLint(t *testing.T) {
	p := "p=" + spki(t, 2048)
	for _, tt := range []struct {
		record string
		want   []string
	}{
		{"v=DKIM1; k=rsa; " + p + "\n", nil},
		{"v=DKIM1; k=rsa; " + p + "\r\n", nil},
		{"v=DKIM1; k=rsa; " + p + "\n\n", []string{"dkim-key-syntax error "}},
		{"", []string{"dkim-key-syntax error "}},
		{"v=DKIM1; p=", []string{"dkim-revoked notice "}},
		{"k=rsa; t=y; " + p + "; v=DKIM1", []string{"dkim-testing warning ", "dkim-version-misplaced error "}},
		{"v=DKIM1; k=ed25519; " + p, []string{"dkim-key-undecodable error "}},
		// A semicolon that is missing is one mistake and one finding.
		{"v=DKIM1; k=rsa " + p, []string{"dkim-key-syntax error "}},
		{"v=DKIM1 k=rsa " + p, []string{"dkim-key-syntax error "}},
		{"v=DKIM1, k=rsa, " + p, []string{"dkim-key-syntax error "}},
		{"v=DKIM1; k=rsa" + p, []string{"dkim-key-syntax error "}},
		{"v=DKIM1; k=rsa; t=s " + p, []string{"dkim-key-syntax error "}},
		{"v=DKIM1; h=sha256 " + p, []string{"dkim-key-syntax error "}},
		{"v=DKIM1; k=rsa; n=a note " + p, []string{"dkim-key-syntax error "}},
		{"v=DKIM1 k=rsa; " + p, []string{"dkim-version-misplaced error "}},
		{"v=DKIM1; k=rsa t=s; " + p, []string{"dkim-algorithm-unknown error "}},
		{`v=DKIM1\; k=rsa\; ` + p, []string{"dkim-version-misplaced error "}},
		{"v=DKIM1; p=" + base64.StdEncoding.EncodeToString([]byte("junk")), []string{"dkim-key-undecodable error "}},
	} {
		if got := summary(Lint([]byte(tt.record))); !slices.Equal(got, tt.want) && len(got)+len(tt.want) > 0 {
			t.Errorf("%.40q: got %q", tt.record, got)
		}
	}
}

// The list of checks holds every ID of the section, well formed.
func TestChecks(t *testing.T) {
	severities := map[string]finding.Severity{}
	for _, c := range Checks {
		if severities[c.ID] != "" {
			t.Errorf("%s is there twice", c.ID)
		}
		severities[c.ID] = c.Severity
		if !regexp.MustCompile(`^dkim-[a-z0-9-]+$`).MatchString(c.ID) || c.Section != finding.DKIM {
			t.Errorf("%s in section %s", c.ID, c.Section)
		}
		for _, text := range []string{c.Title, c.Condition, c.Why, c.Remedy, c.Reference} {
			if text == "" {
				t.Errorf("%s: a text is empty", c.ID)
			}
		}
	}
	for id, want := range map[string]finding.Severity{
		"dkim-none-observed": finding.Notice, "dkim-proved-absent": finding.Error, "dkim-selector-missing": finding.Critical, "dkim-key-syntax": finding.Error,
		"dkim-key-undecodable": finding.Error, "dkim-multiple-records": finding.Error, "dkim-revoked": finding.Error, "dkim-key-too-short": finding.Critical,
		"dkim-key-weak": finding.Warning, "dkim-key-too-long": finding.Warning, "dkim-testing": finding.Warning, "dkim-hash-sha1": finding.Error,
		"dkim-service-excluded": finding.Error, "dkim-granularity": finding.Notice, "dkim-version-misplaced": finding.Error, "dkim-algorithm-unknown": finding.Error,
		"dkim-single-selector": finding.Notice, "dkim-shared-key": finding.Notice, "dkim-wildcard": finding.Warning, "dkim-cname-dangling": finding.Error,
		"dkim-ent-broken": finding.Error, "dkim-unresolved": finding.Unknown,
	} {
		if severities[id] != want {
			t.Errorf("%s is %q, not %q", id, severities[id], want)
		}
	}
}
