package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mailworthy/bulk"
	"mailworthy/inspect"
	"mailworthy/internal/readfile"
	"mailworthy/report"
	"mailworthy/report/view"
)

// earlier audits the domains of the reports as --against says they are now, or
// reads the reports of an earlier audit.
func (f *auditFlags) earlier(cmd *cobra.Command, after []*report.Report, a *auditor) ([]*report.Report, error) {
	if strings.HasSuffix(f.against, ".json") || strings.HasSuffix(f.against, ".ndjson") {
		file, reader, err := readfile.Open(cmd.Context(), f.against)
		if err != nil {
			return nil, fmt.Errorf("--against: %w", err)
		}
		defer file.Close()
		reports, err := report.ReadJSON(reader)
		if err != nil {
			return nil, fmt.Errorf("--against %s: %w", f.against, err)
		}
		return reports, nil
	}
	then, err := f.dns.Against(cmd.Context(), f.against)
	if err != nil {
		return nil, ofFlag(err)
	}
	s, err := then.Open(cmd.Context(), nil)
	if err != nil {
		return nil, fmt.Errorf("--against %s: %w", f.against, ofFlag(err))
	}
	defer s.Close()
	domains := make([]string, len(after))
	for i, r := range after {
		domains[i] = r.Domain
	}
	before := bulk.All(cmd.Context(), domains, f.concurrency, func(ctx context.Context, domain string) *report.Report {
		return a.inspector.Through(ctx, s.Stack, a.of(domain))
	}, func(*report.Report) {})
	return before, cmd.Context().Err()
}

// compare writes what differs between the earlier reports and the new ones.
func (f *auditFlags) compare(cmd *cobra.Command, before, after []*report.Report, verbose bool) error {
	comparisons := []*report.Comparison{}
	for _, r := range after {
		i := slices.IndexFunc(before, func(b *report.Report) bool { return b.Domain == r.Domain })
		if i < 0 {
			return fmt.Errorf("--against %s: it has no report of %s", f.against, r.Domain)
		}
		comparisons = append(comparisons, report.Compare(before[i], r))
	}
	var v any = comparisons
	if len(comparisons) == 1 {
		v = comparisons[0]
	}
	return f.output.document(cmd, verbose, v, func() *view.Doc { return view.ComparisonsDoc(comparisons) })
}

// checkComparison refuses what cannot be combined with --against.
func (f *auditFlags) checkComparison() error {
	switch {
	case f.against == "":
		return nil
	case !f.output.isDocument():
		return fmt.Errorf("--against with --format %s: a comparison is written as table, json, markdown or html", f.output.format)
	case f.against == inspect.Live && len(f.dns.Zones) == 0:
		return withHint(errors.New("--against live compares the live DNS with itself"), "add --zone FILE with what is to be published")
	}
	return nil
}

// openBaseline reads the file of --baseline; nil for none.
func (f *auditFlags) openBaseline(ctx context.Context) (*report.Baseline, error) {
	if f.baseline == "" {
		return nil, nil
	}
	for _, to := range f.writes {
		if to.Exit != nil {
			return nil, fmt.Errorf("--baseline with --format %s, whose status says all that is found", to.Name)
		}
	}
	file, reader, err := readfile.Open(ctx, f.baseline)
	if err != nil {
		return nil, fmt.Errorf("--baseline: %w", err)
	}
	defer file.Close()
	b, err := report.ReadBaseline(reader)
	if err != nil {
		return nil, withHint(fmt.Errorf("--baseline %s: %w", f.baseline, err), "--format json, ndjson and rows write one")
	}
	return b, nil
}
