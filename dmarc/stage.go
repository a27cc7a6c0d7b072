package dmarc

import "mailworthy/finding"

// Stage is the next step towards p=reject: what to publish, and when.
type Stage struct {
	// Now names what is published: "missing", "none", "quarantine-testing",
	// "quarantine", "reject-testing", "invalid".
	Now string `json:"now"`
	// Next names the step in the same words.
	Next string `json:"next"`
	// Record is what to publish next.
	Record finding.Record `json:"record"`
	// Before must hold before it is published; Blockers are those that are
	// known not to hold.
	Before   []string `json:"before"`
	Blockers []string `json:"blockers,omitempty"`
	// Then are the steps after it.
	Then []string `json:"then,omitempty"`
}

// Next gives the next record to publish, nil when the plan is complete or the
// DNS did not say what is published.
func (d *Discovery) Next(c Context) *Stage { return nil }
