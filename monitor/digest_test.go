package monitor

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/history"
	"mailworthy/mailhost"
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

// That no resolver answers is one cause, and one line, first, whatever the number of domains
// that it reaches.
func TestNobodyAnsweredIsOneLine(t *testing.T) {
	silent := func(domain, why string) Seen {
		return Seen{Report: &report.Report{Verdict: report.Incomplete, Unanswered: why, Result: audit.Result{Domain: domain, Findings: []finding.Finding{
			{Check: "spf-unresolved", Severity: finding.Unknown, CouldBe: finding.Error, Subject: domain, Title: "SPF lookup failed (temperror): result unknown"}}}}}
	}
	const dead, slow = "udp://192.0.2.53:53: network", "udp://192.0.2.54:53: timeout"
	var many []Seen
	for i := range 29 {
		many = append(many, silent(fmt.Sprintf("d%02d.example", i), dead))
	}
	lied := func(domain, server string, all bool) Seen {
		return Seen{Report: &report.Report{Verdict: report.Incomplete, Result: audit.Result{Domain: domain, Findings: []finding.Finding{
			mailhost.NotPublic(domain, server, []finding.Evidence{{Name: ".", Type: "NS", Status: "nxdomain", Server: server}}, all)}}}}
	}
	for _, tt := range []struct {
		name    string
		domains []Seen
		always  bool
		want    string // how it begins
		lines   int    // of "No resolver answered"
	}{
		{"all", many, false, "No resolver answered any question (" + dead + "): nothing is known of 29 domains (d00.example, d01.example, d02.example and 26 more)\n\n29 domains: 0 failing, 0 changed, 29 incomplete", 1},
		{"all, always", many, true, "No resolver answered any question (" + dead + "): nothing is known of 29 domains (", 1},
		{"two causes", append([]Seen{silent("a.example", slow), silent("b.example", slow)}, many...), false, "No resolver answered any question (" + slow + "): nothing is known of 2 domains (a.example, b.example)\nNo resolver answered any question (" + dead + "): nothing is known of 29 domains (", 2},
		{"before what fails", append([]Seen{failing("f.example", broken)}, many...), false, "No resolver answered any question (" + dead + "): nothing is known of 29 domains (", 1},
		{"one domain", many[:1], false, "d00.example: incomplete, no score: No resolver answered any question (" + dead + "): nothing is known of the domain\n", 1},
		{"one that lies", []Seen{lied("a.example", "udp://192.0.2.53:53", true), lied("b.example", "udp://192.0.2.53:53", true)}, false,
			"DNS resolver does not see the public DNS (udp://192.0.2.53:53): nothing is known of 2 domains (a.example, b.example)\n\n2 domains: ", 0},
		{"one that lies of a part", []Seen{lied("a.example", "udp://192.0.2.53:53", false), lied("b.example", "udp://192.0.2.53:53", false)}, true, "a.example: incomplete, ", 0},
		{"one that lies, and one that is silent", append([]Seen{lied("a.example", "udp://192.0.2.53:53", true), lied("b.example", "udp://192.0.2.53:53", true)}, many...), false,
			"DNS resolver does not see the public DNS (udp://192.0.2.53:53): nothing is known of 2 domains (a.example, b.example)\nNo resolver answered any question (", 1},
		{"one, and others otherwise", append([]Seen{silent("a.example", slow)}, many...), false, "No resolver answered any question (" + dead + "): nothing is known of 29 domains (", 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var text bytes.Buffer
			if err := WriteText(&text, &Outcome{Domains: tt.domains}, finding.Error, tt.always, terminal.Options{Width: 80}); err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(text.String(), "No resolver answered"); n != tt.lines || !strings.HasPrefix(text.String(), tt.want) {
				t.Errorf("%d lines of %d:\n%s", n, tt.lines, text.String())
			}
		})
	}
}
