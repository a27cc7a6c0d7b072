package terminal

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/olekukonko/tablewriter/tw"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/report"
	"mailworthy/report/view"
)

// WriteTable writes a report for a person at a terminal: what the outcome is,
// what was examined, a line a section, and then what to do, worst first.
func WriteTable(w io.Writer, r *report.Report, o Options) error {
	s := newScreen(o)
	s.header(r)
	s.examined(r)
	s.blank()
	s.sections(r)
	s.receivers(r)
	s.findings(r)
	s.blank()
	s.counts(r)
	if s.long() {
		s.outcome(r)
	}
	return s.writeTo(w)
}

// long reports whether the first line may have left the screen.
func (s *screen) long() bool { return bytes.Count(s.buf.Bytes(), []byte("\n")) > 20 }

// header is the outcome, and below it what that means.
func (s *screen) header(r *report.Report) {
	s.outcome(r)
	s.para("", s.text(view.Headline(r)))
}

// outcome is the domain, the verdict and the score on one line.
func (s *screen) outcome(r *report.Report) {
	name := s.text(r.Domain)
	if r.Unicode != "" && r.Unicode != r.Domain {
		name = s.text(r.Unicode) + " (" + name + ")"
	}
	verdict := strings.ToUpper(string(r.Verdict))
	score := s.fold(view.ScoreText(r.Score))
	right := verdict + "   " + score
	styled := s.severity(view.VerdictSeverity(r.Verdict), verdict) + "   " + s.bold(score)
	if r.Score.Value != nil {
		right += "   " + r.Score.Grade
		styled += "   " + s.severity(view.VerdictSeverity(r.Verdict), r.Score.Grade)
	}
	s.ends(s.bold(name), show.Width(name), styled, show.Width(right))
}

// examined says what the audit looked at besides the domain.
func (s *screen) examined(r *report.Report) {
	for _, sentence := range view.ExaminedText(r) {
		s.hang("", "", s.text(sentence), s.dim)
	}
}

// titleWide is the width from which there is room for the titles of sections as they are.
const titleWide = 100

// sections is the table of a line a section.
func (s *screen) sections(r *report.Report) {
	var rows [][]string
	for _, line := range view.SectionLines(r) {
		title := line.Title
		if s.width < titleWide {
			title = line.Section.Short()
		}
		rows = append(rows, []string{title, s.severity(line.Mark, s.mark(line.Mark)), s.fold(line.Value()), s.text(line.Brief)})
	}
	s.table(nil, rows, []tw.Align{tw.AlignLeft, tw.AlignLeft, tw.AlignRight, tw.AlignLeft}, "  ")
}

// counts counts checks, as the headline does, and says how to learn more.
func (s *screen) counts(r *report.Report) {
	s.para("", s.fold(view.CountedText(r)))
	groups := view.Groups(r)
	var more []string
	if !s.o.Verbose {
		more = append(more, "-v shows reasons and evidence")
	}
	for _, hint := range view.Hints(r.Findings) {
		s.hang("", "", s.text(hint), s.dim)
	}
	for _, g := range groups {
		if g.Severity.AtLeast(finding.Notice) || g.Severity == finding.Unknown {
			more = append(more, "mailworthy checks WORD explains a check")
			break
		}
	}
	if len(more) > 0 {
		s.hang("", "", s.text(strings.Join(more, "; ")), s.dim)
	}
}

// WriteTables writes one report as WriteTable does; of several a table with a line each,
// and with Verbose or Each each report below it.
func WriteTables(w io.Writer, reports []*report.Report, o Options) error {
	if len(reports) != 1 {
		if err := WriteSummary(w, reports, o); err != nil || !o.Verbose && !o.Each {
			return err
		}
	}
	for i, r := range reports {
		if len(reports) > 1 || i > 0 {
			s := newScreen(o)
			s.line("")
			s.line(s.dim(strings.Repeat(s.fold("─"), s.width)))
			s.line("")
			if err := s.writeTo(w); err != nil {
				return err
			}
		}
		if err := WriteTable(w, r, o); err != nil {
			return err
		}
	}
	return nil
}

// WriteSummary writes a line a report: mark, score, if there is room the
// sections, and what to look at first; and then how many are in which state.
func WriteSummary(w io.Writer, reports []*report.Report, o Options) error {
	s := newScreen(o)
	s.width = s.wide // rows are no prose
	sections := s.wide >= summaryWide
	header := []string{"", "domain", "score", ""}
	align := []tw.Align{tw.AlignLeft, tw.AlignLeft, tw.AlignRight, tw.AlignLeft}
	if sections {
		for _, section := range finding.Audited {
			header = append(header, section.Short())
			align = append(align, tw.AlignLeft)
		}
	}
	var rows [][]string
	for _, r := range reports {
		severity := view.VerdictSeverity(r.Verdict)
		row := []string{s.severity(severity, s.mark(severity)), s.text(r.Domain), s.fold(cmp.Or(show.Number(r.Score.Value), "–")), r.Score.Grade}
		if sections {
			row = append(row, s.sectionCells(r)...)
		}
		first := ""
		if known, open := view.Notable(view.Groups(r)); len(known) > 0 {
			first = known[0].Title(r.Domain)
		} else if len(open) > 0 {
			first = open[0].Title(r.Domain)
		}
		rows = append(rows, append(row, s.text(first)))
	}
	s.table(append(header, "first"), rows, append(align, tw.AlignLeft), "")
	s.blank()
	var counts []string
	for _, v := range []report.Verdict{report.NotReady, report.ReadyWithWarnings, report.Incomplete, report.NotChecked, report.Ready} {
		n := 0
		for _, r := range reports {
			if r.Verdict == v {
				n++
			}
		}
		if n > 0 {
			severity := view.VerdictSeverity(v)
			counts = append(counts, s.severity(severity, s.mark(severity))+fmt.Sprintf(" %d %s", n, v))
		}
	}
	s.line(strings.Join(counts, "   "))
	return s.writeTo(w)
}

// summaryWide is the width from which the summary has room for the sections.
const summaryWide = 110

// sectionCells are the sections of a report as mark and score.
func (s *screen) sectionCells(r *report.Report) []string {
	lines := view.SectionLines(r)
	var cells []string
	for _, section := range finding.Audited {
		cell := ""
		for _, l := range lines {
			if l.Section == section {
				cell = s.severity(l.Mark, s.mark(l.Mark)) + " " + s.fold(l.Value())
			}
		}
		cells = append(cells, cell)
	}
	return cells
}
