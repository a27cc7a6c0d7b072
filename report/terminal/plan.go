package terminal

import (
	"fmt"
	"io"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/report"
	"mailworthy/report/view"
)

// WritePlan writes what to do for a person at a terminal.
func WritePlan(w io.Writer, r *report.Report, o Options) error {
	s := newScreen(o)
	p := view.PlanOf(r)
	name := s.text(r.Domain)
	s.hang(s.bold(name)+"  ", "  ", s.fold(view.PlanOutcome(p)), nil)
	if len(p.Actions) == 0 {
		s.para("", "Nothing to do: no finding has a fix.")
		return s.writeTo(w)
	}
	for i, a := range p.Actions {
		s.blank()
		lead := fmt.Sprintf("%d. ", i+1)
		s.hang(s.bold(lead), strings.Repeat(" ", len(lead)), s.text(strings.Join(a.Summary, " ")), nil)
		indent := strings.Repeat(" ", len(lead))
		s.hang(indent, indent, s.text(view.ActionMeta(a)), s.dim)
		for _, rec := range a.Remove {
			for j, l := range show.OldZoneLines(rec, s.wide-len(indent)-2) {
				mark := "- "
				if j > 0 {
					mark = "  "
				}
				s.line(indent + s.style("31", s.fold(mark+l)))
			}
		}
		for _, rec := range a.Add {
			for j, l := range show.ZoneLines(rec, s.wide-len(indent)-2) {
				mark := "+ "
				if j > 0 {
					mark = "  "
				}
				s.line(indent + s.style(sgrGreen, s.fold(mark+l)))
			}
		}
		if a.Objection != "" {
			s.hang(indent+s.mark(finding.Warning)+" ", indent+"  ", s.text(a.Objection), nil)
		}
		s.hang(indent, indent, s.text(a.Verify), s.dim)
	}
	return s.writeTo(w)
}
