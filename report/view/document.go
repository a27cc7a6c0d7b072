package view

import (
	"cmp"
	"strings"

	"mailworthy/finding"
)

// Doc is what a command shows that is not a report: a message, a survey of block
// lists, a bounce, a log. It is a list of blocks, which terminal.WriteDoc,
// export.WriteMarkdownDoc and html.WriteDoc draw alike.
//
// Text in it is raw, of any origin and any length: a writer bounds it and escapes it
// for its medium. Whoever makes a Doc decides what is shown and in which order, and
// bounds how many rows and blocks there are; a writer decides nothing.
type Doc struct {
	// Name is the title of the page in a browser; the text of the first Title if empty.
	Name string
	// Version is that of the program, for the foot of a page.
	Version string
	Blocks  []Block
}

// Add puts blocks at the end of the document.
func (d *Doc) Add(blocks ...Block) { d.Blocks = append(d.Blocks, blocks...) }

// PageName is what the window of a browser shows for the document.
func (d *Doc) PageName() string {
	for _, b := range d.Blocks {
		if t, ok := b.(Title); ok && d.Name == "" {
			return strings.Join(strings.Fields(t.Text.Plain()+" "+t.Status.Plain()), " ")
		}
	}
	return cmp.Or(d.Name, "mailworthy")
}

// Titled reports whether the document begins with a title. A page of one that has none
// has its name for one.
func (d *Doc) Titled() bool {
	if len(d.Blocks) == 0 {
		return false
	}
	_, ok := d.Blocks[0].(Title)
	return ok
}

// Style is how a piece of text looks beside its neighbours.
type Style string

// The styles of text. A medium without one draws the text alone.
const (
	Plain  Style = ""
	Strong Style = "strong"
	// Soft is what can be passed over: a source, a hint.
	Soft Style = "soft"
	// Code is what is typed or published: a record, a command, a name. A terminal
	// draws it as it draws all text.
	Code Style = "code"
)

// Span is a piece of text that looks alike.
type Span struct {
	Text  string
	Style Style
	// Severity colours the text; empty for the usual colour. Nothing is said by it alone.
	Severity finding.Severity
	// Mark draws the mark of the severity ahead of the text, or the mark alone if
	// there is no text.
	Mark bool
}

// Text is a line or a paragraph of spans. Line breaks in it are escaped: a paragraph
// is wrapped by the medium, and lines to keep are a Pre.
type Text []Span

// T is plain text.
func T(text string) Text { return Text{{Text: text}} }

// StrongText, SoftText and CodeText are text in one style.
func StrongText(text string) Text { return Text{{Text: text, Style: Strong}} }
func SoftText(text string) Text   { return Text{{Text: text, Style: Soft}} }
func CodeText(text string) Text   { return Text{{Text: text, Style: Code}} }

// Colored is text in the colour of a severity.
func Colored(severity finding.Severity, text string) Text {
	return Text{{Text: text, Severity: severity}}
}

// Marked is text behind the mark of a severity, both in its colour; the mark alone if
// the text is empty.
func Marked(severity finding.Severity, text string) Text {
	return Text{{Text: text, Severity: severity, Mark: true}}
}

// Joined is several texts as one, with nothing between them.
func Joined(texts ...Text) Text {
	var out Text
	for _, t := range texts {
		out = append(out, t...)
	}
	return out
}

// Plain is the text without its styles and marks, raw.
func (t Text) Plain() string {
	out := ""
	for _, s := range t {
		out += s.Text
	}
	return out
}

// Texts are plain texts, one for each string: the cells of a row, the lines of a Para.
func Texts(list ...string) []Text {
	out := make([]Text, len(list))
	for i, s := range list {
		out[i] = T(s)
	}
	return out
}
