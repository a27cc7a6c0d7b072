package config

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"mailworthy/report/reporttest"
)

// asJSON is a YAML text as an editor hands it to a schema: dates are texts.
func asJSON(t *testing.T, text string) any {
	t.Helper()
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(text), &root); err != nil {
		t.Fatal(err)
	}
	var dates func(n *yaml.Node)
	dates = func(n *yaml.Node) {
		if n.Tag == "!!timestamp" {
			n.Tag = "!!str"
		}
		for _, c := range n.Content {
			dates(c)
		}
	}
	dates(&root)
	var v any
	if len(root.Content) > 0 {
		if err := root.Decode(&v); err != nil {
			t.Fatal(err)
		}
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// TestSchemaAgrees: what the parser takes the schema takes, and what is wrong by
// its form both refuse.
func TestSchemaAgrees(t *testing.T) {
	schema := reporttest.CompiledSchema(t, Schema())
	for name, text := range map[string]string{
		"every key":      full,
		"the least":      "domains: [acme.example]",
		"single values":  "domains: [{domain: acme.example, selectors: 2024, ips: 192.0.2.10}]\nhistory: h.db\nresolvers: 192.0.2.53",
		"empty lists":    "domains: [acme.example]\nnotifications: []\naccept: []\nlists: []\nresolvers: []",
		"empty mappings": "domains: [acme.example]\ndefaults: {}\nlimits: {}\npolicy: {}\nwatch: {}",
	} {
		if _, err := Parse("m.yaml", []byte(text), env); err != nil {
			t.Errorf("%s: the parser: %v", name, err)
		}
		if err := schema.Validate(asJSON(t, text)); err != nil {
			t.Errorf("%s: the schema: %v", name, err)
		}
	}
	for _, tt := range mistakes {
		if !tt.schema {
			continue
		}
		if err := schema.Validate(asJSON(t, tt.text)); err == nil {
			t.Errorf("%s: the schema takes what the parser refuses", tt.name)
		}
	}
}
