package dmarc

import (
	"strings"
	"testing"

	"mailworthy/finding"
)

func TestNext(t *testing.T) {
	const rua = "rua=mailto:dmarc@acme.example"
	record := func(s string) string {
		return `_dmarc.acme.example TXT "v=DMARC1; ` + s + `"` + "\nacme.example MX 10 mx.acme.example"
	}
	tests := []struct {
		name, zone, domain string
		profile            finding.Profile
		want               string // now -> next: record
	}{
		{"nothing", "", "acme.example", "", "missing -> none: v=DMARC1; p=none; rua=mailto:<mailbox for reports>"},
		{"monitoring", record("p=none; fo=1; " + rua), "acme.example", "", "none -> quarantine-testing: v=DMARC1; p=quarantine; " + rua + "; t=y"},
		{"testing", record("p=quarantine; t=y; adkim=s; " + rua), "acme.example", "", "quarantine-testing -> quarantine: v=DMARC1; p=quarantine; adkim=s; " + rua},
		{"quarantine", record("p=quarantine; pct=50; " + rua), "acme.example", "", "quarantine -> reject: v=DMARC1; p=reject; " + rua},
		{"quarantine with sp", record("p=quarantine; sp=none; " + rua), "acme.example", "", "quarantine -> reject: v=DMARC1; p=reject; sp=none; " + rua},
		{"rejecting as a test", record("p=reject; t=y; " + rua), "acme.example", "", "reject-testing -> reject: v=DMARC1; p=reject; " + rua},
		{"done", record("p=reject; " + rua), "acme.example", "", ""},
		{"unusable", record("p=rejct"), "acme.example", "", "invalid -> reject: v=DMARC1; p=reject; rua=mailto:<mailbox for reports>"},
		{"counts as none", record(rua), "acme.example", "", "invalid -> none: v=DMARC1; p=none; " + rua},
		{"inherited", record("p=quarantine; sp=none; np=reject; psd=n; " + rua), "news.acme.example", "", ""},
		{"inherited, existing", record("p=quarantine; sp=none; psd=n; "+rua) + "\nnews.acme.example A 192.0.2.1", "news.acme.example", "",
			"none -> quarantine-testing: v=DMARC1; p=quarantine; " + rua + "; t=y"},
		{"parked", "", "acme.example", finding.Parked, "missing -> reject: v=DMARC1; p=reject"},
		{"parked, monitoring", record("p=none; sp=none; " + rua), "acme.example", finding.Parked, "none -> reject: v=DMARC1; p=reject; " + rua},
		{"not known", record("p=none") + "\n!_dmarc.acme.example timeout", "acme.example", "", ""},
		{"no domain", "", "..", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := discover(t, test.zone, test.domain).Next(Context{Profile: test.profile})
			if test.want == "" {
				if s != nil {
					t.Errorf("got %+v, want none", s)
				}
				return
			}
			if s == nil {
				t.Fatal("no step")
			}
			if got := s.Now + " -> " + s.Next + ": " + s.Record.Value; got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if s.Record.Name != "_dmarc."+test.domain || len(s.Before) == 0 {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestNextBlockers(t *testing.T) {
	no := false
	d := discover(t, `_dmarc.acme.example TXT "v=DMARC1; p=none"`, "acme.example")
	got := strings.Join(d.Next(Context{
		Alignments: []Alignment{{Kind: "spf", Aligned: &no, Why: "The envelope is not aligned."}},
		HasDKIM:    &no,
	}).Blockers, " ")
	const want = "The envelope is not aligned. No aligned DKIM signature is known for acme.example. " +
		"No aggregate reports are asked for, so that nobody knows which mail would be lost."
	if got != want {
		t.Errorf("got %s", got)
	}
}
