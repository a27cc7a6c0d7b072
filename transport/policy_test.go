package transport

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"mailworthy/finding"
)

// notable are the findings that are no passes: ID and severity.
func notable(findings []finding.Finding) string {
	var got []string
	for _, f := range findings {
		if f.Severity != finding.Pass {
			got = append(got, f.Check+" "+string(f.Severity))
		}
	}
	return strings.Join(got, ", ")
}

func TestLintPolicy(t *testing.T) {
	const rest = "mode: enforce\nmx: mx.acme.example\nmax_age: 604800\n"
	const good = "version: STSv1\n" + rest
	mx := func(value string) string {
		return "version: STSv1\nmode: enforce\nmax_age: 604800\nmx: " + value + "\n"
	}
	const badMX = "mta-sts-mx-invalid error"
	const lines = "mta-sts-policy-lines error"
	for _, tt := range []struct{ text, want string }{
		{good, ""},
		{strings.TrimSuffix(good, "\n"), ""},
		{strings.ReplaceAll(good, "\n", "\r\n"), ""},
		{strings.ReplaceAll(good, "\n", " \t\r\n"), ""},
		{strings.ReplaceAll(good, ": ", ":"), ""},
		{strings.ReplaceAll(good, ": ", ":\t  "), ""},
		{rest + "version: STSv1", ""},
		{mx("*.acme.example"), ""},
		{mx("mx1.acme.example\nmx: MX2.Acme.Example"), ""},
		{"version: STSv1\nmode: none\nmax_age: 86400\n", ""},
		{"version: STSv1\nmode: none\nmax_age: 0\n", ""},
		{good + "x.y-z_1: a b:c\n", ""},
		{good + "x: é\n", ""},
		{good + "mode: enforce\n", ""},

		{rest, "mta-sts-policy-version error"},
		{"Version: STSv1\n" + rest, "mta-sts-policy-version error"},
		{"version: stsv1\n" + rest, "mta-sts-policy-version error"},
		{"version: STSv1.0\n" + rest, "mta-sts-policy-version error"},
		{"version: STSv1\nmode: Enforce\nmx: mx.acme.example\nmax_age: 604800\n", "mta-sts-policy-mode error"},
		{"version: STSv1\nmode: report\nmx: mx.acme.example\nmax_age: 604800\n", "mta-sts-policy-mode error"},
		{"version: STSv1\nmode:\nmx: mx.acme.example\nmax_age: 604800\n", "mta-sts-policy-mode error"},
		{"version: STSv1\nmode: enforce\nmx: mx.acme.example\n", "mta-sts-policy-max-age error"},
		{"version: STSv1\nmode: enforce\nmx: mx.acme.example\nmax-age: 604800\n", "mta-sts-policy-max-age error"},
		{"version: STSv1\nmode: enforce\nmx: mx.acme.example\nmax_age: 1w\n", "mta-sts-policy-max-age error"},
		{"version: STSv1\nmode: enforce\nmx: mx.acme.example\nmax_age: -1\n", "mta-sts-policy-max-age error"},
		{"version: STSv1\nmode: enforce\nmx: mx.acme.example\nmax_age: 00000604800\n", "mta-sts-policy-max-age error"},
		{"version: STSv1\nmode: enforce\nmx: mx.acme.example\nmax_age: 31557600\n", ""},
		{"version: STSv1\nmode: enforce\nmx: mx.acme.example\nmax_age: 31557601\n", "mta-sts-max-age-limit error"},
		{"version: STSv1\nmode: enforce\nmx: mx.acme.example\nmax_age: 9999999999\n", "mta-sts-max-age-limit error"},
		{"version: STSv1\nmode: enforce\nmx: mx.acme.example\nmax_age: 86399\n", "mta-sts-max-age-short warning"},
		{"version: STSv1\nmode: enforce\nmx: mx.acme.example\nmax_age: 86400\n", "mta-sts-max-age-short notice"},
		{"version: STSv1\nmode: testing\nmax_age: 604800\n", "mta-sts-mx-missing error"},

		{mx("192.0.2.1"), badMX}, {mx("[192.0.2.1]"), badMX}, {mx("2001:db8::1"), badMX}, {mx("https://mx.acme.example/"), badMX},
		{mx("mx.acme.example:25"), badMX}, {mx("mx.acme.example."), badMX}, {mx("*"), badMX}, {mx("mx.*.example"), badMX}, {mx("*mx.acme.example"), badMX},
		{mx("*.*.acme.example"), badMX}, {mx(".acme.example"), badMX}, {mx("müx.acme.example"), badMX}, {mx("mx_1.acme.example"), badMX}, {mx("-mx.acme.example"), badMX},
		{mx("mx1.acme.example mx2.acme.example"), badMX}, {mx("mx1.acme.example,mx2.acme.example"), badMX}, {mx(""), badMX}, {mx(strings.Repeat("a", 64) + ".example"), badMX},
		{mx("localhost"), ""},

		{"\ufeff" + good, lines},
		{strings.ReplaceAll(good, "\n", "\r"), lines},
		{strings.ReplaceAll(good, ": ", " : "), lines},
		{strings.Replace(good, "\n", "\n\n", 1), lines},
		{"\n" + good, lines},
		{good + "\n", lines},
		{" " + good, lines},
		{good + "# comment\n", lines},
		{good + "x:\n", lines},
		{good + "x: a\tb\n", lines},
		{good + "x: a\xff\n", lines},
		{good + "-x: a\n", lines},
		{good + strings.Repeat("x", 33) + ": a\n", lines},
		{good + strings.Repeat("x", 32) + ": a\n", ""},
		{good + "mode: testing\n", "mta-sts-duplicate-key warning"},
		{good + strings.Repeat("y: "+strings.Repeat("x", 95)+"\n", 700), lines},
		// One cause, one finding.
		{"", lines},
		{" \r\n", lines},
		{"<!DOCTYPE html>\n<html>", lines},
		{"<html><head>", lines},
		{strings.ReplaceAll(good, ": ", "="), lines},
		{strings.ReplaceAll(good, ": ", " = "), lines},
		{strings.Replace(good, "mode: ", "mode=", 1), lines},
		{strings.Replace(good, "mx: ", "mx=", 1), lines},
		{strings.ReplaceAll(good, "\n", "; "), lines},
		{strings.ReplaceAll(good, "\n", " "), lines},
		{strings.ReplaceAll(good, "\n", `\n`), lines},
		{strings.ReplaceAll(strings.Replace(good, "max_age: 604800\n", "", 1), ": ", "="), "mta-sts-policy-max-age error, " + lines},
	} {
		valid, meant, findings := LintPolicy([]byte(tt.text))
		if got := notable(findings); got != tt.want {
			t.Errorf("%.80q: %q, want %q", tt.text, got, tt.want)
		}
		if valid == strings.Contains(tt.want, " error") {
			t.Errorf("%.80q: valid %t", tt.text, valid)
		}
		if meant == "" {
			continue
		}
		filled := strings.NewReplacer(modePlaceholder, "testing", maxAgePlaceholder, "604800", mxPlaceholder, "mx.acme.example").Replace(meant)
		filled = regexp.MustCompile("<correct: [^>]*>").ReplaceAllString(filled, "mx.acme.example")
		if valid, _, findings := LintPolicy([]byte(filled)); !valid {
			t.Errorf("%.80q: what is proposed is not valid: %s", tt.text, notable(findings))
		}
	}
}

