package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/report"
	spfpolicy "mailworthy/spf/policy"
)

type Report struct {
	*report.Report
	ID, Title, Class, Mark string
	VerdictText, ScoreText string
	Number, GaugeText      string
	GaugeLabel             string
	Range                  int
	Cells                  []Cell
	Lines                  []Line
	Receivers              []Receiver
	Plan                   PlanBlock
	Groups                 []GroupBlock
	Policies               []Policy
	Keys                   []Key
	Walk                   []WalkStep
	Addresses              []Sender
	Grid                   *Grid
	Passes                 []string
	Arithmetic, Asked      string
	// Date is when the audit began, as a person reads it.
	Date string
}

type Cell struct{ Class, Mark, Value string }

type Line struct {
	SectionLine
	Class, MarkText string
}

func NewReport(r *report.Report, id string) Report {
	severity := VerdictSeverity(r.Verdict)
	p := Report{Report: r, ID: id, Title: r.Domain, Class: string(severity), Mark: Mark(severity),
		VerdictText: strings.ToUpper(string(r.Verdict[:1])) + string(r.Verdict[1:]), ScoreText: ScoreText(r.Score),
		Number: cmp.Or(show.Number(r.Score.Value), "–"), Range: r.Score.High - r.Score.Low}
	if r.Unicode != "" && r.Unicode != r.Domain {
		p.Title = r.Unicode + " (" + r.Domain + ")"
	}
	p.GaugeLabel = "of 100, grade " + r.Score.Grade
	if r.Score.Value == nil {
		p.GaugeLabel = "not known"
	} else if p.Range > 0 {
		p.GaugeLabel = fmt.Sprintf("%d–%d, grade %s", r.Score.Low, r.Score.High, r.Score.Grade)
	}
	p.GaugeText = "Score: " + p.ScoreText
	if r.Score.Value != nil {
		p.GaugeText += ", grade " + r.Score.Grade
	}
	lines := SectionLines(r)
	for _, l := range lines {
		p.Lines = append(p.Lines, Line{SectionLine: l, Class: string(l.Mark), MarkText: Mark(l.Mark)})
	}
	for _, s := range finding.Audited {
		cell := Cell{}
		if i := slices.IndexFunc(lines, func(l SectionLine) bool { return l.Section == s }); i >= 0 {
			cell = Cell{string(lines[i].Mark), Mark(lines[i].Mark), lines[i].Value()}
		}
		p.Cells = append(p.Cells, cell)
	}
	for i := range r.Receivers {
		p.Receivers = append(p.Receivers, NewReceiver(r, &r.Receivers[i]))
	}
	plan := PlanOf(r)
	p.Plan = NewPlanBlock(plan, id)
	p.Groups, p.Passes = NewGroupBlocks(r, plan, id)
	for _, policy := range append([]*spfpolicy.Policy{r.SPF}, r.Envelope...) {
		if policy != nil && policy.Record != nil {
			p.Policies = append(p.Policies, NewPolicy(policy))
		}
	}
	p.Keys, p.Walk, p.Addresses, p.Grid = Keys(r), Walk(r), Senders(r), NewGrid(r.RBL)
	p.Arithmetic = arithmetic(r.Score)
	p.Date = r.Started.UTC().Format("2 January 2006, 15:04 UTC")
	p.Asked = fmt.Sprintf("%s in %s.", show.Counted(r.Queries, "DNS query"), show.Duration(r.DurationMS))
	return p
}
