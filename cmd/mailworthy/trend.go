package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"mailworthy/history"
	"mailworthy/report/view"
)

func newTrend() *cobra.Command {
	var (
		file    historyFlag
		output  outputFlags
		limit   int
		verbose bool
	)
	cmd := &cobra.Command{
		Use:   "trend DOMAIN",
		Short: "The score over time, and the runs in which something changed",
		Example: `  mailworthy trend --history mail.db acme.example
  mailworthy trend --history mail.db -o trend.html acme.example`,
		Args:              domainAnd(0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			domain, store, err := file.of(cmd.Context(), args[0], &output)
			if err != nil {
				return err
			}
			defer store.Close()
			t, err := store.Trend(cmd.Context(), domain, limit)
			if err != nil {
				return err
			}
			if len(t.Points) == 0 {
				return fmt.Errorf("history %s: %w of %s", file.file, history.ErrNoRun, domain)
			}
			return output.document(cmd, verbose, t, func() *view.Doc { return view.TrendDoc(t, verbose) })
		},
	}
	file.add(cmd)
	output.addDocument(cmd)
	cmd.Flags().IntVar(&limit, "limit", 0, "how many of the last runs; 0 is all")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "show runs without a change too")
	return cmd
}
