package monitor

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/history"
	"mailworthy/report"
	"mailworthy/report/terminal"
)

// failing is a domain with these findings, seen for the first time.
func failing(domain string, findings ...finding.Finding) Seen {
	return Seen{Report: &report.Report{Verdict: report.NotReady, Result: audit.Result{Domain: domain, Findings: findings}}, Observation: &history.Observation{First: true}}
}

// broken is the failure of an include that several domains share.
var broken = finding.Finding{Check: "spf-include-missing", Section: finding.SPF, Severity: finding.Error, Subject: "_spf.host.example", Title: "SPF include has no record"}

// A first run over many domains is said by cause and subject, in under 40 lines.
func TestFirstRunOfMany(t *testing.T) {
	out := &Outcome{}
	for i := range 200 {
		domain := fmt.Sprintf("d%03d.example", i)
		var list []finding.Finding
		for j := range 30 {
			if i%(j+1) == 0 {
				list = append(list, finding.Finding{Check: fmt.Sprintf("check-%02d", j), Severity: finding.Error, Subject: domain, Title: "Something that is wrong with it"})
			}
		}
		list[0].Severity = finding.Critical
		list = append(list, broken)
		list[len(list)-1].Severity = finding.Error
		out.Domains = append(out.Domains, failing(domain, list...))
	}
	var text bytes.Buffer
	if err := WriteText(&text, out, finding.Error, false, terminal.Options{Width: 80}); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(text.String(), "\n"); n >= 40 {
		t.Errorf("%d lines:\n%s", n, text.String())
	}
	words := strings.Join(strings.Fields(text.String()), " ")
	for _, want := range []string{"200 domains: 200 failing ✖ check-00: 200 domains", "200 domains: 200 failing, 0 changed · 0 DNS queries, the longest d000.example (0 ms)", "spf-include-missing _spf.host.example: 200 domains: SPF include has no record (d000.example, d001.example", "and 19 more; mailworthy audit DOMAIN"} {
		if !strings.Contains(words, want) {
			t.Errorf("no %q in\n%s", want, text.String())
		}
	}
	if strings.Index(words, "check-00") > strings.Index(words, "spf-include-missing") {
		t.Errorf("the worst is not first:\n%s", text.String())
	}
}

// What changed at once in many domains is one line, and what stands is none.
func TestManyChanges(t *testing.T) {
	out := &Outcome{}
	for i := range 8 {
		d := failing(fmt.Sprintf("d%d.example", i), broken)
		d.Observation = &history.Observation{Changes: &report.Comparison{Domain: d.Report.Domain, New: []finding.Finding{broken}}}
		out.Domains = append(out.Domains, d)
	}
	for i := range 50 {
		d := failing(fmt.Sprintf("old%d.example", i), broken)
		d.Observation = &history.Observation{Changes: &report.Comparison{Domain: d.Report.Domain}}
		out.Domains = append(out.Domains, d)
	}
	var text bytes.Buffer
	if err := WriteText(&text, out, finding.Error, false, terminal.Options{Width: 100}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), "spf-include-missing _spf.host.example: 8 domains, new: ") || strings.Contains(text.String(), "old") {
		t.Errorf("it says\n%s", text.String())
	}
	if n := strings.Count(text.String(), "\n"); n > 6 {
		t.Errorf("%d lines:\n%s", n, text.String())
	}
}
