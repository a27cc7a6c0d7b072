package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"mailworthy/audit"
	"mailworthy/inspect"
	"mailworthy/report"
	"mailworthy/report/view"
)

func newMessage() *cobra.Command {
	var (
		dns                        dnsFlags
		output                     outputFlags
		ip, helo, mailFrom, failOn string
	)
	cmd := &cobra.Command{
		Use:   "message FILE",
		Short: "A raw message as a receiver sees it: SPF, DKIM, DMARC, header hygiene",
		Long: `Reads a raw message (.eml; - reads standard input) and examines it as a receiver
does: SPF for its client, every DKIM signature, DMARC with alignment, and what
receivers enforce in the header.

The client is taken from the topmost Received field with a public address, the
envelope sender from Return-Path. A message that was not delivered yet has
neither: state --ip, --helo and --mail-from. An empty --mail-from '' is the null
sender of bounces.

Exit status: 0 nothing at or above --fail-on, 1 something is, 2 bad input,
3 what is not known could change the outcome.`,
		Example: `  mailworthy message delivered.eml
  mailworthy message --ip 192.0.2.10 --helo mx1.acme.example --mail-from bounce@acme.example draft.eml
  mailworthy message --format json - < delivered.eml`,
		Args: exactly("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := output.check(); err != nil {
				return err
			}
			envelope := inspect.Envelope{IP: ip, HELO: helo}
			if cmd.Flags().Changed("mail-from") {
				envelope.MailFrom = &mailFrom
			}
			o, err := envelope.Options()
			if err != nil {
				return ofFlag(err)
			}
			limit, err := (&auditFlags{failOn: failOn}).limit()
			if err != nil {
				return err
			}
			s, err := dns.open(cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			defer s.stack.Close()
			o.Now, o.MaxQueries, o.Deadline = s.now, s.maxQueries, s.deadline
			message, closing, err := openMessage(cmd, args[0])
			if err != nil {
				return err
			}
			defer closing()
			result, err := audit.RunMessage(cmd.Context(), s.stack, message, o)
			if err := cmd.Context().Err(); err != nil {
				return err
			}
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			if err := output.document(cmd, s.verbose, result, func() *view.Doc { return view.MessageDoc(result) }); err != nil {
				return err
			}
			return s.exit(report.ExitOf(result.Findings, limit))
		},
	}
	dns.add(cmd)
	output.addDocument(cmd)
	flags := cmd.Flags()
	flags.StringVar(&ip, "ip", "", "the `address` of the client; default: from Received")
	flags.StringVar(&helo, "helo", "", "the `name` it greeted with; default: from Received")
	flags.StringVar(&mailFrom, "mail-from", "", "the envelope sender `address`, '' the null sender; default: from Return-Path")
	flags.StringVar(&failOn, "fail-on", "error", "exit with status 1 at this `severity` or worse: critical, error, warning, notice, never")
	return cmd
}
