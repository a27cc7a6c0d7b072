package view

import (
	"strings"

	"mailworthy/finding"
)

// FixText is the sentence of a fix, when it is for, which one goes first, and, if its
// records are shown with it, that they have places to fill in.
func FixText(f *finding.Fix, records bool) string {
	text := f.Words()
	if records && f.HasPlaceholder() && !strings.Contains(text, "ill in") { // it may say what
		text += " " + fillIn + "."
	}
	if f.After != "" {
		text += " Publish the fix of " + f.After + " first, then check again: the two do not go together."
	}
	return strings.TrimSpace(text)
}

// fillIn says that records are not to be published as they stand.
const fillIn = "Fill in what stands between < and >"
