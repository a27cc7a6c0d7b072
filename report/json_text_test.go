package report

import (
	"testing"
	"unicode/utf8"

	"mailworthy/report/reporttest"
)

// FuzzJSONText: every text comes back from JSON.
func FuzzJSONText(f *testing.F) {
	for _, seed := range []string{"plain", `\xff`, "\xff", `\\x5cxff`, reporttest.Attack} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		text := jsonText(in)
		if !utf8.ValidString(text) {
			t.Errorf("%q is not UTF-8", text)
		}
		if got := fromJSONText(text); got != in {
			t.Errorf("%q came back as %q through %q", in, got, text)
		}
	})
}
