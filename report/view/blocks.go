package view

import (
	"slices"
	"time"

	"mailworthy/finding"
)

// Block is a part of a Doc: one of the types of this file.
type Block interface{ block() }

// Title is what the document is about and how that stands, on one line.
type Title struct {
	// Text is drawn strong: the domain, the file.
	Text Text
	// Status follows it, Right is at the right end of the line.
	Status, Right Text
	// Lines stand below, soft: what was examined, and how.
	Lines []Text
}

// Section is a heading with the blocks below it. A section within a section has a
// smaller heading.
type Section struct {
	Title  string
	Status Text
	// Lines stand right below the heading, soft.
	Lines  []Text
	Blocks []Block
	// Loose keeps the blocks apart by an empty line; else they stand close, which suits
	// a table and what belongs to it.
	Loose bool
}

// Details are blocks for who wants to know more: a terminal draws them if it is verbose,
// without the title, and a page folds them away.
type Details struct {
	Title  string
	Blocks []Block
}

// Para is a paragraph, or several short lines that belong together.
type Para struct {
	Lines []Text
	// Soft lines can be passed over.
	Soft bool
}

// Paragraph is one plain paragraph.
func Paragraph(text string) Para { return Para{Lines: Texts(text)} }

// Aside are soft lines.
func Aside(lines ...string) Para { return Para{Lines: Texts(lines...), Soft: true} }

// Note is a paragraph behind the mark of a severity.
type Note struct {
	Severity finding.Severity
	Text     Text
}

// Items is a list of points.
type Items struct{ Items []Item }

// Item is a point of a list; its mark is a dash if it has no severity.
type Item struct {
	Severity finding.Severity
	Text     Text
}

// Facts are keys with their values, one a line. Those with an empty value are left out.
type Facts struct{ Facts []Fact }

// Fact is a key with its value.
type Fact struct {
	Key   string
	Value Text
}

// Align is the side of its column that a cell stands at.
type Align string

// The alignments of a column.
const (
	Left  Align = ""
	Right Align = "right"
)

// Table has the cells of its rows, as many in each as in the first. A terminal wraps
// the last column and keeps the others whole: long text belongs there.
type Table struct {
	// Header names the columns; nil for a table that needs no names.
	Header []string
	// Align is shorter than the rows if the last columns are at the left.
	Align []Align
	Rows  [][]Text
}

// Findings are findings with their evidence and fixes, gathered by check, the worst
// first as they come. The records of a fix are whole and can be copied.
type Findings struct {
	// Domain is the subject that need not be named with each; may be empty.
	Domain string
	List   []finding.Finding
}

// Records are records to publish and to remove, whole, in master-file syntax.
type Records struct {
	// Comments stand above them as comments of a zone file.
	Comments    []string
	Remove, Add []finding.Record
}

// Incomplete reports whether a record to publish has <a place to fill in>, so that it
// must not be published as it stands. The writers say so.
func (r Records) Incomplete() bool {
	return slices.ContainsFunc(r.Add, finding.Record.HasPlaceholder)
}

// Diff is what changed, line by line.
type Diff struct{ Lines []DiffLine }

// DiffLine is a line of a diff: Op is "+", "-" or "~", for what came, went and changed.
type DiffLine struct{ Op, Text string }

// Tree is a tree of terms or parts.
type Tree struct {
	// Lead is the name of the column ahead of the nodes, such as "lookups"; empty: there is none.
	Lead  string
	Nodes []Node
	// Caption stands below.
	Caption string
}

// Node is a part of a tree and the parts below it.
type Node struct {
	// Lead is what stands in the column ahead of the tree, at most three characters.
	Lead string
	Text string
	// Severity colours the text; empty for the usual colour.
	Severity finding.Severity
	// Notes are what is to be said about it.
	Notes []string
	// Group: it is no part itself, but says something about those beside it.
	Group    bool
	Children []Node
}

// Pre is text whose line breaks and spaces count: a transcript, a header, a log. Its
// lines are never wrapped.
type Pre struct {
	// Caption says what it is.
	Caption string
	Lines   []string
}

// Chart is a figure over time.
type Chart struct {
	// Label says what is drawn, to those who do not see it; Caption stands below.
	Label, Caption string
	// Max is the figure at the top, Grid the figures with a line across; 0 is at the bottom.
	Max    int
	Grid   []int
	Points []Point
}

// Point is a point of a chart.
type Point struct {
	At time.Time
	// Value is from 0 to Max; nil if it is not known.
	Value *int
	// Text says what the point is.
	Text string
	// Flag: something changed here. Dot: it is drawn even if points stand close.
	Flag, Dot bool
}

// Bars are figures beside each other.
type Bars struct {
	// Max is what fills a bar; 0 for the largest value.
	Max  int
	Bars []Bar
}

// Bar is a figure with its label.
type Bar struct {
	Label string
	Value int
	// Text follows the figure.
	Text     string
	Severity finding.Severity
}

// Counted says how many checks have which outcome and what that took.
type Counted struct {
	Findings   []finding.Finding
	Queries    int
	DurationMS int64
}

// Next are commands to go on with.
type Next struct{ Steps []Step }

// Step is a command that can be copied, and what it does: "explains a check".
type Step struct{ Command, Does string }

func (Title) block()    {}
func (Section) block()  {}
func (Details) block()  {}
func (Para) block()     {}
func (Note) block()     {}
func (Items) block()    {}
func (Facts) block()    {}
func (Table) block()    {}
func (Findings) block() {}
func (Records) block()  {}
func (Diff) block()     {}
func (Tree) block()     {}
func (Pre) block()      {}
func (Chart) block()    {}
func (Bars) block()     {}
func (Counted) block()  {}
func (Next) block()     {}

// Most is what fills a bar.
func (b Bars) Most() int {
	most := b.Max
	for _, bar := range b.Bars {
		most = max(most, bar.Value)
	}
	return max(most, 1)
}

// IncompleteText says that records are not to be published as they stand.
const IncompleteText = "Not to be published as it stands: replace what is written <like this> first."

// Kinds are a block of each kind: what a writer can be handed.
var Kinds = []Block{Title{}, Section{}, Details{}, Para{}, Note{}, Items{}, Facts{}, Table{}, Findings{}, Records{}, Diff{}, Tree{}, Pre{}, Chart{}, Bars{}, Counted{}, Next{}}
