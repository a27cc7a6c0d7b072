package dmarc

import (
	"strings"
	"testing"

	"mailworthy/finding"
)

// TestFixesAgree: all fixes of one record that keep its policy are the same
// record, and each says what it changes besides what its finding asks for.
func TestFixesAgree(t *testing.T) {
	const rua = "rua=mailto:dmarc@acme.example"
	tests := []struct {
		record string
		clean  string
		full   string            // of the fixes that change how far the policy goes
		says   map[string]string // by check
	}{
		{"v=DMARC1; p=reject; foo=bar; rua=mailto:dmarc@acme.example!10m,d@acme.example; fo=0:1; ruf=mailto:f@acme.example",
			"v=DMARC1; p=reject; rua=mailto:dmarc@acme.example,mailto:d@acme.example; ruf=mailto:f@acme.example; fo=1", "", map[string]string{
				"dmarc-report-uri-invalid": "Correct the addresses, and leave out those that cannot be; foo=bar and !10m are dropped too, fo=0:1 becomes fo=1.",
				"dmarc-report-size-suffix": "Leave the suffix out; foo=bar is dropped too, fo=0:1 becomes fo=1, d@acme.example becomes mailto:d@acme.example.",
				"dmarc-unknown-tag":        "Leave out what is no tag; !10m is dropped too, fo=0:1 becomes fo=1, d@acme.example becomes mailto:d@acme.example.",
			}},
		{"v=DMARC1; p=reject; sp=none; pct=50; x=y; " + rua,
			"v=DMARC1; p=reject; sp=none; pct=50; " + rua, "v=DMARC1; p=reject; sp=reject; " + rua, map[string]string{
				"dmarc-testing":                 "When the reports are clean, those about subdomains too, publish the policy in full, without pct=50 and with sp=reject in the place of none; x=y is dropped too.",
				"dmarc-subdomain-policy-weaker": "When the reports are clean, those about subdomains too, publish the policy in full, without pct=50 and with sp=reject in the place of none; x=y is dropped too.",
				"dmarc-historic-tag":            "When the reports are clean, those about subdomains too, publish the policy in full, without pct=50 and with sp=reject in the place of none; x=y is dropped too.",
				"dmarc-unknown-tag":             "Leave out what is no tag.",
			}},
		{"v=DMARC1; p=reject; p=none; ri=60; t=y; rua=mailto:a@gone.acme.example",
			"v=DMARC1; p=reject; rua=mailto:dmarc-reports@acme.example; t=y", "v=DMARC1; p=reject; rua=mailto:dmarc-reports@acme.example", map[string]string{
				"dmarc-testing":                    "When the reports are clean, publish the policy in full, without t=y; p=none, ri=60 and mailto:a@gone.acme.example are dropped too, rua=mailto:dmarc-reports@acme.example is added.",
				"dmarc-duplicate-tag":              "Keep each tag once; ri=60 and mailto:a@gone.acme.example are dropped too, rua=mailto:dmarc-reports@acme.example is added.",
				"dmarc-report-host-cannot-receive": "Give gone.acme.example an MX, or send the reports to a mailbox that exists; p=none and ri=60 are dropped too, rua=mailto:dmarc-reports@acme.example is added.",
			}},
	}
	for _, test := range tests {
		findings := Check(discover(t, `_dmarc.acme.example TXT "`+test.record+"\"\nacme.example MX 10 mx.acme.example", "acme.example"), Context{}).Findings()
		seen := 0
		for _, f := range findings {
			if f.Severity == finding.Pass || f.Fix == nil {
				continue
			}
			want := test.clean
			if strings.HasPrefix(f.Fix.Summary, "When the reports") {
				want = test.full
			}
			if f.Fix.Value != want {
				t.Errorf("%s: the fix is\n%s, not\n%s", f.Check, f.Fix.Value, want)
			}
			if says := test.says[f.Check]; says != "" {
				seen++
				if f.Fix.Summary != says {
					t.Errorf("%s says\n%s, not\n%s", f.Check, f.Fix.Summary, says)
				}
			}
		}
		if seen != len(test.says) {
			t.Errorf("%d of %d fixes", seen, len(test.says))
		}
	}
}
