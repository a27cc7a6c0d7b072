package report

import (
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/receiver"
)

// receiverMarks give each verdict of a receiver the severity whose mark it shows.
var receiverMarks = map[receiver.Result]finding.Severity{
	receiver.Meets: finding.Pass, receiver.Fails: finding.Error, receiver.CannotTell: finding.Unknown,
	receiver.NotChecked: finding.NotChecked,
}

// receiverName tells the requirements for bulk senders from those for all.
func receiverName(v *receiver.Verdict) string {
	if v.Volume == "bulk" {
		return v.Receiver + " bulk"
	}
	return v.Receiver
}

// receiverText says why, in a line: the receiver's answer where it fails.
func (r *Report) receiverText(v *receiver.Verdict) string {
	q := v.Cause()
	if q == nil {
		return "meets what the DNS shows"
	}
	because := strings.TrimSuffix(strings.TrimSuffix(orText(q.Because, q.Text), "."), " ("+r.Domain+")")
	if v.Result == receiver.Fails {
		if q.Code != "" {
			return q.Code + ": " + because
		}
		return because
	}
	return string(v.Result) + ": " + because
}

// receivers writes a line for each receiver; those of which the same is to be
// said share one.
func (s *screen) receivers(r *Report) {
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
		text := r.receiverText(v)
		at := slices.IndexFunc(lines, func(l line) bool { return l.result == v.Result && l.text == text })
		if at < 0 {
			at = len(lines)
			lines = append(lines, line{result: v.Result, text: text})
		}
		lines[at].names = append(lines[at].names, receiverName(v))
	}
	if len(lines) > 0 {
		s.blank()
	}
	for _, l := range lines {
		mark := receiverMarks[l.result]
		s.hang("  "+s.severity(mark, s.mark(mark))+" ", "    ", s.text(strings.Join(l.names, ", ")+": "+l.text), nil)
	}
}
