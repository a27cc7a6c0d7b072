package main

import (
	"context"
	"fmt"

	"mailworthy/internal/readfile"
	"mailworthy/report"
)

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
