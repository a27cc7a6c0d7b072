package report

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
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
}

// namesOfElse are what begins as the ID of a check does, and is something else.
var namesOfElse = map[string]bool{
	// Flags, and keys of configurations.
	"dkim-domain": true, "dkim-key": true, "dkim-selector": true, "tls-ca": true, "tls-versions": true,
	// Header fields.
	"dkim-signature": true, "message-id": true,
	// Requirements of receivers.
	"dkim-key-length": true, "domain-unlisted": true, "message-format": true, "spf-or-dkim": true,
	// Causes of bounces, and outcomes of sessions.
	"domain-unknown": true, "message-too-big": true, "ptr-required": true, "tls-failed": true, "tls-failure": true,
	// Kinds of records, policies and proposals; a local part that many reports are sent to.
	"mta-sts": true, "mta-sts-policy": true, "tls-rpt": true, "dmarc-reports": true,
	// Steps of doctor; programs in logs.
	"resolver-answers": true, "smtp-amavis": true, "smtp-in": true, "smtp-out": true,
}

// TestChecksAreThere: what the code and the documentation name as a check is one. Receivers,
// plans, causes and words go by IDs, and one that no check has would never match.
func TestChecksAreThere(t *testing.T) {
	checks, first := map[string]bool{}, map[string]bool{}
	for _, c := range AllChecks() {
		word, _, _ := strings.Cut(c.ID, "-")
		checks[c.ID], first[word] = true, true
	}
	named, elsewhere := 0, map[string]bool{}
	quoted := map[string]*regexp.Regexp{".go": regexp.MustCompile(`"([a-z0-9]+)(?:-[a-z0-9]+)+"`), ".md": regexp.MustCompile("`([a-z0-9]+)(?:-[a-z0-9]+)+`")}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		pattern := quoted[filepath.Ext(path)]
		if err != nil || d.IsDir() || pattern == nil || strings.HasSuffix(path, "_test.go") || d.Name() == "CHANGELOG.md" {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range pattern.FindAllSubmatch(text, -1) {
			id := string(m[0][1 : len(m[0])-1])
			switch {
			case checks[id]:
				named++
			case namesOfElse[id]:
				elsewhere[id] = true
			case first[string(m[1])]:
				t.Errorf("%s: there is no check %s", path, id)
			}
		}
		return err
	})
	if err != nil || named < 1000 {
		t.Errorf("%d checks are named in the project: %v", named, err)
	}
	for id := range namesOfElse {
		if !elsewhere[id] {
			t.Errorf("nothing is named %s: take it away", id)
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
