package report

import (
	"testing"

	"mailworthy/audit"
	"mailworthy/finding"
)

// TestAskedBelowADeniedName: below a name that does not exist there is nothing (RFC 8020), so
// that what was not asked there is no missing answer.
func TestAskedBelowADeniedName(t *testing.T) {
	seen := func(e finding.Evidence) *Coverage {
		return NewCoverage(&Report{Result: audit.Result{Domain: "acme.example",
			Findings: []finding.Finding{{Check: "dkim-proved-absent", Section: finding.DKIM, Severity: finding.Error, Evidence: []finding.Evidence{e}}}}})
	}
	denied := finding.Evidence{Name: "_domainkey.Acme.example", Type: "TXT", Status: "nxdomain"}
	for _, tt := range []struct {
		name string
		e    finding.Evidence
		of   string
		want bool
	}{
		{"below", denied, "S1._domainkey.acme.example", true},
		{"further below", denied, "a.s1._domainkey.acme.example", true},
		{"above", denied, "acme.example", false},
		{"beside", denied, "s1._domainkey.news.acme.example", false},
		{"not a label of it", denied, "x_domainkey.acme.example", false},
		{"empty, and so there", finding.Evidence{Name: denied.Name, Type: "TXT", Status: "nodata"}, "s1._domainkey.acme.example", false},
		{"the end of an alias", finding.Evidence{Name: denied.Name, Type: "TXT", Status: "nxdomain", CNAMEs: []string{"gone.example"}}, "s1._domainkey.acme.example", false},
		{"not answered", finding.Evidence{Name: denied.Name, Type: "TXT", Status: "servfail"}, "s1._domainkey.acme.example", false},
	} {
		if got := seen(tt.e).Asked(tt.of, "TXT"); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}
