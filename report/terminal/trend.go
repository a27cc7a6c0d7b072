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

var (
	sparks      = []string{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}
	sparksASCII = []string{"_", ".", ",", "-", "=", "+", "*", "#"}
)

// sparkline draws a figure of at most most a cell. If there are more than fit, a cell
// is the lowest of several, so that no dip is lost.
func (s *screen) sparkline(points []view.Point, most, cells int) string {
	cells = min(cells, len(points))
	levels := sparks
	if s.o.ASCII {
		levels = sparksASCII
	}
	var b strings.Builder
	for i := range cells {
		low := -1
		for _, p := range points[i*len(points)/cells : (i+1)*len(points)/cells] {
			if p.Value != nil && (low < 0 || *p.Value < low) {
				low = *p.Value
			}
		}
		if low < 0 {
			b.WriteString(" ")
			continue
		}
		b.WriteString(levels[min(low*len(levels)/(max(most, 1)+1), len(levels)-1)])
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
