package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"mailworthy/finding"
	"mailworthy/internal/readfile"
	"mailworthy/report"
	"mailworthy/report/format"
)

// written is the row of the table that --format names.
func (f *auditFlags) written() format.Format {
	row, _ := format.Find(f.output.format)
	return row
}

// writing is what the flags say to the writer of a format.
func (f *auditFlags) writing(cmd *cobra.Command, failOn finding.Severity, session *session) format.Options {
	return format.Options{Table: f.output.table(cmd, session.verbose), Tree: f.tree, Plan: f.plan, FailOn: failOn, UnknownOK: session.unknownOK,
		Findings: f.csv == "findings", Pick: f.pick}
}

// chooseFormat is the format where --format does not name it: a list is rows.
func (f *auditFlags) chooseFormat(cmd *cobra.Command) {
	if f.file != "" && !f.output.chosen.Changed && f.against == "" && !f.changes {
		f.output.format = "rows"
	}
	if (f.jq != "" || len(f.fields) > 0) && !f.output.chosen.Changed {
		f.output.format = "rows"
	}
}

// checkPick checks --fields and --jq, and what rows have not.
func (f *auditFlags) checkPick() (err error) {
	if f.plan && f.output.format == "rows" {
		return withHint(errors.New("--plan with --format rows: a row has no plan"), "add --format ndjson, or --format table")
	}
	if len(f.fields) == 0 && f.jq == "" {
		return nil
	}
	if f.written().Fields() == nil || f.against != "" || f.changes {
		return withHint(fmt.Errorf("--fields and --jq take lines of JSON, and --format %s has none", f.output.format), "add --format rows or --format ndjson")
	}
	f.pick, err = format.NewPick(f.written(), f.fields, f.jq)
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

// planned reports whether the output shows a plan, which takes further audits.
func (f *auditFlags) planned() bool { return f.plan || f.written().NeedsPlan }

// maxPolicy bounds the file of --policy.
const maxPolicy = 4 << 20

// readPolicy reads the file of --policy; none is the default judgement.
func readPolicy(ctx context.Context, file string) (*report.Policy, error) {
	if file == "" {
		return nil, nil
	}
	text, err := readfile.Await(ctx, func() ([]byte, error) { return readfile.Read(file, maxPolicy, readfile.Wait) })
	if err != nil {
		return nil, fmt.Errorf("--policy: %w", &fs.PathError{Op: "open", Path: file, Err: err})
	}
	p, err := report.LoadPolicy(text)
	if err != nil {
		return nil, fmt.Errorf("--policy %s: %w", file, err)
	}
	return p, nil
}
