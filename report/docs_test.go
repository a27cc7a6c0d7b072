package report

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/report/reporttest"
)

// The example of docs/scoring.md, computed.
func TestScoringExample(t *testing.T) {
	page, err := os.ReadFile("../docs/scoring.md")
	if err != nil {
		t.Fatal(err)
	}
	example := []finding.Finding{
		reporttest.Found(finding.SPF, "spf-multiple-records", finding.Critical), reporttest.Found(finding.DKIM, "dkim-key-weak", finding.Warning),
		reporttest.Found(finding.DMARC, "dmarc-policy-none", finding.Warning), reporttest.Found(finding.Hosts, "ptr-missing", finding.Error),
		reporttest.Found(finding.Hosts, "mx-single", finding.Notice),
	}
	without := func(checks ...string) []finding.Finding {
		out := reporttest.AllPassed()
		for _, f := range example {
			if !strings.Contains(strings.Join(checks, " "), f.Check) {
				out = append(out, f)
			}
		}
		return out
	}
	tests := []struct {
		name        string
		findings    []finding.Finding
		mean, value int
		grade, says string
	}{
		{"as it is", without(), 63, 49, "F", "rounded 63. The critical finding caps it: the score is **49**, grade F"},
		{"one SPF record", without("spf-multiple-records"), 88, 79, "C", "it would be 88, capped by the error at **79**, grade C"},
		{"and the PTR record", without("spf-multiple-records", "ptr-missing"), 93, 93, "A", "as well 93, grade A"},
	}
	for _, tt := range tests {
		_, score := Grade(tt.findings, DefaultScale())
		if *score.BeforeCap != tt.mean || *score.Value != tt.value || score.Grade != tt.grade {
			t.Errorf("%s: mean %d, total %d, grade %s; the page says %q", tt.name, *score.BeforeCap, *score.Value, score.Grade, tt.says)
		}
		if !strings.Contains(string(page), tt.says) {
			t.Errorf("%s: the page does not say %q", tt.name, tt.says)
		}
	}
	_, score := Grade(append(without(), reporttest.Unresolved(finding.Reputation, finding.Critical, false)), DefaultScale())
	if score.Low != 43 || score.High != 49 || !strings.Contains(string(page), "the range is 43 to 49") {
		t.Errorf("the range is %d to %d", score.Low, score.High)
	}
	start := strings.Index(string(page), "```yaml\n") + len("```yaml\n")
	policy := string(page)[start:]
	policy = policy[:strings.Index(policy, "```")]
	if _, err := LoadPolicy([]byte(policy)); err != nil {
		t.Errorf("the policy of the page: %v", err)
	}
}

// docs/json.md names every key of the top level.
func TestJSONPageIsComplete(t *testing.T) {
	page, err := os.ReadFile("../docs/json.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, typ := range []reflect.Type{reflect.TypeFor[Report](), reflect.TypeFor[audit.Result]()} {
		for i := range typ.NumField() {
			key, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
			if key != "" && key != "-" && !strings.Contains(string(page), "`"+key+"`") {
				t.Errorf("the page does not name %s", key)
			}
		}
	}
}
