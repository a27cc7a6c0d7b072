// Package golden compares what a test made with a file that holds what it should
// be, and rewrites the file if the test runs with -update.
package golden

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

// Update: golden and generated files are rewritten.
var Update = flag.Bool("update", false, "rewrite golden and generated files")

// Compare reports an error if got differs from the file name; with -update it writes
// the file.
func Compare(t *testing.T, name string, got []byte) {
	t.Helper()
	if *Update {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; the same test with -update rewrites it. Now:\n%s", name, got)
	}
}
