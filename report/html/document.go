package html

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/report"
	"mailworthy/report/view"
)

//go:embed document.html
var documentHTML string

// templateBlock is a block as the template draws it.
type templateBlock struct {
	Kind string
	// Level is that of the headings in it.
	Level int
	// Label names what can be scrolled.
	Label string
	V     any
	Parts []templateBlock
}

// groups is a block of findings.
type groups struct {
	Groups []view.GroupBlock
	Passes []string
}

// records is a block of records.
type records struct {
	Comments    []string
	Remove, Add []view.RecordLine
	Incomplete  bool
}

// bar is a bar and how much of it is full, in hundredths.
type bar struct {
	view.Bar
	Filled int
}

// WriteDoc writes a document as one page that needs nothing else: no network and no file
// beside it, and no script but for buttons that copy.
func WriteDoc(w io.Writer, d *view.Doc) error {
	tmpl, err := parse()
	if err != nil {
		return err
	}
	p := templateBlocks{name: d.PageName()}
	blocks := d.Blocks
	if !d.Titled() {
		blocks = slices.Insert(slices.Clone(blocks), 0, view.Block(view.Title{Text: view.T(p.name)}))
	}
	var b bytes.Buffer
	if err := tmpl.ExecuteTemplate(&b, "document", struct {
		head
		Name, Version string
		Parts         []templateBlock
	}{pageHead, p.name, d.Version, p.of(blocks, 2)}); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	_, err = w.Write(b.Bytes())
	return err
}

// parse reads the templates: "page" of reports, "document" of documents.
func parse() (*template.Template, error) {
	tmpl, err := template.New("page").Funcs(template.FuncMap{"headline": view.Headline, "examined": view.ExaminedText, "t": show.Line, "answer": view.AnswerText,
		"references": view.References, "sentence": sentence, "pieces": pieces,
		"value": func(n *int) string { return cmp.Or(show.Number(n), "–") },
		"mark":  view.Mark, "plain": view.Text.Plain, "incomplete": func() string { return view.IncompleteText },
		"last": func(row []view.Text) int { return len(row) - 1 }, "class": cellClass}).Parse(pageHTML)
	if err == nil {
		tmpl, err = tmpl.New("documents").Parse(documentHTML)
	}
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return tmpl, nil
}

// sentence is a phrase as a sentence.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

func cellClass(align []view.Align, column, last int) string {
	switch {
	case column < len(align) && align[column] == view.Right:
		return "num"
	case column == last:
		return "wrap"
	}
	return ""
}

// templateBlocks makes blocks ready for the template, and names what is to be told apart.
type templateBlocks struct {
	name    string
	section string
	labels  int
}

// label is a name that no other part has.
func (p *templateBlocks) label() string {
	p.labels++
	return fmt.Sprintf("%s, part %d", cmp.Or(p.section, p.name), p.labels)
}

func (p *templateBlocks) of(blocks []view.Block, level int) []templateBlock {
	var out []templateBlock
	for _, b := range blocks {
		one := templateBlock{Level: level, V: b}
		switch b := b.(type) {
		case view.Title:
			one.Kind = "title"
		case view.Section:
			p.section = b.Title
			one.Kind, one.Parts = "section", p.of(b.Blocks, level+1)
		case view.Details:
			if len(b.Blocks) == 0 {
				continue
			}
			one.Kind, one.Parts = "details", p.of(b.Blocks, level)
		case view.Para:
			one.Kind = "para"
		case view.Note:
			one.Kind = "note"
		case view.Items:
			one.Kind = "items"
		case view.Facts:
			one.Kind = "facts"
		case view.Table:
			if len(b.Rows) == 0 {
				continue
			}
			one.Kind, one.Label = "table", p.label()
		case view.Findings:
			one.Kind = "findings"
			r := &report.Report{Result: audit.Result{Domain: b.Domain, Findings: b.List}}
			list, passes := view.NewGroupBlocks(r, &report.Plan{}, "")
			one.V = groups{list, passes}
		case view.Records:
			one.Kind = "records"
			one.V = records{b.Comments, view.RecordLines(b.Remove, true), view.RecordLines(b.Add, false), b.Incomplete()}
		case view.Diff:
			one.Kind = "diff"
		case view.Tree:
			one.Kind, one.Label = "tree", p.label()
		case view.Pre:
			one.Kind = "pre"
		case view.Chart:
			one.Kind, one.V = "chart", newChart(b)
		case view.Bars:
			one.Kind = "bars"
			var list []bar
			for _, v := range b.Bars {
				if v.Severity == "" {
					v.Severity = finding.Notice
				}
				list = append(list, bar{v, max(0, min(100, v.Value*100/b.Most()))})
			}
			one.V = list
		case view.Counted:
			one.Kind = "counted"
			one.V = view.CountedText(&report.Report{Result: audit.Result{Findings: b.Findings, Queries: b.Queries}, DurationMS: b.DurationMS})
		case view.Next:
			one.Kind = "next"
		}
		out = append(out, one)
	}
	return out
}

// piece is a part of a text, in the type of commands or not.
type piece struct {
	Text string
	Code bool
}

// pieces cuts a text at the backticks around its commands, as Markdown does.
func pieces(text string) []piece {
	var out []piece
	for i, p := range strings.Split(text, "`") {
		if p != "" {
			out = append(out, piece{p, i%2 == 1})
		}
	}
	return out
}
