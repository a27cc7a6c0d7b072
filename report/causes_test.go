package report

import (
	"fmt"
	"strings"
	"testing"

	"mailworthy/finding"
)

// TestCauses: a check at one subject is one cause whatever domains have it; what each
// domain has of its own is one too; what is gone comes last.
func TestCauses(t *testing.T) {
	found := func(check, subject string, s finding.Severity) finding.Finding {
		return finding.Finding{Check: check, Subject: subject, Severity: s}
	}
	var all Causes
	for _, d := range []string{"a.example", "b.example", "c.example"} {
		all.AddComparison(&Comparison{Domain: d,
			New:     []finding.Finding{found("include", "_spf.host.example", finding.Error), found("key", "s1._domainkey."+d, finding.Warning)},
			Changed: []Moved{{Was: finding.Notice, Finding: found("policy", d, finding.Warning)}},
			Gone:    []finding.Finding{found("listed", "192.0.2.1", finding.Critical)}})
	}
	all.AddComparison(&Comparison{Domain: "d.example", New: []finding.Finding{found("include", "_spf.host.example", finding.Critical), found("include", "_spf.other.example", finding.Error), found("mx", "d.example", finding.Notice)}})
	var got []string
	for _, c := range all.Sorted() {
		got = append(got, fmt.Sprintf("%s %s: %s of %d", c.Severity, c.About(), c.what(), len(c.Domains)))
	}
	want := []string{"critical include _spf.host.example: new of 4", "error include _spf.other.example: new of 1", "warning key: new of 3",
		"warning policy: was notice of 3", "notice mx: new of 1", "critical listed 192.0.2.1: gone of 3"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}
