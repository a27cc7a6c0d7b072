package main

import (
	"context"
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
		Findings: f.csv == "findings"}
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
