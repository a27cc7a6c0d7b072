package terminal

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"mailworthy/internal/show"
	"mailworthy/report"
)

// mostFrequent is how many findings a summary names.
const mostFrequent = 10

// WriteTally writes the tally for a person: verdicts, grades, the most frequent
// findings and the questions.
func WriteTally(w io.Writer, t *report.Tally) error {
	var b strings.Builder
	line := func(parts []string) {
		if len(parts) > 0 {
			fmt.Fprintf(&b, "  %s\n", strings.Join(parts, " · "))
		}
	}
	var parts []string
	for _, v := range []report.Verdict{report.Ready, report.ReadyWithWarnings, report.NotReady, report.Incomplete, report.NotChecked} {
		if n := t.Verdicts[v]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, v))
		}
	}
	line(parts)
	parts = nil
	for _, grade := range slices.Sorted(maps.Keys(t.Grades)) {
		name := "grade " + grade
		if grade == "" {
			name = "without a grade"
		}
		parts = append(parts, fmt.Sprintf("%d %s", t.Grades[grade], name))
	}
	line(parts)
	frequent := t.MostFrequent(mostFrequent)
	if len(frequent) > 0 {
		b.WriteString("  most frequent findings, by domains\n")
	}
	for _, f := range frequent {
		fmt.Fprintf(&b, "  %7d  %-8s  %s: %s\n", f.Domains, f.Severity, f.Check, show.Line(f.Title))
	}
	types := slices.SortedFunc(maps.Keys(t.Types), func(a, b string) int {
		return cmp.Or(t.Types[b]-t.Types[a], strings.Compare(a, b))
	})
	parts = nil
	for _, name := range types {
		parts = append(parts, fmt.Sprintf("%d %s", t.Types[name], name))
	}
	if t.Questions > 0 {
		fmt.Fprintf(&b, "  %s: %s\n", show.Counted(t.Questions, "question"), strings.Join(parts, " · "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
