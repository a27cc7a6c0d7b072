package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mailworthy/inspect"
	"mailworthy/internal/hint"
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
		Args:      lintArgs,
		ValidArgs: inspect.RecordTypes,
		RunE: func(cmd *cobra.Command, args []string) error {
			kind := habits.Word(args[0], inspect.RecordTypes)
			if !slices.Contains(inspect.RecordTypes, kind) {
				if near := hint.Nearest(strings.ToLower(args[0]), 2, inspect.RecordTypes...); near != "" {
					return withHint(fmt.Errorf("cannot lint %q", args[0]), "%s", hint.DidYouMean(near))
				}
				return withHint(fmt.Errorf("cannot lint %q", args[0]), "TYPE is one of %s", strings.Join(inspect.RecordTypes, ", "))
			}
			if err := output.check(); err != nil {
				return err
			}
			record, err := lintInput(cmd, kind, args[1:])
			if err != nil {
				return err
			}
			l := inspect.Lint(kind, record)
			if err := output.document(cmd, true, result(l, func(l inspect.Linted) *view.Doc { return view.LintDoc(l.Type, l.Valid, l.Findings, l.Proposed) })); err != nil {
				return err
			}
			if !l.Valid {
				return exit(exitFindings)
			}
			return nil
		},
	}
	output.addDocument(cmd)
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		var missing *pflag.NotExistError
		if errors.As(err, &missing) && missing.GetSpecifiedShortnames() != "" { // a record that begins with a dash
			return withHint(err, "put the record in quotes: mailworthy lint TYPE 'v=…'")
		}
		return cmd.Parent().FlagErrorFunc()(cmd, err)
	})
	return cmd
}

// lintArgs are a type and at most one record: a record that the shell took apart was not
// in quotes.
func lintArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 2 {
		return withHint(fmt.Errorf("unexpected argument %q", args[2]), "put the record in quotes: mailworthy lint %s '%s'", args[0], strings.Join(args[1:], " "))
	}
	if len(args) == 0 {
		return exactly("TYPE")(cmd, args)
	}
	return nil
}

// lintInput is the record that is given, or else standard input.
func lintInput(cmd *cobra.Command, kind string, given []string) ([]byte, error) {
	if len(given) > 0 && given[0] != "-" {
		return inspect.ReadInput(kind, strings.NewReader(given[0]), "RECORD")
	}
	return inspect.ReadInput(kind, readfile.Patient(cmd.Context(), cmd.InOrStdin()), "standard input")
}
