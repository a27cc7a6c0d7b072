package main

import (
	"mailworthy/report/view"

	"github.com/spf13/cobra"
)

func newDiff() *cobra.Command {
	var (
		file   historyFlag
		output outputFlags
	)
	cmd := &cobra.Command{
		Use:   "diff DOMAIN [RUN] [RUN]",
		Short: "What changed between two runs: findings, records word by word, score and verdict",
		Long: `Compares what was known of a domain after two runs. What the DNS did not answer
in a run is taken from the last one in which it did: a record is removed when the
DNS says so, not when it says nothing.

A RUN is a number, first, last, or a day or a time: then the last run up to its
end. With one RUN it is compared with the last one, with none the last two are.`,
		Example: `  mailworthy diff --history mail.db acme.example
  mailworthy diff --history mail.db acme.example 2026-03-01
  mailworthy diff --history mail.db --format json acme.example first last`,
		Args:              domainAnd(2),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			domain, store, err := file.of(ctx, args[0], &output)
			if err != nil {
				return err
			}
			defer store.Close()
			ref := "last"
			if len(args) == 3 {
				ref = args[2]
			}
			after, err := store.Find(ctx, domain, ref)
			if err != nil {
				return err
			}
			before := after
			if len(args) > 1 {
				before, err = store.Find(ctx, domain, args[1])
			} else {
				before, err = store.Before(ctx, after)
			}
			if err != nil {
				return err
			}
			c, err := store.Diff(ctx, before, after)
			if err != nil {
				return err
			}
			return output.document(cmd, false, c, func() *view.Doc { return view.ComparisonDoc(c) })
		},
	}
	file.add(cmd)
	output.addDocument(cmd)
	return cmd
}
