package view

import (
	"cmp"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/lazyre"
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

// ReceiverText says why, in a line, with what the receiver answers if it fails.
func ReceiverText(r *report.Report, v *receiver.Verdict) string {
	because := receiverCause(r, v)
	if q := v.Cause(); q != nil && v.Result == receiver.Fails && q.Code != "" {
		return because + " (" + q.Code + ")"
	}
	return because
}

// receiverCause is why, without the answer.
func receiverCause(r *report.Report, v *receiver.Verdict) string {
	q := v.Cause()
	if q == nil {
		return "DNS requirements met"
	}
	because := strings.TrimSuffix(strings.TrimSuffix(cmp.Or(q.Because, q.Text), "."), " ("+r.Domain+")")
	switch v.Result {
	case receiver.Fails:
		return because
	case receiver.CannotTell:
		return "unknown: " + because
	}
	return string(v.Result) + ": " + because
}

// ReceiverLine is a cause with the receivers that act on it alike.
type ReceiverLine struct {
	Result receiver.Result
	Names  []string
	Cause  string
	// Codes are the answers of each receiver of Names; empty if it has none.
	Codes []string
}

// ReceiverLines are the receivers of a report, those with the same cause together.
func ReceiverLines(r *report.Report) []ReceiverLine {
	var lines []ReceiverLine
	for i := range r.Receivers {
		v := &r.Receivers[i]
		cause := receiverCause(r, v)
		at := slices.IndexFunc(lines, func(l ReceiverLine) bool { return l.Result == v.Result && l.Cause == cause })
		if at < 0 {
			at = len(lines)
			lines = append(lines, ReceiverLine{Result: v.Result, Cause: cause})
		}
		code := ""
		if q := v.Cause(); q != nil && v.Result == receiver.Fails {
			code = q.Code
		}
		lines[at].Names, lines[at].Codes = append(lines[at].Names, ReceiverName(v)), append(lines[at].Codes, code)
	}
	return lines
}

// mostCodes is how many answers a line has that is not full; of more, it has the first.
const mostCodes = 2

// bracketed is what a title explains in brackets.
var bracketed = lazyre.New(` \([^()]*\)`)

// Text is the line: "Gmail, Yahoo: No PTR record for … (550 5.7.25)". In full each
// receiver has all its answers; otherwise there are two, the permanent ones, and what the
// cause has in brackets is left out.
func (l ReceiverLine) Text(full bool) string {
	names := slices.Clone(l.Names)
	if bulk := bulkNames(names); !full && bulk != nil {
		names = bulk
	}
	var codes []string
	for i, of := range l.Codes {
		if of == "" {
			continue
		}
		if full {
			names[i] += " (" + of + ")"
			continue
		}
		all := strings.Split(of, ", ")
		code := all[0]
		if at := slices.IndexFunc(all, func(c string) bool { return strings.HasPrefix(c, "5") }); at >= 0 {
			code = all[at]
		}
		if !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	cause := l.Cause
	if len(codes) > 0 {
		// Of two pairs of brackets in a row the first would be lost on the reader.
		if subject := brief(cause); subject != cause && !strings.Contains(cause[len(subject):], "(permerror)") {
			cause = bracketed.ReplaceAllString(subject, "") + ": " + strings.TrimSuffix(cause[len(subject)+2:], ")")
		} else {
			cause = bracketed.ReplaceAllString(cause, "")
		}
		if len(codes) > mostCodes {
			codes = append(codes[:1], "…")
		}
		cause += " (" + strings.Join(codes, ", ") + ")"
	}
	return strings.Join(names, ", ") + ": " + cause
}

// bulkNames says "bulk" once of receivers that are all of bulk senders; nil of others.
func bulkNames(names []string) []string {
	var out []string
	for _, name := range names {
		short, bulk := strings.CutSuffix(name, " bulk")
		if !bulk {
			return nil
		}
		out = append(out, short)
	}
	if len(out) > 1 {
		out[len(out)-1] += " (bulk)"
		return out
	}
	return nil
}
