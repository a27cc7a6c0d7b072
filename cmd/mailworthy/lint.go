package main

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"mailworthy/dkim"
	"mailworthy/dmarc"
	"mailworthy/finding"
	"mailworthy/internal/readfile"
	"mailworthy/report"
	"mailworthy/report/view"
	"mailworthy/spf"
	"mailworthy/transport"
)

// maxRecord is the size of the longest TXT record that the DNS can carry.
const maxRecord = 65535

// lintTypes are the records that lint knows.
var lintTypes = append([]string{"spf", "dkim", "dmarc"}, transport.Types...)

// syntaxChecks are the checks of each type for a text that is no record.
var syntaxChecks = map[string]string{"spf": "spf-syntax", "dkim": "dkim-key-syntax", "dmarc": "dmarc-syntax",
	"mta-sts": "mta-sts-syntax", "tls-rpt": "tls-rpt-syntax", "bimi": "bimi-syntax"}

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
		Short: "Check one record from standard input: spf, dkim, dmarc, mta-sts, tls-rpt or bimi",
		Long: `Reads one record from standard input, bytes as they are (a line break at the end
apart), and checks it without asking the DNS: neither a policy nor a logo that it
leads to is fetched. Exit status 1 where it is not valid.`,
		Example: `  echo 'v=spf1 inlude:_spf.esp.example -all' | mailworthy lint spf
  dig +short TXT _dmarc.acme.example | sed 's/" "//g; s/"//g' | mailworthy lint dmarc
  echo 'v=STSv1; id=20261121' | mailworthy lint mta-sts --format json`,
		Args:      exactly("TYPE"),
		ValidArgs: lintTypes,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(lintTypes, args[0]) {
				return withHint(fmt.Errorf("cannot lint %q", args[0]), "TYPE is one of %s", joined(lintTypes))
			}
			if err := output.check(); err != nil {
				return err
			}
			record, err := io.ReadAll(io.LimitReader(readfile.Patient(cmd.Context(), cmd.InOrStdin()), maxRecord+3))
			if err != nil {
				return fmt.Errorf("standard input: %w", err)
			}
			if len(record) > maxRecord+2 {
				return fmt.Errorf("standard input: over %d bytes, more than a record can hold", maxRecord)
			}
			l := lint(args[0], record)
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

// lint checks a record of a type that lintTypes has.
func lint(kind string, record []byte) linted {
	l := linted{Type: kind}
	if n := recordLines(record); n > 1 {
		// Whatever else is wrong follows from that.
		c, _ := report.FindCheck(syntaxChecks[kind])
		l.Findings = []finding.Finding{{Check: c.ID, Severity: finding.Error, Section: c.Section, Subject: "record", Reference: c.Reference,
			Title: fmt.Sprintf("The input has %d lines", n), Detail: fmt.Sprintf("The input has %d lines, and a record is one. Check each record by itself.", n)}}
		return l
	}
	switch kind {
	case "spf":
		r := spf.Lint(record)
		l.Valid, l.Findings = r.Valid, r.Findings
		return l
	case "dkim":
		l.Findings = dkim.Lint(record)
	case "dmarc":
		l.Findings = dmarc.Lint(record)
	default:
		l.Findings = transport.Lint(kind, record)
	}
	l.Valid = !slices.ContainsFunc(l.Findings, func(f finding.Finding) bool { return f.Severity.AtLeast(finding.Error) })
	return l
}

// recordLines counts the lines that begin a record: one that begins with white
// space goes on with the line before (RFC 6376, 3.2).
func recordLines(record []byte) int {
	n := 0
	for line := range bytes.Lines(record) {
		if text := bytes.TrimRight(line, "\r\n"); len(text) > 0 && (n == 0 || text[0] != ' ' && text[0] != '\t') {
			n++
		}
	}
	return n
}
