package export

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/report"
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
	if err := WriteNagios(&b, reports, finding.Error, false); err != nil {
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
		f := finding.Finding{Check: "logs-bounces", Severity: tt.severity, Title: "Receivers reject mail"}
		var b bytes.Buffer
		if err := WriteNagios(&b, ready, finding.Error, false, f); err != nil {
			t.Fatal(err)
		}
		if got := NagiosStatus(ready, finding.Error, false, f); got != tt.want || !strings.HasPrefix(b.String(), "MAILWORTHY "+NagiosNames[tt.want]+" - ") || !strings.Contains(b.String(), string(tt.severity)+": logs-bounces: Receivers reject mail\n") {
			t.Errorf("%s: status %d, want %d:\n%s", tt.severity, got, tt.want, b.String())
		}
	}
}
