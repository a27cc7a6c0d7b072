package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mailworthy/internal/atomicfile"
	"mailworthy/internal/cli"
	"mailworthy/report"
	"mailworthy/report/format"
	"mailworthy/report/terminal"
	"mailworthy/report/view"
)

// outputFlags say how a result is written and where to.
type outputFlags struct {
	format string
	file   string
	// files are those of -o of a command whose result is a document.
	files []string
	color string
	// list: what is written are the lines of a list, and a file of NDJSON is one of rows.
	list bool
	// chosen: --format was given, and no extension decides.
	chosen *pflag.Flag
	// formats are those that the command can write, the first being the default.
	formats []string
}

func (f *outputFlags) add(cmd *cobra.Command, formats ...string) {
	cmd.Flags().StringVarP(&f.file, "output", "o", "", "write to this `file` instead of standard output")
	f.addFormats(cmd, formats)
}

// addReports adds the flags of a command whose result is reports, which are written in
// several formats at once if -o is given several times.
func (f *outputFlags) addReports(cmd *cobra.Command, formats ...string) {
	f.addFiles(cmd)
	f.addFormats(cmd, formats)
}

func (f *outputFlags) addFiles(cmd *cobra.Command) {
	cmd.Flags().StringArrayVarP(&f.files, "output", "o", nil, "write to this `file` instead of standard output, by its extension in another format; repeatable")
}

// addDocument adds the flags of a command whose result is a document: it can be written
// in every format of documents, as JSON, and in those named here.
func (f *outputFlags) addDocument(cmd *cobra.Command, more ...string) {
	f.addFiles(cmd)
	formats := format.DocNames()
	f.addFormats(cmd, slices.Concat(formats[:1], []string{"json"}, formats[1:], more))
}

func (f *outputFlags) addFormats(cmd *cobra.Command, formats []string) {
	f.formats = formats
	flags := cmd.Flags()
	flags.StringVar(&f.format, "format", formats[0], "the `format` to write: "+strings.Join(formats, ", "))
	f.chosen = flags.Lookup("format")
	flags.StringVar(&f.color, "color", "auto", "colour the output `auto|always|never`")
	cli.TakesWords(cmd, "format", formats...)
}

func (f *outputFlags) check() error {
	if !slices.Contains(f.formats, f.format) {
		return withHint(fmt.Errorf("--format %q is not known here", f.format), "it is one of %s", strings.Join(f.formats, ", "))
	}
	if f.file != "" {
		f.format = f.formatOf(f.file)
	}
	for i, file := range f.written() {
		if slices.ContainsFunc(f.files[:min(i, len(f.files))], func(other string) bool { return other == file || !isStandard(file) && atomicfile.Same(other, file) }) {
			return fmt.Errorf("-o %s is given twice", file)
		}
		if name := f.formatOf(file); !slices.Contains(f.formats, name) {
			return withHint(fmt.Errorf("-o %s: %s is not a format of this command", file, name), "it writes %s", strings.Join(f.formats, ", "))
		}
	}
	return nil
}

// formatOf is the format to write to a file: that of --format, or else the one that its
// extension stands for.
func (f *outputFlags) formatOf(file string) string {
	if named, ok := format.ByExtension(file); ok && !f.chosen.Changed {
		if f.list && named.Name == "ndjson" {
			return "rows"
		}
		return named.Name
	}
	return f.format
}

// written are the files of -o; "" is standard output.
func (f *outputFlags) written() []string {
	if len(f.files) > 0 {
		return f.files
	}
	return []string{f.file}
}

// docWriter writes a result in a format that documents have not, or otherwise than they do.
type docWriter struct {
	format string
	write  func(io.Writer) error
}

// document writes a result to standard output or to each file of -o: v as JSON, doc as
// a document, and by other writers in their formats.
func (f *outputFlags) document(cmd *cobra.Command, verbose bool, v any, doc func() *view.Doc, others ...docWriter) error {
	for _, file := range f.written() {
		name := f.formatOf(file)
		if err := f.writeTo(cmd, file, func(w io.Writer) error {
			for _, other := range others {
				if other.format == name {
					return other.write(w)
				}
			}
			if name == "json" {
				return writeJSON(w, v, "  ")
			}
			d := doc()
			d.Version = version
			written, _ := format.Find(name)
			return written.Doc(w, d, format.Options{Table: f.tableFor(cmd, file, verbose)})
		}); err != nil {
			return err
		}
	}
	return nil
}

// isDocument reports whether a document can be written in the format of --format.
func (f *outputFlags) isDocument() bool {
	named, _ := format.Find(f.format)
	return f.format == "json" || named.Doc != nil
}

// table says how to draw for whoever reads standard output.
func (f *outputFlags) table(cmd *cobra.Command, verbose bool) terminal.Options {
	return f.tableFor(cmd, f.file, verbose)
}

// tableFor is table for what goes to a file, or to standard output if it is empty.
func (f *outputFlags) tableFor(cmd *cobra.Command, name string, verbose bool) terminal.Options {
	out := cmd.OutOrStdout()
	if !isStandard(name) {
		out = io.Discard // a file is no screen
	}
	o := terminal.Of(out, f.color, os.Getenv)
	o.Verbose, o.Each = verbose, !isStandard(name)
	return o
}

// write calls render and puts what it wrote where the flags say. A file is
// replaced as a whole, so that a reader never sees half of one.
func (f *outputFlags) write(cmd *cobra.Command, render func(io.Writer) error) error {
	return f.writeTo(cmd, f.file, render)
}

func (f *outputFlags) writeTo(cmd *cobra.Command, file string, render func(io.Writer) error) error {
	var b bytes.Buffer
	if err := render(&b); err != nil {
		return err
	}
	if isStandard(file) {
		_, err := cmd.OutOrStdout().Write(b.Bytes())
		return err
	}
	p, err := createPart(file)
	if err != nil {
		return err
	}
	defer p.discard()
	if _, err := p.Write(b.Bytes()); err != nil {
		return err
	}
	return p.finish()
}

// standard reports whether the result goes to standard output.
func (f *outputFlags) standard() bool { return isStandard(f.file) }

// isStandard reports whether the name of a file is that of standard output.
func isStandard(file string) bool { return file == "" || file == "-" }

// part is the file of -o until it is complete; its errors name the flag.
type part struct {
	file *atomicfile.File
	name string
}

func createPart(name string) (*part, error) {
	p := &part{name: name}
	var err error
	if p.file, err = atomicfile.Create(name, 0o644); err != nil {
		return nil, p.wrap(err)
	}
	return p, nil
}

func (p *part) Write(data []byte) (int, error) {
	n, err := p.file.Write(data)
	return n, p.wrap(err)
}

func (p *part) wrap(err error) error {
	if err != nil {
		err = fmt.Errorf("-o %s: %w", p.name, err)
	}
	return err
}

// finish gives the file its name.
func (p *part) finish() error { return p.wrap(p.file.Commit()) }

// discard drops what was written, unless the file is finished.
func (p *part) discard() { p.file.Discard() }

// writeJSON writes a value as JSON, on one line if there is no indent.
func writeJSON(w io.Writer, v any, indent string) error {
	text, err := report.MarshalJSON(v, indent)
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

// lowered are words in lower case, as flags take them.
func lowered(list []string) []string {
	out := make([]string, len(list))
	for i, word := range list {
		out[i] = strings.ToLower(word)
	}
	return out
}

func joined(list []string) string { return strings.Join(list, ", ") }
