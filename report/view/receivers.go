package view

import (
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/receiver"
	"mailworthy/report"
)

type Receiver struct {
	Name, Class, Mark, Text string
	Requirements            []Requirement
}

type Requirement struct{ Class, Mark, Result, Text, Because, Answer string }

func NewReceiver(r *report.Report, v *receiver.Verdict) Receiver {
	mark := ReceiverMarks[v.Result]
	p := Receiver{Name: ReceiverName(v), Class: string(mark), Mark: Mark(mark), Text: ReceiverText(r, v)}
	for _, q := range v.Requirements {
		mark := ReceiverMarks[q.Result]
		row := Requirement{string(mark), Mark(mark), string(q.Result), q.Text, q.Because, ""}
		if q.Result == receiver.Fails {
			row.Answer = strings.TrimSpace(q.Code + " " + q.Reply)
		}
		p.Requirements = append(p.Requirements, row)
	}
	return p
}

// ReceiverMarks give each verdict of a receiver the severity whose mark it shows.
var ReceiverMarks = map[receiver.Result]finding.Severity{
	receiver.Meets: finding.Pass, receiver.Fails: finding.Error, receiver.CannotTell: finding.Unknown,
	receiver.NotChecked: finding.NotChecked,
}

// ReceiverName tells the requirements for bulk senders from those for all.
func ReceiverName(v *receiver.Verdict) string {
	if v.Volume == "bulk" {
		return v.Receiver + " bulk"
	}
	return v.Receiver
}

// ReceiverText says why, in a line: the receiver's answer where it fails.
func ReceiverText(r *report.Report, v *receiver.Verdict) string {
	q := v.Cause()
	if q == nil {
		return "meets what the DNS shows"
	}
	because := strings.TrimSuffix(strings.TrimSuffix(show.OrText(q.Because, q.Text), "."), " ("+r.Domain+")")
	if v.Result == receiver.Fails {
		if q.Code != "" {
			return q.Code + ": " + because
		}
		return because
	}
	return string(v.Result) + ": " + because
}
