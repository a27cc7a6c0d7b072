package view

import "mailworthy/finding"

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

// CheckDoc explains one check.
func CheckDoc(c finding.Check) *Doc {
	d := &Doc{}
	d.Add(Title{Text: T(c.ID), Status: Joined(Colored(c.Severity, string(c.Severity)), T("  "), SoftText(c.Section.Title())), Lines: []Text{StrongText(c.Title)}})
	for _, part := range []struct{ label, text string }{
		{"When", c.Condition}, {"Why", c.Why}, {"What to do", c.Remedy}, {"By", c.Reference},
	} {
		if part.text != "" {
			d.Add(Section{Title: part.label, Blocks: []Block{Paragraph(part.text)}})
		}
	}
	return d
}
