package view

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/report"
)

// ShownGroups are the groups that a person reads. If no resolver answered anything,
// all that is unknown has that one cause, and is one group, the first.
func ShownGroups(r *report.Report) []Group {
	all := Groups(r)
	if r.Unanswered == "" {
		return all
	}
	var checks []string
	var rest []Group
	findings := 0
	for _, g := range all {
		if g.Severity == finding.Unknown {
			checks = append(checks, g.Check)
			findings += len(g.Findings)
		} else {
			rest = append(rest, g)
		}
	}
	if len(checks) == 0 {
		return all
	}
	check := checks[0]
	for _, id := range checks {
		if c, ok := report.FindCheck(id); ok && c.Root {
			check = id
		}
	}
	one := finding.Finding{Check: check, Severity: finding.Unknown, Undecides: true, Subject: r.Domain, Title: "No resolver answered",
		Detail: fmt.Sprintf("No resolver answered: %s. %s not decided: %s.", r.Unanswered, show.Counted(findings, "question"), strings.Join(checks, ", ")),
		Fix:    &finding.Fix{Summary: "Ask another resolver (--resolver ADDR), or wait longer for an answer (--timeout 10s)."}}
	return append([]Group{{Check: one.Check, Severity: finding.Unknown, Findings: []finding.Finding{one}}}, rest...)
}

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
// empty if nothing does.
func FollowText(findings []finding.Finding) string {
	var titles []string
	for i := range findings {
		for _, c := range findings[i].Follows {
			if title := strings.TrimSuffix(c.Title, "."); !slices.Contains(titles, title) {
				titles = append(titles, title)
			}
		}
	}
	if len(titles) == 0 {
		return ""
	}
	return "Follows from it: " + strings.Join(titles, "; ") + "."
}
