package format

import (
	"io"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/report"
	"mailworthy/report/terminal"
	"mailworthy/report/view"
)

// Options are what a writer may ask for besides the reports. The zero value is a
// plain table, and a run that no finding makes fail.
type Options struct {
	// Table says how to draw for a terminal.
	Table terminal.Options
	// Tree draws the SPF records ahead of the table, Plan what to do below it.
	Tree, Plan bool
	// FailOn is the severity that makes a run fail; UnknownOK: what the DNS left
	// undecided does not.
	FailOn    finding.Severity
	UnknownOK bool
	// Beside is what a run found that is of no report; nil: no run did.
	Beside *report.Beside
	// Findings: a row is a finding and not a domain, in formats that have both.
	Findings bool
	// Brand is the cover of HTML and PDF; nil for none.
	Brand *report.Brand
	// Chromium is the browser that prints PDF; empty: the one that is found.
	Chromium string
	// Pick is what is wanted of each line of a format whose lines are JSON; nil: all.
	Pick *Pick
}

// Format is a row of the table.
type Format struct {
	// Name is what --format takes.
	Name string
	// Extensions are those of files in the format, with the dot, the usual one first.
	// None belongs to two formats.
	Extensions []string
	// Write writes reports as a whole.
	Write func(w io.Writer, reports []*report.Report, o Options) error
	// Row adds one report to the text, for a list that is written as its audits end;
	// nil if the format is written as a whole.
	Row func(to *Text, r *report.Report, o Options) error
	// Detail is how much of an audit a row shows; nil: all.
	Detail func(o Options) audit.Detail
	// Header adds what stands above the first row; nil for nothing.
	Header func(to *Text, o Options) error
	// Doc writes a document, which is what commands show besides reports; nil if the
	// format is for reports alone.
	Doc func(w io.Writer, d *view.Doc, o Options) error
	// External: another program writes it, which may not be there.
	External bool
	// Binary: what is written is no text, and nothing for a terminal.
	Binary bool
	// NeedsPlan: the plan of a report is part of the format, which takes further audits.
	NeedsPlan bool
	// Exit is the exit status that those who read the format go by; nil for that of
	// the command.
	Exit func(reports []*report.Report, o Options) int
	// lines is what each line is as JSON, if it is.
	lines reflect.Type
}

// Find returns the format with the name.
func Find(name string) (Format, bool) {
	if i := slices.IndexFunc(All, func(f Format) bool { return f.Name == name }); i >= 0 {
		return All[i], true
	}
	return Format{}, false
}

// ByExtension returns the format that a file's name ends in.
func ByExtension(file string) (Format, bool) {
	extension := strings.ToLower(filepath.Ext(file))
	if i := slices.IndexFunc(All, func(f Format) bool { return slices.Contains(f.Extensions, extension) }); i >= 0 {
		return All[i], true
	}
	return Format{}, false
}

// Names are those of all formats, in the order of the table.
func Names() []string { return names(func(Format) bool { return true }) }

// RowNames are those of the formats that are written row by row.
func RowNames() []string { return names(func(f Format) bool { return f.Row != nil }) }

// DocNames are those of the formats that documents are written in.
func DocNames() []string { return names(func(f Format) bool { return f.Doc != nil }) }

func names(of func(Format) bool) []string {
	var out []string
	for _, f := range All {
		if of(f) {
			out = append(out, f.Name)
		}
	}
	return out
}
