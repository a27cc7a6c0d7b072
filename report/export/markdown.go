package export

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/report"
	"mailworthy/report/view"
)

// mdText escapes text for Markdown so that it is read as written: what would
// start markup, HTML, a mention or a table cell is escaped.
func mdText(s string) string {
	s = show.Line(s)
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == '<':
			b.WriteString("&lt;")
			continue
		case r == '@':
			// An entity is no mention.
			b.WriteString("&#64;")
			continue
		case r == '-' || r == '+' || r == '=':
			if i == 0 {
				b.WriteByte('\\')
			}
		case strings.ContainsRune("\\`*_[]>|#~&", r):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// mdCode is text as inline code: the fence is longer than any run of backticks in it.
func mdCode(s string) string {
	s = show.Line(s)
	fence := strings.Repeat("`", longestRun(s, '`')+1)
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	return fence + s + fence
}

// mdBlock is lines as a code block.
func mdBlock(language string, lines []string) string {
	text := strings.Join(lines, "\n")
	fence := strings.Repeat("`", max(3, longestRun(text, '`')+1))
	return fence + language + "\n" + text + "\n" + fence + "\n"
}

func longestRun(s string, c byte) int {
	longest, run := 0, 0
	for i := 0; i < len(s); i++ {
		if s[i] == c {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	return longest
}

// WriteMarkdown writes reports for an issue or a pull request: what matters in
// sight, the evidence folded away. Beside is what a run found that is of no report.
func WriteMarkdown(w io.Writer, reports []*report.Report, beside *report.Beside) error {
	var b strings.Builder
	if len(reports) > 1 {
		b.WriteString("| | domain | verdict | score | grade | first |\n| --- | --- | --- | ---: | --- | --- |\n")
		for _, r := range reports {
			first := ""
			if g := view.Groups(r); len(g) > 0 && g[0].Severity.Rank() >= finding.Warning.Rank() {
				first = mdText(g[0].Title(r.Domain))
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", view.Mark(view.VerdictSeverity(r.Verdict)), mdText(r.Domain), r.Verdict, view.ScoreText(r.Score), r.Score.Grade, first)
		}
		b.WriteString("\n")
	}
	for _, r := range reports {
		mdReport(&b, r)
	}
	mdBlocks(&b, view.BesideBlocks(beside), 2)
	_, err := io.WriteString(w, strings.TrimSuffix(b.String(), "\n"))
	return err
}

func mdReport(b *strings.Builder, r *report.Report) {
	name := mdText(r.Domain)
	if r.Unicode != "" && r.Unicode != r.Domain {
		name = mdText(r.Unicode) + " (" + name + ")"
	}
	grade := ""
	if r.Score.Value != nil {
		grade = ", grade " + r.Score.Grade
	}
	fmt.Fprintf(b, "## %s: %s, %s%s\n\n", name, r.Verdict, view.ScoreText(r.Score), grade)
	fmt.Fprintf(b, "%s\n\n", mdText(view.Headline(r)))
	for _, s := range view.ExaminedText(r) {
		fmt.Fprintf(b, "%s\n", mdText(s))
	}
	b.WriteString("\n| | section | score | |\n| --- | --- | ---: | --- |\n")
	for _, l := range view.SectionLines(r) {
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", view.Mark(l.Mark), l.Title, l.Value(), mdText(l.Text))
	}
	b.WriteString("\n")
	if len(r.Receivers) > 0 {
		b.WriteString("| | receiver | |\n| --- | --- | --- |\n")
		for i := range r.Receivers {
			v := &r.Receivers[i]
			fmt.Fprintf(b, "| %s | %s | %s |\n", view.Mark(view.ReceiverMarks[v.Result]), mdText(view.ReceiverName(v)), mdText(view.ReceiverText(r, v)))
		}
		b.WriteString("\n")
	}
	for _, g := range view.Groups(r) {
		if g.Severity.AtLeast(finding.Notice) || g.Severity == finding.Unknown {
			mdGroup(b, g, r.Domain)
		}
	}
	fmt.Fprintf(b, "%d passed; %s in %s; mailworthy %s.\n\n", view.CountChecks(r, finding.Pass), show.Counted(r.Queries, "DNS query"), show.Duration(r.DurationMS), mdText(r.Version))
}

func mdGroup(b *strings.Builder, g view.Group, domain string) {
	first := g.Findings[0]
	points := ""
	if p := g.Points(); p > 0 {
		points = fmt.Sprintf(" (+%v points)", p)
	}
	fmt.Fprintf(b, "### %s %s: %s%s\n\n", view.Mark(g.Severity), g.Severity, mdText(g.Heading()), points)
	fmt.Fprintf(b, "%s", mdCode(g.Check))
	if first.Reference != "" {
		fmt.Fprintf(b, ", %s", mdText(first.Reference))
	}
	b.WriteString("\n\n")
	for _, f := range g.Findings {
		if detail := view.DetailText(f, domain, len(g.Findings) > 1); detail == "" {
			continue
		} else if len(g.Findings) > 1 {
			fmt.Fprintf(b, "- %s\n", mdText(detail))
		} else {
			fmt.Fprintf(b, "%s\n", mdText(detail))
		}
	}
	b.WriteString("\n")
	if c, ok := report.FindCheck(g.Check); ok && g.Severity != finding.Notice {
		fmt.Fprintf(b, "%s\n\n", mdText(c.Why))
	}
	var seen []string
	for _, f := range g.Findings {
		if f.Fix == nil || slices.Contains(seen, f.Fix.Key()) {
			continue
		}
		seen = append(seen, f.Fix.Key())
		fmt.Fprintf(b, "**Fix:** %s\n\n", mdText(view.FixText(f.Fix, true)))
		if lines := diffLines(f.Fix); len(lines) > 0 {
			b.WriteString(mdBlock("diff", lines) + "\n")
		}
	}
	var evidence []string
	for _, f := range g.Findings {
		evidence = append(evidence, view.EvidenceLines(f)...)
	}
	if len(evidence) > 0 {
		fmt.Fprintf(b, "<details><summary>Evidence</summary>\n\n%s\n</details>\n\n", mdBlock("", evidence))
	}
	if text := view.FollowText(g.Findings); text != "" {
		b.WriteString(mdText(text) + "\n\n")
	}
}

// diffLines are the records of a fix as a diff in master-file syntax.
func diffLines(f *finding.Fix) []string {
	var lines []string
	for _, rec := range f.Remove {
		lines = append(lines, "- "+show.Cut(show.ZoneLine(rec), show.MaxRecordText))
	}
	for _, rec := range f.Records() {
		lines = append(lines, "+ "+show.ZoneLine(rec))
	}
	return lines
}
