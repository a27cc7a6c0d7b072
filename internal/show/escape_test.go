package show_test

import (
	"testing"
	"unicode/utf8"

	"mailworthy/internal/bombtest"
	"mailworthy/internal/show"
)

// FuzzEscape: what Escape returns moves no terminal, whatever goes in.
func FuzzEscape(f *testing.F) {
	for _, seed := range []string{"v=spf1 -all", bombtest.Attack, "\xff\x00", "é́́́́", "\U000e0041"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		out := show.Escape(in)
		if !utf8.ValidString(out) {
			t.Errorf("%q is not UTF-8", out)
		}
		for _, r := range out {
			if show.Invisible(r) {
				t.Errorf("%q still has %q", out, r)
			}
		}
		for _, l := range show.Wrap(out, 20) {
			if show.Width(l) > 20 {
				t.Errorf("the line %q is %d cells wide", l, show.Width(l))
			}
		}
	})
}

func TestEscape(t *testing.T) {
	tests := []struct{ in, want string }{
		{"v=spf1 -all", "v=spf1 -all"},
		{"\x1b[31m", `\x1b[31m`},
		{"a\tb\x7f\r\n", `a\x09b\x7f\x0d\x0a`},
		{"\u009b1m", `\u{9b}1m`},
		{"\x9b1m", `\x9b1m`},
		{"\u202egpj\u2066\u200e\u061c", `\u{202e}gpj\u{2066}\u{200e}\u{61c}`},
		{"a\u200bb\ufeff\u00ad", `a\u{200b}b\u{feff}\u{ad}`},
		{"caf\xe9", `caf\xe9`},
		{"café 日本語", "café 日本語"},
		{"e\u0301", "e\u0301"},
		{"e\u0301\u0301\u0301\u0301", "e\u0301\u0301\u0301" + `\u{301}`},
		{"\U000e0041", `\u{e0041}`},
	}
	for _, tt := range tests {
		if got := show.Escape(tt.in); got != tt.want {
			t.Errorf("Escape(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestShellQuote(t *testing.T) {
	for in, want := range map[string]string{
		"": "''", "/var/log/mail.log": "/var/log/mail.log", "a b": "'a b'", "it's": `'it'\''s'`, "$(id)": "'$(id)'", "caf\u00e9": "'caf\u00e9'",
	} {
		if got := show.ShellQuote(in); got != want {
			t.Errorf("%q: %s, not %s", in, got, want)
		}
	}
}
