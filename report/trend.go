package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"mailworthy/finding"
)

// Trend is the course of a domain over its audits, oldest first.
type Trend struct {
	Domain string       `json:"domain"`
	Points []TrendPoint `json:"points"`
}

// TrendPoint is one audit in a trend.
type TrendPoint struct {
	Run     int64     `json:"run"`
	Started time.Time `json:"started"`
	// Score, Grade and Verdict are those of what was known after the audit; Score
	// is null where nothing could be judged.
	Score   *int    `json:"score"`
	Grade   string  `json:"grade"`
	Verdict Verdict `json:"verdict"`
	// Unanswered counts what stands as an earlier audit found it, because the DNS
	// did not say.
	Unanswered int `json:"unanswered"`
	// Changes are what differs from the audit before.
	Changes []TrendChange `json:"changes"`
}

// TrendChange is one difference.
type TrendChange struct {
	// Kind is "finding" or "record", Op "new", "gone" or "changed", "added",
	// "removed" or "altered".
	Kind string `json:"kind"`
	Op   string `json:"op"`
	// What is the check or the type of the record, About what it is applied to or
	// the name of the record.
	What  string `json:"what"`
	About string `json:"about"`
	// Severity is that of a finding now, of one that is gone that before.
	Severity finding.Severity `json:"severity,omitempty"`
}

// String is the change in words, raw.
func (c TrendChange) String() string {
	if c.Kind == "record" {
		return c.About + " " + c.What + " " + c.Op
	}
	text := c.What
	if c.About != "" {
		text += " (" + c.About + ")"
	}
	return text + " " + c.Op
}

// Changes are the differences of a comparison, one by one: records first.
func (c *Comparison) Changes() []TrendChange {
	out := []TrendChange{}
	for _, a := range c.Altered {
		out = append(out, TrendChange{Kind: "record", Op: "altered", What: a.Type, About: a.Name})
	}
	added, removed := c.unaltered()
	for _, rec := range removed {
		out = append(out, TrendChange{Kind: "record", Op: "removed", What: rec.Type, About: rec.Name})
	}
	for _, rec := range added {
		out = append(out, TrendChange{Kind: "record", Op: "added", What: rec.Type, About: rec.Name})
	}
	findings := func(op string, list []finding.Finding) {
		for _, f := range list {
			about := f.Subject
			if about == c.Domain {
				about = ""
			}
			out = append(out, TrendChange{Kind: "finding", Op: op, What: f.Check, About: about, Severity: f.Severity})
		}
	}
	findings("new", c.New)
	for _, m := range c.Changed {
		findings("changed", []finding.Finding{m.Finding})
	}
	findings("gone", c.Gone)
	return out
}

// shownChanges bounds the changes of one run in the table.
const shownChanges = 6

// WriteTrend writes the score over time for a person at a terminal: a line of
// bars, and the audits in which something changed; all of them where that is
// asked for.
func WriteTrend(w io.Writer, t *Trend, o TableOptions) error {
	s := newScreen(o)
	if len(t.Points) == 0 {
		s.line(s.bold(s.text(t.Domain)) + "  no runs")
		return s.writeTo(w)
	}
	first, last := t.Points[0], t.Points[len(t.Points)-1]
	s.line(s.bold(s.text(t.Domain)) + "  " + s.fold(trendScore(first)+" → "+trendScore(last)))
	s.line("  " + s.sparkline(t.Points, s.width-2))
	s.line("  " + s.dim(fmt.Sprintf("%s from %s to %s", counted(len(t.Points), "run"), trendDay(first), trendDay(last))))
	s.blank()
	var rows [][]string
	quiet := 0
	flush := func() {
		if quiet > 0 {
			rows = append(rows, []string{"", s.dim(s.fold("· " + counted(quiet, "run"))), "", "", "without a change"})
		}
		quiet = 0
	}
	for i, p := range t.Points {
		if !o.Verbose && len(p.Changes) == 0 && i > 0 && i < len(t.Points)-1 && sameScore(p, t.Points[i-1]) {
			quiet++
			continue
		}
		flush()
		rows = append(rows, []string{fmt.Sprint(p.Run), p.Started.UTC().Format("2006-01-02 15:04"), trendScore(p), string(p.Verdict),
			s.text(p.what())})
	}
	flush()
	s.list([]string{"Run", "Time (UTC)", "Score", "Verdict", "What changed"}, rows)
	return s.writeTo(w)
}

// what says in a line what changed, and what was not answered.
func (p TrendPoint) what() string {
	var texts []string
	for i, c := range p.Changes {
		if i == shownChanges {
			texts = append(texts, fmt.Sprintf("%d more", len(p.Changes)-i))
			break
		}
		texts = append(texts, clip(c.String(), 120))
	}
	if p.Unanswered > 0 {
		texts = append(texts, counted(p.Unanswered, "answer")+" missing")
	}
	return strings.Join(texts, "; ")
}

func trendScore(p TrendPoint) string {
	if p.Score == nil {
		return "-"
	}
	return fmt.Sprintf("%d %s", *p.Score, p.Grade)
}

func trendDay(p TrendPoint) string { return p.Started.UTC().Format(time.DateOnly) }

func sameScore(a, b TrendPoint) bool {
	return a.Verdict == b.Verdict && (a.Score == nil) == (b.Score == nil) && (a.Score == nil || *a.Score == *b.Score)
}

var (
	sparks      = []string{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}
	sparksASCII = []string{"_", ".", ",", "-", "=", "+", "*", "#"}
)

// sparkline draws a score a cell. Where there are more than fit, a cell is the
// lowest of several, so that no dip is lost.
func (s *screen) sparkline(points []TrendPoint, cells int) string {
	cells = min(cells, len(points))
	levels := sparks
	if s.o.ASCII {
		levels = sparksASCII
	}
	var b strings.Builder
	for i := range cells {
		low := -1
		for _, p := range points[i*len(points)/cells : (i+1)*len(points)/cells] {
			if p.Score != nil && (low < 0 || *p.Score < low) {
				low = *p.Score
			}
		}
		if low < 0 {
			b.WriteString(" ")
			continue
		}
		b.WriteString(levels[min(low*len(levels)/101, len(levels)-1)])
	}
	return b.String()
}

// RunLine is one audit in a list of them.
type RunLine struct {
	Run      int64
	Domain   string
	Started  time.Time
	Score    *int
	Grade    string
	Verdict  Verdict
	Findings int
	Records  int
}

// WriteRuns lists audits for a person at a terminal.
func WriteRuns(w io.Writer, runs []RunLine, o TableOptions) error {
	s := newScreen(o)
	if len(runs) == 0 {
		s.line("no runs")
		return s.writeTo(w)
	}
	var rows [][]string
	for _, r := range runs {
		score := trendScore(TrendPoint{Score: r.Score, Grade: r.Grade})
		var changed []string
		if r.Findings > 0 {
			changed = append(changed, counted(r.Findings, "finding"))
		}
		if r.Records > 0 {
			changed = append(changed, counted(r.Records, "record"))
		}
		rows = append(rows, []string{fmt.Sprint(r.Run), s.text(clip(r.Domain, 60)), r.Started.UTC().Format("2006-01-02 15:04"), score,
			string(r.Verdict), strings.Join(changed, ", ")})
	}
	s.list([]string{"Run", "Domain", "Time (UTC)", "Score", "Verdict", "Changed"}, rows)
	return s.writeTo(w)
}
