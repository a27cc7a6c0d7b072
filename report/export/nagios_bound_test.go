package export

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/mailhost"
	"mailworthy/report"
	"mailworthy/smtp/roundtrip"
)

// Nagios and NRPE read 8 KB: the worst stands in them, and what does not is counted.
func TestNagiosOfMany(t *testing.T) {
	var reports []*report.Report
	for i := range 500 {
		r := &report.Report{Verdict: report.Ready, Result: audit.Result{Domain: fmt.Sprintf("d%03d.example", i)}}
		if i%10 == 9 {
			r.Verdict = report.NotReady
			r.Findings = []finding.Finding{{Check: "spf-record-missing", Severity: finding.Error, Subject: r.Domain, Title: "No SPF record"}}
		}
		reports = append(reports, r)
	}
	var b bytes.Buffer
	if err := WriteNagios(&b, reports, finding.Error, false, nil); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(text) > 8<<10 {
		t.Errorf("%d bytes", len(text))
	}
	if want := "MAILWORTHY CRITICAL - 500 domains: 50 not ready, 450 ready | domains=500;;;0 critical=0;;;0 errors=50;;;0"; !strings.HasPrefix(lines[0], want) {
		t.Errorf("the first line is %q, want %q", lines[0], want)
	}
	if !strings.HasPrefix(lines[1], "CRITICAL - d009.example") || !strings.HasPrefix(lines[2], "error: spf-record-missing: ") {
		t.Errorf("the worst is not first: %q, %q", lines[1], lines[2])
	}
	if n := strings.Count(text, "CRITICAL - d"); n != 50 {
		t.Errorf("%d of 50 domains that fail", n)
	}
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "and ") || !strings.HasSuffix(last, " more lines") {
		t.Errorf("the last line is %q", last)
	}
}

// What mail logs say counts in the state.
func TestNagiosAlso(t *testing.T) {
	ready := []*report.Report{{Verdict: report.Ready, Result: audit.Result{Domain: "acme.example"}}}
	for _, tt := range []struct {
		severity finding.Severity
		want     int
	}{{finding.Error, NagiosCritical}, {finding.Warning, NagiosWarning}, {finding.Notice, NagiosOK}} {
		f := &report.Beside{Findings: []report.Remark{{Check: "logs-bounces", Severity: tt.severity, Title: "Receivers reject mail"}}}
		var b bytes.Buffer
		if err := WriteNagios(&b, ready, finding.Error, false, f); err != nil {
			t.Fatal(err)
		}
		if got := NagiosStatus(ready, finding.Error, false, f); got != tt.want || !strings.HasPrefix(b.String(), "MAILWORTHY "+NagiosNames[tt.want]+" - ") || !strings.Contains(b.String(), string(tt.severity)+": logs-bounces: Receivers reject mail\n") {
			t.Errorf("%s: status %d, want %d:\n%s", tt.severity, got, tt.want, b.String())
		}
	}
}

