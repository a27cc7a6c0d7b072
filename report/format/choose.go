package format

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"mailworthy/internal/atomicfile"
	"mailworthy/internal/field"
	"mailworthy/report"
	"mailworthy/report/view"
)

// Output is a place that a result is written to, in its format.
type Output struct {
	// File is "" or "-" for standard output.
	File string
	Format
}

// Standard reports whether it is standard output.
func (o Output) Standard() bool { return Standard(o.File) }

// Standard reports whether the name of a file is that of standard output.
func Standard(file string) bool { return file == "" || file == "-" }

// Save writes what render writes to the place. A file is replaced as a whole, so that a reader
// never sees half of one. The error of a file is a *field.Error of "output".
func (o Output) Save(stdout io.Writer, render func(io.Writer) error) error {
	var text Text
	if err := render(&text); err != nil {
		return err
	}
	if o.Standard() {
		_, err := stdout.Write(text.Bytes)
		return err
	}
	return InFile(o.File, atomicfile.Write(o.File, text.Bytes, FileMode))
}

// FileMode is that of a file which results are written to.
const FileMode = 0o644

// InFile is an error of writing a result to a file; nil stays nil.
func InFile(file string, err error) error {
	if err == nil {
		return nil
	}
	return &field.Error{Field: "output", What: " " + file + ": " + err.Error(), Err: err}
}

// Choice is what somebody states about the formats and the files of a result.
type Choice struct {
	// Format is a name; Stated: no extension of a file decides instead.
	Format string
	Stated bool
	// Files are where it is written to; none: standard output.
	Files []string
	// Formats are those that can be written, the first being the default.
	Formats []string
	// Rows: what is written are the lines of a list, and a file of NDJSON is one of rows.
	Rows bool

	// outputs are those that Check found.
	outputs []Output
}

// Outputs are the places in their order, and there is at least one.
func (c *Choice) Outputs() []Output {
	switch {
	case c.outputs != nil:
		return c.outputs
	case len(c.Files) == 0:
		return []Output{{Format: named(c.Format)}}
	}
	out := make([]Output, len(c.Files))
	for i, file := range c.Files {
		out[i] = Output{file, named(c.of(file))}
	}
	return out
}

func named(name string) Format {
	f, _ := Find(name)
	return f
}

// of is the name of the format to write to a file: what is stated, or else the one that its
// extension stands for.
func (c *Choice) of(file string) string {
	if f, ok := ByExtension(file); ok && !c.Stated {
		if c.Rows && f.Name == "ndjson" {
			return "rows"
		}
		return f.Name
	}
	return c.Format
}

// Check refuses what cannot be written, and makes Format that of the first place. The error
// is a *field.Error of "format" or "output".
func (c *Choice) Check() error {
	if !slices.Contains(c.Formats, c.Format) {
		return field.Errorf("format", " %q is not known here", c.Format).With("it is one of %s", strings.Join(c.Formats, ", "))
	}
	for i, file := range c.Files {
		if slices.ContainsFunc(c.Files[:i], func(other string) bool { return other == file || !Standard(file) && atomicfile.Same(other, file) }) {
			return field.Errorf("output", " %s is given twice", file)
		}
		if name := c.of(file); !slices.Contains(c.Formats, name) {
			return field.Errorf("output", " %s: %s is not a format of this command", file, name).With("it writes %s", strings.Join(c.Formats, ", "))
		}
	}
	c.outputs = c.Outputs()
	c.Format = c.outputs[0].Name
	return nil
}

// IsDocument reports whether a document can be written in the format.
func (c *Choice) IsDocument() bool { return c.Format == "json" || named(c.Format).Doc != nil }

// DocumentNames are the formats of what is shown as a document, and more.
func DocumentNames(more ...string) []string {
	names := DocNames()
	return slices.Concat(names[:1], []string{"json"}, names[1:], more)
}

// Result is what a command found, as a document.
type Result struct {
	// Value is written as JSON.
	Value any
	Doc   func() *view.Doc
	// Others are writers of formats that documents have not, or that write otherwise.
	Others map[string]func(io.Writer) error
	// Version is that of the program.
	Version string
}

// OneOrAll is what is written as JSON of several: the only one by itself, else the list.
func OneOrAll[T any](list []T) any {
	if len(list) == 1 {
		return list[0]
	}
	return list
}

// With returns the result with a writer of its own for a format.
func (r Result) With(format string, write func(io.Writer) error) Result {
	others := map[string]func(io.Writer) error{format: write}
	maps.Copy(others, r.Others)
	r.Others = others
	return r
}

// Write writes the result in a format of DocumentNames, or of its own.
func (r *Result) Write(w io.Writer, f Format, o Options) error {
	if other := r.Others[f.Name]; other != nil {
		return other(w)
	}
	if f.Name == "json" {
		return WriteJSON(w, r.Value, "  ")
	}
	if f.Doc == nil {
		return fmt.Errorf("%s is no format of documents", f.Name)
	}
	d := r.Doc()
	d.Version = r.Version
	return f.Doc(w, d, o)
}

// WriteJSON writes a value as JSON, on one line if there is no indent.
func WriteJSON(w io.Writer, v any, indent string) error {
	text, err := report.MarshalJSON(v, indent)
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

// RowFlags names the formats that take a list of any length, the last one after between.
func RowFlags(between string) string {
	names := RowNames()
	last := len(names) - 1
	return "--format " + strings.Join(names[:last], ", --format ") + between + "--format " + names[last]
}