// What is proposed keeps the mode, the age and every pattern, and invents none.
func TestPolicyText(t *testing.T) {
	const all = "version: STSv1\nmode: enforce\nmax_age: 604800\nmx: mx1.acme.example\nmx: mx7.acme.example\nx.y: z\n"
	for _, tt := range []struct{ text, extra, want string }{
		{"version: stsv1\nMode: enforce\nmode: Enforce\nmax_age: 99999999\nmx: mx.acme.example.\nmx: *.acme.example\nmx: mx.acme.example\nmx: 192.0.2.1", "mx2.b.example",
			"version: STSv1\nmode: enforce\nmax_age: 31557600\nmx: mx.acme.example\nmx: *.acme.example\nmx: <correct: 192.0.2.1>\nmx: mx2.b.example\n"},
		{"version=STSv1\nmode=enforced\nmax-age=604,800\nmx=mx1.acme.example, mx7.acme.example.\nx.y: z", "", all},
		{"version: STSv1; mode: enforce; mx: mx1.acme.example; mx: 20 mx7.acme.example; max_age: 604800;\nx.y: z\n# old\n", "mx7.acme.example", all},
		{`{"version": "STSv1", "mode": "enforce", "mx": ["mx1.acme.example"], "max_age": 86400}`, "", "version: STSv1\nmode: enforce\nmax_age: 86400\nmx: <correct: [\"mx1.acme.example\"]>\n"},
		{"mode: test\nmax_age: 86400s\nmx: smtp://mx1.acme.example:25/ # primary\nmx: .acme.example", "", "version: STSv1\nmode: testing\nmax_age: 86400\nmx: mx1.acme.example\nmx: *.acme.example\n"},
		{"mode: none\nmax_age: 1.5", "", "version: STSv1\nmode: none\nmax_age: " + maxAgePlaceholder + "\n"},
		{"mode: none\nmax_age: 1.209.600 seconds", "", "version: STSv1\nmode: none\nmax_age: 1209600\n"},
		{"mode: non\nmax_age: 0", "", "version: STSv1\nmode: none\nmax_age: 0\n"},
		{"mode: off\nmax_age: 7 days\nmx: mx_1.acme.example", "", "version: STSv1\nmode: " + modePlaceholder + "\nmax_age: " + maxAgePlaceholder + "\nmx: <correct: mx_1.acme.example>\n"},
		{"mode: report\nmax_age: week", "",
			"version: STSv1\nmode: " + modePlaceholder + "\nmax_age: " + maxAgePlaceholder + "\nmx: " + mxPlaceholder + "\n"},
		{"mode: none\nmax_age: 86400", "", "version: STSv1\nmode: none\nmax_age: 86400\n"},
	} {
		if got := ParsePolicy([]byte(tt.text)).Text(tt.extra); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.text, got, tt.want)
		}
	}
}

