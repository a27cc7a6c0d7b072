package export

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/report"
	"mailworthy/report/view"
)

// WriteMarkdownDoc writes a document for an issue, a pull request or a wiki.
func WriteMarkdownDoc(w io.Writer, d *view.Doc) error {
	var b strings.Builder
	if !d.Titled() {
		fmt.Fprintf(&b, "# %s\n\n", mdText(d.PageName()))
	}
	mdBlocks(&b, d.Blocks, 2)
	_, err := io.WriteString(w, strings.TrimRight(b.String(), "\n")+"\n")
	return err
}

// mdBlocks writes blocks, each with an empty line below it; level is that of the
// headings of sections.
func mdBlocks(b *strings.Builder, blocks []view.Block, level int) {
	for _, block := range blocks {
		switch block := block.(type) {
		case view.Title:
			fmt.Fprintf(b, "# %s%s%s\n\n", mdSpans(block.Text), show.OrEmpty(": ", mdSpans(block.Status)), show.OrEmpty(", ", mdSpans(block.Right)))
			mdLines(b, block.Lines)
		case view.Section:
			fmt.Fprintf(b, "%s %s%s\n\n", strings.Repeat("#", min(level, 6)), mdText(block.Title), show.OrEmpty(": ", mdSpans(block.Status)))
			mdLines(b, block.Lines)
			mdBlocks(b, block.Blocks, level+1)
		case view.Details:
			if len(block.Blocks) > 0 {
				fmt.Fprintf(b, "<details><summary>%s</summary>\n\n", mdText(block.Title))
				mdBlocks(b, block.Blocks, level)
				b.WriteString("</details>\n\n")
			}
		case view.Para:
			mdLines(b, block.Lines)
		case view.Note:
			fmt.Fprintf(b, "%s %s\n\n", view.Mark(block.Severity), mdSpans(block.Text))
		case view.Items:
			for _, item := range block.Items {
				mark := ""
				if item.Severity != "" {
					mark = view.Mark(item.Severity) + " "
				}
				fmt.Fprintf(b, "- %s%s\n", mark, mdSpans(item.Text))
			}
			b.WriteString("\n")
		case view.Facts:
			mdFacts(b, block)
		case view.Table:
			mdTable(b, block)
		case view.Findings:
			mdFindings(b, block)
		case view.Records:
			mdRecords(b, block)
		case view.Diff:
			var lines []string
			for _, l := range block.Lines {
				op := l.Op
				if op == "~" {
					op = "!" // the sign of a changed line in a context diff, which is coloured
				}
				lines = append(lines, op+" "+show.Line(l.Text))
			}
			b.WriteString(mdBlock("diff", lines) + "\n")
		case view.Tree:
			mdNodes(b, block.Nodes, "")
			b.WriteString("\n")
			if block.Caption != "" {
				b.WriteString(mdText(block.Caption) + "\n\n")
			}
		case view.Pre:
			if block.Caption != "" {
				b.WriteString(mdText(block.Caption) + "\n\n")
			}
			lines := make([]string, len(block.Lines))
			for i, l := range block.Lines {
				lines[i] = show.Line(l)
			}
			b.WriteString(mdBlock("", lines) + "\n")
		case view.Chart:
			b.WriteString(mdText(block.Caption) + "\n\n")
		case view.Bars:
			b.WriteString("| | | |\n| --- | ---: | --- |\n")
			for _, bar := range block.Bars {
				fmt.Fprintf(b, "| %s | %d | %s |\n", mdText(bar.Label), bar.Value, mdText(bar.Text))
			}
			b.WriteString("\n")
		case view.Counted:
			r := &report.Report{Result: audit.Result{Findings: block.Findings, Queries: block.Queries}, DurationMS: block.DurationMS}
			b.WriteString(mdText(view.CountedText(r)) + "\n\n")
		case view.Next:
			for _, step := range block.Steps {
				fmt.Fprintf(b, "- %s%s\n", mdCode(step.Command), show.OrEmpty(" ", mdText(step.Does)))
			}
			b.WriteString("\n")
		}
	}
}

