package monitor

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"mailworthy/history"
	"mailworthy/report/terminal"
	"mailworthy/report/view"
)

// TestLines: what a history has is shown with its domain or name, and how it ended.
func TestLines(t *testing.T) {
	at := time.Date(2026, 3, 1, 6, 17, 0, 0, time.UTC)
	score := 87
	for want, d := range map[string]*view.Doc{
		"acme.example|87|B":            RunsDoc([]history.Run{{ID: 3, Domain: "acme.example", Started: at, Score: &score, Grade: "B"}}),
		"me to you|lost|nobody saw it": MailsDoc([]history.Roundtrip{{Name: "me to you", Started: at, Verdict: "lost", Why: "nobody saw it"}}),
	} {
		var b bytes.Buffer
		if err := terminal.WriteDoc(&b, d, terminal.Options{Width: 120}); err != nil {
			t.Fatal(err)
		}
		for part := range strings.SplitSeq(want, "|") {
			if !strings.Contains(b.String(), part) {
				t.Errorf("%q is not in\n%s", part, b.String())
			}
		}
	}
}
