package terminal

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"mailworthy/internal/golden"
	"mailworthy/report"
	"mailworthy/report/html"
	"mailworthy/report/view"
)

// month is a domain that gets better in leaps, with a bad day and a silent start.
func month() *report.Trend {
	t := &report.Trend{Domain: "acme.example"}
	for day := range 31 {
		p := report.TrendPoint{Run: int64(day + 1), Started: time.Date(2026, 3, 1+day, 3, 0, 0, 0, time.UTC), Verdict: report.NotReady, Grade: "F"}
		score := 41
		switch {
		case day == 0:
			p.Grade, p.Verdict = "-", report.Incomplete
			t.Points = append(t.Points, p)
			continue
		case day == 20:
			score, p.Unanswered = 30, 2
			p.Changes = []report.TrendChange{{Kind: "finding", Op: "new", What: "rbl-listed", About: "192.0.2.11", Severity: "error"}}
		case day == 21:
			score, p.Grade, p.Verdict = 92, "A", report.Ready
			p.Changes = []report.TrendChange{{Kind: "finding", Op: "gone", What: "rbl-listed", About: "192.0.2.11", Severity: "error"}}
		case day > 12:
			score, p.Grade, p.Verdict = 92, "A", report.Ready
		case day == 12:
			score, p.Grade, p.Verdict = 92, "A", report.Ready
			p.Changes = []report.TrendChange{{Kind: "record", Op: "altered", What: "TXT", About: "acme.example"},
				{Kind: "record", Op: "added", What: "TXT", About: "\x1b[31m<script>._domainkey.acme.example"}}
		}
		p.Score = &score
		t.Points = append(t.Points, p)
	}
	return t
}

func TestTrend(t *testing.T) {
	for name, o := range map[string]Options{"month": {Width: 100}, "month-40-ascii": {Width: 40, ASCII: true}, "month-verbose": {Width: 100, Verbose: true}} {
		var b bytes.Buffer
		if err := WriteDoc(&b, view.TrendDoc(month(), o.Verbose), o); err != nil {
			t.Fatal(err)
		}
		golden.Compare(t, "testdata/trend/"+name+".txt", b.Bytes())
	}
}

// TestSparkline: no dip is lost if several runs share a cell.
func TestSparkline(t *testing.T) {
	tr := month()
	s := newScreen(Options{})
	points := view.TrendChart(tr).Points
	if got := s.sparkline(points, 100, 100); got != " ▄▄▄▄▄▄▄▄▄▄▄████████▃██████████" {
		t.Errorf("%q", got)
	}
	if got := s.sparkline(points, 100, 10); got != "▄▄▄▄██▃███" {
		t.Errorf("%q", got)
	}
	zero, full := 0, 100
	if got := s.sparkline([]view.Point{{Value: &zero}, {Value: &full}}, 100, 9); got != "▁█" {
		t.Errorf("%q", got)
	}
}

func TestTrendHTML(t *testing.T) {
	for _, tr := range []*report.Trend{month(), {Domain: "none.example"}, {Domain: "one.example", Points: month().Points[5:6]}} {
		var b bytes.Buffer
		if err := html.WriteDoc(&b, view.TrendDoc(tr, false)); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		if strings.Count(text, "<script") != 1 || strings.Contains(text, "\x1b") {
			t.Errorf("text of a record stands in the page as it is:\n%s", text)
		}
		if n := strings.Count(text, `class="record"`); len(tr.Points) > 1 && n != 1 || len(tr.Points) < 2 && n != 0 {
			t.Errorf("%s: %d audits with changed records in the chart", tr.Domain, n)
		}
		if n := strings.Count(text, "<circle"); n != scored(tr) {
			t.Errorf("%s: %d dots, %d scores", tr.Domain, n, scored(tr))
		}
		// All that is drawn is inside the picture, and the page is well-formed.
		dec := xml.NewDecoder(&b)
		dec.Strict, dec.AutoClose, dec.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
		for {
			token, err := dec.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if e, ok := token.(xml.StartElement); ok && e.Name.Local == "circle" {
				for _, a := range e.Attr {
					var v float64
					if _, err := fmt.Sscan(a.Value, &v); err == nil && (v < 0 || v > html.ChartWidth) {
						t.Errorf("%s=%s", a.Name.Local, a.Value)
					}
				}
			}
		}
	}
}

func scored(t *report.Trend) (n int) {
	for _, p := range t.Points {
		if p.Score != nil {
			n++
		}
	}
	return n
}
