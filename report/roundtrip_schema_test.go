package report

import (
	"reflect"
	"testing"
	"time"

	"mailworthy/audit"
	"mailworthy/message"
	"mailworthy/smtp/explain"
	"mailworthy/smtp/probe"
	"mailworthy/smtp/proof"
	"mailworthy/smtp/reply"
	"mailworthy/smtp/roundtrip"
)

// TestRoundtripSchema generates the schema of the JSON of roundtrip, and results keep it.
func TestRoundtripSchema(t *testing.T) {
	schema := generatedSchema(t, reflect.TypeFor[roundtrip.Report](), "roundtrip-1.json", roundtrip.Schema, "What became of a synthetic mail", "")
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
		validates(t, schema, name, r)
	}
	if err := schema.Validate(map[string]any{"schema": roundtrip.Schema}); err == nil {
		t.Error("a result without a verdict validates")
	}
}
