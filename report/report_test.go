package report

import (
	"context"
	"testing"

	"mailworthy/audit"
	"mailworthy/report/reporttest"
	"mailworthy/resolver"
)

// reports are all results of the tests, graded, in a fixed order.
func reports() []*Report {
	var out []*Report
	for _, name := range []string{"flawed", "clean", "silent", "hostile"} {
		out = append(out, New(reporttest.Results()[name], DefaultScale(), "1.0.0"))
	}
	return out
}

// bundledReport audits a target on the bundled zones, always in the same time.
func bundledReport(t testing.TB, target audit.Target, zones []*resolver.ZoneSet) *Report {
	t.Helper()
	result := audit.Run(context.Background(), resolver.NewOverlay(nil, zones...), target, audit.Options{Now: reporttest.Started})
	result.Duration = 0
	return New(result, DefaultScale(), "1.0.0")
}
