package main

import (
	"context"

	"github.com/spf13/cobra"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/report/view"
	spfpolicy "mailworthy/spf/policy"
)

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
				if err := s.held(domain); err != nil {
					return nil, err
				}
				f, err := spfpolicy.Flatten(ctx, s.asker(), domain, s.now)
				return &answer{value: f, doc: func() *view.Doc { return view.FlatteningDoc(f) }, status: func(finding.Severity) int {
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