// A run that has synthetic mails or logs beside domains, or alone, says what became of them.
func TestNagiosBeside(t *testing.T) {
	ready := []*report.Report{{Verdict: report.Ready, Result: audit.Result{Domain: "acme.example"}}}
	ms := int64(2100)
	mail := func(name string, v roundtrip.Verdict, ms *int64) report.Roundtrip {
		return report.Roundtrip{Name: name, Report: roundtrip.Report{Verdict: v, DeliverMS: ms}}
	}
	arrived, lost := mail("own", roundtrip.Arrived, &ms), mail("it's=b|c", roundtrip.Lost, nil)
	for _, tt := range []struct {
		name    string
		reports []*report.Report
		beside  report.Beside
		status  int
		first   string
	}{
		{"mails alone", nil, report.Beside{Configured: true, Roundtrips: []report.Roundtrip{arrived}}, NagiosOK,
			"MAILWORTHY OK - 1 round trip: 1 arrived | 'own took'=2.100s;;;0 'own tries'=0;;;0"},
		{"one is lost", nil, report.Beside{Configured: true, Roundtrips: []report.Roundtrip{arrived, lost},
			Findings: []report.Remark{{Check: "roundtrip-lost", Severity: finding.Error, Subject: lost.Name, Title: "it's=b|c: lost"}}}, NagiosCritical,
			"MAILWORTHY CRITICAL - 2 round trips: 1 arrived, 1 lost; also 1 finding: it's=b¦c: lost | 'own took'=2.100s;;;0 'own tries'=0;;;0 'it_s_b¦c took'=U;;;0 'it_s_b¦c tries'=0;;;0"},
		{"beside a domain", ready, report.Beside{Configured: true, Roundtrips: []report.Roundtrip{arrived}}, NagiosOK, "MAILWORTHY OK - acme.example is ready, no score (); 1 round trip: 1 arrived | score=U"},
		{"not sent", ready, report.Beside{Configured: true, NotSent: []string{"own"}}, NagiosOK, "MAILWORTHY OK - acme.example is ready, no score (); 1 round trip not sent | score=U"},
		{"it could not be begun", nil, report.Beside{Configured: true, Errors: []string{"roundtrip own: password_file x: no such file"}}, NagiosUnknown,
			"MAILWORTHY UNKNOWN - 1 error: roundtrip own: password_file x: no such file\n"},
		{"logs alone", nil, report.Beside{Configured: true, Logs: true}, NagiosOK, "MAILWORTHY OK - mail logs: nothing is wrong\n"},
		{"logs alone, and wrong", nil, report.Beside{Configured: true, Logs: true, Findings: []report.Remark{{Check: "logs-deferred", Severity: finding.Warning, Title: "much is deferred"}}}, NagiosWarning,
			"MAILWORTHY WARNING - 1 finding: much is deferred\n"},
		{"nothing but domains", ready, report.Beside{}, NagiosOK, "MAILWORTHY OK - acme.example is ready, no score () | score=U"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			if err := WriteNagios(&b, tt.reports, finding.Error, false, &tt.beside); err != nil {
				t.Fatal(err)
			}
			if got := NagiosStatus(tt.reports, finding.Error, false, &tt.beside); got != tt.status {
				t.Errorf("status %d, want %d", got, tt.status)
			}
			if !strings.HasPrefix(b.String(), tt.first) {
				t.Errorf("it is\n%swant\n%s", b.String(), tt.first)
			}
		})
	}
}

// That no resolver answers is said once, of all the domains, and nothing of each of them;
// an annotation says it once a domain.
func TestNobodyAnsweredIsSaidOnce(t *testing.T) {
	silent := func(domain string) *report.Report {
		cause := mailhost.Silent(domain, "192.0.2.53: timeout", false, nil)
		var found []finding.Finding
		for _, check := range []string{"spf-unresolved", "dkim-unresolved", "dmarc-unresolved", "hosts-unresolved"} {
			found = append(found, finding.Finding{Check: check, Severity: finding.Unknown, CouldBe: finding.Critical, Subject: domain, Title: check + " of " + domain})
		}
		cause.Blame(found, func(*finding.Finding) bool { return true })
		return &report.Report{Verdict: report.Incomplete, Unanswered: "192.0.2.53: timeout", Result: audit.Result{Domain: domain, Findings: []finding.Finding{cause}}}
	}
	ready := &report.Report{Verdict: report.Ready, Result: audit.Result{Domain: "ready.example"}}
	for _, tt := range []struct {
		name    string
		reports []*report.Report
		nagios  []string
	}{
		{"one", []*report.Report{silent("a.example")}, []string{"MAILWORTHY UNKNOWN - a.example is incomplete, ", "unknown: resolver-silent: DNS resolver does not answer"}},
		{"two", []*report.Report{silent("a.example"), silent("b.example")},
			[]string{"MAILWORTHY UNKNOWN - 2 domains: 2 incomplete; No resolver answered any question (192.0.2.53: timeout): nothing is known of a.example, b.example | "}},
		{"one of two", []*report.Report{ready, silent("b.example")},
			[]string{"MAILWORTHY UNKNOWN - 2 domains: 1 incomplete, 1 ready; No resolver answered any question (192.0.2.53: timeout): nothing is known of b.example | ", "OK - ready.example is ready, "}},
	} {
		var nagios, github bytes.Buffer
		if err := WriteNagios(&nagios, tt.reports, finding.Error, false, nil); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(nagios.String(), "\n"), "\n")
		if len(lines) != len(tt.nagios) {
			t.Fatalf("%s: %q", tt.name, lines)
		}
		for i, want := range tt.nagios {
			if !strings.HasPrefix(lines[i], want) {
				t.Errorf("%s: line %d is %q, want %q", tt.name, i, lines[i], want)
			}
		}
		if err := WriteGitHub(&github, tt.reports); err != nil {
			t.Fatal(err)
		}
		if got, want := strings.Count(github.String(), "::warning "), strings.Count(github.String(), "nothing is known of the domain"); got != want || got == 0 {
			t.Errorf("%s: %d annotations of %d domains: %s", tt.name, got, want, github.String())
		}
	}
}
