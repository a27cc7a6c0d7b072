package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"mailworthy/report"
	"mailworthy/report/view"
)

func newChecks() *cobra.Command {
	var output outputFlags
	cmd := &cobra.Command{
		Use:   "checks [ID]",
		Short: "Every check that an audit applies; with an ID, what it means",
		Example: `  mailworthy checks
  mailworthy checks spf-too-many-lookups`,
		Args: cobra.MaximumNArgs(1),
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
				return output.document(cmd, false, report.AllChecks(), func() *view.Doc { return view.ChecksDoc(report.AllChecks()) })
			}
			c, ok := report.FindCheck(args[0])
			if !ok {
				err := fmt.Errorf("there is no check %q", args[0])
				if near := report.SimilarChecks(args[0]); len(near) > 0 && len(near) <= 8 {
					return withHint(err, "did you mean %s?", joined(near))
				}
				return withHint(err, "mailworthy checks lists them all")
			}
			return output.document(cmd, false, c, func() *view.Doc { return view.CheckDoc(c) })
		},
	}
	output.addDocument(cmd)
	return cmd
}
