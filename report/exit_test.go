package report

import (
	"testing"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/report/reporttest"
)

func TestExit(t *testing.T) {
	by := map[string]*Report{}
	for name, result := range reporttest.Results() {
		by[name] = New(result, DefaultScale(), "1.0.0")
	}
	tests := []struct {
		of     []string
		failOn finding.Severity
		want   int
	}{
		{[]string{"clean"}, finding.Notice, 0},
		{[]string{"flawed"}, finding.Critical, 1},
		{[]string{"flawed"}, Never, 0},
		{[]string{"silent"}, finding.Critical, 3},
		{[]string{"silent"}, Never, 0},
		{[]string{"clean", "silent"}, finding.Error, 3},
		{[]string{"silent", "flawed", "clean"}, finding.Error, 1},
	}
	for _, tt := range tests {
		var list []*Report
		for _, name := range tt.of {
			list = append(list, by[name])
		}
		if got := Exit(list, tt.failOn); got != tt.want {
			t.Errorf("%v with fail-on %s: %d, want %d", tt.of, tt.failOn, got, tt.want)
		}
	}
}

// TestExitAgrees: a report that is incomplete by its verdict does not end with 0, and one that is
// ready does not end with 3, unless another limit is asked for.
func TestExitAgrees(t *testing.T) {
	for _, tt := range []struct {
		couldBe finding.Severity
		verdict Verdict
		at      map[finding.Severity]int
	}{
		{finding.Critical, Incomplete, map[finding.Severity]int{finding.Warning: 3, finding.Error: 3, finding.Critical: 3, Never: 0}},
		{finding.Error, Incomplete, map[finding.Severity]int{finding.Warning: 3, finding.Error: 3, finding.Critical: 0, Never: 0}},
		{finding.Warning, Incomplete, map[finding.Severity]int{finding.Warning: 3, finding.Error: 3, finding.Critical: 0, Never: 0}},
		{finding.Notice, Ready, map[finding.Severity]int{finding.Notice: 3, finding.Warning: 0, finding.Error: 0, Never: 0}},
	} {
		findings := append(reporttest.AllPassed(), reporttest.Unresolved(finding.DMARC, tt.couldBe, false))
		r := &Report{Result: audit.Result{Findings: findings}}
		r.Verdict, _ = Grade(findings, DefaultScale())
		if r.Verdict != tt.verdict {
			t.Errorf("%s: %s", tt.couldBe, r.Verdict)
		}
		for failOn, want := range tt.at {
			if got := r.Exit(failOn); got != want {
				t.Errorf("could be %s, fail on %s: %d, want %d", tt.couldBe, failOn, got, want)
			}
		}
	}
}

// TestMessageExit: what is not known ends with 3 unless something is known to be bad.
func TestMessageExit(t *testing.T) {
	all := reporttest.Messages(t)
	for _, tt := range []struct {
		name   string
		failOn finding.Severity
		want   int
	}{
		{"football", finding.Error, 0}, {"football", finding.Warning, 1}, {"flawed", finding.Error, 1}, {"flawed", Never, 0}, {"silent", finding.Error, 3}, {"silent", Never, 0},
	} {
		if got := ExitOf(all[tt.name].Findings, tt.failOn); got != tt.want {
			t.Errorf("%s at %s: %d, want %d", tt.name, tt.failOn, got, tt.want)
		}
	}
}
