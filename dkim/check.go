package dkim

import "mailworthy/finding"

// Context is what a judgement of keys needs to know besides them.
type Context struct {
	// Profile is what the domain is for; empty: Sender.
	Profile finding.Profile
}

// Check turns the facts into findings.
func Check(d *Discovery, c Context) []finding.Finding { return nil }

// Lint judges one key record on its own, bytes as they are but for a final line break.
func Lint(record []byte) []finding.Finding { return nil }
