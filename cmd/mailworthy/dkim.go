package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"mailworthy/dkim"
	"mailworthy/finding"
	"mailworthy/internal/readfile"
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
	var (
		dns    dnsFlags
		output outputFlags
	)
	cmd := &cobra.Command{
		Use:   "verify FILE",
		Short: "Verify each DKIM signature of a raw message; - reads standard input",
		Example: `  mailworthy dkim verify message.eml
  mailworthy dkim verify --now 2026-11-21T09:00:00Z --format json - < message.eml`,
		Args: exactly("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := output.check(); err != nil {
				return err
			}
			s, err := dns.open(cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			defer s.stack.Close()
			message, closing, err := openMessage(cmd, args[0])
			if err != nil {
				return err
			}
			defer closing()
			ctx, cancel := s.context(cmd.Context())
			defer cancel()
			v, err := dkim.Verify(ctx, s.asker(), message, s.now)
			if err := cmd.Context().Err(); err != nil {
				return err
			}
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			return output.write(cmd, func(w io.Writer) error {
				if output.format == "json" {
					return writeJSON(w, v)
				}
				return showSignatures(w, v)
			})
		},
	}
	dns.add(cmd)
	output.add(cmd, "table", "json")
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

func showSignatures(w io.Writer, v *dkim.Verification) error {
	if len(v.Signatures) == 0 {
		_, err := fmt.Fprintln(w, "the message has no DKIM-Signature")
		return err
	}
	for i, s := range v.Signatures {
		if i > 0 {
			fmt.Fprintln(w)
		}
		bits := ""
		if s.KeyBits > 0 {
			bits = strconv.Itoa(s.KeyBits)
		}
		length := ""
		if s.BodyLength != nil {
			length = fmt.Sprintf("the first %d octets only (l=)", *s.BodyLength)
		}
		expires := ""
		if s.Expires != nil {
			expires = s.Expires.UTC().Format("2006-01-02 15:04:05Z")
		}
		if err := showPairs(w, []pair{
			{"result", string(s.Result)}, {"reason", s.Reason}, {"domain", s.Domain}, {"selector", s.Selector},
			{"identity", s.Identity}, {"algorithm", s.Algorithm}, {"key bits", bits}, {"signed headers", strings.Join(s.Headers, " ")},
			{"signed body", length}, {"expires", expires}, {"warnings", strings.Join(s.Warnings, "; ")},
		}); err != nil {
			return err
		}
	}
	return nil
}
