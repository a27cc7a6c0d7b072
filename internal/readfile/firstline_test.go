package readfile

import (
	"os"
	"path/filepath"
	"testing"
)

// TestFirstLine: the line without its end; an empty one, and a file that is not there, are
// errors.
func TestFirstLine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	for text, want := range map[string]string{"one\ntwo\n": "one", "one\r\n": "one", "one": "one", " one \n": " one ", "": "", "\ntwo": "", "\r\ntwo": ""} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := FirstLine(file); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	if _, err := FirstLine(file + ".none"); err == nil {
		t.Error("a file that is not there")
	}
}
