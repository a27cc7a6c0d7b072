package report

import (
	"testing"

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
