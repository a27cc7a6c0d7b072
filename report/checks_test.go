package report

import (
	"bytes"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/golden"
)

func TestChecksPage(t *testing.T) {
	golden.Compare(t, "../docs/checks.md", ChecksMarkdown())
}

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
		if sectionTitles[c.Section] == "" {
			t.Errorf("%s is in section %q", c.ID, c.Section)
		}
	}
	for _, id := range []string{"spf-unresolved", "dkim-unresolved", "dmarc-unresolved"} {
		if _, ok := FindCheck(id); !ok {
			t.Errorf("there is no check %s", id)
		}
	}
}

func TestWriteCheck(t *testing.T) {
	c, ok := FindCheck("spf-multiple-records")
	if !ok {
		t.Fatal("no such check")
	}
	var b bytes.Buffer
	if err := WriteCheck(&b, c, TableOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"spf-multiple-records", "critical", "\nWhen\n", "\nWhy\n", "\nWhat to do\n", "7208"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in\n%s", want, b.String())
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
