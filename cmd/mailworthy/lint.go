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
		Use:   "lint TYPE",
		Short: "Check one record from standard input: spf, dkim, dmarc, mta-sts, tls-rpt or bimi",
		Long: `Reads one record from standard input, bytes as they are (a line break at the end
apart), and checks it without asking the DNS: neither a policy nor a logo that it
leads to is fetched. Exit status 1 where it is not valid.`,
		Example: `  echo 'v=spf1 inlude:_spf.esp.example -all' | mailworthy lint spf
  dig +short TXT _dmarc.acme.example | sed 's/" "//g; s/"//g' | mailworthy lint dmarc
  echo 'v=STSv1; id=20261121' | mailworthy lint mta-sts --format json`,
		Args:      exactly("TYPE"),
		ValidArgs: inspect.RecordTypes,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(inspect.RecordTypes, args[0]) {
				return withHint(fmt.Errorf("cannot lint %q", args[0]), "TYPE is one of %s", joined(inspect.RecordTypes))
			}
			if err := output.check(); err != nil {
				return err
			}
			record, err := io.ReadAll(io.LimitReader(readfile.Patient(cmd.Context(), cmd.InOrStdin()), inspect.MaxRecord+3))
			if err != nil {
				return fmt.Errorf("standard input: %w", err)
			}
			if len(record) > inspect.MaxRecord+2 {
				return fmt.Errorf("standard input: over %d bytes, more than a record can hold", inspect.MaxRecord)
			}
			l := inspect.Lint(args[0], record)
			if err := output.document(cmd, true, l, func() *view.Doc { return view.LintDoc(l.Type, l.Valid, l.Findings) }); err != nil {
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
