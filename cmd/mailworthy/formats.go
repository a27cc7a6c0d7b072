package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"mailworthy/internal/atomicfile"
	"mailworthy/internal/readfile"
	"mailworthy/report"
	"mailworthy/report/format"
	"mailworthy/report/pdf"
)

// written is a file to write, "" or "-" for standard output, and its format.
type written struct {
	file string
	format.Format
}

// writing is what the flags say to the writer of a format.
func (f *auditFlags) writing(cmd *cobra.Command, to written, a *auditor) format.Options {
	return format.Options{Table: f.output.tableFor(cmd, to.file, a.session.verbose), Tree: f.tree, Plan: f.plan, FailOn: a.standard.FailOn, UnknownOK: a.standard.UnknownOK,
		Findings: f.csv == "findings", Pick: f.pick, Brand: f.brand, Chromium: f.chromium}
}

// chooseFormats finds the files to write and their formats: that of --format, or that of
// the file's extension, or rows for a list, or the table.
func (f *auditFlags) chooseFormats(out io.Writer) error {
	compared := f.against != "" || f.changes
	f.output.list = f.file != ""
	if (f.output.list || f.jq != "" || len(f.fields) > 0) && !f.output.chosen.Changed && !compared {
		f.output.format = "rows"
	}
	if err := f.output.check(); err != nil {
		return err
	}
	for _, file := range f.output.written() {
		if file != "" && f.file != "" && atomicfile.Same(f.file, file) {
			return fmt.Errorf("-o %s is the list of -f: it would be overwritten", file)
		}
		named, _ := format.Find(f.output.formatOf(file))
		if terminal, ok := out.(*os.File); ok && named.Binary && isStandard(file) && term.IsTerminal(int(terminal.Fd())) {
			return withHint(fmt.Errorf("--format %s is not written to a terminal", named.Name), "write it to a file: -o report%s", named.Extensions[0])
		}
		f.writes = append(f.writes, written{file, named})
	}
	if err := f.findChromium(); err != nil {
		return err
	}
	if compared && len(f.writes) > 1 {
		return errors.New("a comparison is written once: give -o once")
	}
	f.output.file, f.output.format = f.writes[0].file, f.writes[0].Name
	return f.checkPick()
}

// findChromium finds the browser that prints PDF, if it is to be written: not finding it
// is better said before an audit than after it.
func (f *auditFlags) findChromium() (err error) {
	if !slices.ContainsFunc(f.writes, func(w written) bool { return w.Name == "pdf" }) {
		if f.chromium != "" {
			return withHint(errors.New("--chromium without PDF to write"), "add -o report.pdf")
		}
		return nil
	}
	f.chromium, err = pdf.Find(f.chromium)
	if errors.Is(err, pdf.ErrNoBrowser) {
		return withHint(err, "install it (Debian, Ubuntu: apt install chromium; Fedora: dnf install chromium; macOS, Windows: Chrome, Chromium or Edge), or name it with --chromium PATH; or write HTML (-o report.html) and print that")
	} else if err != nil {
		return fmt.Errorf("--chromium %w", err)
	}
	return nil
}

// planned reports whether the output shows a plan, which takes further audits.
func (f *auditFlags) planned() bool {
	if f.against != "" || f.changes {
		return f.plan
	}
	return f.plan || slices.ContainsFunc(f.writes, func(w written) bool { return w.NeedsPlan })
}

// checkPick checks --fields and --jq, and what rows have not.
func (f *auditFlags) checkPick() (err error) {
	picks := len(f.fields) > 0 || f.jq != ""
	for _, to := range f.writes {
		switch {
		case f.plan && to.Name == "rows":
			return withHint(errors.New("--plan with --format rows: a row has no plan"), "add --format ndjson, or --format table")
		case picks && (to.Fields() == nil || f.against != "" || f.changes):
			return withHint(fmt.Errorf("--fields and --jq take lines of JSON, and --format %s has none", to.Name), "add --format rows or --format ndjson")
		case picks && to.Name != f.output.format:
			return fmt.Errorf("--fields and --jq with -o in two formats, %s and %s", f.output.format, to.Name)
		}
	}
	if picks {
		f.pick, err = format.NewPick(f.writes[0].Format, f.fields, f.jq)
	}
	return ofPick(err)
}

// ofPick is an error of what is wanted of a line, with its flag.
func ofPick(err error) error {
	var wrong *format.PickError
	if !errors.As(err, &wrong) {
		return err
	}
	named := fmt.Errorf("--%w", err)
	if wrong.Help == "" {
		return named
	}
	return withHint(named, "%s", wrong.Help)
}

// readPolicy reads the file of --policy; none is the default judgement.
func readPolicy(ctx context.Context, file string) (*report.Policy, error) {
	if file == "" {
		return nil, nil
	}
	p, err := readfile.Await(ctx, func() (*report.Policy, error) { return report.ReadPolicy(file) })
	if path := (*fs.PathError)(nil); errors.As(err, &path) && path.Path == file {
		return nil, fmt.Errorf("--policy: %w", err)
	} else if err != nil {
		return nil, fmt.Errorf("--policy %s: %w", file, err)
	}
	return p, nil
}
