package report

import (
	"bytes"
	"reflect"
	"testing"

	jsonschema "github.com/santhosh-tekuri/jsonschema/v6"

	"mailworthy/audit"
	"mailworthy/internal/golden"
	"mailworthy/report/reporttest"
)

// TestMessageSchema generates the schema of the message's JSON, and the results
// keep it.
func TestMessageSchema(t *testing.T) {
	g := schemaGenerator{defs: map[string]any{}, docs: map[string]*packageDocs{}}
	root := g.object(reflect.TypeFor[audit.MessageResult]())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = "https://mailworthy.example/schema/message-1.json"
	root["title"] = "What mailworthy finds out about a message"
	root["properties"].(map[string]any)["schema"] = map[string]any{"const": audit.MessageSchema}
	root["$defs"] = g.defs
	text, err := MarshalJSON(root, "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "schema/message-1.json", text)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("message-1.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("message-1.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range reporttest.Messages(t) {
		text, err := MarshalJSON(m, "  ")
		if err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := schema.Validate(map[string]any{"schema": audit.MessageSchema, "from": 1}); err == nil {
		t.Error("a result that breaks the contract validates")
	}
}
