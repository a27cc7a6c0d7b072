package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"mailworthy/dkim"
	"mailworthy/dmarc"
	"mailworthy/finding"
	"mailworthy/report"
	"mailworthy/spf"
)

// maxRecord is the size of the longest TXT record that the DNS can carry.
const maxRecord = 65535

// lintTypes are the records that lint knows.
var lintTypes = []string{"spf", "dkim", "dmarc"}

// linted is the JSON of lint.
type linted struct {
	Type     string            `json:"type"`
	Valid    bool              `json:"valid"`
	Findings []finding.Finding `json:"findings"`
}

func newLint() *cobra.Command {
	var output outputFlags
	cmd := &cobra.Command{
		Use:   "lint TYPE",
		Short: "Check one record from standard input: spf, dkim or dmarc",
		Long: `Reads one record from standard input, bytes as they are (a line break at the end
apart), and checks it without asking the DNS. Exit status 1 where it is not valid.`,
		Example: `  echo 'v=spf1 inlude:_spf.esp.example -all' | mailworthy lint spf
  dig +short TXT _dmarc.acme.example | tr -d '"' | mailworthy lint dmarc --format json`,
		Args:      exactly("TYPE"),
		ValidArgs: lintTypes,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(lintTypes, args[0]) {
				return withHint(fmt.Errorf("cannot lint %q", args[0]), "TYPE is one of %s", joined(lintTypes))
			}
			if err := output.check(); err != nil {
				return err
			}
			record, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), maxRecord+3))
			if err != nil {
				return fmt.Errorf("standard input: %w", err)
			}
			if len(record) > maxRecord+2 {
				return fmt.Errorf("standard input: over %d bytes, more than a record can hold", maxRecord)
			}
			l := lint(args[0], record)
			if err := output.write(cmd, func(w io.Writer) error {
				if output.format == "json" {
					return writeJSON(w, l)
				}
				return report.WriteLint(w, l.Type, l.Valid, l.Findings, output.table(cmd, true))
			}); err != nil {
				return err
			}
			if !l.Valid {
				return exit(exitFindings)
			}
			return nil
		},
	}
	output.add(cmd, "table", "json")
	return cmd
}

// lint checks a record of a type that lintTypes has.
func lint(kind string, record []byte) linted {
	l := linted{Type: kind}
	switch kind {
	case "spf":
		r := spf.Lint(record)
		l.Valid, l.Findings = r.Valid, r.Findings
		return l
	case "dkim":
		l.Findings = dkim.Lint(record)
	case "dmarc":
		l.Findings = dmarc.Lint(record)
	}
	l.Valid = !slices.ContainsFunc(l.Findings, func(f finding.Finding) bool { return f.Severity.AtLeast(finding.Error) })
	return l
}
