package html

import (
	"fmt"
	"math"
	"strings"
	"time"

	"mailworthy/report/view"
)

// The place of a chart in its picture, in its units.
const (
	ChartWidth, chartHeight = 860, 300
	chartLeft, chartRight   = 40, 850
	chartTop, chartBottom   = 24, 265
)

// mostDots is up to how many points each has a dot of its own.
const mostDots = 120

// chart is a chart as the template draws it.
type chart struct {
	Label, Caption           string
	Width, Height            int
	Left, Right, Top, Bottom int
	GridText, DayY           int
	Grid                     []chartGrid
	Marks, Dots              []chartMark
	Line, First, Last        string
}

type chartGrid struct {
	Y, TextY float64
	Value    int
}

type chartMark struct {
	X, Y  float64
	Title string
}

func newChart(c view.Chart) chart {
	p := chart{Label: c.Label, Caption: c.Caption, Width: ChartWidth, Height: chartHeight, Left: chartLeft, Right: chartRight,
		Top: chartTop, Bottom: chartBottom, GridText: chartLeft - 8, DayY: chartBottom + 22}
	if len(c.Points) == 0 {
		return p
	}
	first, last := c.Points[0].At, c.Points[len(c.Points)-1].At
	p.First, p.Last = first.UTC().Format(time.DateOnly), last.UTC().Format(time.DateOnly)
	for _, v := range c.Grid {
		y := chartY(v, c.Max)
		p.Grid = append(p.Grid, chartGrid{Y: y, TextY: y + 4, Value: v})
	}
	var line strings.Builder
	pen := "M"
	for _, point := range c.Points {
		x := chartX(first, last, point.At)
		title := point.At.UTC().Format("2006-01-02 15:04") + ": " + point.Text
		if point.Flag {
			p.Marks = append(p.Marks, chartMark{X: x, Title: title})
		}
		if point.Value == nil {
			pen = "M"
			continue
		}
		y := chartY(*point.Value, c.Max)
		fmt.Fprintf(&line, "%s%g %g ", pen, x, y)
		pen = "L"
		if len(c.Points) <= mostDots || point.Dot {
			p.Dots = append(p.Dots, chartMark{X: x, Y: y, Title: title})
		}
	}
	p.Line = strings.TrimSpace(line.String())
	return p
}

// chartY is the height of a figure, chartX the place of a time: a tenth of a unit
// is fine enough.
func chartY(value, most int) float64 {
	value = max(0, min(value, most))
	return math.Round((chartBottom-float64(chartBottom-chartTop)*float64(value)/float64(max(most, 1)))*10) / 10
}

func chartX(first, last, at time.Time) float64 {
	whole := last.Sub(first)
	if whole <= 0 {
		return (chartLeft + chartRight) / 2
	}
	return math.Round((chartLeft+float64(chartRight-chartLeft)*float64(at.Sub(first))/float64(whole))*10) / 10
}
