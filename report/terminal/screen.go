package terminal

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/report/view"
)

// Options say what a person's screen can show.
type Options struct {
	// Width in cells; zero: 80.
	Width int
	// Color uses the eight standard colours. Nothing is said by colour alone.
	Color bool
	// ASCII uses no character beyond it.
	ASCII bool
	// Verbose shows notices, passes, reasons, references and all evidence.
	Verbose bool
	// Each writes each of several reports below the table of all.
	Each bool
	// Links makes references links (OSC 8).
	Links bool
}

const (
	defaultWidth = 80
	minWidth     = 40
	// proseWidth is where lines of prose end on a wide screen: longer ones are
	// hard to read.
	proseWidth = 100
)

// screen collects lines of text for a terminal.
type screen struct {
	buf   bytes.Buffer
	o     Options
	width int
	// shownFixes are the records of fixes on the screen.
	shownFixes map[string]bool
	// wide is the whole width, for records, which read best on one line.
	wide int
	// margin stands ahead of every line: that of the sections around.
	margin string
}

func newScreen(o Options) *screen {
	if o.Width == 0 {
		o.Width = defaultWidth
	}
	wide := max(o.Width, minWidth)
	return &screen{o: o, width: min(wide, proseWidth), wide: wide, shownFixes: make(map[string]bool)}
}

func (s *screen) writeTo(w io.Writer) error {
	_, err := w.Write(s.buf.Bytes())
	return err
}

// text makes text of any origin safe for the screen.
func (s *screen) text(raw string) string { return s.fold(show.Line(raw)) }

// asciiOf are the characters that the program's own texts use.
var asciiOf = map[rune]string{
	'–': "-", '—': "-", '…': "...", '·': "|", '→': "->", '≤': "<=", '≥': ">=", '×': "x", '±': "+/-",
	'“': `"`, '”': `"`, '‘': "'", '’': "'", '✖': "x", '▲': "!", '✔': "+",
	'█': "#", '▏': ":", '░': ".", '├': "|", '└': "`", '│': "|", '─': "-",
}

// fold spells what is not ASCII with it, if the screen needs that.
func (s *screen) fold(text string) string {
	if !s.o.ASCII || show.IsPlain(text) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		switch spelled, ok := asciiOf[r]; {
		case r < 0x80:
			b.WriteRune(r)
		case ok:
			b.WriteString(spelled)
		default:
			fmt.Fprintf(&b, `\u{%x}`, r)
		}
	}
	return b.String()
}

func (s *screen) blank() {
	if s.buf.Len() > 0 {
		s.buf.WriteByte('\n')
	}
}

// line writes one line, already safe and styled.
func (s *screen) line(text string) {
	s.buf.WriteString(strings.TrimRight(s.margin+text, " "))
	s.buf.WriteByte('\n')
}

// para writes safe text wrapped, each line after the indent.
func (s *screen) para(indent, text string) { s.hang(indent, indent, text, nil) }

// hang writes safe text wrapped: the first line after first, the others after
// rest. A style colours each line apart from its indent.
func (s *screen) hang(first, rest, text string, style func(string) string) {
	for i, l := range show.Wrap(text, s.width-max(show.Width(unstyled(first)), show.Width(rest))) {
		if style != nil {
			l = style(l)
		}
		if i == 0 {
			s.line(first + l)
		} else {
			s.line(rest + l)
		}
	}
}

// ends writes one text at the left and one at the right end of a line, on two
// lines if they don't fit. The widths are those of the unstyled texts.
func (s *screen) ends(left string, leftWidth int, right string, rightWidth int) {
	if gap := s.width - leftWidth - rightWidth; gap >= 2 {
		s.line(left + strings.Repeat(" ", gap) + right)
		return
	}
	s.line(left)
	s.line(strings.Repeat(" ", max(0, s.width-rightWidth)) + right)
}

