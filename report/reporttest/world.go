package reporttest

import (
	"slices"
	"strings"

	"mailworthy/audit"
	"mailworthy/finding"
)

// World is the audit of a made-up record, which its flaws are words of: the fix of each
// finding is the record as it stands without that word, as a protocol package
// would write it.
func World(record string) *audit.Result {
	r := &audit.Result{Domain: "acme.example", Started: Started, Findings: AllPassed()}
	for _, flaw := range []struct {
		word     string
		severity finding.Severity
	}{{"broken", finding.Critical}, {"weak", finding.Warning}, {"long", finding.Notice}} {
		if !slices.Contains(strings.Fields(record), flaw.word) {
			continue
		}
		fixed := strings.Join(slices.DeleteFunc(strings.Fields(record), func(s string) bool { return s == flaw.word }), " ")
		r.Findings = append(r.Findings, finding.Finding{Check: "spf-" + flaw.word, Section: finding.SPF, Severity: flaw.severity, Subject: "acme.example",
			Title:    "The record is " + flaw.word,
			Evidence: []finding.Evidence{{Name: "acme.example", Type: "TXT", Status: "found", Answer: []string{record}, TTL: 7200}},
			Fix: &finding.Fix{Complete: true, Summary: "Take " + flaw.word + " out.", Name: "acme.example", Type: "TXT", Value: fixed,
				Remove: []finding.Record{{Name: "acme.example", Type: "TXT", Value: record}}}})
	}
	return r
}
