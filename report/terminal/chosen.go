package terminal

import (
	"io"

	"mailworthy/finding"
	"mailworthy/report"
	"mailworthy/report/view"
)

// WritePart writes a domain's outcome in a line and those of its findings that keep
// chooses, in full. It is for who knows the rest: a mail from cron.
func WritePart(w io.Writer, r *report.Report, keep func(finding.Finding) bool, o Options) error {
	s := newScreen(o)
	s.header(r)
	for _, a := range view.AcceptancesEnded(r) {
		s.hang("", "", s.text(a), s.dim)
	}
	s.chosen(r, keep)
	return s.writeTo(w)
}

// WriteChosen writes those findings of a report that keep chooses, in full.
func WriteChosen(w io.Writer, r *report.Report, keep func(finding.Finding) bool, o Options) error {
	s := newScreen(o)
	s.chosen(r, keep)
	return s.writeTo(w)
}

func (s *screen) chosen(r *report.Report, keep func(finding.Finding) bool) {
	for _, g := range view.Groups(r) {
		var some []finding.Finding
		for _, f := range g.Findings {
			if keep(f) {
				some = append(some, f)
			}
		}
		if len(some) == 0 {
			continue
		}
		g.Findings = some
		why := ""
		if c, ok := report.FindCheck(g.Check); ok {
			why = c.Why
		}
		s.blank()
		s.group(r, g, why)
	}
}
