package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"mailworthy/audit"
	"mailworthy/dmarc"
	"mailworthy/finding"
	"mailworthy/inspect"
	"mailworthy/report/view"
)

func newDMARC() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dmarc",
		Short: "DMARC alone: check, evaluate for the identities of a message",
		Example: `  mailworthy dmarc check acme.example
  mailworthy dmarc evaluate --from acme.example --spf bounce.acme.example=pass --dkim esp.example=pass`,
	}
	cmd.AddCommand(newSectionCheck("check DOMAIN...", "The DMARC section of the audit: record, walk, report destinations",
		`  mailworthy dmarc check acme.example
  mailworthy dmarc check --mail-from bounce.esp.example --dkim-domain acme.example acme.example`, finding.DMARC),
		newDMARCEvaluate())
	return cmd
}

// newSectionCheck is the audit restricted to one section.
func newSectionCheck(use, short, example string, section finding.Section) *cobra.Command {
	f := newAuditFlags()
	cmd := &cobra.Command{
		Use: use, Short: short, Example: example,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.report(cmd, args, []finding.Section{section})
		},
	}
	f.dns.add(cmd)
	f.output.addReports(cmd, "table", "json", "ndjson", "markdown", "html")
	f.addTarget(cmd, section)
	return cmd
}

func newDMARCEvaluate() *cobra.Command {
	var (
		q      question
		stated inspect.Identities
	)
	cmd := &cobra.Command{
		Use:   "evaluate --from DOMAIN [--spf DOMAIN=RESULT]... [--dkim DOMAIN=RESULT]...",
		Short: "The DMARC verdict of RFC 9989 for the identities of a message",
		Long: `Says what a receiver concludes for a message from its identities alone: the
domain of From, the envelope domain with its SPF result, the signing domains with
their DKIM results. Only a result of "pass" counts, so before launch one states
what is expected.`,
		Example: `  mailworthy dmarc evaluate --from acme.example --spf bounce.acme.example=pass
  mailworthy dmarc evaluate --from acme.example --dkim esp.example=pass --format json`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if stated.From == "" {
				return withHint(errors.New("--from is missing"), "usage: %s", cmd.UseLine())
			}
			id, err := stated.Identities()
			if err != nil {
				return ofFlag(err)
			}
			return q.ask(cmd, func(ctx context.Context, s *session) (*answer, error) {
				asker := s.Evaluator()
				v := dmarc.Evaluate(ctx, asker, id)
				audit.UncheckDMARC(&v, asker.Trace())
				return &answer{Result: result(v, view.VerdictDoc)}, nil
			})
		},
	}
	q.add(cmd)
	cmd.Flags().StringVar(&stated.From, "from", "", "the `domain` of the From header")
	cmd.Flags().StringArrayVar(&stated.SPF, "spf", nil, "an envelope domain and its SPF result (`DOMAIN=RESULT`); repeatable")
	cmd.Flags().StringArrayVar(&stated.DKIM, "dkim", nil, "a signing domain and its DKIM result (`DOMAIN=RESULT`); repeatable")
	return cmd
}
