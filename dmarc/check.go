package dmarc

import "mailworthy/finding"

// Context is what a judgement needs to know besides the facts of DMARC.
type Context struct {
	// Profile is what the domain is for; empty: Sender.
	Profile finding.Profile
	// Alignments are those of the stated envelope and signing domains.
	Alignments []Alignment
	// HasDKIM: a usable key of the domain itself is known (true), or it is
	// proved that there is none (false); nil is not known.
	HasDKIM *bool
	// HasSPF: the same for an SPF record of the domain itself.
	HasSPF *bool
}

// Check turns the facts into findings.
func Check(d *Discovery, c Context) []finding.Finding { return nil }

// Lint judges one record on its own, bytes as they are but for a final line break.
func Lint(record []byte) []finding.Finding { return nil }
