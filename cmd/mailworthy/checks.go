package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"mailworthy/finding"
	"mailworthy/report"
	"mailworthy/report/view"
)

func newChecks() *cobra.Command {
	var output outputFlags
	cmd := &cobra.Command{
		Use:   "checks [ID|WORD…]",
		Short: "Every check that an audit applies; with an ID, what it means; with a word, those about it",
		Example: `  mailworthy checks
  mailworthy checks spf-too-many-lookups
  mailworthy checks fcrdns
  mailworthy checks 5.7.26`,
		Args: cobra.ArbitraryArgs,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var ids []string
			for _, c := range report.AllChecks() {
				ids = append(ids, c.ID+"\t"+c.Title)
			}
			return ids, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := output.check(); err != nil {
				return err
			}
			if len(args) == 0 {
				return output.document(cmd, false, result(report.AllChecks(), view.ChecksDoc))
			}
			query := strings.Join(args, " ")
			c, ok := report.FindCheck(query)
			if !ok {
				if found := report.SearchChecks(query); len(found) > 0 {
					return output.document(cmd, false, result(found, func(found []finding.Check) *view.Doc { return view.FoundChecksDoc(query, found) }))
				}
				err := fmt.Errorf("no check is about %q", query)
				if near := report.SimilarChecks(query); len(near) > 0 && len(near) <= 8 {
					return withHint(err, "did you mean %s?", strings.Join(near, ", "))
				}
				return withHint(err, "mailworthy checks lists them all")
			}
			return output.document(cmd, false, result(c, view.CheckDoc))
		},
	}
	output.addDocument(cmd)
	return cmd
}
