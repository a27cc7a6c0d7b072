package report

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	jsonschema "github.com/santhosh-tekuri/jsonschema/v6"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/internal/golden"
	"mailworthy/report/reporttest"
)

// What a row has of each report, by its schema; no key is ever left out.
func TestRows(t *testing.T) {
	text := RowSchema()
	if *golden.Update {
		t.Skip("the embedded schema is that before the update")
	}
	schema := reporttest.CompiledSchema(t, text)
	list := map[string]*Report{"empty": New(&audit.Result{Domain: "empty.example", Profile: finding.Parked}, DefaultScale(), "1.0.0")}
	for name, result := range reporttest.Results() {
		list[name] = New(result, DefaultScale(), "1.0.0")
	}
	zones := reporttest.BundledZones(t)
	for name, target := range reporttest.BundledTargets {
		list["bundled "+name] = bundledReport(t, target, zones)
	}
	for name, r := range list {
		line, err := AppendJSON(nil, NewRow(r))
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for i := range reflect.TypeFor[Row]().NumField() {
			key := reflect.TypeFor[Row]().Field(i).Tag.Get("json")
			if _, ok := doc.(map[string]any)[key]; !ok {
				t.Errorf("%s: no key %q", name, key)
			}
		}
		if name != "hostile" && len(line) > 2<<10 {
			t.Errorf("%s: %d bytes", name, len(line))
		}
	}
}

// A row has the records of fixes that are complete, and none that another fix publishes
// is removed; findings are one a check and severity.
func TestRowFindings(t *testing.T) {
	record := func(value string) finding.Record { return finding.Record{Name: "a.example", Type: "TXT", Value: value} }
	f := func(check string, severity finding.Severity, subject string, fix *finding.Fix) finding.Finding {
		return finding.Finding{Check: check, Severity: severity, Section: finding.SPF, Subject: subject, Fix: fix}
	}
	r := &Report{Result: audit.Result{Domain: "a.example", Findings: []finding.Finding{
		f("one", finding.Error, "a.example", &finding.Fix{Name: "a.example", Type: "TXT", Value: "new", Remove: []finding.Record{record("old")}, Complete: true}),
		f("two", finding.Error, "192.0.2.1", &finding.Fix{Name: "a.example", Type: "TXT", Value: "new", Remove: []finding.Record{record("old"), record("new")}, Complete: true}),
		f("two", finding.Error, "192.0.2.2", &finding.Fix{Name: "b.example", Type: "TXT", Value: "<your address>"}),
		f("two", finding.Unknown, "192.0.2.3", nil),
		f("three", finding.NotChecked, "a.example", nil),
		f("four", finding.Info, "a.example", nil),
		f("five", finding.Pass, "a.example", nil),
		f("six", finding.Notice, "a.example", nil), f("six", finding.Notice, "b.example", nil), f("six", finding.Notice, "b.example", nil),
	}}}
	row := NewRow(r)
	want := []RowFinding{{"one", finding.Error, nil}, {"two", finding.Error, []string{"192.0.2.1", "192.0.2.2"}}, {"two", finding.Unknown, []string{"192.0.2.3"}},
		{"three", finding.NotChecked, nil}, {"six", finding.Notice, []string{"a.example", "b.example"}}}
	if !reflect.DeepEqual(row.Findings, want) {
		t.Errorf("findings %v, want %v", row.Findings, want)
	}
	if want := [][3]string{{"a.example", "TXT", "new"}}; !slices.Equal(row.Publish, want) {
		t.Errorf("publish %v, want %v", row.Publish, want)
	}
	if want := [][3]string{{"a.example", "TXT", "old"}}; !slices.Equal(row.Remove, want) {
		t.Errorf("remove %v, want %v", row.Remove, want)
	}
}

// What the DNS did not say is not what it said is not there.
func TestRowUnknown(t *testing.T) {
	silent := NewRow(New(reporttest.Results()["silent"], DefaultScale(), "1.0.0"))
	if silent.SPF != nil && silent.SPF.Known || silent.DMARC != nil && silent.DMARC.Known {
		t.Errorf("SPF %+v and DMARC %+v of a DNS that said nothing", silent.SPF, silent.DMARC)
	}
	if !slices.ContainsFunc(silent.Findings, func(f RowFinding) bool { return f.Severity == finding.Unknown }) {
		t.Error("nothing is unknown")
	}
}
