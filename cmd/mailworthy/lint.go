package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"mailworthy/inspect"
	"mailworthy/internal/readfile"
	"mailworthy/report/view"
)

func newLint() *cobra.Command {
	var output outputFlags
	cmd := &cobra.Command{
		Use:   "lint TYPE [RECORD]",
		Short: "Check one record: spf, dkim, dmarc, mta-sts, mta-sts-policy, tls-rpt, tlsa or bimi",
		Long: `Checks one record, given as an argument or on standard input, bytes as they are
(a line break at the end apart), without asking the DNS: neither a policy nor a
logo that it leads to is fetched. mta-sts-policy is the text of a policy with all
its lines. Exit status 1 where it is not valid.`,
		Example: `  echo 'v=spf1 inlude:_spf.esp.example -all' | mailworthy lint spf
  dig +short TXT _dmarc.acme.example | sed 's/" "//g; s/"//g' | mailworthy lint dmarc
  mailworthy lint tls-rpt 'v=TLSRPTv1; rua=mailto:tls@acme.example' --format json
  curl -s https://mta-sts.acme.example/.well-known/mta-sts.txt | mailworthy lint mta-sts-policy`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 2 {
				return nil
			}
			return exactly("TYPE")(cmd, args)
		},
		ValidArgs: inspect.RecordTypes,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(inspect.RecordTypes, args[0]) {
				return withHint(fmt.Errorf("cannot lint %q", args[0]), "TYPE is one of %s", joined(inspect.RecordTypes))
			}
			if err := output.check(); err != nil {
				return err
			}
			record, err := lintInput(cmd, args)
			if err != nil {
				return err
			}
			l := inspect.Lint(args[0], record)
			if err := output.document(cmd, true, l, func() *view.Doc { return view.LintDoc(l.Type, l.Valid, l.Findings, l.Proposed) }); err != nil {
				return err
			}
			if !l.Valid {
				return exit(exitFindings)
			}
			return nil
		},
	}
	output.addDocument(cmd)
	return cmd
}

// lintInput is the record that is an argument, or else standard input.
func lintInput(cmd *cobra.Command, args []string) ([]byte, error) {
	most, from := inspect.MaxInput(args[0]), "standard input"
	var record []byte
	if len(args) == 2 {
		record, from = []byte(args[1]), "RECORD"
	} else {
		var err error
		record, err = io.ReadAll(io.LimitReader(readfile.Patient(cmd.Context(), cmd.InOrStdin()), int64(most)+3))
		if err != nil {
			return nil, fmt.Errorf("standard input: %w", err)
		}
	}
	if len(record) > most+2 {
		return nil, fmt.Errorf("%s: over %d bytes, more than a record can hold", from, most)
	}
	return record, nil
}
