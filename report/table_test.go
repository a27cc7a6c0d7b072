package report

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"mailworthy/internal/golden"
	"mailworthy/report/reporttest"
)

func TestTable(t *testing.T) {
	r := New(reporttest.Flawed(), DefaultScale(), "1.0.0")
	for name, o := range map[string]TableOptions{
		"flawed-80":       {Width: 80},
		"flawed-140":      {Width: 140},
		"flawed-40-ascii": {Width: 40, ASCII: true},
		"flawed-verbose":  {Width: 100, Verbose: true},
		"flawed-color":    {Width: 80, Color: true},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := WriteTable(&b, r, o); err != nil {
				t.Fatal(err)
			}
			golden.Compare(t, "testdata/table/"+name+".txt", b.Bytes())
		})
	}
}

func TestTableOfEach(t *testing.T) {
	for name, result := range reporttest.Results() {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := WriteTable(&b, New(result, DefaultScale(), "1.0.0"), TableOptions{Width: 100}); err != nil {
				t.Fatal(err)
			}
			golden.Compare(t, "testdata/table/"+name+".txt", b.Bytes())
		})
	}
}

// Whatever the DNS says, a terminal is not moved, and it does not scroll for ever.
func TestHostileTextStaysText(t *testing.T) {
	result := reporttest.Hostile()
	f := &result.Findings[0]
	f.Evidence[0].Answer = append(f.Evidence[0].Answer, strings.Repeat("A\u0301\x1b[A", 13000))
	f.Fix.Remove[0].Value = strings.Repeat("x", 65535)
	r := New(result, DefaultScale(), "1.0.0")
	for _, verbose := range []bool{false, true} {
		for _, ascii := range []bool{false, true} {
			var b bytes.Buffer
			if err := WriteTable(&b, r, TableOptions{Width: 80, Verbose: verbose, ASCII: ascii}); err != nil {
				t.Fatal(err)
			}
			if !utf8.Valid(b.Bytes()) {
				t.Error("not UTF-8")
			}
			for _, c := range b.String() {
				if c != '\n' && invisible(c) || ascii && c > 0x7e {
					t.Errorf("verbose %v, ascii %v: %q reaches the terminal", verbose, ascii, c)
				}
			}
			if !strings.Contains(b.String(), `\x1b]0;owned`) {
				t.Error("the attack is not shown for what it is")
			}
			if limit := map[bool]int{false: 10 << 10, true: 25 << 10}[verbose]; b.Len() > limit {
				t.Errorf("%d bytes of output", b.Len())
			}
		}
	}
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
		if got := Escape(tt.in); got != tt.want {
			t.Errorf("Escape(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}
