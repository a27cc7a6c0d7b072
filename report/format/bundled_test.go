package format

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	jsonschema "github.com/santhosh-tekuri/jsonschema/v6"

	"mailworthy/audit"
	"mailworthy/internal/golden"
	"mailworthy/report"
	"mailworthy/report/reporttest"
	"mailworthy/report/terminal"
	"mailworthy/resolver"
)

// bundledReport audits a target on the bundled zones, always in the same time.
func bundledReport(t testing.TB, target audit.Target, zones []*resolver.ZoneSet) *report.Report {
	t.Helper()
	result := audit.Run(context.Background(), resolver.NewOverlay(nil, zones...), target, audit.Options{Now: reporttest.Started})
	result.Duration = 0
	return report.New(result, report.DefaultScale(), "1.0.0")
}

// What a person sees of each bundled domain; and whatever the audit finds, its
// JSON is by the schema and comes back, and every format can be written.
func TestBundledZones(t *testing.T) {
	zones := reporttest.BundledZones(t)
	schema := reporttest.CompiledSchema(t, report.Schema())
	for name, target := range reporttest.BundledTargets {
		t.Run(name, func(t *testing.T) {
			r := bundledReport(t, target, zones)
			for _, width := range []int{60, 80, 140} {
				var table bytes.Buffer
				if err := terminal.WriteTable(&table, r, terminal.Options{Width: width}); err != nil {
					t.Fatal(err)
				}
				golden.Compare(t, fmt.Sprintf("testdata/bundled/%s-%d.txt", name, width), table.Bytes())
				if lines := bytes.Count(table.Bytes(), []byte("\n")); width >= 80 && lines > 45 {
					t.Errorf("%d lines at %d columns: nobody reads them", lines, width)
				}
			}

			r.Plan = report.MakePlan(r, nil)
			var text bytes.Buffer
			if err := report.WriteJSON(&text, r); err != nil {
				t.Fatal(err)
			}
			doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(doc); err != nil {
				t.Errorf("%v", err)
			}
			back, err := report.ReadJSON(&text)
			if err != nil {
				t.Fatal(err)
			}
			var again, before bytes.Buffer
			if err := report.WriteJSON(&again, back[0]); err != nil {
				t.Fatal(err)
			}
			if err := report.WriteJSON(&before, r); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(again.Bytes(), before.Bytes()) {
				t.Error("the report reads back differently from what was written")
			}
			for name, write := range outputs() {
				var b bytes.Buffer
				if err := write(&b, []*report.Report{r}); err != nil || b.Len() == 0 {
					t.Errorf("%s: %d bytes, %v", name, b.Len(), err)
				}
			}
		})
	}
}

// Every check that a finding names is documented.
func TestFindingsAreDocumented(t *testing.T) {
	zones := reporttest.BundledZones(t)
	for _, target := range reporttest.BundledTargets {
		for _, f := range bundledReport(t, target, zones).Findings {
			if c, ok := report.FindCheck(f.Check); !ok || c.Section != f.Section {
				t.Errorf("%s of section %s is not documented there", f.Check, f.Section)
			}
		}
	}
}
