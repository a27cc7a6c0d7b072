package inspect

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/internal/rsatest"
	"mailworthy/report"
	"mailworthy/report/export"
	"mailworthy/report/reporttest"
	"mailworthy/resolver"
)

// rsaKey is a key record with the nth key of that many bits.
func rsaKey(bits, nth int) string {
	text := "v=DKIM1; k=rsa; p=" + rsatest.Public(bits, nth)
	return `TXT "` + text[:200] + `" "` + text[200:] + `"`
}

// zones are zones by origin, each with what no zone is without.
func zones(t *testing.T, texts map[string]string) (out []*resolver.ZoneSet) {
	t.Helper()
	for origin, text := range texts {
		set, err := resolver.ParseZone(strings.NewReader("$TTL 3600\n@ SOA ns1 hostmaster 1 7200 3600 1209600 300\n@ NS ns1\n@ NS ns2\nns1 A 192.0.2.53\nns2 A 198.51.100.53\n"+text), origin, "test")
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, set)
	}
	return out
}

// TestPlanAppliesRightFixes: what loses nothing is applied, whatever it does to the mean
// of the sections: all complete fixes of a report are steps that were audited, the
// zone format has them as active lines, and the audit of what is published finds none of
// it again.
func TestPlanAppliesRightFixes(t *testing.T) {
	const (
		host   = "@ MX 10 mx1\nmx1 A 192.0.2.10\nmx1 TXT \"v=spf1 a -all\"\n"
		spf    = "@ TXT \"v=spf1 mx -all\"\n"
		policy = "_dmarc TXT \"v=DMARC1; p=reject; rua=mailto:d@acme.example\"\n"
	)
	strong, other, weak := rsaKey(2048, 0), rsaKey(2048, 1), rsaKey(1024, 0)
	tests := []struct {
		name, domain, zone string
		// closes are the checks that the plan closes, among others.
		closes []string
	}{
		{"two keys at wrong names", "acme.example", host + spf + policy + "s1.domainkey " + strong + "\ns2._domainkeys " + other, []string{"dkim-wrong-name"}},
		{"three", "acme.example", host + spf + policy + "s1.domainkey " + strong + "\ns2._domainkeys " + other + "\ns3._domainkey.acme.example " + strong, []string{"dkim-wrong-name"}},
		{"a weak key beside a good one", "acme.example", host + spf + policy + "s1.domainkey " + strong + "\ns2.domainkey " + weak, []string{"dkim-wrong-name"}},
		{"a weak key beside one in its place", "acme.example", host + spf + policy + "s1._domainkey " + strong + "\ns2.domainkey " + weak, []string{"dkim-wrong-name"}},
		{"a policy of p=none at a wrong name", "acme.example", host + spf + "s1._domainkey " + strong + "\ndmarc TXT \"v=DMARC1; p=none; rua=mailto:d@acme.example\"", []string{"dmarc-wrong-name"}},
		{"policy, key and SPF", "acme.example", host + "@ TXT \"v=spf1 mx - all\"\ndmarc TXT \"v=DMARC1; p=none; rua=mailto:d@acme.example\"\ns1.domainkey " + weak, []string{"spf-syntax", "dmarc-wrong-name", "dkim-wrong-name"}},
		{"p=reject with typing errors, which hid t=y", "acme.example", host + spf + "s1._domainkey " + strong + "\n_dmarc TXT \"v=DMARC1; p=rejct; t=y; rua=mailto:d@acme.example\"", []string{"dmarc-policy-invalid"}},
		{"sp and np that count nowhere", "news.acme.example", host + spf + policy + "s1._domainkey.news " + strong + "\nnews MX 10 mx1\nnews TXT \"v=spf1 mx -all\"\n_dmarc.news TXT \"v=DMARC1; p=none; sp=reject; np=reject; rua=mailto:d@acme.example\"", []string{"dmarc-subdomain-policy-ignored"}},
		{"np that counts nowhere", "news.acme.example", host + spf + policy + "s1._domainkey.news " + strong + "\nnews MX 10 mx1\nnews TXT \"v=spf1 mx -all\"\n_dmarc.news TXT \"v=DMARC1; p=quarantine; np=reject; rua=mailto:d@acme.example\"", []string{"dmarc-subdomain-policy-ignored"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			base := resolver.NewOverlay(nil, zones(t, map[string]string{"acme.example": tt.zone, "example": "acme NS ns1.acme\n"})...)
			i := &Inspector{Resolver: base, Options: audit.Options{Now: reporttest.Started}, Version: "1.0.0", Plan: true}
			r := i.Inspect(t.Context(), audit.Target{Domain: tt.domain})
			for _, f := range r.Findings {
				if f.Fix != nil && f.Fix.Complete && f.Severity.AtLeast(finding.Notice) && !slices.ContainsFunc(r.Plan.Actions, func(a report.Action) bool {
					return a.Audited && slices.Contains(a.Closes, report.Closed{Check: f.Check, Subject: f.Subject})
				}) {
					t.Errorf("%s %s has a complete fix, and the plan does not apply it: %+v", f.Check, f.Subject, r.Plan.Actions)
				}
			}
			for _, check := range tt.closes {
				if !slices.ContainsFunc(r.Plan.Actions, func(a report.Action) bool {
					return a.Audited && slices.ContainsFunc(a.Closes, func(c report.Closed) bool { return c.Check == check })
				}) {
					t.Errorf("no step closes %s", check)
				}
			}
			var b bytes.Buffer
			if err := export.WriteZone(&b, []*report.Report{r}); err != nil {
				t.Fatal(err)
			}
			after := base
			for _, c := range r.Plan.Changes() {
				for _, rec := range c.Add {
					if !strings.Contains(b.String(), "\n"+rec.Name+". ") {
						t.Errorf("%s is no active line:\n%s", rec.Name, b.String())
					}
				}
				var err error
				if after, err = resolver.Amend(after, c.Remove, c.Add); err != nil {
					t.Fatal(err)
				}
			}
			i.Resolver = after
			for _, f := range i.Inspect(t.Context(), audit.Target{Domain: tt.domain}).Findings {
				if slices.Contains(tt.closes, f.Check) && f.Severity.AtLeast(finding.Notice) {
					t.Errorf("published, there still is %s: %s", f.Check, f.Detail)
				}
			}
		})
	}
}
