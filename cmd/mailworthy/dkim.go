package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"mailworthy/audit"
	"mailworthy/dkim"
	"mailworthy/finding"
	"mailworthy/internal/readfile"
	"mailworthy/report/view"
)

func newDKIM() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dkim",
		Short: "DKIM alone: the keys of a domain, the signatures of a message",
		Example: `  mailworthy dkim check --selector s1 acme.example
  mailworthy dkim verify message.eml`,
	}
	cmd.AddCommand(newSectionCheck("check DOMAIN...", "The DKIM section of the audit: keys found, selectors tried",
		`  mailworthy dkim check acme.example
  mailworthy dkim check --selector s1 --selector s2 acme.example
  mailworthy dkim check --selectors all acme.example`, finding.DKIM), newDKIMVerify())
	return cmd
}

func newDKIMVerify() *cobra.Command {
	var q question
	cmd := &cobra.Command{
		Use:   "verify FILE",
		Short: "Verify each DKIM signature of a raw message; - reads standard input",
		Example: `  mailworthy dkim verify message.eml
  mailworthy dkim verify --now 2026-11-21T09:00:00Z --format json - < message.eml`,
		Args: exactly("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return q.ask(cmd, func(ctx context.Context, s *session) (*answer, error) {
				message, closing, err := openMessage(cmd, args[0])
				if err != nil {
					return nil, err
				}
				defer closing()
				asker := s.Evaluator()
				v, err := dkim.Verify(ctx, asker, message, s.Now)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", args[0], err)
				}
				audit.UncheckDKIM(v, asker.Trace())
				return &answer{Result: result(v, view.SignaturesDoc)}, nil
			})
		},
	}
	q.add(cmd)
	return cmd
}

// openMessage opens a raw message, and the function that closes it. What reads it
// bounds it; only a file that is too large by its size is refused here.
func openMessage(cmd *cobra.Command, name string) (io.Reader, func(), error) {
	if name == "-" {
		return readfile.Patient(cmd.Context(), cmd.InOrStdin()), func() {}, nil
	}
	file, reader, err := readfile.Open(cmd.Context(), name)
	if err != nil {
		return nil, nil, err
	}
	const most = dkim.MaxHeader + dkim.MaxBody
	if info, err := file.Stat(); err == nil && (info.IsDir() || info.Size() > most) {
		file.Close()
		if info.IsDir() {
			return nil, nil, fmt.Errorf("%s is a folder, not a message", name)
		}
		return nil, nil, fmt.Errorf("%s: %d bytes, more than any receiver takes (%d)", name, info.Size(), most)
	}
	return reader, func() { file.Close() }, nil
}
