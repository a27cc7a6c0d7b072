package format

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailworthy/internal/field"
	"mailworthy/report/view"
)

// TestChoice: the extension of a file decides, unless a format is stated, and what cannot be
// written is refused by its field.
func TestChoice(t *testing.T) {
	dir := t.TempDir()
	one, same := filepath.Join(dir, "a.json"), filepath.Join(dir, ".", "a.json")
	for _, tt := range []struct {
		name    string
		choice  Choice
		formats string
		wrong   string
	}{
		{"standard output", Choice{Format: "table"}, "table", ""},
		{"an extension", Choice{Format: "table", Files: []string{"a.html", "b.json", "-"}}, "html json table", ""},
		{"a format that is stated", Choice{Format: "csv", Stated: true, Files: []string{"a.html"}}, "csv", ""},
		{"no extension that is known", Choice{Format: "table", Files: []string{"report"}}, "table", ""},
		{"rows", Choice{Format: "table", Rows: true, Files: []string{"a.ndjson"}}, "rows", ""},
		{"reports", Choice{Format: "table", Files: []string{"a.ndjson"}}, "ndjson", ""},
		{"no format", Choice{Format: "xls"}, "", "format"},
		{"a format of other commands", Choice{Format: "table", Files: []string{"a.sarif"}}, "", "output"},
		{"one file twice", Choice{Format: "table", Files: []string{one, same}}, "", "output"},
		{"standard output twice", Choice{Format: "table", Files: []string{"-", "-"}}, "", "output"},
	} {
		tt.choice.Formats = []string{"table", "json", "ndjson", "rows", "csv", "html"}
		err := tt.choice.Check()
		var wrong *field.Error
		if tt.wrong != "" {
			if !errors.As(err, &wrong) || wrong.Field != tt.wrong {
				t.Errorf("%s: %v", tt.name, err)
			}
			continue
		}
		var got []string
		for _, to := range tt.choice.Outputs() {
			got = append(got, to.Name)
		}
		if err != nil || strings.Join(got, " ") != tt.formats || tt.choice.Format != got[0] {
			t.Errorf("%s: %q, the first %s, %v", tt.name, got, tt.choice.Format, err)
		}
	}
	if c := (Choice{Format: "json"}); !c.IsDocument() {
		t.Error("JSON of a document")
	}
	if c := (Choice{Format: "sarif"}); c.IsDocument() {
		t.Error("SARIF of a document")
	}
	if flags := RowFlags(" or "); !strings.HasPrefix(flags, "--format ndjson") || !strings.Contains(flags, " or --format ") {
		t.Error(flags)
	}
}

// TestSave: a file is written as a whole or not at all, and an error names it.
func TestSave(t *testing.T) {
	var stdout bytes.Buffer
	file := filepath.Join(t.TempDir(), "a.txt")
	hello := func(w io.Writer) error { _, err := w.Write([]byte("hello")); return err }
	for _, name := range []string{"", "-", file} {
		if err := (Output{File: name}).Save(&stdout, hello); err != nil {
			t.Error(err)
		}
	}
	text, err := os.ReadFile(file)
	if stdout.String() != "hellohello" || string(text) != "hello" || err != nil {
		t.Errorf("%q and %q, %v", stdout.String(), text, err)
	}
	broken := errors.New("no words")
	if err := (Output{File: file}).Save(&stdout, func(io.Writer) error { return broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
	if text, _ := os.ReadFile(file); string(text) != "hello" {
		t.Errorf("half a file is written: %q", text)
	}
	gone := filepath.Join(t.TempDir(), "none", "a.txt")
	if err := (Output{File: gone}).Save(&stdout, hello); !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), "output "+gone+": ") {
		t.Error(err)
	}
}

// TestResult: a result has its own writers before those of documents, with its version.
func TestResult(t *testing.T) {
	r := Result{Value: map[string]int{"a": 1}, Version: "1.2.3", Doc: func() *view.Doc { return &view.Doc{Name: "A thing"} }}
	own := r.With("zone", func(w io.Writer) error { _, err := w.Write([]byte("own")); return err })
	for name, want := range map[string]string{"json": "{\n  \"a\": 1\n}\n", "html": "1.2.3", "zone": "own"} {
		var b bytes.Buffer
		f, _ := Find(name)
		if err := own.Write(&b, f, Options{}); err != nil || !strings.Contains(b.String(), want) {
			t.Errorf("%s: %q, %v", name, b.String(), err)
		}
	}
	zone, _ := Find("zone")
	if err := r.Write(io.Discard, zone, Options{}); err == nil {
		t.Error("a document as a zone")
	}
	if err := WriteJSON(io.Discard, func() {}, ""); err == nil {
		t.Error("a function as JSON")
	}
	if OneOrAll([]int{7}) != 7 || len(OneOrAll([]int{7, 8}).([]int)) != 2 {
		t.Error("one is not written by itself, or several are")
	}
	if names := DocumentNames("zone"); names[0] != "table" || names[1] != "json" || names[len(names)-1] != "zone" {
		t.Errorf("%q", names)
	}
}
