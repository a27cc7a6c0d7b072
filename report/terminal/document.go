package terminal

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/olekukonko/tablewriter/tw"

	"mailworthy/audit"
	"mailworthy/internal/show"
	"mailworthy/report"
	"mailworthy/report/view"
)

// WriteDoc writes a document for a person at a terminal.
func WriteDoc(w io.Writer, d *view.Doc, o Options) error {
	s := newScreen(o)
	s.blocks(d.Blocks, true)
	return s.writeTo(w)
}

// blocks draws blocks one below the other, with an empty line between them if they
// are loose.
func (s *screen) blocks(list []view.Block, loose bool) {
	list = slices.DeleteFunc(slices.Clone(list), func(b view.Block) bool {
		_, details := b.(view.Details)
		return details && !s.o.Verbose
	})
	for i, b := range list {
		switch b.(type) {
		case view.Section, view.Findings: // they begin with one anyway
		default:
			if loose && i > 0 && !under(list[i-1], b) {
				s.blank()
			}
		}
		s.block(b)
	}
}

// under reports whether a block belongs to the one above: a chart is the second line of
// a title.
func under(above, b view.Block) bool {
	_, title := above.(view.Title)
	_, chart := b.(view.Chart)
	return title && chart
}

func (s *screen) block(b view.Block) {
	switch b := b.(type) {
	case view.Title:
		s.title(b)
	case view.Section:
		s.section(b)
	case view.Details:
		s.blocks(b.Blocks, true)
	case view.Para:
		for _, l := range b.Lines {
			if b.Soft {
				l = softened(l)
			}
			s.flow("", "", l)
		}
	case view.Note:
		s.flow(s.severity(b.Severity, s.mark(b.Severity))+" ", "  ", b.Text)
	case view.Items:
		indent := s.indent()
		for _, item := range b.Items {
			lead := "-"
			if item.Severity != "" {
				lead = s.severity(item.Severity, s.mark(item.Severity))
			}
			s.flow(indent+lead+" ", indent+"  ", item.Text)
		}
	case view.Facts:
		s.facts(b)
	case view.Table:
		s.docTable(b)
	case view.Findings:
		s.findings(&report.Report{Result: audit.Result{Domain: b.Domain, Findings: b.List}})
	case view.Records:
		s.docRecords(b)
	case view.Diff:
		s.diff(b)
	case view.Tree:
		s.tree(b)
	case view.Pre:
		if b.Caption != "" {
			s.flow("", "", softened(view.T(b.Caption)))
		}
		for _, l := range b.Lines {
			s.line(s.text(l))
		}
	case view.Chart:
		s.line("  " + s.sparkline(b.Points, b.Max, s.width-2))
		s.flow("  ", "  ", softened(view.T(b.Caption)))
	case view.Bars:
		s.bars(b)
	case view.Counted:
		s.counts(&report.Report{Result: audit.Result{Findings: b.Findings, Queries: b.Queries}, DurationMS: b.DurationMS})
	case view.Next:
		for _, step := range b.Steps {
			s.flow("", "  ", softened(view.T(strings.TrimSpace(step.Command+" "+step.Does))))
		}
	}
}

// indent is that of lists and tables: a section has one of its own already.
func (s *screen) indent() string {
	if s.margin != "" {
		return ""
	}
	return "  "
}

func (s *screen) title(b view.Title) {
	name, status := s.styled(strong(b.Text)), s.styled(b.Status)
	left := name + show.OrEmpty("  ", status)
	switch width := show.Width(unstyled(left)); {
	case len(b.Right) > 0:
		right := s.styled(b.Right)
		s.ends(left, width, right, show.Width(unstyled(right)))
	case width <= s.width || status == "":
		s.flowed(left, width, strong(b.Text))
	default:
		s.flow("", "  ", view.Joined(strong(b.Text), view.T("  "), b.Status))
	}
	for _, l := range b.Lines {
		s.flow("", "", softened(l))
	}
}

// flowed writes a line as it is if it fits, and wrapped if not.
func (s *screen) flowed(line string, width int, text view.Text) {
	if width <= s.width {
		s.line(line)
		return
	}
	s.flow("", "  ", text)
}

