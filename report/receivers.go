package report

import (
	"strings"

	"github.com/olekukonko/tablewriter/tw"

	"mailworthy/finding"
	"mailworthy/receiver"
)

// receiverMarks give each verdict of a receiver the severity whose mark it shows.
var receiverMarks = map[receiver.Result]finding.Severity{
	receiver.Meets: finding.Pass, receiver.Fails: finding.Error, receiver.CannotTell: finding.Unknown,
}

// receiverName tells the requirements for bulk senders from those for all.
func receiverName(v *receiver.Verdict) string {
	if v.Volume == "bulk" {
		return v.Receiver + " bulk"
	}
	return v.Receiver
}

// receiverText says why, in a line: the receiver's answer where it fails.
func receiverText(v *receiver.Verdict) string {
	q := v.Cause()
	if q == nil {
		return "meets what the DNS shows"
	}
	because := strings.TrimSuffix(orText(q.Because, q.Text), ".")
	if v.Result == receiver.Fails {
		if q.Code != "" {
			return q.Code + ": " + because
		}
		return because
	}
	return "cannot tell: " + because
}

// receivers writes a line a receiver.
func (s *screen) receivers(r *Report) {
	if len(r.Receivers) == 0 {
		return
	}
	var rows [][]string
	for i := range r.Receivers {
		v := &r.Receivers[i]
		mark := receiverMarks[v.Result]
		rows = append(rows, []string{s.text(receiverName(v)), s.severity(mark, s.mark(mark)), s.text(receiverText(v))})
	}
	s.blank()
	s.table(nil, rows, []tw.Align{tw.AlignLeft, tw.AlignLeft, tw.AlignLeft}, "  ")
}
