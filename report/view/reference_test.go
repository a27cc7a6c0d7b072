package view_test

import (
	"fmt"
	"testing"

	"mailworthy/report/view"
)

func TestReferences(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "[]",
		"RFC 7208, 4.6.4":                 "[{RFC 7208, 4.6.4 https://www.rfc-editor.org/rfc/rfc7208#section-4.6.4}]",
		"RFC 7208, 5.2 and 6.1":           "[{RFC 7208, 5.2 and 6.1 https://www.rfc-editor.org/rfc/rfc7208#section-5.2}]",
		"RFC 9989, C.5.2":                 "[{RFC 9989, C.5.2 https://www.rfc-editor.org/rfc/rfc9989#appendix-C.5.2}]",
		"RFC 6890":                        "[{RFC 6890 https://www.rfc-editor.org/rfc/rfc6890}]",
		"https://a.test/x; RFC 1912, 2.1": "[{https://a.test/x https://a.test/x} {RFC 1912, 2.1 https://www.rfc-editor.org/rfc/rfc1912#section-2.1}]",
		"the service's documentation":     "[{the service's documentation }]",
	} {
		if got := fmt.Sprint(view.References(text)); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestFirstSentence(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "One": "One", "One. Two.": "One.", "At 192.0.2.1. Then": "At 192.0.2.1.",
		"See e.g. this. More": "See e.g. this.", "Ends. ": "Ends. ",
	} {
		if got := view.FirstSentence(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