func (s *screen) section(b view.Section) {
	s.blank()
	s.title(view.Title{Text: view.T(b.Title), Status: b.Status})
	margin, width, wide := s.margin, s.width, s.wide
	s.margin, s.width, s.wide = margin+"  ", max(width-2, minWidth/2), max(wide-2, minWidth/2)
	for _, l := range b.Lines {
		s.flow("", "  ", softened(l))
	}
	if b.Loose && len(b.Lines) > 0 && len(b.Blocks) > 0 {
		s.blank()
	}
	s.blocks(b.Blocks, b.Loose)
	s.margin, s.width, s.wide = margin, width, wide
}

func (s *screen) facts(b view.Facts) {
	width := 0
	for _, f := range b.Facts {
		if f.Value.Plain() != "" {
			width = max(width, show.Width(s.cell(view.T(f.Key))))
		}
	}
	for _, f := range b.Facts {
		if f.Value.Plain() == "" {
			continue
		}
		key := s.cell(view.T(f.Key))
		s.flow(key+strings.Repeat(" ", width-show.Width(key)+2), strings.Repeat(" ", width+2), f.Value)
	}
}

// maxCell bounds the text of a cell that is not wrapped and of a key, in bytes.
const maxCell = 64

func (s *screen) docTable(b view.Table) {
	rows := make([][]string, len(b.Rows))
	for i, row := range b.Rows {
		rows[i] = make([]string, len(row))
		for c := range len(row) - 1 {
			rows[i][c] = s.cell(row[c])
		}
	}
	var align []tw.Align
	if len(b.Align) > 0 && len(rows) > 0 {
		for c := range len(rows[0]) {
			if c < len(b.Align) && b.Align[c] == view.Right {
				align = append(align, tw.AlignRight)
			} else {
				align = append(align, tw.AlignLeft)
			}
		}
	}
	s.grid(b.Header, rows, align, s.indent(), func(row, limit int) []string {
		cells := b.Rows[row]
		return s.wrapped(cells[len(cells)-1], limit)
	})
}

func (s *screen) docRecords(b view.Records) {
	for _, c := range b.Comments {
		s.hang("; ", ";   ", s.text(c), s.dim)
	}
	for i, rec := range b.Remove {
		if i == 0 {
			s.line(s.dim("remove"))
		}
		for _, l := range show.OldZoneLines(rec, s.wide-2) {
			s.line("  " + s.fold(l))
		}
	}
	indent := ""
	if len(b.Remove) > 0 && len(b.Add) > 0 {
		s.line(s.dim("publish"))
		indent = "  "
	}
	for _, rec := range b.Add {
		for _, l := range show.ZoneLines(rec, s.width-len(indent)) {
			s.line(indent + s.bold(s.fold(l)))
		}
	}
	if b.Incomplete() {
		s.flow("", "", softened(view.T(view.IncompleteText)))
	}
}

func (s *screen) diff(b view.Diff) {
	for _, l := range b.Lines {
		code := sgrOfDiff[l.Op]
		s.hang(s.indent(), s.indent()+"    ", s.text(l.Op+" "+l.Text), func(l string) string { return s.style(code, l) })
	}
}

// sgrOfDiff are the colours of what came, went and changed.
var sgrOfDiff = map[string]string{"+": sgrGreen, "-": "31", "~": "33"}

func (s *screen) tree(b view.Tree) {
	s.nodes(b.Nodes, "")
	if b.Caption != "" {
		s.flow("", "  ", view.T(b.Caption))
	}
}

// nodes draws the nodes below one, behind the indent.
func (s *screen) nodes(list []view.Node, indent string) {
	const lead = "%3s  "
	for i, n := range list {
		color := func(l string) string { return s.severity(n.Severity, l) }
		text := s.text(n.Text)
		if n.Group {
			s.hang(fmt.Sprintf(lead, "")+indent, fmt.Sprintf(lead, "")+indent, text, color)
			s.nodes(n.Children, indent)
			continue
		}
		if len(n.Notes) > 0 {
			text += s.fold("  · ") + s.text(strings.Join(n.Notes, "; "))
		}
		branch, below := "├─ ", "│  "
		if i == len(list)-1 {
			branch, below = "└─ ", "   "
		}
		s.hang(fmt.Sprintf(lead, s.text(n.Lead))+indent+s.fold(branch), fmt.Sprintf(lead, "")+indent+s.fold(below)+"  ", text, color)
		s.nodes(n.Children, indent+s.fold(below))
	}
}

