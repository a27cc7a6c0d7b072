package report

import (
	"bytes"
	"context"
	"reflect"
	"testing"

	jsonschema "github.com/santhosh-tekuri/jsonschema/v6"

	"mailworthy/audit"
	"mailworthy/internal/golden"
	"mailworthy/smtp/explain"
	"mailworthy/smtp/proof"
)

// TestExplainSchema generates the schema of the JSON of explain, and results keep it.
func TestExplainSchema(t *testing.T) {
	g := schemaGenerator{defs: map[string]any{}, docs: map[string]*packageDocs{}}
	root := g.object(reflect.TypeFor[explain.Report]())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = "https://mailworthy.example/schema/explain-1.json"
	root["title"] = "Why messages did not arrive"
	root["properties"].(map[string]any)["schema"] = map[string]any{"const": explain.Schema}
	root["$defs"] = g.defs
	text, err := MarshalJSON(root, "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "schema/explain-1.json", text)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("explain-1.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("explain-1.json")
	if err != nil {
		t.Fatal(err)
	}
	x := &explain.Explainer{}
	for _, input := range []string{"550 5.7.26 no", "421", "the cat sat", "From: a@b.example\nTo: c@d.example\nSubject: Undelivered Mail Returned to Sender\n\n<x@y.example>: 550 5.1.1 no such user\n"} {
		in, err := x.Read("x", []byte(input))
		if err != nil {
			t.Fatal(err)
		}
		r := &explain.Report{Schema: explain.Schema, Inputs: in}
		r.Prove(context.Background(), proof.New(nil, audit.Options{}))
		text, err := MarshalJSON(r, "  ")
		if err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%.20q: %v", input, err)
		}
	}
	if err := schema.Validate(map[string]any{"schema": explain.Schema}); err == nil {
		t.Error("a result without inputs validates")
	}
}
