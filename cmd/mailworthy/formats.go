package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"mailworthy/finding"
	"mailworthy/report"
	"mailworthy/report/export"
	"mailworthy/report/html"
	"mailworthy/report/terminal"
)

// auditFormats are what audit writes, the default first.
var auditFormats = []string{"table", "json", "ndjson", "csv", "markdown", "html", "junit", "sarif", "nagios", "prometheus", "zone"}

// render writes the reports in the format that was asked for.
func (f *auditFlags) render(cmd *cobra.Command, w io.Writer, reports []*report.Report, failOn finding.Severity, session *session) error {
	switch f.output.format {
	case "json":
		return report.WriteJSON(w, reports...)
	case "markdown":
		return export.WriteMarkdown(w, reports)
	case "html":
		return html.Write(w, reports)
	case "junit":
		return export.WriteJUnit(w, reports, failOn)
	case "sarif":
		return export.WriteSARIF(w, reports)
	case "nagios":
		return export.WriteNagios(w, reports, failOn, session.unknownOK)
	case "prometheus":
		return export.WritePrometheus(w, reports)
	case "zone":
		return export.WriteZone(w, reports)
	}
	o := f.output.table(cmd, session.verbose)
	if f.tree {
		for _, r := range reports {
			if err := terminal.WriteSPFTree(w, r, o); err != nil {
				return err
			}
		}
	}
	if err := terminal.WriteTables(w, reports, o); err != nil || !f.plan {
		return err
	}
	for _, r := range reports {
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
		if err := terminal.WritePlan(w, r, o); err != nil {
			return err
		}
	}
	return nil
}

// planned reports whether the output shows a plan, which takes further audits.
func (f *auditFlags) planned() bool {
	return f.plan || f.output.format == "zone" || f.output.format == "html"
}

// readPolicy reads the file of --policy; none is the default judgement.
func readPolicy(ctx context.Context, file string) (*report.Policy, error) {
	if file == "" {
		return nil, nil
	}
	text, err := await(ctx, func() ([]byte, error) { return os.ReadFile(file) })
	if err != nil {
		return nil, fmt.Errorf("--policy: %w", err)
	}
	p, err := report.LoadPolicy(text)
	if err != nil {
		return nil, fmt.Errorf("--policy %s: %w", file, err)
	}
	return p, nil
}