// barCells is the width of a full bar.
const barCells = 24

func (s *screen) bars(b view.Bars) {
	most := b.Most()
	rows := make([][]string, len(b.Bars))
	for i, bar := range b.Bars {
		cells := strings.Repeat("█", max(0, min(barCells, (bar.Value*barCells+most/2)/most)))
		if cells == "" && bar.Value > 0 {
			cells = "▏"
		}
		rows[i] = []string{s.cell(view.T(bar.Label)), s.severity(bar.Severity, s.fold(cells)), fmt.Sprint(bar.Value), ""}
	}
	s.grid(nil, rows, []tw.Align{tw.AlignLeft, tw.AlignLeft, tw.AlignRight, tw.AlignLeft}, s.indent(), func(row, limit int) []string {
		return show.Wrap(s.text(b.Bars[row].Text), limit)
	})
}

// strong is text in which what is plain is strong, softened text in which it is soft.
func strong(t view.Text) view.Text { return restyled(t, view.Strong) }

func softened(t view.Text) view.Text { return restyled(t, view.Soft) }

func restyled(t view.Text, style view.Style) view.Text {
	out := append(view.Text(nil), t...)
	for i := range out {
		if out[i].Style == view.Plain && out[i].Severity == "" {
			out[i].Style = style
		}
	}
	return out
}

// cell is text of a cell that is not wrapped.
func (s *screen) cell(t view.Text) string {
	var b strings.Builder
	for _, p := range t {
		b.WriteString(s.dress(p, s.fold(show.Cut(s.span(p), maxCell))))
	}
	return b.String()
}

// span is the safe text of a span with its mark.
func (s *screen) span(p view.Span) string {
	text := s.text(p.Text)
	if p.Mark {
		text = strings.TrimSuffix(s.mark(p.Severity)+" "+text, " ")
	}
	return text
}

// dress colours safe text as a span wants it.
func (s *screen) dress(p view.Span, text string) string {
	switch {
	case p.Severity != "":
		return s.severity(p.Severity, text)
	case p.Style == view.Strong:
		return s.bold(text)
	case p.Style == view.Soft:
		return s.dim(text)
	}
	return text
}

// styled is text on one line, safe and coloured.
func (s *screen) styled(t view.Text) string {
	var b strings.Builder
	for _, p := range t {
		b.WriteString(s.dress(p, s.span(p)))
	}
	return b.String()
}

// flow writes text wrapped, safe and coloured, as hang does.
func (s *screen) flow(first, rest string, t view.Text) {
	for i, l := range s.wrapped(t, s.width-max(show.Width(unstyled(first)), show.Width(unstyled(rest)))) {
		if i == 0 {
			s.line(first + l)
		} else {
			s.line(rest + l)
		}
	}
}

// wrapped breaks text into lines of at most limit cells, safe and coloured.
func (s *screen) wrapped(t view.Text, limit int) []string {
	type letter struct {
		r    rune
		span int
	}
	// All but spaces comes out of Wrap in the order in which it went in, so that each
	// letter finds its span again.
	var whole strings.Builder
	var letters []letter
	for i, p := range t {
		text := s.span(p)
		whole.WriteString(text)
		for _, r := range text {
			if r != ' ' {
				letters = append(letters, letter{r, i})
			}
		}
	}
	lines := show.Wrap(whole.String(), limit)
	if !s.o.Color {
		return lines
	}
	at := 0
	for i, line := range lines {
		var out, run strings.Builder
		of := -1
		flush := func(next int) {
			if of >= 0 && next != of {
				out.WriteString(s.dress(t[of], run.String()))
				run.Reset()
			}
			of = next
		}
		spaces := ""
		for _, r := range line {
			if r == ' ' {
				spaces += " "
				continue
			}
			next := letters[at].span
			at++
			if next != of && of >= 0 {
				flush(next)
				out.WriteString(spaces)
			} else {
				of = next
				run.WriteString(spaces)
			}
			spaces = ""
			run.WriteRune(r)
		}
		flush(-1)
		lines[i] = out.String()
	}
	return lines
}
