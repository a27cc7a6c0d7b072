package dmarc

import (
	"slices"
	"strings"
	"testing"

	"mailworthy/finding"
)

// Addresses of another kind of record are read as those of a mistyped rua.
func TestMeantReports(t *testing.T) {
	for _, tt := range []struct {
		tags string
		uris string
		open bool
	}{
		{"rua=mailto:a@acme.example", "mailto:a@acme.example", false},
		{"rua=mailto=a@acme.example, b@acme.example", "mailto:a@acme.example mailto:b@acme.example", false},
		{"rua=https://web-0.invalid/,malto:a@acme.example", "https://web-0.invalid/ mailto:a@acme.example", false},
		{"rua=mailto:dm;rc@acme.example", "", true},
		{"mode", "", true},
		{"", "", false},
		{strings.Repeat("x", maxRepair+1), "", true},
	} {
		if uris, open := MeantReports(tt.tags, "acme.example"); !slices.Equal(uris, strings.Fields(tt.uris)) || open != tt.open {
			t.Errorf("%.40q: %q, %v", tt.tags, uris, open)
		}
	}
	for host, want := range map[string]bool{"acme.example": true, "ACME.com": true, "acme.exampl": false, "acme": false, "a..com": false} {
		if IsKnownHost(host) != want {
			t.Errorf("%s: not %v", host, want)
		}
	}
}

// TestMeantDestinations: the hosts that a record to publish newly has reports sent to are judged
// as well: published, it would end in a finding that was not there.
func TestMeantDestinations(t *testing.T) {
	const (
		gone     = "error dmarc-report-host-cannot-receive gone.acme.example"
		null     = "error dmarc-report-host-cannot-receive null.acme.example"
		disagree = "error dmarc-report-not-authorized reports.test"
	)
	for _, test := range []struct{ name, zone, want string }{
		{"another tag was meant", `_dmarc.acme.example TXT "v=DMARC1; p=reject; rau=mailto:a@gone.acme.example"`, gone + ", warning dmarc-unknown-tag"},
		{"no mailto:", `_dmarc.acme.example TXT "v=DMARC1; p=reject; rua=a@null.acme.example"`, "error dmarc-report-uri-invalid, " + null},
		{"the second of two tags", `_dmarc.acme.example TXT "v=DMARC1; p=reject; rua=mailto:a@acme.example; rua=mailto:a@gone.acme.example"`, "error dmarc-duplicate-tag, " + gone},
		{"failure reports", `_dmarc.acme.example TXT "v=DMARC1; p=reject; rua=mailto:a@acme.example; ruf=a@gone.acme.example"`, "error dmarc-report-uri-invalid, " + gone},
		{"others, who did not agree", `_dmarc.acme.example TXT "v=DMARC1; p=reject; rua=a@reports.test"`, "error dmarc-report-uri-invalid, " + disagree},
		{"others, who agreed", `_dmarc.acme.example TXT "v=DMARC1; p=reject; rua=a@agreed.test"`, "error dmarc-report-uri-invalid"},
		{"at a wrong name", `acme.example TXT "v=DMARC1; p=reject; rua=mailto:a@gone.acme.example"`, gone + ", error dmarc-wrong-name"},
		{"a wrong version", `_dmarc.acme.example TXT "v=DMARC; p=reject; rua=mailto:a@reports.test"`, "critical dmarc-version, " + disagree},
		{"one of two records", "_dmarc.acme.example TXT \"v=DMARC1; p=reject; rua=mailto:a@acme.example\"\n_dmarc.acme.example TXT \"v=DMARC1; p=reject; rua=mailto:a@gone.acme.example\"", "critical dmarc-multiple-records, " + gone},
		{"not the record of a public suffix", `_dmarc.example TXT "v=DMARC1; p=reject; rua=a@gone.test"` + "\n" + `_dmarc.acme.example TXT "v=DMARC1; p=reject; rua=a@acme.example"`, "error dmarc-report-uri-invalid, warning dmarc-discovery-differs"},
	} {
		zone := test.zone + `
acme.example MX 10 mx.acme.example
null.acme.example MX 0 .
reports.test MX 10 mx.acme.example
agreed.test MX 10 mx.acme.example
*._report._dmarc.agreed.test TXT "v=DMARC1;"
`
		findings := Check(mislaid(t, zone, "acme.example"), Context{}).Findings()
		if got := strings.Join(ids(findings, "acme.example"), ", "); got != test.want {
			t.Errorf("%s: got  %s\nwant %s", test.name, got, test.want)
		}
		for _, f := range findings {
			if own := f.Check != "dmarc-report-host-cannot-receive" && f.Check != "dmarc-report-not-authorized"; f.Severity != finding.Pass && own && f.Fix.Value != "" && !f.Fix.Complete {
				t.Errorf("%s: %s: %+v", test.name, f.Check, f.Fix)
			}
		}
		complete(t, findings)
	}
}
