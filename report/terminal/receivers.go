package terminal

import (
	"mailworthy/mailhost"
	"mailworthy/report"
	"mailworthy/report/view"
)

// receivers writes a line for each cause, with the receivers that act on it.
func (s *screen) receivers(r *report.Report) {
	if len(r.Findings) > 0 && mailhost.NothingKnown(r.Findings[0].Check) && r.Findings[0].Undecides {
		return // they have the cause of all else
	}
	lines := view.ReceiverLines(r)
	if len(lines) > 0 {
		s.blank()
	}
	for _, l := range lines {
		mark := view.ReceiverMarks[l.Result]
		s.hang("  "+s.severity(mark, s.mark(mark))+" ", "    ", s.text(l.Text(s.o.Verbose)), nil)
	}
}
