package terminal

import (
	"io"

	"mailworthy/finding"
)

// WriteChecks lists checks for a person: a table a section.
func WriteChecks(w io.Writer, checks []finding.Check, o Options) error {
	s := newScreen(o)
	for _, section := range finding.Sections {
		var rows [][]string
		for _, c := range checks {
			if c.Section == section {
				rows = append(rows, []string{c.ID, string(c.Severity), c.Title})
			}
		}
		if len(rows) == 0 {
			continue
		}
		s.blank()
		s.line(s.bold(section.Title()))
		s.list(nil, rows)
	}
	s.blank()
	s.line(s.dim("mailworthy checks ID explains one"))
	return s.writeTo(w)
}

// WriteCheck explains one check to a person.
func WriteCheck(w io.Writer, c finding.Check, o Options) error {
	s := newScreen(o)
	s.line(s.bold(c.ID) + "  " + s.severity(c.Severity, string(c.Severity)) + "  " + s.dim(c.Section.Title()))
	s.para("", s.text(c.Title))
	for _, part := range []struct{ label, text string }{
		{"When", c.Condition}, {"Why", c.Why}, {"What to do", c.Remedy}, {"By", c.Reference},
	} {
		if part.text == "" {
			continue
		}
		s.blank()
		s.line(s.bold(part.label))
		s.para("  ", s.text(part.text))
	}
	return s.writeTo(w)
}
