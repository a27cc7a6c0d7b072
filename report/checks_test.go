package report

import (
	"strings"
	"testing"

	"mailworthy/finding"
)

// Every check is documented in full, once, in a section and with a severity that exist.
func TestChecksAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range AllChecks() {
		if seen[c.ID] {
			t.Errorf("%s is there twice", c.ID)
		}
		seen[c.ID] = true
		if c.Title == "" || c.Condition == "" || c.Why == "" || c.Remedy == "" || c.Reference == "" {
			t.Errorf("%s is not documented in full", c.ID)
		}
		if c.Severity.Rank() < finding.Info.Rank() {
			t.Errorf("%s has severity %q", c.ID, c.Severity)
		}
		if c.Section.Title() == "" {
			t.Errorf("%s is in section %q", c.ID, c.Section)
		}
	}
	for _, id := range []string{"spf-unresolved", "dkim-unresolved", "dmarc-unresolved"} {
		if _, ok := FindCheck(id); !ok {
			t.Errorf("there is no check %s", id)
		}
	}
}

func TestSimilarChecks(t *testing.T) {
	for id, want := range map[string]string{"spf-multiple-record": "spf-multiple-records", "dmarc-polcy-none": "dmarc-policy-none", "ptr": "ptr-missing"} {
		if got := strings.Join(SimilarChecks(id), " "); !strings.Contains(got, want) {
			t.Errorf("for %q: %s, want %s among them", id, got, want)
		}
	}
	if got := SimilarChecks("completely-different-thing-altogether"); len(got) > 0 {
		t.Errorf("for nothing similar: %v", got)
	}
}
