package report

import (
	"strings"
	"testing"
	"time"

	"mailworthy/audit"
	"mailworthy/finding"
)

// TestEvidenceOfConnections: what a server said counts as an answer, and that it could
// not be asked does not: a finding is not gone because nobody could look.
func TestEvidenceOfConnections(t *testing.T) {
	run := func(n int, status string, findings ...finding.Finding) *Report {
		look := finding.Evidence{Kind: finding.Connection, Name: "mx1.acme.example:25", Type: "SMTP", Status: status, Server: "192.0.2.10:25",
			Transcript: []finding.Said{{MS: int64(n), By: "server", Text: "220 mx1.acme.example ESMTP"}}}
		base := finding.Finding{Check: "mx-resolves", Section: finding.Hosts, Severity: finding.Pass, Subject: "acme.example", Evidence: []finding.Evidence{look}}
		for i := range findings {
			findings[i].Evidence = []finding.Evidence{look}
		}
		return New(&audit.Result{Domain: "acme.example", Profile: finding.Sender, ProfileWhy: "stated", Started: time.Unix(int64(n)*86400, 0),
			Findings: append(findings, base)}, DefaultScale(), "test")
	}
	flaw := finding.Finding{Check: "starttls-missing", Section: finding.Hosts, Severity: finding.Warning, Subject: "mx1.acme.example", Title: "No STARTTLS"}
	known := NewStanding(run(1, "ok", flaw))
	for _, tt := range []struct {
		status string
		gone   bool
	}{{"ok", true}, {"rejected-5xx", true}, {"timeout", false}, {"refused", false}, {"rejected-4xx", false}, {"not-tried", false}} {
		c := CompareStandings(known, known.Settle(run(2, tt.status)))
		if gone := len(c.Gone) == 1; gone != tt.gone {
			t.Errorf("%s: gone %v", tt.status, gone)
		}
	}
	if c := CompareStandings(known, known.Settle(run(2, "ok", flaw))); !c.Unchanged() {
		t.Error("another transcript is a change")
	}
}

// TestEvidenceKeys: evidence of every kind has the same keys, and null for what it has not.
func TestEvidenceKeys(t *testing.T) {
	for want, e := range map[string]finding.Evidence{
		`{"kind":null,"name":"a.example","type":"TXT","status":"nodata","answer":[],"cnames":[],"server":null,"rcode":null,"ttl":60,"authentic_data":false,"note":null,"file":null,"lines":[],"transcript":[]}`: {Name: "a.example", Type: "TXT", Status: "nodata", TTL: 60},
		`{"kind":"connection","name":"a.example:25","type":"SMTP","status":"ok","answer":[],"cnames":[],"server":null,"rcode":null,"ttl":0,"authentic_data":false,"note":null,"file":null,"lines":[],` +
			`"transcript":[{"ms":7,"by":"server","text":"220 \"a\""},{"ms":9,"by":null,"text":"closed"}]}`: {Kind: finding.Connection,
			Name: "a.example:25", Type: "SMTP", Status: "ok", Transcript: []finding.Said{{MS: 7, By: "server", Text: `220 "a"`}, {MS: 9, Text: "closed"}}},
	} {
		if text, err := MarshalJSON(&e, ""); err != nil || strings.TrimSpace(string(text)) != want {
			t.Errorf("%s\nwant\n%s, %v", text, want, err)
		}
	}
}
