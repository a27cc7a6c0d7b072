package view

import (
	"strings"

	"mailworthy/finding"
)

// FixText is the sentence of a fix, when it is for, and which one goes first.
func FixText(f *finding.Fix) string {
	if f.After == "" {
		return f.Words()
	}
	return strings.TrimSpace(f.Words() + " The fix of " + f.After + " changes the same record: publish that one first, then check again.")
}
