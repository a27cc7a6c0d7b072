package view

import (
	"mailworthy/finding"
	"mailworthy/internal/show"
)

// ChecksDoc lists checks, a table a section.
func ChecksDoc(checks []finding.Check) *Doc {
	d := &Doc{Name: "The checks"}
	for _, section := range finding.Sections {
		var table Table
		for _, c := range checks {
			if c.Section == section {
				table.Rows = append(table.Rows, []Text{CodeText(c.ID), Colored(c.Severity, string(c.Severity)), T(c.Title)})
			}
		}
		if len(table.Rows) > 0 {
			d.Add(Section{Title: section.Title(), Blocks: []Block{table}})
		}
	}
	d.Add(Next{[]Step{{"mailworthy checks ID", "explains one"}}})
	return d
}

// FoundChecksDoc lists the checks that a search found, the best first.
func FoundChecksDoc(query string, found []finding.Check) *Doc {
	d := &Doc{}
	var table Table
	for _, c := range found {
		table.Rows = append(table.Rows, []Text{CodeText(c.ID), Colored(c.Severity, string(c.Severity)), T(c.Title)})
	}
	d.Add(Title{Text: T(show.Cut(query, 80)), Status: T(show.Counted(len(found), "check"))}, table, Next{[]Step{{"mailworthy checks " + found[0].ID, "explains it"}}})
	return d
}

// CheckDoc explains one check.
func CheckDoc(c finding.Check) *Doc {
	d := &Doc{}
	d.Add(Title{Text: T(c.ID), Status: Joined(Colored(c.Severity, string(c.Severity)), T("  "), SoftText(c.Section.Title())), Lines: []Text{StrongText(c.Title), SoftText("Passes as: " + c.Passed)}})
	for _, part := range []struct{ label, text string }{
		{"When", c.Condition}, {"Why", c.Why}, {"What to do", c.Remedy}, {"By", c.Reference},
	} {
		if part.text != "" {
			d.Add(Section{Title: part.label, Blocks: []Block{Paragraph(part.text)}})
		}
	}
	return d
}
