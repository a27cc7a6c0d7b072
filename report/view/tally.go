package view

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/report"

	"mailworthy/internal/show"
)

// mostFrequent is how many findings a summary names.
const mostFrequent = 10

// TallyDoc sums a list up: verdicts, grades, the most frequent findings and the
// questions. The title says how many and how fast, more what else is known.
func TallyDoc(t *report.Tally, title string, more ...string) *Doc {
	s := Section{Title: title}
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
	if frequent := t.MostFrequent(mostFrequent); len(frequent) > 0 {
		table := Table{Align: []Align{Right}}
		for _, f := range frequent {
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
	for _, text := range more {
		line([]string{text})
	}
	return &Doc{Name: title, Blocks: []Block{s}}
}
