package terminal

import (
	"mailworthy/report"
	"mailworthy/report/reporttest"
)

// reports are all results of the tests, graded, in a fixed order.
func reports() []*report.Report {
	var out []*report.Report
	for _, name := range []string{"flawed", "clean", "silent", "hostile"} {
		out = append(out, report.New(reporttest.Results()[name], report.DefaultScale(), "1.0.0"))
	}
	return out
}

// world is the report of an audit of a made-up record.
func world(record string) *report.Report {
	return report.New(reporttest.World(record), report.DefaultScale(), "1.0.0")
}