// SGR codes of the colours.
const (
	sgrBold   = "1"
	sgrDim    = "2"
	sgrRed    = "1;31"
	sgrGreen  = "32"
	sgrYellow = "33"
	sgrCyan   = "36"
)

func (s *screen) style(code, text string) string {
	if !s.o.Color || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// link makes styled text a link, if the screen has them.
func (s *screen) link(url, text string) string {
	if !s.o.Links || url == "" || !show.IsPlain(url) {
		return text
	}
	return "\x1b]8;;" + url + "\x1b\\" + text + "\x1b]8;;\x1b\\"
}

func (s *screen) bold(text string) string { return s.style(sgrBold, text) }

func (s *screen) dim(text string) string { return s.style(sgrDim, text) }

// severity colours text by a severity.
func (s *screen) severity(sev finding.Severity, text string) string {
	switch sev {
	case finding.Critical, finding.Error:
		return s.style(sgrRed, text)
	case finding.Warning:
		return s.style(sgrYellow, text)
	case finding.Unknown:
		return s.style(sgrCyan, text)
	case finding.Pass:
		return s.style(sgrGreen, text)
	}
	return text
}

// mark is markOf as the screen can show it.
func (s *screen) mark(sev finding.Severity) string {
	if s.o.ASCII && (sev == finding.Notice || sev == finding.Info) {
		return "-"
	}
	return s.fold(view.Mark(sev))
}

// list draws a table without lines. The last column wraps within the screen,
// the others stay whole. Cells are safe; they may be styled, except in the last column.
func (s *screen) list(header []string, rows [][]string) {
	s.table(header, rows, nil, "  ")
}

// table draws a table without lines, with these alignments of its columns.
func (s *screen) table(header []string, rows [][]string, align []tw.Align, indent string) {
	s.grid(header, rows, align, indent, func(row, limit int) []string { return show.Wrap(rows[row][len(rows[row])-1], limit) })
}

// grid draws a table without lines. The text of a row's last column is what last
// returns, in lines of at most limit cells.
func (s *screen) grid(header []string, rows [][]string, align []tw.Align, indent string, last func(row, limit int) []string) {
	if len(rows) == 0 {
		return
	}
	columns := len(rows[0])
	all := rows
	if header != nil {
		all = append([][]string{header}, rows...)
	}
	used := show.Width(indent)
	for c := range columns - 1 {
		widest := 0
		for _, r := range all {
			widest = max(widest, show.Width(unstyled(r[c])))
		}
		used += widest + 2
	}
	var buf bytes.Buffer
	t := tablewriter.NewTable(&buf,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders: tw.BorderNone,
			Symbols: tw.NewSymbols(tw.StyleNone),
			Settings: tw.Settings{
				Separators: tw.SeparatorsNone,
				Lines:      tw.LinesNone,
			},
		})),
		tablewriter.WithTrimSpace(tw.Off),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAlignment(tw.AlignLeft),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithPadding(tw.Padding{Left: "", Right: "  ", Overwrite: true}),
	)
	if align != nil {
		t.Configure(func(c *tablewriter.Config) { c.Row.Alignment.PerColumn = align })
	}
	if header != nil {
		t.Header(header)
	}
	for i, r := range rows {
		cells := append([]string(nil), r...)
		cells[columns-1] = strings.Join(last(i, s.width-used), "\n")
		if err := t.Append(cells); err != nil {
			panic("report: " + err.Error()) // strings alone: it cannot fail
		}
	}
	if err := t.Render(); err != nil {
		panic("report: " + err.Error()) // into memory
	}
	for l := range strings.Lines(buf.String()) {
		s.line(indent + strings.TrimRight(l, "\n"))
	}
}

// unstyled removes the SGR codes that style adds.
func unstyled(text string) string {
	for {
		from := strings.Index(text, "\x1b[")
		if from < 0 {
			return text
		}
		to := strings.IndexByte(text[from:], 'm')
		if to < 0 {
			return text
		}
		text = text[:from] + text[from+to+1:]
	}
}
