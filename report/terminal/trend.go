package terminal

import (
	"fmt"
	"io"
	"strings"
	"time"

	"mailworthy/internal/show"
	"mailworthy/report"
	"mailworthy/report/view"
)

// WriteTrend writes the score over time for a person at a terminal: a line of
// bars, and the audits in which something changed; all of them where that is
// asked for.
func WriteTrend(w io.Writer, t *report.Trend, o Options) error {
	s := newScreen(o)
	if len(t.Points) == 0 {
		s.line(s.bold(s.text(t.Domain)) + "  no runs")
		return s.writeTo(w)
	}
	first, last := t.Points[0], t.Points[len(t.Points)-1]
	s.line(s.bold(s.text(t.Domain)) + "  " + s.fold(view.TrendScore(first)+" → "+view.TrendScore(last)))
	s.line("  " + s.sparkline(t.Points, s.width-2))
	s.line("  " + s.dim(fmt.Sprintf("%s from %s to %s", show.Counted(len(t.Points), "run"), view.TrendDay(first), view.TrendDay(last))))
	s.blank()
	var rows [][]string
	quiet := 0
	flush := func() {
		if quiet > 0 {
			rows = append(rows, []string{"", s.dim(s.fold("· " + show.Counted(quiet, "run"))), "", "", "without a change"})
		}
		quiet = 0
	}
	for i, p := range t.Points {
		if !o.Verbose && len(p.Changes) == 0 && i > 0 && i < len(t.Points)-1 && report.SameScore(p, t.Points[i-1]) {
			quiet++
			continue
		}
		flush()
		rows = append(rows, []string{fmt.Sprint(p.Run), p.Started.UTC().Format("2006-01-02 15:04"), view.TrendScore(p), string(p.Verdict),
			s.text(view.PointText(p))})
	}
	flush()
	s.list([]string{"Run", "Time (UTC)", "Score", "Verdict", "What changed"}, rows)
	return s.writeTo(w)
}

var (
	sparks      = []string{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}
	sparksASCII = []string{"_", ".", ",", "-", "=", "+", "*", "#"}
)

// sparkline draws a score a cell. Where there are more than fit, a cell is the
// lowest of several, so that no dip is lost.
func (s *screen) sparkline(points []report.TrendPoint, cells int) string {
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
	Verdict  report.Verdict
	Findings int
	Records  int
}

// WriteRuns lists audits for a person at a terminal.
func WriteRuns(w io.Writer, runs []RunLine, o Options) error {
	s := newScreen(o)
	if len(runs) == 0 {
		s.line("no runs")
		return s.writeTo(w)
	}
	var rows [][]string
	for _, r := range runs {
		score := view.TrendScore(report.TrendPoint{Score: r.Score, Grade: r.Grade})
		var changed []string
		if r.Findings > 0 {
			changed = append(changed, show.Counted(r.Findings, "finding"))
		}
		if r.Records > 0 {
			changed = append(changed, show.Counted(r.Records, "record"))
		}
		rows = append(rows, []string{fmt.Sprint(r.Run), s.text(show.Clip(r.Domain, 60)), r.Started.UTC().Format("2006-01-02 15:04"), score,
			string(r.Verdict), strings.Join(changed, ", ")})
	}
	s.list([]string{"Run", "Domain", "Time (UTC)", "Score", "Verdict", "Changed"}, rows)
	return s.writeTo(w)
}
