package main

import (
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mailworthy/internal/cli"
	"mailworthy/report/format"
	"mailworthy/report/terminal"
	"mailworthy/report/view"
)

// outputFlags say how a result is written and where to.
type outputFlags struct {
	*format.Choice
	color string
	// file is -o of a command that writes one file.
	file string
	// chosen: --format was given.
	chosen *pflag.Flag
}

func (f *outputFlags) add(cmd *cobra.Command, formats ...string) {
	cmd.Flags().StringVarP(&f.file, "output", "o", "", "write to this `file` instead of standard output")
	f.addFormats(cmd, formats)
}

// addReports adds the flags of a command whose result is reports, which are written in
// several formats at once if -o is given several times.
func (f *outputFlags) addReports(cmd *cobra.Command, formats ...string) {
	f.addFormats(cmd, formats)
	cmd.Flags().StringArrayVarP(&f.Files, "output", "o", nil, "write to this `file` instead of standard output, by its extension in another format; repeatable")
}

// addDocument adds the flags of a command whose result is a document: it can be written
// in every format of documents, as JSON, and in those named here.
func (f *outputFlags) addDocument(cmd *cobra.Command, more ...string) {
	f.addReports(cmd, format.DocumentNames(more...)...)
}

func (f *outputFlags) addFormats(cmd *cobra.Command, formats []string) {
	if f.Choice == nil {
		f.Choice = new(format.Choice)
	}
	f.Formats = formats
	flags := cmd.Flags()
	flags.StringVar(&f.Format, "format", formats[0], "the `format` to write: "+strings.Join(formats, ", "))
	f.chosen = flags.Lookup("format")
	flags.StringVar(&f.color, "color", "auto", "colour the output `auto|always|never`")
	cli.TakesWords(cmd, "format", formats...)
}

// read puts what the flags say into the choice.
func (f *outputFlags) read() {
	f.Stated = f.chosen.Changed
	if f.file != "" {
		f.Files = []string{f.file}
	}
}

func (f *outputFlags) check() error {
	f.read()
	return ofFlag(f.Check())
}

// result is what a command found as a document.
func result[T any](value T, doc func(T) *view.Doc) format.Result {
	return format.Result{Value: value, Doc: func() *view.Doc { return doc(value) }, Version: version}
}

// show checks the flags, and writes what find found.
func (f *outputFlags) show(cmd *cobra.Command, verbose bool, find func() (format.Result, error)) error {
	if err := f.check(); err != nil {
		return err
	}
	found, err := find()
	if err != nil {
		return err
	}
	return f.document(cmd, verbose, found)
}

// document writes a result to standard output or to each file of -o.
func (f *outputFlags) document(cmd *cobra.Command, verbose bool, r format.Result) error {
	for _, to := range f.Outputs() {
		if err := f.save(cmd, to, func(w io.Writer) error {
			return r.Write(w, to.Format, format.Options{Table: f.table(cmd, to, verbose)})
		}); err != nil {
			return err
		}
	}
	return nil
}

// save puts what render writes where the flags say.
func (f *outputFlags) save(cmd *cobra.Command, to format.Output, render func(io.Writer) error) error {
	return ofFlag(to.Save(cmd.OutOrStdout(), render))
}

// table says how to draw for whoever reads the output.
func (f *outputFlags) table(cmd *cobra.Command, to format.Output, verbose bool) terminal.Options {
	out := cmd.OutOrStdout()
	if !to.Standard() {
		out = io.Discard // a file is no screen
	}
	o := terminal.Of(out, f.color, os.Getenv)
	o.Verbose, o.Each = verbose, !to.Standard()
	return o
}
