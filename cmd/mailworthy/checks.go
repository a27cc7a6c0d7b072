package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"mailworthy/report"
	"mailworthy/report/terminal"
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
				return output.write(cmd, func(w io.Writer) error {
					if output.format == "json" {
						return writeJSON(w, report.AllChecks())
					}
					return terminal.WriteChecks(w, report.AllChecks(), output.table(cmd, false))
				})
			}
			c, ok := report.FindCheck(args[0])
			if !ok {
				err := fmt.Errorf("there is no check %q", args[0])
				if near := report.SimilarChecks(args[0]); len(near) > 0 && len(near) <= 8 {
					return withHint(err, "did you mean %s?", joined(near))
				}
				return withHint(err, "mailworthy checks lists them all")
			}
			return output.write(cmd, func(w io.Writer) error {
				if output.format == "json" {
					return writeJSON(w, c)
				}
				return terminal.WriteCheck(w, c, output.table(cmd, false))
			})
		},
	}
	output.add(cmd, "table", "json")
	return cmd
}
