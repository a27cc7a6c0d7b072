package main

import (
	"github.com/spf13/cobra"

	"mailworthy/audit"
	"mailworthy/report/view"
	spfpolicy "mailworthy/spf/policy"
)

func newSPFFlatten() *cobra.Command {
	var (
		dns    dnsFlags
		output outputFlags
	)
	cmd := &cobra.Command{
		Use:   "flatten DOMAIN",
		Short: "A record with fewer lookups, and what it costs to keep current",
		Long: `Proposes SPF records that need fewer lookups and authorise the same addresses,
split over several names where one record would be too long. What changes often
stays a name. The proposal is evaluated beside the current record before it is
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
			if err := output.check(); err != nil {
				return err
			}
			s, err := dns.open(cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			defer s.stack.Close()
			ctx, cancel := s.context(cmd.Context())
			defer cancel()
			f, err := spfpolicy.Flatten(ctx, s.asker(), domain, s.now)
			if cmd.Context().Err() != nil {
				return cmd.Context().Err()
			}
			if err != nil {
				return err
			}
			if err := output.document(cmd, s.verbose, f, func() *view.Doc { return view.FlatteningDoc(f) }); err != nil {
				return err
			}
			switch {
			case f.Unresolved:
				return exit(exitIncomplete)
			case len(f.Records) == 0:
				return exit(exitFindings)
			}
			return nil
		},
	}
	dns.add(cmd)
	output.addDocument(cmd)
	return cmd
}
