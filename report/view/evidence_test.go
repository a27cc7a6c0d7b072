package view_test

import (
	"slices"
	"testing"

	"mailworthy/finding"
	"mailworthy/report/view"
)

// TestEvidenceLines: what a server said is shown line by line, and steers no screen.
func TestEvidenceLines(t *testing.T) {
	f := finding.Finding{Evidence: []finding.Evidence{{Kind: finding.Connection, Name: "mx1.acme.example:25", Type: "SMTP", Status: "rejected-5xx", Server: "192.0.2.10:25",
		Transcript: []finding.Said{{MS: 0, Text: "connected"}, {MS: 31, By: "server", Text: "220 \x1b[31mmx1\r\n\u202e"}, {MS: 32, By: "client", Text: "EHLO probe.example"}}}}}
	want := []string{"mx1.acme.example:25 SMTP: rejected-5xx from 192.0.2.10:25", "  0 ms -- connected", `  31 ms S: 220 \x1b[31mmx1\x0d\x0a\u{202e}`, "  32 ms C: EHLO probe.example"}
	if got := view.EvidenceLines(f); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
