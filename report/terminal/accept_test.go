package terminal

import (
	"bytes"
	"strings"
	"testing"

	"mailworthy/report"
	"mailworthy/report/reporttest"
)

func TestAcceptedIsShown(t *testing.T) {
	for until, want := range map[string]string{
		"2026-12-31": "Accepted until 2026-12-31, not counted: error ptr-missing (192.0.2.11), because: the provider moves it.",
		"2026-02-01": "The acceptance of ptr-missing (192.0.2.11) ended on 2026-02-01: it counts again.",
	} {
		var b bytes.Buffer
		if err := WriteTable(&b, report.NewWithPolicy(reporttest.Flawed(), &report.Policy{Accept: []report.Acceptance{{Check: "ptr-missing", Subject: "192.0.2.11", Until: until, Reason: "the provider moves it"}}}, "1.0.0"), Options{}); err != nil {
			t.Fatal(err)
		}
		if text := strings.Join(strings.Fields(b.String()), " "); !strings.Contains(text, want) {
			t.Errorf("the table does not say %q:\n%s", want, b.String())
		}
	}
}
