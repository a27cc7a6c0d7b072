package monitor

import (
	"mailworthy/history"
	"mailworthy/report/view"
)

// RunsDoc shows the runs that a history has, a line each.
func RunsDoc(runs []history.Run) *view.Doc {
	lines := make([]view.RunLine, len(runs))
	for i, r := range runs {
		lines[i] = view.RunLine{Run: r.ID, Domain: r.Domain, Started: r.Started, Score: r.Score, Grade: r.Grade, Verdict: r.Verdict,
			Findings: r.Findings, Records: r.Records}
	}
	return view.RunsDoc(lines)
}

// MailsDoc shows the synthetic mails that a history has, a line each.
func MailsDoc(mails []history.Roundtrip) *view.Doc {
	lines := make([]view.MailLine, len(mails))
	for i, m := range mails {
		lines[i] = view.MailLine{Name: m.Name, Started: m.Started, Verdict: m.Verdict, Why: m.Why, Took: m.DeliverMS}
	}
	return view.MailsDoc(lines)
}
