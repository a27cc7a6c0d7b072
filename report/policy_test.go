package report

import (
	"fmt"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/report/reporttest"
)

func TestPolicy(t *testing.T) {
	p, err := LoadPolicy([]byte("weights: {dkim: 0}\ndeductions: {warning: 20}\ncaps: {error: 60}\nseverities:\n  dkim-key-weak: error\n  dkim-single-selector: info\n"))
	if err != nil {
		t.Fatal(err)
	}
	result := reporttest.Flawed()
	r := NewWithPolicy(result, p, "1.0.0")
	for _, f := range r.Findings {
		if f.Check == "dkim-key-weak" && f.Severity != finding.Error {
			t.Errorf("dkim-key-weak is %s", f.Severity)
		}
	}
	for _, f := range result.Findings {
		if f.Check == "dkim-key-weak" && f.Severity != finding.Warning {
			t.Error("the result itself was changed")
		}
	}
	for _, s := range r.Score.Sections {
		want := map[finding.Section]int{finding.SPF: 0, finding.DKIM: 50, finding.DMARC: 80, finding.Reputation: 100, finding.Hosts: 47}
		if *s.Value != want[s.Section] {
			t.Errorf("%s scores %d, want %d", s.Section, *s.Value, want[s.Section])
		}
	}
	if got := strings.Join(r.Deviations, "; "); got != "DKIM weighs 0, by default 20; error caps the total at 60, by default 79; "+
		"warning deducts 20, by default 15; dkim-key-weak is error, by default warning; dkim-single-selector is info, by default notice" {
		t.Errorf("deviations: %s", got)
	}
	if r := NewWithPolicy(result, nil, "1.0.0"); len(r.Deviations) > 0 || *r.Score.Value != 49 {
		t.Errorf("without a policy: %d, %v", *r.Score.Value, r.Deviations)
	}
}

func TestPolicyMistakes(t *testing.T) {
	tests := []struct{ text, want string }{
		{"weigths: {spf: 1}", "line 1"},
		{"weights: {spf: 10, dkim: many}", "line 1"},
		{"weights: {mail: 10}", `no section "mail"`},
		{"weights: {spf: -1}", "0 to 1000"},
		{"weights: {spf: 0, dkim: 0, dmarc: 0, reputation: 0, hosts: 0}", "every section weighs 0"},
		{"deductions: {fatal: 10}", `no severity "fatal"`},
		{"caps: {error: 101}", "0 to 100"},
		{"severities: {dkim-key-wek: error}", "did you mean dkim-key-weak?"},
		{"severities: {dkim-key-weak: pass}", `cannot be "pass"`},
	}
	for _, tt := range tests {
		_, err := LoadPolicy([]byte(tt.text))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q in it", tt.text, err, tt.want)
		}
	}
	if p, err := LoadPolicy(nil); err != nil || len(p.deviations()) > 0 {
		t.Errorf("an empty policy: %v", err)
	}
}

// TestPolicyOfManyKeys: a file of more keys than any policy has is refused at once.
func TestPolicyOfManyKeys(t *testing.T) {
	var top, below strings.Builder
	below.WriteString("severities:\n")
	for i := range mostKeys + 1 {
		fmt.Fprintf(&top, "k%d: 1\n", i)
		fmt.Fprintf(&below, "  k%d: error\n", i)
	}
	for text, line := range map[string]string{top.String(): "line 1", below.String(): "line 2"} {
		if _, err := LoadPolicy([]byte(text)); err == nil || !strings.Contains(err.Error(), line+": more than 1000 keys") {
			t.Errorf("%v", err)
		}
	}
}
