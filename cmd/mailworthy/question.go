package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mailworthy/finding"
	"mailworthy/internal/cli"
	"mailworthy/internal/field"
	"mailworthy/report"
	"mailworthy/report/format"
)

// question are the flags of a command that asks the DNS once, and shows what it found as a
// document.
type question struct {
	dns    dnsFlags
	output outputFlags
	failOn failOnFlag
}

// add adds the flags; the result can also be written in the formats named here.
func (q *question) add(cmd *cobra.Command, formats ...string) {
	q.dns.add(cmd)
	q.output.addDocument(cmd, formats...)
}

// answer is what a command found, and how it ends.
type answer struct {
	format.Result
	// findings are judged by --fail-on.
	findings []finding.Finding
	// status is the exit status if that is not judged by findings.
	status func(failOn finding.Severity) int
}

// ask checks the flags, opens a session for find, and shows what that found. The context
// of find ends after --deadline.
func (q *question) ask(cmd *cobra.Command, find func(ctx context.Context, s *session) (*answer, error)) error {
	limit, err := q.failOn.limit()
	if err != nil {
		return err
	}
	if err := q.output.check(); err != nil {
		return err
	}
	s, err := q.dns.open(cmd.Context(), cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	defer s.Close()
	ctx, cancel := s.Context(cmd.Context())
	defer cancel()
	a, err := find(ctx, s)
	if err := cmd.Context().Err(); err != nil {
		return err
	}
	if err != nil {
		return err
	}
	if err := q.output.document(cmd, s.verbose, a.Result); err != nil {
		return err
	}
	if a.status != nil {
		return s.exit(a.status(limit))
	}
	return s.exit(report.ExitOf(a.findings, limit))
}

// failOnFlag is --fail-on. Without the flag nothing fails.
type failOnFlag struct{ word string }

// severityWords are the words of --fail-on.
var severityWords = []string{string(finding.Critical), string(finding.Error), string(finding.Warning), string(finding.Notice), string(report.Never)}

// add adds the flag. Its default is error, or is to be had from elsewhere, which more says.
func (f *failOnFlag) add(cmd *cobra.Command, more string) {
	if f.word = string(finding.Error); more != "" {
		f.word = ""
	}
	cmd.Flags().StringVar(&f.word, "fail-on", f.word, "exit with status 1 at this `severity` or worse: "+strings.Join(severityWords, ", ")+more)
	cli.TakesWords(cmd, "fail-on", severityWords...)
}

// limit checks the flag.
func (f *failOnFlag) limit() (finding.Severity, error) {
	switch {
	case f.word == "":
		return report.Never, nil
	case slices.Contains(severityWords, f.word):
		return finding.Severity(f.word), nil
	}
	return "", fmt.Errorf("--fail-on %q: it must be %s", f.word, cli.Either(severityWords))
}

// flagNames are the flags whose name differs from the key in JSON.
var flagNames = map[string]string{"output": "-o", "file": "-f", "resolvers": "resolver", "zones": "zone", "selectors": "selector", "dkim_domains": "dkim-domain", "ips": "ip", "providers": "provider", "guess": "selectors", "tokens": "token", "ports": "port"}

// flagOf is the flag that states a field.
func flagOf(field string) string {
	name := cmp.Or(flagNames[field], strings.ReplaceAll(field, "_", "-"))
	if strings.HasPrefix(name, "-") {
		return name
	}
	return "--" + name
}

// ofFlag is an error of fields as one of the flags that state them.
func ofFlag(err error) error {
	var wrong *field.Error
	if !errors.As(err, &wrong) {
		return err
	}
	return wrong.Named(flagOf)
}
