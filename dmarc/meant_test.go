package dmarc

import (
	"slices"
	"strings"
	"testing"
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

// TestAwaitsDestinations: a record that newly has reports sent to a host waits for that host, if
// it takes none: published, it would end in a finding about it.
func TestAwaitsDestinations(t *testing.T) {
	const (
		gone     = "gone.acme.example can receive the reports (today: the domain does not exist)"
		null     = "null.acme.example can receive the reports (today: it has a null MX: it accepts no mail)"
		disagree = "reports.test has agreed to receive the reports (today: there is no TXT record at acme.example._report._dmarc.reports.test)"
	)
	for _, test := range []struct{ name, zone, check, when string }{
		{"another tag was meant", `_dmarc.acme.example TXT "v=DMARC1; p=reject; rau=mailto:a@gone.acme.example"`, "dmarc-unknown-tag", gone},
		{"no mailto:", `_dmarc.acme.example TXT "v=DMARC1; p=reject; rua=a@null.acme.example"`, "dmarc-report-uri-invalid", null},
		{"the second of two tags", `_dmarc.acme.example TXT "v=DMARC1; p=reject; rua=mailto:a@acme.example; rua=mailto:a@gone.acme.example"`, "dmarc-duplicate-tag", gone},
		{"failure reports", `_dmarc.acme.example TXT "v=DMARC1; p=reject; rua=mailto:a@acme.example; ruf=a@gone.acme.example"`, "dmarc-report-uri-invalid", gone},
		{"others, who did not agree", `_dmarc.acme.example TXT "v=DMARC1; p=reject; rua=a@reports.test"`, "dmarc-report-uri-invalid", disagree},
		{"others, who agreed", `_dmarc.acme.example TXT "v=DMARC1; p=reject; rua=a@agreed.test"`, "dmarc-report-uri-invalid", ""},
		{"at a wrong name", `acme.example TXT "v=DMARC1; p=reject; rua=mailto:a@gone.acme.example"`, "dmarc-wrong-name", gone},
		{"a wrong version", `_dmarc.acme.example TXT "v=DMARC; p=reject; rua=mailto:a@reports.test"`, "dmarc-version", disagree},
		{"one of two records", "_dmarc.acme.example TXT \"v=DMARC1; p=reject; rua=mailto:a@acme.example\"\n_dmarc.acme.example TXT \"v=DMARC1; p=reject; rua=mailto:a@gone.acme.example\"", "dmarc-multiple-records", gone},
		{"not the record of a public suffix", `_dmarc.example TXT "v=DMARC1; p=reject; rua=a@gone.test"` + "\n" + `_dmarc.acme.example TXT "v=DMARC1; p=reject; rua=a@acme.example"`, "dmarc-report-uri-invalid", ""},
	} {
		zone := test.zone + `
acme.example MX 10 mx.acme.example
null.acme.example MX 0 .
reports.test MX 10 mx.acme.example
agreed.test MX 10 mx.acme.example
*._report._dmarc.agreed.test TXT "v=DMARC1;"
`
		f := find(t, Check(mislaid(t, zone, "acme.example"), Context{}).Findings(), test.check)
		if f.Fix == nil || f.Fix.When != test.when || f.Fix.Value == "" || f.Fix.Complete != (test.when == "") {
			t.Errorf("%s: %+v", test.name, f.Fix)
		}
	}
}
