package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"mailworthy/audit"
	"mailworthy/inspect"
	"mailworthy/report/view"
)

func newMessage() *cobra.Command {
	var (
		q                  question
		ip, helo, mailFrom string
	)
	cmd := &cobra.Command{
		Use:   "message FILE",
		Short: "A raw message as a receiver sees it: SPF, DKIM, DMARC, header hygiene",
		Long: `Reads a raw message (.eml; - reads standard input) and examines it as a receiver
does: SPF for its client, every DKIM signature, DMARC with alignment, and what
receivers enforce in the header.

The client is taken from the topmost Received field that is not of the receiver's
own hosts and gateways (their MX is asked for), the envelope sender from
Return-Path. Where they do not tell, state --ip, --helo and --mail-from. An empty --mail-from '' is the null
sender of bounces.

Exit status: 0 nothing at or above --fail-on, 1 something is, 2 bad input,
3 what is not known could change the outcome.`,
		Example: `  mailworthy message delivered.eml
  mailworthy message --ip 192.0.2.10 --helo mx1.acme.example --mail-from bounce@acme.example draft.eml
  mailworthy message --format json - < delivered.eml`,
		Args: exactly("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			envelope := inspect.Envelope{IP: ip, HELO: helo}
			if cmd.Flags().Changed("mail-from") {
				envelope.MailFrom = &mailFrom
			}
			o, err := envelope.Options()
			if err != nil {
				return ofFlag(err)
			}
			return q.ask(cmd, func(_ context.Context, s *session) (*answer, error) {
				o.Now, o.MaxQueries, o.Deadline = s.Now, s.MaxQueries, s.Deadline
				message, closing, err := openMessage(cmd, args[0])
				if err != nil {
					return nil, err
				}
				defer closing()
				// The message may take its time to be read: the deadline is that of its questions.
				seen, err := audit.RunMessage(cmd.Context(), s.Sceptic, message, o)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", args[0], err)
				}
				return &answer{Result: result(seen, view.MessageDoc), findings: seen.Findings}, nil
			})
		},
	}
	q.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&ip, "ip", "", "the `address` of the client; default: from Received")
	flags.StringVar(&helo, "helo", "", "the `name` it greeted with; default: from Received")
	flags.StringVar(&mailFrom, "mail-from", "", "the envelope sender `address`, '' the null sender; default: from Return-Path")
	q.failOn.add(cmd, "")
	return cmd
}
