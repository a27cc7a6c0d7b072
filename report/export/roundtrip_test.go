package export

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"mailworthy/smtp/roundtrip"
)

// TestRoundtripNagiosTwice: a second copy, of the mail or of an earlier one, is a warning; a
// mail that was lost and has come since is none.
func TestRoundtripNagiosTwice(t *testing.T) {
	before := roundtrip.Earlier{MessageID: "mw1@acme.example", Began: time.Date(2026, 3, 1, 6, 0, 0, 0, time.UTC), Verdict: roundtrip.Lost, Copies: []roundtrip.Copy{{Folder: "INBOX"}}}
	late := before
	late.Verdict, late.Duplicates = roundtrip.Arrived, 1
	for _, tt := range []struct {
		name       string
		duplicates int
		earlier    []roundtrip.Earlier
		status     int
		text, perf string
	}{
		{"once", 0, nil, NagiosOK, " arrived: It is in INBOX. | ", "'duplicates'=0"},
		{"twice", 1, nil, NagiosWarning, " arrived: It is in INBOX. It is there 2 times: ", "'duplicates'=1"},
		{"an earlier one", 0, []roundtrip.Earlier{late}, NagiosWarning, "It is in INBOX. Since its run ended, 1 further copy of the mail mw1@acme.example of 2026-03-01T06:00:00Z came: in INBOX. | ", "'duplicates'=1"},
		{"one that was lost", 0, []roundtrip.Earlier{before}, NagiosOK, " arrived: It is in INBOX. | ", "'duplicates'=0"},
	} {
		r := &roundtrip.Report{From: "a@acme.example", To: "b@acme.example", Verdict: roundtrip.Arrived, Why: "It is in INBOX.", Duplicates: tt.duplicates, Earlier: tt.earlier}
		var b bytes.Buffer
		if err := WriteRoundtripNagios(&b, r, false); err != nil {
			t.Fatal(err)
		}
		if status := RoundtripNagiosStatus(r, false); status != tt.status || !strings.HasPrefix(b.String(), "ROUNDTRIP "+NagiosNames[tt.status]+" - ") || !strings.Contains(b.String(), tt.text) || !strings.Contains(b.String(), tt.perf) {
			t.Errorf("%s: %d, %s", tt.name, status, b.String())
		}
	}
}
