package view

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/report"
)

// SummaryDoc sums a list up: how many and how fast, verdicts, grades, the most frequent
// findings and the questions.
func SummaryDoc(t *report.Summary) *Doc {
	took := time.Duration(t.DurationMS) * time.Millisecond
	s := Section{Title: fmt.Sprintf("%s in %s, %.4g a second", show.Counted(t.Domains, "domain"), took, float64(t.Domains)/max(took.Seconds(), 0.001))}
	line := func(parts []string) {
		if len(parts) > 0 {
			s.Blocks = append(s.Blocks, Paragraph(strings.Join(parts, " · ")))
		}
	}
	var verdicts, grades, types []string
	for _, v := range []report.Verdict{report.Ready, report.ReadyWithWarnings, report.NotReady, report.Incomplete, report.NotChecked} {
		if n := t.Verdicts[v]; n > 0 {
			verdicts = append(verdicts, fmt.Sprintf("%d %s", n, v))
		}
	}
	line(verdicts)
	for _, grade := range slices.Sorted(maps.Keys(t.Grades)) {
		name := "grade " + grade
		if grade == "" {
			name = "without a grade"
		}
		grades = append(grades, fmt.Sprintf("%d %s", t.Grades[grade], name))
	}
	line(grades)
	if len(t.MostFrequent) > 0 {
		table := Table{Align: []Align{Right}}
		for _, f := range t.MostFrequent {
			table.Rows = append(table.Rows, []Text{T(fmt.Sprint(f.Domains)), Colored(finding.Severity(f.Severity), string(f.Severity)), Joined(CodeText(f.Check), T(": "+f.Title))})
		}
		s.Blocks = append(s.Blocks, Paragraph("most frequent findings, by domains"), table)
	}
	for _, name := range slices.SortedFunc(maps.Keys(t.Types), func(a, b string) int {
		return cmp.Or(t.Types[b]-t.Types[a], strings.Compare(a, b))
	}) {
		types = append(types, fmt.Sprintf("%d %s", t.Types[name], name))
	}
	if t.Questions > 0 {
		line([]string{show.Counted(t.Questions, "question") + ": " + strings.Join(types, " · ")})
	}
	if t.FromCache != nil {
		line([]string{fmt.Sprintf("%.0f %% of the questions answered from the cache", 100**t.FromCache)})
	}
	return &Doc{Name: s.Title, Blocks: []Block{s}}
}
