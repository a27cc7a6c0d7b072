package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/olekukonko/tablewriter/tw"

	"mailworthy/finding"
)

// WriteTable writes a report for a person at a terminal: what the outcome is,
// what was examined, a line a section, and then what to do, worst first.
func WriteTable(w io.Writer, r *Report, o TableOptions) error {
	s := newScreen(o)
	s.header(r)
	s.examined(r)
	s.blank()
	s.sections(r)
	s.receivers(r)
	s.findings(r)
	s.blank()
	s.footer(r)
	return s.writeTo(w)
}

// header is the domain, the verdict and the score on one line, and below it
// what that means.
func (s *screen) header(r *Report) {
	name := s.text(r.Domain)
	if r.Unicode != "" && r.Unicode != r.Domain {
		name = s.text(r.Unicode) + " (" + name + ")"
	}
	verdict := strings.ToUpper(string(r.Verdict))
	score := s.fold(scoreText(r.Score))
	right := verdict + "   " + score
	styled := s.severity(verdictSeverity(r.Verdict), verdict) + "   " + s.bold(score)
	if r.Score.Value != nil {
		right += "   " + r.Score.Grade
		styled += "   " + s.severity(verdictSeverity(r.Verdict), r.Score.Grade)
	}
	s.ends(s.bold(name), width(name), styled, width(right))
	s.para("", s.text(r.Headline()))
}

// scoreText is the total with its range where that is not a point. A range alone
// says nothing: where nothing could be judged, anything is possible.
func scoreText(score Score) string {
	if score.Value == nil {
		return "no score"
	}
	text := strconv.Itoa(*score.Value) + "/100"
	if score.Low != score.High {
		text += fmt.Sprintf(" (%d–%d)", score.Low, score.High)
	}
	return text
}

// verdictSeverity is the severity whose colour and mark a verdict has.
func verdictSeverity(v Verdict) finding.Severity {
	switch v {
	case NotReady:
		return finding.Error
	case ReadyWithWarnings:
		return finding.Warning
	case Incomplete:
		return finding.Unknown
	}
	return finding.Pass
}

// examined says what the audit looked at besides the domain.
func (s *screen) examined(r *Report) {
	for _, sentence := range r.ExaminedText() {
		s.hang("", "", s.text(sentence), s.dim)
	}
}

// sections is the table of a line a section.
func (s *screen) sections(r *Report) {
	var rows [][]string
	for _, line := range r.SectionLines() {
		rows = append(rows, []string{line.Title, s.severity(line.Mark, s.mark(line.Mark)), s.fold(line.Value()), s.text(line.Text)})
	}
	s.table(nil, rows, []tw.Align{tw.AlignLeft, tw.AlignLeft, tw.AlignRight, tw.AlignLeft}, "  ")
}

// footer counts checks, as the headline does, and says how to learn more.
func (s *screen) footer(r *Report) {
	var counts []string
	for _, c := range []struct {
		severity finding.Severity
		one      string
	}{
		{finding.Critical, "critical"}, {finding.Error, "error"}, {finding.Unknown, "unknown"},
		{finding.Warning, "warning"}, {finding.Notice, "notice"},
	} {
		if n := r.checks(c.severity); n > 0 {
			counts = append(counts, counted(n, c.one))
		}
	}
	first := strings.Join(counts, ", ")
	if first == "" {
		first = "nothing found"
	}
	rest := []string{fmt.Sprintf("%d passed", r.checks(finding.Pass)),
		counted(r.Queries, "question") + ", " + durationText(r.DurationMS)}
	s.para("", s.fold(first+" · "+strings.Join(rest, " · ")))
	if hidden := r.checks(finding.Notice); hidden > 0 && !s.showNotices(r) {
		s.hang("", "", "--verbose shows the "+plural(hidden, "notice")+", what passed and all evidence", s.dim)
	} else if !s.o.Verbose {
		s.hang("", "", "--verbose shows what passed and all evidence", s.dim)
	}
	groups := r.Groups()
	if slices.ContainsFunc(groups, func(g Group) bool { return g.Check == "dkim-none-observed" && g.Severity != finding.Pass }) {
		s.hang("", "", "--selector NAME states a DKIM selector: s= in the DKIM-Signature of a message sent", s.dim)
	}
	for _, g := range groups {
		if g.Severity.AtLeast(finding.Notice) || g.Severity == finding.Unknown {
			s.hang("", "", s.text("mailworthy checks "+g.Check+" explains a check"), s.dim)
			break
		}
	}
}

func durationText(ms int64) string {
	if ms < 1000 {
		return fmt.Sprintf("%d ms", ms)
	}
	return fmt.Sprintf("%.1f s", float64(ms)/1000)
}

// counted is a number with its noun: "1 error", "2 errors".
func counted(n int, noun string) string { return strconv.Itoa(n) + " " + plural(n, noun) }

// plural is the noun alone in the form that the number asks for.
func plural(n int, noun string) string {
	if n == 1 || noun == "critical" || noun == "unknown" {
		return noun
	}
	if strings.HasSuffix(noun, "ss") || strings.HasSuffix(noun, "x") {
		return noun + "es"
	}
	return noun + "s"
}

// WriteTables writes one report as WriteTable does; of several first a table
// with a line each, and then each.
func WriteTables(w io.Writer, reports []*Report, o TableOptions) error {
	if len(reports) != 1 {
		if err := WriteSummary(w, reports, o); err != nil {
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

// WriteSummary writes a line a report: mark, score, where there is room the
// sections, and what to look at first; and then how many are in which state.
func WriteSummary(w io.Writer, reports []*Report, o TableOptions) error {
	s := newScreen(o)
	sections := s.wide >= summaryWide
	header := []string{"", "domain", "score", ""}
	align := []tw.Align{tw.AlignLeft, tw.AlignLeft, tw.AlignRight, tw.AlignLeft}
	if sections {
		for _, section := range finding.Sections[:5] {
			header = append(header, sectionTitles[section])
			align = append(align, tw.AlignLeft)
		}
	}
	var rows [][]string
	for _, r := range reports {
		severity := verdictSeverity(r.Verdict)
		row := []string{s.severity(severity, s.mark(severity)), s.text(r.Domain), s.fold(orText(number(r.Score.Value), "–")), r.Score.Grade}
		if sections {
			row = append(row, s.sectionCells(r)...)
		}
		first := ""
		if known, open := notable(r.Groups()); len(known) > 0 {
			first = known[0].title(r.Domain)
		} else if len(open) > 0 {
			first = open[0].gist(r.Domain)
		}
		rows = append(rows, append(row, s.text(first)))
	}
	s.table(append(header, "first"), rows, append(align, tw.AlignLeft), "")
	s.blank()
	var counts []string
	for _, v := range []Verdict{NotReady, ReadyWithWarnings, Incomplete, Ready} {
		n := 0
		for _, r := range reports {
			if r.Verdict == v {
				n++
			}
		}
		if n > 0 {
			severity := verdictSeverity(v)
			counts = append(counts, s.severity(severity, s.mark(severity))+fmt.Sprintf(" %d %s", n, v))
		}
	}
	s.line(strings.Join(counts, "   "))
	return s.writeTo(w)
}

// summaryWide is the width from which the summary has room for the sections.
const summaryWide = 110

// sectionCells are the sections of a report as mark and score.
func (s *screen) sectionCells(r *Report) []string {
	lines := r.SectionLines()
	var cells []string
	for _, section := range finding.Sections[:5] {
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
