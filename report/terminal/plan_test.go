package terminal

import (
	"bytes"
	"testing"

	"mailworthy/internal/golden"
	"mailworthy/internal/show"
	"mailworthy/report"
	"mailworthy/report/export"
)

func TestPlanGolden(t *testing.T) {
	audited := world("v=spf1 broken weak long -all")
	audited.Plan = report.MakePlan(audited, func(changes []report.Change) *report.Report {
		return world(changes[len(changes)-1].Add[0].Value)
	})
	objected := world("v=spf1 weak -all")
	objected.Plan = report.MakePlan(objected, func([]report.Change) *report.Report { return world("v=spf1 broken -all") })
	all := append(reports(), audited, objected)
	var b bytes.Buffer
	for _, r := range all {
		if err := WritePlan(&b, r, Options{Width: 80}); err != nil {
			t.Fatal(err)
		}
		b.WriteByte('\n')
	}
	golden.Compare(t, "testdata/plan/plan.txt", b.Bytes())
	b.Reset()
	if err := export.WriteZone(&b, all); err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "testdata/plan/plan.zone", b.Bytes())
	for _, c := range b.String() {
		if c != '\n' && show.Invisible(c) {
			t.Errorf("%q stands in the zone file", c)
		}
	}
}
