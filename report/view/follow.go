package view

import (
	"slices"
	"strings"

	"mailworthy/finding"
)

// Hints are how to state what the DNS could not show, each once.
func Hints(findings []finding.Finding) []string {
	var out []string
	for i := range findings {
		if hint := findings[i].Hint; hint != "" && !slices.Contains(out, hint) {
			out = append(out, hint)
		}
	}
	return out
}

// FollowText lists what only follows from findings and goes away with them; it is
// empty if nothing does. What is not known for one cause is named by its checks.
func FollowText(findings []finding.Finding) string {
	var titles, open []string
	for i := range findings {
		for _, c := range findings[i].Follows {
			to, text := &titles, strings.TrimSuffix(c.Title, ".")
			if c.Severity == finding.Unknown {
				to, text = &open, c.Check
			}
			if !slices.Contains(*to, text) {
				*to = append(*to, text)
			}
		}
	}
	var parts []string
	if len(titles) > 0 {
		parts = append(parts, "Follows from it: "+strings.Join(titles, "; ")+".")
	}
	if len(open) > 0 {
		parts = append(parts, "Not decided for it: "+strings.Join(open, ", ")+".")
	}
	return strings.Join(parts, " ")
}
