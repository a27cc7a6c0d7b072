package view

import (
	"fmt"
	"strings"

	"mailworthy/internal/show"
	"mailworthy/report"
)

// maxAcceptedShown bounds how many accepted findings are written out.
const maxAcceptedShown = 20

// acceptedText says in a sentence each which findings are accepted, and which are
// so no longer.
func acceptedText(r *report.Report) []string {
	var out []string
	n := 0
	for _, f := range r.Findings {
		if f.Accepted == nil {
			continue
		}
		if n++; n > maxAcceptedShown {
			continue
		}
		out = append(out, fmt.Sprintf("Accepted until %s, not counted: %s %s%s, because: %s", f.Accepted.Until,
			f.Accepted.Severity, f.Check, about(f.Subject), strings.TrimSuffix(strings.TrimSpace(f.Accepted.Reason), ".")+"."))
	}
	if n > maxAcceptedShown {
		out = append(out, fmt.Sprintf("%d more findings are accepted.", n-maxAcceptedShown))
	}
	return append(out, AcceptancesEnded(r)...)
}

// AcceptancesEnded says in a sentence each which findings count again.
func AcceptancesEnded(r *report.Report) []string {
	var out []string
	for _, a := range r.AcceptancesEnded {
		out = append(out, fmt.Sprintf("The acceptance of %s%s ended on %s: it counts again.", a.Check, about(a.Subject), a.Until))
	}
	return out
}

// about is the subject of a finding in brackets.
func about(subject string) string {
	if subject == "" {
		return ""
	}
	return " (" + show.Cut(subject, 80) + ")"
}
