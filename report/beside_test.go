package report

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"mailworthy/finding"
	"mailworthy/report/reporttest"
	"mailworthy/smtp/roundtrip"
)

// besides is a run with one of each.
func besides() *Beside {
	ms := int64(2100)
	return &Beside{Schema: RunSchemaID, Logs: true, Configured: true, NotSent: []string{"other"}, Errors: []string{"logs: no file is named x"},
		Findings: []Remark{{Check: "roundtrip-lost", Severity: finding.Error, Subject: "own", Title: "own: lost: it is nowhere"}},
		Roundtrips: []Roundtrip{{"own", roundtrip.Report{Schema: roundtrip.Schema, Verdict: roundtrip.Lost, Why: "It is nowhere.", Began: time.Now(), DeliverMS: &ms}},
			{"second", roundtrip.Report{Schema: roundtrip.Schema, Verdict: roundtrip.Arrived, Began: time.Now()}}}}
}

// TestRunSchema generates the schema of what a run found of no domain, and values keep it.
func TestRunSchema(t *testing.T) {
	schema := generatedSchema(t, reflect.TypeFor[Beside](), "run-1.json", RunSchemaID, "What a run found that is of no domain", "")
	validates(t, schema, "full", besides())
	validates(t, schema, "all is well", &Beside{Schema: RunSchemaID, Configured: true})
	if err := schema.Validate(map[string]any{"schema": RunSchemaID, "roundtrips": []any{map[string]any{"name": "own"}}}); err == nil {
		t.Error("a round trip without a verdict validates")
	}
}

// TestRunJSON: a run without logs and round trips writes its reports as an audit does; what
// else was found is one element more, with which the file is read as one without.
func TestRunJSON(t *testing.T) {
	one := New(reporttest.Results()["flawed"], DefaultScale(), "1.0.0")
	for _, tt := range []struct {
		name    string
		beside  *Beside
		reports []*Report
		begins  string
		schemas []string
	}{
		{"no run", nil, []*Report{one}, "{", nil},
		{"nothing is configured", &Beside{Schema: RunSchemaID, Errors: []string{"history: locked"}}, []*Report{one}, "{", nil},
		{"several, nothing is configured", &Beside{Schema: RunSchemaID}, []*Report{one, one}, "[", []string{SchemaID, SchemaID}},
		{"one", besides(), []*Report{one}, "[", []string{SchemaID, RunSchemaID}},
		{"several", besides(), []*Report{one, one}, "[", []string{SchemaID, SchemaID, RunSchemaID}},
		{"no domain", besides(), nil, "[", []string{RunSchemaID}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			if err := WriteRunJSON(&b, tt.beside, tt.reports...); err != nil {
				t.Fatal(err)
			}
			text := b.String()
			if !strings.HasPrefix(text, tt.begins) {
				t.Fatalf("it begins with %.20q, want %s", text, tt.begins)
			}
			if tt.begins == "[" {
				var list []struct {
					Schema     string
					Roundtrips []struct{ Name, Verdict string }
				}
				if err := json.Unmarshal([]byte(text), &list); err != nil {
					t.Fatal(err)
				}
				var schemas []string
				for _, v := range list {
					schemas = append(schemas, v.Schema)
				}
				if !reflect.DeepEqual(schemas, tt.schemas) {
					t.Errorf("the elements are %q, want %q", schemas, tt.schemas)
				}
				if last := list[len(list)-1]; last.Schema == RunSchemaID && (len(last.Roundtrips) != 2 || last.Roundtrips[0].Name != "own" || last.Roundtrips[0].Verdict != "lost") {
					t.Errorf("the round trips are %+v", last.Roundtrips)
				}
			}
			if len(tt.reports) == 0 {
				return
			}
			back, err := ReadJSON(strings.NewReader(text))
			if err != nil || len(back) != len(tt.reports) {
				t.Errorf("%d reports are read back: %v", len(back), err)
			}
			if base, err := ReadBaseline(strings.NewReader(text)); err != nil || !base.Has(one.Domain) {
				t.Errorf("as a baseline: %v", err)
			}
		})
	}
}
