package terminal

import (
	"io"
	"strings"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/report"
)

// WriteParagraph writes text of any origin, wrapped, after an empty line.
func WriteParagraph(w io.Writer, text string, o Options) error {
	s := newScreen(o)
	s.line("")
	s.hang("", "  ", s.text(text), nil)
	return s.writeTo(w)
}

// WriteLint writes what is wrong with one record of a type.
func WriteLint(w io.Writer, kind string, valid bool, findings []finding.Finding, o Options) error {
	s := newScreen(o)
	kind = strings.ToUpper(kind)
	if valid {
		s.line(s.severity(finding.Pass, s.mark(finding.Pass)) + " a valid " + kind + " record")
	} else {
		s.line(s.severity(finding.Error, s.mark(finding.Error)) + " not a valid " + kind + " record")
	}
	var notable []finding.Finding
	for _, f := range findings {
		if f.Severity != finding.Pass {
			notable = append(notable, f)
		}
	}
	s.findings(&report.Report{Result: audit.Result{Findings: notable}})
	return s.writeTo(w)
}
