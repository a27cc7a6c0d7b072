package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"mailworthy/finding"
	"mailworthy/report"
	"mailworthy/report/format"
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
			return output.show(cmd, false, func() (format.Result, error) { return checksAbout(strings.Join(args, " ")) })
		},
	}
	output.addDocument(cmd)
	return cmd
}

// checksAbout are all checks, the one whose ID is asked for, or those about a word.
func checksAbout(query string) (found format.Result, err error) {
	if query == "" {
		return result(report.AllChecks(), view.ChecksDoc), nil
	}
	if c, ok := report.FindCheck(query); ok {
		return result(c, view.CheckDoc), nil
	}
	if list := report.SearchChecks(query); len(list) > 0 {
		return result(list, func(list []finding.Check) *view.Doc { return view.FoundChecksDoc(query, list) }), nil
	}
	err = fmt.Errorf("no check is about %q", query)
	if near := report.SimilarChecks(query); len(near) > 0 && len(near) <= 8 {
		return found, withHint(err, "did you mean %s?", strings.Join(near, ", "))
	}
	return found, withHint(err, "mailworthy checks lists them all")
}
