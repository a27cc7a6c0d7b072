package report

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	jsonschema "github.com/santhosh-tekuri/jsonschema/v6"

	"mailworthy/audit"
	"mailworthy/internal/golden"
	"mailworthy/message"
	"mailworthy/smtp/explain"
	"mailworthy/smtp/probe"
	"mailworthy/smtp/proof"
	"mailworthy/smtp/reply"
	"mailworthy/smtp/roundtrip"
)

// TestRoundtripSchema generates the schema of the JSON of roundtrip, and results keep it.
func TestRoundtripSchema(t *testing.T) {
	g := schemaGenerator{defs: map[string]any{}, docs: map[string]*packageDocs{}}
	root := g.object(reflect.TypeFor[roundtrip.Report]())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = "https://mailworthy.example/schema/roundtrip-1.json"
	root["title"] = "What became of a synthetic mail"
	root["properties"].(map[string]any)["schema"] = map[string]any{"const": roundtrip.Schema}
	root["$defs"] = g.defs
	text, err := MarshalJSON(root, "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "schema/roundtrip-1.json", text)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("roundtrip-1.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("roundtrip-1.json")
	if err != nil {
		t.Fatal(err)
	}
	now, ms, yes := time.Now(), int64(5), true
	full := roundtrip.Report{Schema: roundtrip.Schema, Verdict: roundtrip.Arrived, Began: now, SentAt: &now, Signed: &roundtrip.Signed{Domain: "acme.example", Selector: "s1"}, SubmitMS: &ms,
		Attempts: []roundtrip.Attempt{{At: now, Outcome: probe.OK, Verified: &yes, Phases: []roundtrip.Phase{{Phase: "connect", DurationMS: 1}}}},
		Places:   []roundtrip.PlaceState{{Place: "maildir:/x", LastRead: &now}}, Copies: []roundtrip.Copy{{SeenAt: now}}, Hops: []roundtrip.Hop{{DelayMS: &ms}},
		AuthenticationResults: []message.Text{{Line: 1, Text: "mx; spf=pass"}}, Delays: []explain.Input{}}
	in := (&explain.Explainer{}).Reply("550 5.1.1 User unknown", reply.Context{Recipient: "a@b.example"})
	proved := &explain.Report{Inputs: []explain.Input{in}}
	proved.Prove(t.Context(), proof.New(nil, audit.Options{}))
	refused := full
	refused.Bounce, refused.Attempts[0].Cause = &proved.Inputs[0], &proved.Inputs[0].Items[0]
	for name, r := range map[string]*roundtrip.Report{"full": &full, "bounced": &refused} {
		text, err := json.Marshal(r)
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
	if err := schema.Validate(map[string]any{"schema": roundtrip.Schema}); err == nil {
		t.Error("a result without a verdict validates")
	}
}
