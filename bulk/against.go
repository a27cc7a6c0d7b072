package bulk

import (
	"context"
	"slices"
	"strings"

	"mailworthy/audit"
	"mailworthy/inspect"
	"mailworthy/internal/field"
	"mailworthy/internal/readfile"
	"mailworthy/report"
)

// Earlier returns the reports to compare with: those of an earlier audit, if Against is their
// JSON, or audits of the same targets through what is asked instead. The error is a
// *field.Error, or that of the context.
func (s *Statement) Earlier(ctx context.Context, asked inspect.Asking, with *inspect.Inspector, targets []audit.Target) ([]*report.Report, error) {
	if strings.HasSuffix(s.Against, ".json") || strings.HasSuffix(s.Against, ".ndjson") {
		file, reader, err := readfile.Open(ctx, s.Against)
		if err != nil {
			return nil, field.Because("against", err)
		}
		defer file.Close()
		reports, err := report.ReadJSON(reader)
		if err != nil {
			return nil, field.BecauseOf("against", s.Against, err)
		}
		return reports, nil
	}
	then, err := asked.Against(ctx, s.Against)
	if err != nil {
		return nil, err
	}
	session, err := then.Open(ctx, nil)
	if err != nil {
		return nil, field.BecauseOf("against", s.Against, err)
	}
	defer session.Close()
	before := all(ctx, targets, s.Concurrency, func(ctx context.Context, target audit.Target) *report.Report {
		return with.Through(ctx, session.Stack, target)
	}, func(*report.Report) {})
	return before, ctx.Err()
}

// Compare returns what differs between the earlier reports and those that came after, in the
// order of these. Each must have an earlier one. The error is a *field.Error.
func (s *Statement) Compare(before, after []*report.Report) ([]*report.Comparison, error) {
	comparisons := []*report.Comparison{}
	for _, r := range after {
		i := slices.IndexFunc(before, func(b *report.Report) bool { return b.Domain == r.Domain })
		if i < 0 {
			return nil, field.Errorf("against", " %s: it has no report of %s", s.Against, r.Domain)
		}
		comparisons = append(comparisons, report.Compare(before[i], r))
	}
	return comparisons, nil
}

// OpenBaseline reads what is no reason to fail; nil if nothing is stated. The error is a
// *field.Error.
func (s *Statement) OpenBaseline(ctx context.Context) (*report.Baseline, error) {
	if s.Baseline == "" {
		return nil, nil
	}
	for _, to := range s.Outputs() {
		if to.Exit != nil {
			return nil, field.Together("${baseline} with ${format} %s, whose status says all that is found", to.Name)
		}
	}
	file, reader, err := readfile.Open(ctx, s.Baseline)
	if err != nil {
		return nil, field.Because("baseline", err)
	}
	defer file.Close()
	b, err := report.ReadBaseline(reader)
	if err != nil {
		return nil, field.BecauseOf("baseline", s.Baseline, err).With("--format json, ndjson and rows write one")
	}
	return b, nil
}
