package view

import (
	"fmt"
	"strings"
	"time"

	"mailworthy/internal/show"
	"mailworthy/report"
)

// ChangeText is the change in words, raw.
func ChangeText(c report.TrendChange) string {
	if c.Kind == "record" {
		return c.About + " " + c.What + " " + c.Op
	}
	text := c.What
	if c.About != "" {
		text += " (" + c.About + ")"
	}
	return text + " " + c.Op
}

// shownChanges bounds the changes of one run in the table.
const shownChanges = 6

// PointText says in a line what changed, and what was not answered.
func PointText(p report.TrendPoint) string {
	var texts []string
	for i, c := range p.Changes {
		if i == shownChanges {
			texts = append(texts, fmt.Sprintf("%d more", len(p.Changes)-i))
			break
		}
		texts = append(texts, show.Cut(ChangeText(c), 120))
	}
	if p.Unanswered > 0 {
		texts = append(texts, show.Counted(p.Unanswered, "answer")+" missing")
	}
	return strings.Join(texts, "; ")
}

func TrendScore(p report.TrendPoint) string {
	if p.Score == nil {
		return "-"
	}
	return fmt.Sprintf("%d %s", *p.Score, p.Grade)
}

func TrendDay(p report.TrendPoint) string { return p.Started.UTC().Format(time.DateOnly) }

// TrendDoc is the score over time: a chart, and the runs in which something changed;
// all of them if that is asked for.
func TrendDoc(t *report.Trend, all bool) *Doc {
	d := &Doc{Name: show.Cut(t.Domain, 255) + " over time"}
	if len(t.Points) == 0 {
		d.Add(Title{Text: T(t.Domain), Status: T("no runs")})
		return d
	}
	first, last := t.Points[0], t.Points[len(t.Points)-1]
	d.Add(Title{Text: T(t.Domain), Status: T(TrendScore(first) + " → " + TrendScore(last))}, TrendChart(t))
	table := Table{Header: []string{"Run", "Time (UTC)", "Score", "Verdict", "What changed"}}
	quiet := 0
	flush := func() {
		if quiet > 0 {
			table.Rows = append(table.Rows, []Text{{}, SoftText("· " + show.Counted(quiet, "run")), {}, {}, T("without a change")})
		}
		quiet = 0
	}
	for i, p := range t.Points {
		if !all && len(p.Changes) == 0 && i > 0 && i < len(t.Points)-1 && report.SameScore(p, t.Points[i-1]) {
			quiet++
			continue
		}
		flush()
		table.Rows = append(table.Rows, Texts(fmt.Sprint(p.Run), p.Started.UTC().Format(minutes), TrendScore(p), string(p.Verdict), PointText(p)))
	}
	flush()
	d.Add(table)
	return d
}

// minutes is how times stand in tables.
const minutes = "2006-01-02 15:04"

// TrendChart is the score over time as a chart, with a flag at each run in which
// published records had changed.
func TrendChart(t *report.Trend) Chart {
	c := Chart{Max: 100, Grid: []int{0, 50, 70, 80, 90, 100}}
	if len(t.Points) == 0 {
		return c
	}
	first, last := TrendDay(t.Points[0]), TrendDay(t.Points[len(t.Points)-1])
	c.Label = fmt.Sprintf("Score of %s from %s to %s", t.Domain, first, last)
	c.Caption = fmt.Sprintf("%s from %s to %s", show.Counted(len(t.Points), "run"), first, last)
	for _, p := range t.Points {
		point := Point{At: p.Started, Value: p.Score, Text: TrendScore(p), Dot: len(p.Changes) > 0}
		for _, change := range p.Changes {
			point.Flag = point.Flag || change.Kind == "record"
		}
		if what := PointText(p); what != "" {
			point.Text += ", " + what
		}
		c.Points = append(c.Points, point)
	}
	return c
}

// RunLine is one audit in a list of them.
type RunLine struct {
	Run      int64
	Domain   string
	Started  time.Time
	Score    *int
	Grade    string
	Verdict  report.Verdict
	Findings int
	Records  int
}

// RunsDoc lists audits.
func RunsDoc(runs []RunLine) *Doc {
	d := &Doc{Name: "Runs"}
	if len(runs) == 0 {
		d.Add(Paragraph("no runs"))
		return d
	}
	table := Table{Header: []string{"Run", "Domain", "Time (UTC)", "Score", "Verdict", "Changed"}}
	for _, r := range runs {
		var changed []string
		if r.Findings > 0 {
			changed = append(changed, show.Counted(r.Findings, "finding"))
		}
		if r.Records > 0 {
			changed = append(changed, show.Counted(r.Records, "record"))
		}
		table.Rows = append(table.Rows, Texts(fmt.Sprint(r.Run), r.Domain, r.Started.UTC().Format(minutes),
			TrendScore(report.TrendPoint{Score: r.Score, Grade: r.Grade}), string(r.Verdict), strings.Join(changed, ", ")))
	}
	d.Add(table)
	return d
}

// MailLine is a synthetic mail of a history.
type MailLine struct {
	Name    string
	Started time.Time
	Verdict string
	Why     string
	// Took is in milliseconds; null if it is not known.
	Took *int64
}

// MailsDoc lists synthetic mails.
func MailsDoc(mails []MailLine) *Doc {
	d := &Doc{Name: "Round trips"}
	if len(mails) == 0 {
		d.Add(Paragraph("no round trips"))
		return d
	}
	table := Table{Header: []string{"Name", "Time (UTC)", "Verdict", "Took", "Why"}}
	for _, m := range mails {
		took := ""
		if m.Took != nil {
			took = show.Duration(*m.Took)
		}
		table.Rows = append(table.Rows, Texts(m.Name, m.Started.UTC().Format(minutes), m.Verdict, took, show.Cut(m.Why, 120)))
	}
	d.Add(table)
	return d
}
