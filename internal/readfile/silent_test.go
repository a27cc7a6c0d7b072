//go:build unix

package readfile

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSilentPipe: a pipe is read whole, and one from which nothing comes is an error.
func TestSilentPipe(t *testing.T) {
	for _, tt := range []struct {
		name  string
		write func(w *os.File) // nil: nobody opens the pipe to write
		want  string
		wrong string
	}{
		{"nobody writes", nil, "", "nothing came from it in 50ms"},
		{"open and silent", func(*os.File) {}, "", "nothing came from it in 50ms"},
		{"empty", func(*os.File) {}, "", ""},
		{"all at once", func(w *os.File) { w.WriteString("acme.example\n") }, "acme.example\n", ""},
		{"slow after the first byte", func(w *os.File) { w.WriteString("a"); time.Sleep(200 * time.Millisecond); w.WriteString("cme") }, "acme", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pipe := filepath.Join(t.TempDir(), "pipe")
			if err := syscall.Mkfifo(pipe, 0o600); err != nil {
				t.Skip(err)
			}
			most := time.Minute
			switch {
			case tt.wrong == "":
				go func() {
					if w, err := os.OpenFile(pipe, os.O_WRONLY, 0); err == nil {
						tt.write(w)
						w.Close()
					}
				}()
			case tt.write != nil:
				w, err := os.OpenFile(pipe, os.O_RDWR, 0) // a pipe for both does not wait
				if err != nil {
					t.Fatal(err)
				}
				defer w.Close()
				fallthrough
			default:
				most = 50 * time.Millisecond
			}
			file, r, err := openWithin(t.Context(), pipe, most)
			if tt.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wrong) {
					t.Fatalf("error %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			text, err := io.ReadAll(r)
			if err != nil || string(text) != tt.want {
				t.Errorf("read %q, %v", text, err)
			}
		})
	}
}
