package report

import (
	"context"
	"fmt"
	"reflect"
	"testing"

	"mailworthy/audit"
	"mailworthy/smtp/explain"
	"mailworthy/smtp/proof"
)

// TestExplainSchema generates the schema of the JSON of explain, and results keep it.
func TestExplainSchema(t *testing.T) {
	schema := generatedSchema(t, reflect.TypeFor[explain.Report](), "explain-1.json", explain.Schema, "Why messages did not arrive", "")
	x := &explain.Explainer{}
	for _, input := range []string{"550 5.7.26 no", "421", "the cat sat", "From: a@b.example\nTo: c@d.example\nSubject: Undelivered Mail Returned to Sender\n\n<x@y.example>: 550 5.1.1 no such user\n"} {
		in, err := x.Read("x", []byte(input))
		if err != nil {
			t.Fatal(err)
		}
		r := &explain.Report{Schema: explain.Schema, Inputs: in}
		r.Prove(context.Background(), proof.New(nil, audit.Options{}))
		validates(t, schema, fmt.Sprintf("%.20q", input), r)
	}
	if err := schema.Validate(map[string]any{"schema": explain.Schema}); err == nil {
		t.Error("a result without inputs validates")
	}
}