// mdSpans is text with its styles; severity has no colour in Markdown.
func mdSpans(t view.Text) string {
	var b strings.Builder
	for _, p := range t {
		if p.Mark {
			b.WriteString(view.Mark(p.Severity))
			if p.Text != "" {
				b.WriteString(" ")
			}
		}
		// Only spaces are outside of what is escaped: other white space breaks the line.
		switch text := strings.Trim(p.Text, " "); {
		case text == "":
			b.WriteString(p.Text)
		case p.Style == view.Strong:
			// Spaces inside the stars would undo them.
			at := strings.Index(p.Text, text)
			b.WriteString(p.Text[:at] + "**" + mdText(text) + "**" + p.Text[at+len(text):])
		case p.Style == view.Code:
			b.WriteString(mdCode(p.Text))
		default:
			b.WriteString(mdText(p.Text))
		}
	}
	return b.String()
}

// mdLines are lines of one paragraph.
func mdLines(b *strings.Builder, lines []view.Text) {
	for i, l := range lines {
		if i > 0 {
			b.WriteString("\\\n")
		}
		b.WriteString(strings.TrimLeft(mdSpans(l), " "))
	}
	if len(lines) > 0 {
		b.WriteString("\n\n")
	}
}

// mdCell is text in a cell, where a bar ends even code.
func mdCell(t view.Text) string {
	var b strings.Builder
	for _, p := range t {
		text := mdSpans(view.Text{p})
		if p.Style == view.Code {
			text = strings.ReplaceAll(text, "|", `\|`)
		}
		b.WriteString(text)
	}
	return b.String()
}

func mdFacts(b *strings.Builder, block view.Facts) {
	b.WriteString("| | |\n| --- | --- |\n")
	for _, f := range block.Facts {
		if f.Value.Plain() != "" {
			fmt.Fprintf(b, "| %s | %s |\n", mdText(f.Key), mdCell(f.Value))
		}
	}
	b.WriteString("\n")
}

func mdTable(b *strings.Builder, block view.Table) {
	if len(block.Rows) == 0 {
		return
	}
	row := func(cells []string) { fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | ")) }
	header, rule := make([]string, len(block.Rows[0])), make([]string, len(block.Rows[0]))
	for i := range header {
		if i < len(block.Header) {
			header[i] = mdText(block.Header[i])
		}
		rule[i] = "---"
		if i < len(block.Align) && block.Align[i] == view.Right {
			rule[i] = "---:"
		}
	}
	row(header)
	row(rule)
	for _, r := range block.Rows {
		cells := make([]string, len(r))
		for i, c := range r {
			cells[i] = mdCell(c)
		}
		row(cells)
	}
	b.WriteString("\n")
}

func mdFindings(b *strings.Builder, block view.Findings) {
	r := &report.Report{Result: audit.Result{Domain: block.Domain, Findings: block.List}}
	for _, g := range view.Groups(r) {
		if g.Severity.AtLeast(finding.Notice) || g.Severity == finding.Unknown {
			mdGroup(b, g, block.Domain)
		}
	}
}

func mdRecords(b *strings.Builder, block view.Records) {
	var lines []string
	for _, c := range block.Comments {
		lines = append(lines, "; "+show.Line(c))
	}
	language := ""
	if len(block.Remove) > 0 {
		language = "diff"
		lines = append(lines, diffLines(&finding.Fix{Remove: block.Remove, More: block.Add})...)
	} else {
		lines = slices.Concat(lines, view.RecordTexts(block.Add, false))
	}
	b.WriteString(mdBlock(language, lines) + "\n")
	if block.Incomplete() {
		b.WriteString(mdText(view.IncompleteText) + "\n\n")
	}
}

func mdNodes(b *strings.Builder, nodes []view.Node, indent string) {
	for _, n := range nodes {
		lead := ""
		if n.Lead != "" {
			lead = " (" + mdText(n.Lead) + ")"
		}
		text := mdCode(n.Text)
		if n.Group {
			text = mdText(n.Text)
		}
		fmt.Fprintf(b, "%s- %s%s%s\n", indent, text, lead, show.OrEmpty(": ", mdText(strings.Join(n.Notes, "; "))))
		mdNodes(b, n.Children, indent+"  ")
	}
}
