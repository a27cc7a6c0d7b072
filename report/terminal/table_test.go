package terminal

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"mailworthy/internal/golden"
	"mailworthy/internal/show"
	"mailworthy/report"
	"mailworthy/report/reporttest"
)

func TestTable(t *testing.T) {
	r := report.New(reporttest.Flawed(), report.DefaultScale(), "1.0.0")
	for name, o := range map[string]Options{
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
			if err := WriteTable(&b, report.New(result, report.DefaultScale(), "1.0.0"), Options{Width: 100}); err != nil {
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
	r := report.New(result, report.DefaultScale(), "1.0.0")
	for _, verbose := range []bool{false, true} {
		for _, ascii := range []bool{false, true} {
			var b bytes.Buffer
			if err := WriteTable(&b, r, Options{Width: 80, Verbose: verbose, ASCII: ascii}); err != nil {
				t.Fatal(err)
			}
			if !utf8.Valid(b.Bytes()) {
				t.Error("not UTF-8")
			}
			for _, c := range b.String() {
				if c != '\n' && show.Invisible(c) || ascii && c > 0x7e {
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
