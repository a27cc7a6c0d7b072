package terminal

import (
	"slices"
	"strings"

	"mailworthy/receiver"
	"mailworthy/report"
	"mailworthy/report/view"
)

// receivers writes a line for each receiver; those of which the same is to be
// said share one.
func (s *screen) receivers(r *report.Report) {
	if r.Unanswered != "" {
		return // they have the cause of all else
	}
	type line struct {
		result receiver.Result
		names  []string
		text   string
	}
	var lines []line
	for i := range r.Receivers {
		v := &r.Receivers[i]
		text := view.ReceiverText(r, v)
		at := slices.IndexFunc(lines, func(l line) bool { return l.result == v.Result && l.text == text })
		if at < 0 {
			at = len(lines)
			lines = append(lines, line{result: v.Result, text: text})
		}
		lines[at].names = append(lines[at].names, view.ReceiverName(v))
	}
	if len(lines) > 0 {
		s.blank()
	}
	for _, l := range lines {
		mark := view.ReceiverMarks[l.result]
		s.hang("  "+s.severity(mark, s.mark(mark))+" ", "    ", s.text(strings.Join(l.names, ", ")+": "+l.text), nil)
	}
}
