package report

import (
	"reflect"
	"testing"

	"mailworthy/audit"
	"mailworthy/report/reporttest"
)

// TestMessageSchema generates the schema of the message's JSON, and the results
// keep it.
func TestMessageSchema(t *testing.T) {
	schema := generatedSchema(t, reflect.TypeFor[audit.MessageResult](), "message-1.json", audit.MessageSchema, "What mailworthy finds out about a message", "")
	for name, m := range reporttest.Messages(t) {
		validates(t, schema, name, m)
	}
	if err := schema.Validate(map[string]any{"schema": audit.MessageSchema, "from": 1}); err == nil {
		t.Error("a result that breaks the contract validates")
	}
}
