package html

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"
	"time"

	"mailworthy/internal/show"
	"mailworthy/report"
	"mailworthy/report/view"
)

//go:embed trend.html
var trendHTML string

// The place of the chart in its picture, in its units.
const (
	ChartWidth, chartHeight = 860, 300
	chartLeft, chartRight   = 40, 850
	chartTop, chartBottom   = 24, 265
)

// mostDots is up to how many audits each has a dot of its own.
const mostDots = 120

type trendPage struct {
	Domain, Summary, Label   string
	Style                    template.CSS
	Width, Height            int
	Left, Right, Top, Bottom int
	GridText, DayY           int
	Points                   int
	Grid                     []trendGrid
	Marks, Dots              []trendMark
	Line, First, Last        string
	Rows                     []trendRow
}

type trendGrid struct {
	Y, TextY float64
	Value    int
}

type trendMark struct {
	X, Y  float64
	Title string
}

type trendRow struct {
	Run                                     int64
	Time, Score, Verdict, What, Class, Mark string
}

// WriteTrend writes the score over time as one page that needs nothing else:
// a chart with the records changed, and a table of the same.
func WriteTrend(w io.Writer, t *report.Trend) error {
	tmpl, err := template.New("trend").Funcs(template.FuncMap{"t": show.Line}).Parse(trendHTML)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	var b bytes.Buffer
	if err := tmpl.Execute(&b, newTrendPage(t)); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	_, err = w.Write(b.Bytes())
	return err
}

func newTrendPage(t *report.Trend) trendPage {
	p := trendPage{Domain: t.Domain, Style: template.CSS(pageCSS), Points: len(t.Points), Summary: "No runs.",
		Width: ChartWidth, Height: chartHeight, Left: chartLeft, Right: chartRight, Top: chartTop, Bottom: chartBottom,
		GridText: chartLeft - 8, DayY: chartBottom + 22}
	if len(t.Points) == 0 {
		return p
	}
	first, last := t.Points[0], t.Points[len(t.Points)-1]
	p.First, p.Last = view.TrendDay(first), view.TrendDay(last)
	p.Summary = fmt.Sprintf("%s from %s to %s: score %s at first, %s at last.", show.Counted(len(t.Points), "run"), p.First, p.Last,
		view.TrendScore(first), view.TrendScore(last))
	p.Label = fmt.Sprintf("Score of %s from %s to %s", show.Line(t.Domain), p.First, p.Last)
	for _, v := range []int{0, 50, 70, 80, 90, 100} {
		y := chartY(v)
		p.Grid = append(p.Grid, trendGrid{Y: y, TextY: y + 4, Value: v})
	}
	var line strings.Builder
	pen := "M"
	for i, point := range t.Points {
		x := chartX(first.Started, last.Started, point.Started)
		records := 0
		for _, c := range point.Changes {
			if c.Kind == "record" {
				records++
			}
		}
		title := point.Started.UTC().Format("2006-01-02 15:04") + ": " + view.TrendScore(point)
		if what := view.PointText(point); what != "" {
			title += ", " + show.Line(what)
		}
		if records > 0 {
			p.Marks = append(p.Marks, trendMark{X: x, Title: title})
		}
		if i == 0 || i == len(t.Points)-1 || len(point.Changes) > 0 {
			severity := view.VerdictSeverity(point.Verdict)
			p.Rows = append(p.Rows, trendRow{Run: point.Run, Time: point.Started.UTC().Format("2006-01-02 15:04"), Score: view.TrendScore(point),
				Verdict: string(point.Verdict), What: view.PointText(point), Class: string(severity), Mark: view.Mark(severity)})
		}
		if point.Score == nil {
			pen = "M"
			continue
		}
		y := chartY(*point.Score)
		fmt.Fprintf(&line, "%s%g %g ", pen, x, y)
		pen = "L"
		if len(t.Points) <= mostDots || len(point.Changes) > 0 {
			p.Dots = append(p.Dots, trendMark{X: x, Y: y, Title: title})
		}
	}
	p.Line = strings.TrimSpace(line.String())
	return p
}

// chartY is the height of a score, chartX the place of a time: a tenth of a unit
// is fine enough.
func chartY(score int) float64 {
	return math.Round((chartBottom-float64(chartBottom-chartTop)*float64(score)/100)*10) / 10
}

func chartX(first, last, at time.Time) float64 {
	whole := last.Sub(first)
	if whole <= 0 {
		return (chartLeft + chartRight) / 2
	}
	return math.Round((chartLeft+float64(chartRight-chartLeft)*float64(at.Sub(first))/float64(whole))*10) / 10
}
