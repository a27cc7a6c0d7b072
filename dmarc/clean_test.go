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
		says   map[string]string // by check
	}{
		{"v=DMARC1; p=reject; foo=bar; rua=mailto:dmarc@acme.example!10m,d@acme.example; fo=0:1; ruf=mailto:f@acme.example",
			"v=DMARC1; p=reject; rua=mailto:dmarc@acme.example,mailto:d@acme.example; ruf=mailto:f@acme.example; fo=1", map[string]string{
				"dmarc-report-uri-invalid": "Correct the addresses; foo=bar and !10m are dropped, fo=0:1 becomes fo=1.",
				"dmarc-report-size-suffix": "Leave the suffix out; foo=bar is dropped, d@acme.example becomes mailto:d@acme.example, fo=0:1 becomes fo=1.",
				"dmarc-unknown-tag":        "Leave out what is no tag; !10m is dropped, d@acme.example becomes mailto:d@acme.example, fo=0:1 becomes fo=1.",
			}},
		{"v=DMARC1; p=reject; sp=none; pct=50; x=y; " + rua,
			"v=DMARC1; p=reject; sp=none; pct=50; " + rua, map[string]string{
				"dmarc-testing":                 "Correct the record first, as shown. When the reports are clean, those about subdomains too: publish the policy in full, without pct=50 and with sp=reject in the place of none.",
				"dmarc-subdomain-policy-weaker": "Correct the record first, as shown. When the reports are clean, those about subdomains too: publish the policy in full, without pct=50 and with sp=reject in the place of none.",
				"dmarc-unknown-tag":             "Leave out what is no tag.",
			}},
		{"v=DMARC1; p=reject; fo=0,1,d,s; x=y; " + rua,
			"v=DMARC1; p=reject; " + rua, map[string]string{
				"dmarc-failure-options": "Correct fo, or leave it out; x=y is dropped.",
				"dmarc-unknown-tag":     "Leave out what is no tag; fo=0,1,d,s is dropped.",
			}},
		{"v=DMARC1; p=reject; p=none; ri=60; t=y; rua=mailto:a@gone.acme.example",
			"v=DMARC1; p=reject; rua=mailto:a@gone.acme.example; t=y", map[string]string{
				"dmarc-testing":                    "Correct the record first, as shown. When the reports are clean: publish the policy in full, without t=y.",
				"dmarc-duplicate-tag":              "Keep each tag once; ri=60 is dropped.",
				"dmarc-report-host-cannot-receive": "Give gone.acme.example an MX, or have the reports sent to a mailbox that exists; p=none and ri=60 are dropped. Fill in what stands between < and >.",
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
			if strings.HasPrefix(f.Fix.Summary, "Correct the record first") {
				want = ""
			}
			if f.Fix.Value != want && f.Fix.Complete {
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