// RFC 8461, 4.1: a wildcard is for one label, and no name matches by its end alone.
func TestMatchesMX(t *testing.T) {
	for _, tt := range []struct {
		pattern, host string
		want          bool
	}{
		{"mx.acme.example", "mx.acme.example", true},
		{"MX.acme.example", "mx.ACME.example", true},
		{"mx.acme.example", "mx.acme.example.", true},
		{"mx.acme.example", "mx2.acme.example", false},
		{"*.acme.example", "mx.acme.example", true},
		{"*.acme.example", "a.mx.acme.example", false},
		{"*.acme.example", "acme.example", false},
		{"*.acme.example", ".acme.example", false},
		{"*.acme.example", "mxacme.example", false},
		{"acme.example", "mx.acme.example", false},
		{"*", "mx", false},
		{"*.*.example", "a.b.example", false},
		{"192.0.2.1", "192.0.2.1", false},
		{"mx.acme.example.", "mx.acme.example", false},
		{"", "", false},
	} {
		if got := MatchesMX(tt.pattern, tt.host); got != tt.want {
			t.Errorf("%q and %q: %t", tt.pattern, tt.host, got)
		}
	}
}

func TestLintTLSA(t *testing.T) {
	sha256, sha512 := strings.Repeat("ab", 32), strings.Repeat("CD", 64)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	const syntax, unusable, never = "tlsa-syntax error", "tlsa-unusable error", "tlsa-never-matches error"
	for _, tt := range []struct{ text, want string }{
		{"3 1 1 " + sha256, ""},
		{"3 0 1 " + sha256, ""},
		{"2 1 1 " + sha256 + "\n", ""},
		{"3\t1  1 " + sha256[:10] + " " + sha256[10:], ""},
		{"_25._tcp.mx.acme.example. 3600 IN TLSA 3 1 1 " + sha256, ""},
		{"_25._tcp.mx.acme.example. IN TLSA 3 1 1 (\n\t" + sha256[:10] + "\n\t" + sha256[10:] + " )", ""},
		// The digests of nothing, and none.
		{"3 1 1 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", never},
		{"2 0 1 E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855", never},
		{"3 1 2 cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e", never},
		{"3 1 1 " + strings.Repeat("0", 64), never},
		{"3 1 2 " + sha512, "dane-sha512-only notice"},
		{"2 0 1 " + sha256, "dane-ta-cert-selector notice"},
		{"2 1 2 " + sha512, ""},
		{"3 1 0 " + hex.EncodeToString(der), "dane-full warning"},
		{"1 1 1 " + sha256, "dane-usage-pkix warning"},
		{"0 0 1 " + sha256, "dane-usage-pkix warning"},
		{"4 1 1 " + sha256, unusable},
		{"255 255 255 ab", unusable},
		{"3 2 1 " + sha256, unusable},
		{"3 1 3 " + sha256, unusable},
		{"3 1 1 " + sha512, unusable},
		{"3 1 1 " + sha256[:62], unusable},
		{"3 1 2 " + sha256, unusable},
		{"3 1 0 " + sha256, unusable},
		{"3 0 0 " + sha256, unusable},
		{"3 1 1 " + sha256[:63], syntax},
		{"3 1 1 " + sha256[:62] + "xx", syntax},
		{"3 1 1", syntax}, {"3 1", syntax}, {"", syntax}, {"256 1 1 ab", syntax}, {"-1 1 1 ab", syntax}, {"+3 1 1 ab", syntax}, {"DANE-EE SPKI SHA2-256 ab", syntax},
	} {
		if got := notable(Lint("tlsa", []byte(tt.text))); got != tt.want {
			t.Errorf("%.60q: %q, want %q", tt.text, got, tt.want)
		}
	}
}

