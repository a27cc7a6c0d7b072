package rawjson

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"mailworthy/internal/bombtest"
)

// FuzzEscape: every text comes back from JSON.
func FuzzEscape(f *testing.F) {
	for _, seed := range []string{"plain", `\xff`, "\xff", `\\x5cxff`, bombtest.Attack} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		text := Escape(in)
		if !utf8.ValidString(text) {
			t.Errorf("%q is not UTF-8", text)
		}
		if got := Unescape(text); got != in {
			t.Errorf("%q came back as %q through %q", in, got, text)
		}
	})
}

// TestAppendString: what is written is JSON that reads back as Escape has it, and no
// terminal obeys it.
func TestAppendString(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", `""`},
		{"v=spf1 -all", `"v=spf1 -all"`},
		{`a "b" \c`, `"a \"b\" \\c"`},
		{"caf\xe9", `"caf\\xe9"`},
		{`\xff as text`, `"\\x5cxff as text"`},
		{"a\tb\x7f", `"a\tb\u007f"`},
		{"\u202eabc", `"\u202eabc"`},
		{"\U000e0041", `"\udb40\udc41"`},
		{"café 日本語", `"café 日本語"`},
	}
	for _, tt := range tests {
		if got := string(AppendString(nil, tt.in)); got != tt.want {
			t.Errorf("AppendString(%q) = %s, want %s", tt.in, got, tt.want)
		}
		var back string
		if err := json.Unmarshal(AppendString(nil, tt.in), &back); err != nil {
			t.Errorf("%q: %v", tt.in, err)
		}
		if got := Unescape(back); got != tt.in {
			t.Errorf("%q came back as %q", tt.in, got)
		}
		if IsPlain(tt.in) && `"`+tt.in+`"` != tt.want {
			t.Errorf("%q is plain, but stands in JSON as %s", tt.in, tt.want)
		}
	}
}

// TestEscapeInvisible: JSON of another encoder loses nothing but what a terminal obeys.
func TestEscapeInvisible(t *testing.T) {
	tests := []struct{ in, want string }{
		{`{"a":"b\n"}`, `{"a":"b\n"}`},
		{"\"\u009b31m\x7f\"", `"\u009b31m\u007f"`},
		{"\"caf\xe9 café\"", `"caf\ufffd café"`},
		{"\"\U000e0041\"", `"\udb40\udc41"`},
	}
	for _, tt := range tests {
		if got := string(EscapeInvisible([]byte(tt.in))); got != tt.want {
			t.Errorf("EscapeInvisible(%q) = %s, want %s", tt.in, got, tt.want)
		}
	}
}
