package terminal

import (
	"strings"

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
