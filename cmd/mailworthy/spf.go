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
	spfpolicy "mailworthy/spf/policy"
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
	f := newAuditFlags()
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
				client.Now = s.Now
				asker := s.Evaluator()
				e := spf.CheckHost(ctx, asker, client)
				audit.UncheckSPF(&e, asker.Trace())
				return &answer{Result: result(e, view.EvaluationDoc)}, nil
			})
		},
	}
	q.add(cmd)
	cmd.Flags().StringVar(&stated.IP, "ip", "", "the `address` of the client")
	cmd.Flags().StringVar(&stated.HELO, "helo", "", "the `name` it greets with")
	cmd.Flags().StringVar(&mailFrom, "mail-from", "", "the envelope sender `address`; '' is the null sender")
	return cmd
}

func newSPFFlatten() *cobra.Command {
	var q question
	cmd := &cobra.Command{
		Use:   "flatten DOMAIN",
		Short: "A record with fewer lookups, and what it costs to keep current",
		Long: `Proposes SPF records that need fewer lookups and authorise the same addresses,
split over several names where one record would be too long. What changes often
stays a name, and so does with --offline what no zone holds. The proposal is evaluated beside the current record before it is
shown; where the two disagree it is withheld.

Exit status: 0 with a proposal, 1 without one, 3 where the DNS did not say
enough for one.`,
		Example: `  mailworthy spf flatten acme.example
  mailworthy spf flatten --format json acme.example`,
		ValidArgsFunction: cobra.NoFileCompletions,
		Args:              exactly("DOMAIN"),
		RunE: func(cmd *cobra.Command, args []string) error {
			domain, err := audit.ParseDomain(args[0])
			if err != nil {
				return err
			}
			return q.ask(cmd, func(ctx context.Context, s *session) (*answer, error) {
				if err := s.Held(domain); err != nil {
					return nil, err
				}
				f, err := spfpolicy.Flatten(ctx, s.Asker(), domain, s.Now)
				return &answer{Result: result(f, view.FlatteningDoc), status: func(finding.Severity) int {
					switch {
					case f.Unresolved:
						return exitIncomplete
					case len(f.Records) == 0:
						return exitFindings
					}
					return exitOK
				}}, err
			})
		},
	}
	q.add(cmd)
	return cmd
}
