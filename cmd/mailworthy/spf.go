package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/inspect"
	"mailworthy/report/view"
	"mailworthy/spf"
)

func newSPF() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "spf",
		Short: "SPF alone: check, evaluate for one client, flatten",
		Example: `  mailworthy spf check --tree acme.example
  mailworthy spf evaluate --ip 192.0.2.10 --mail-from info@acme.example
  mailworthy spf flatten acme.example`,
	}
	cmd.AddCommand(newSPFCheck(), newSPFEvaluate(), newSPFFlatten())
	return cmd
}

func newSPFCheck() *cobra.Command {
	f := &auditFlags{}
	cmd := &cobra.Command{
		Use:   "check DOMAIN...",
		Short: "The SPF section of the audit; --tree shows every term with its cost",
		Example: `  mailworthy spf check acme.example
  mailworthy spf check --tree acme.example
  mailworthy spf check --ip 192.0.2.10 acme.example`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.report(cmd, args, []finding.Section{finding.SPF})
		},
	}
	f.dns.add(cmd)
	f.output.addReports(cmd, "table", "json", "ndjson", "markdown", "html")
	f.addTarget(cmd, finding.SPF)
	cmd.Flags().BoolVar(&f.tree, "tree", false, "show every record and term with its cost, void lookups and addresses")
	return cmd
}

func newSPFEvaluate() *cobra.Command {
	var (
		q        question
		stated   inspect.Client
		mailFrom string
	)
	cmd := &cobra.Command{
		Use:   "evaluate --ip IP [--helo NAME] [--mail-from ADDRESS] [DOMAIN]",
		Short: "check_host() of RFC 7208 for one client",
		Long: `Evaluates SPF as a receiver does for one client: its address, its HELO name and
its envelope sender. An empty --mail-from '' is the null sender of bounces, for
which the HELO name is checked. A DOMAIN replaces the domain of the sender.`,
		Example: `  mailworthy spf evaluate --ip 192.0.2.10 --mail-from info@acme.example
  mailworthy spf evaluate --ip 192.0.2.10 --helo mx1.acme.example --mail-from ''
  mailworthy spf evaluate --ip 2001:db8::10 acme.example --format json`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case stated.IP == "":
				return withHint(errors.New("--ip is missing"), "usage: %s", cmd.UseLine())
			case len(args) > 1:
				return withHint(fmt.Errorf("unexpected argument %q", args[1]), "usage: %s", cmd.UseLine())
			case len(args) == 1:
				stated.Domain = args[0]
			}
			if cmd.Flags().Changed("mail-from") {
				stated.MailFrom = &mailFrom
			}
			client, err := stated.Client()
			if errors.Is(err, inspect.ErrNothingToEvaluate) {
				return withHint(err, "give --mail-from, --helo or a domain")
			}
			if err != nil {
				return ofFlag(err)
			}
			return q.ask(cmd, func(ctx context.Context, s *session) (*answer, error) {
				client.Now = s.now
				asker := s.asker()
				e := spf.CheckHost(ctx, asker, client)
				audit.UncheckSPF(&e, asker.Trace())
				return &answer{value: e, doc: func() *view.Doc { return view.EvaluationDoc(e) }}, nil
			})
		},
	}
	q.add(cmd)
	cmd.Flags().StringVar(&stated.IP, "ip", "", "the `address` of the client")
	cmd.Flags().StringVar(&stated.HELO, "helo", "", "the `name` it greets with")
	cmd.Flags().StringVar(&mailFrom, "mail-from", "", "the envelope sender `address`; '' is the null sender")
	return cmd
}