func FuzzPolicy(f *testing.F) {
	for _, seed := range []string{"version: STSv1\nmode: enforce\nmx: *.acme.example\nmax_age: 86400\n", "\ufeffmode : none\r\n\rmx:a\rmax_age:1", ":\n:", "mx: [192.0.2.1]"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		valid, meant, findings := LintPolicy(text)
		p := ParsePolicy(text)
		if valid && !p.Valid() {
			t.Errorf("%q is valid and is not", text)
		}
		for _, found := range findings {
			if len(found.Detail) > 3000 {
				t.Errorf("%q: a detail of %d bytes", text, len(found.Detail))
			}
		}
		if meant != "" && !strings.Contains(meant, "<") {
			if valid, _, again := LintPolicy([]byte(meant)); !valid {
				t.Errorf("%q: %q is proposed and has %s", text, meant, notable(again))
			}
		}
		for _, m := range p.MX {
			if patternProblem(m) == "" && !p.Matches(strings.Replace(m, "*", "a", 1)) {
				t.Errorf("%q matches nothing", m)
			}
		}
	})
}

func FuzzTLSA(f *testing.F) {
	for _, seed := range []string{"3 1 1 " + strings.Repeat("ab", 32), "2 0 0 3082", "x TLSA 1 1 1 (\nab )", "3 1 1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		Lint("tlsa", []byte(text))
		r, err := ParseTLSA(text)
		if err != nil {
			return
		}
		again, err := ParseTLSA(fmt.Sprintf("%d %d %d %s", r.Usage, r.Selector, r.Matching, r.Data))
		if err != nil || *again != *r {
			t.Errorf("%q: %+v, %+v, %v", text, r, again, err)
		}
	})
}
