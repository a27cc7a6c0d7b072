package export

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/report"
	"mailworthy/resolver"
)

const flawedZone = `$ORIGIN acme.test.
@ 3600 IN SOA ns.acme.test. root.acme.test. 1 2 3 4 5
@ IN TXT "a verification"
@ IN TXT "v=spf1 ip4:192.0.2.1 +all"
@ IN TXT "v=spf1 -all"
_dmarc IN TXT "v=DMARC1; p=none"
`

func flawed(t *testing.T) []*report.Report {
	t.Helper()
	set, err := resolver.ParseZone(strings.NewReader(flawedZone), "", "zones/acme:1,%.zone")
	if err != nil {
		t.Fatal(err)
	}
	result := audit.Run(context.Background(), resolver.NewOverlay(nil, set), audit.Target{Domain: "acme.test"}, audit.Options{})
	return []*report.Report{report.New(result, report.DefaultScale(), "1.0.0")}
}

// What is found in a zone file is shown at the line of its record, in every format for CI.
func TestPlaces(t *testing.T) {
	reports := flawed(t)
	for _, f := range reports[0].Findings {
		file, line := placeOf(&f)
		want, ok := map[string]int{"spf-multiple-records": 4, "dmarc-policy-none": 6}[f.Check]
		if ok && f.Severity != finding.Pass && (file != "zones/acme:1,%.zone" || line != want) {
			t.Errorf("%s is at %s:%d, want line %d", f.Check, file, line, want)
		}
	}
	var github, sarif, junit bytes.Buffer
	if err := WriteGitHub(&github, reports); err != nil {
		t.Fatal(err)
	}
	if want := "\n::error file=zones/acme%3A1%2C%25.zone,line=4,title=acme.test%3A "; !strings.Contains(github.String(), want) {
		t.Errorf("no %q in\n%s", want, github.String())
	}
	if err := WriteSARIF(&sarif, reports); err != nil {
		t.Fatal(err)
	}
	var log SarifLog
	if err := json.Unmarshal(sarif.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	found := false
	for _, r := range log.Runs[0].Results {
		at := r.Locations[0].Physical
		found = found || r.RuleID == "spf-multiple-records" && at.Artifact.URI == "zones/acme:1,%25.zone" && at.Region.StartLine == 4
		if strings.HasPrefix(at.Artifact.URI, "dns:") || at.Region.StartLine < 1 {
			t.Errorf("%s is at %+v", r.RuleID, at)
		}
	}
	if !found {
		t.Error("SARIF does not have the line of spf-multiple-records")
	}
	if err := WriteJUnit(&junit, reports, finding.Error); err != nil {
		t.Fatal(err)
	}
	if want := `file="zones/acme:1,%.zone" line="4"`; !strings.Contains(junit.String(), want) {
		t.Errorf("no %s in\n%s", want, junit.String())
	}
}

// No text from outside is a workflow command.
func TestGitHubHostile(t *testing.T) {
	attack := "x\n::error::forged\r\n::set-output name=a::b\x1b[31m%0A"
	r := &report.Report{Result: audit.Result{Domain: "a.example", Findings: []finding.Finding{{Check: "c", Severity: finding.Error, Title: attack, Detail: attack,
		Subject: attack, Evidence: []finding.Evidence{{File: attack, Lines: []int{3}}}, Fix: &finding.Fix{Summary: attack, Name: attack, Type: "TXT", Value: attack}}}}}
	var b bytes.Buffer
	if err := WriteGitHub(&b, []*report.Report{r}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	if len(lines) != 2 || strings.HasPrefix(lines[0], "::") || !strings.HasPrefix(lines[1], "::error file=") || strings.ContainsAny(b.String(), "\r\x1b") {
		t.Errorf("%q", lines)
	}
}

func TestHelpURI(t *testing.T) {
	for reference, want := range map[string]string{
		"RFC 7208, 4.5": "https://www.rfc-editor.org/rfc/rfc7208#section-4.5", "RFC 9989": "https://www.rfc-editor.org/rfc/rfc9989",
		"RFC 9989, C.5.2": "https://www.rfc-editor.org/rfc/rfc9989#appendix-C.5.2", "Gmail, https://support.example/a?b=1.": "https://support.example/a?b=1", "a book": "",
	} {
		if got := helpURI(finding.Check{Reference: reference}); got != want {
			t.Errorf("%q: %q, want %q", reference, got, want)
		}
	}
	for _, c := range report.AllChecks() {
		if u := helpURI(c); strings.Contains(c.Reference, "RFC") && u == "" {
			t.Errorf("%s: no page for %q", c.ID, c.Reference)
		}
	}
}
