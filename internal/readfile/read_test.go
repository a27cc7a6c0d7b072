//go:build unix

package readfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestRead(t *testing.T) {
	dir, release := t.TempDir(), make(chan struct{})
	t.Cleanup(func() { close(release) })
	path := func(name string) string { return filepath.Join(dir, name) }
	pipe := func(name string, write func(f *os.File)) string {
		if err := syscall.Mkfifo(path(name), 0o600); err != nil {
			t.Fatal(err)
		}
		if write != nil {
			go func() {
				f, err := os.OpenFile(path(name), os.O_WRONLY, 0)
				if err != nil {
					return
				}
				defer f.Close()
				write(f)
			}()
		}
		return path(name)
	}
	if err := os.WriteFile(path("plain"), []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("plain", path("link")); err != nil {
		t.Fatal(err)
	}
	// What comes is waited for, on a busy machine too; what does not is soon given up.
	for _, tt := range []struct {
		name, file, want, wrong string
	}{
		{"plain", path("plain"), "text", ""},
		{"a link", path("link"), "text", ""},
		{"nothing", os.DevNull, "", ""},
		{"a pipe", pipe("pipe", func(f *os.File) { f.WriteString("text") }), "text", ""},
		{"a slow pipe", pipe("slow", func(f *os.File) {
			time.Sleep(30 * time.Millisecond)
			f.WriteString("te")
			time.Sleep(30 * time.Millisecond)
			f.WriteString("xt")
		}), "text", ""},
		{"a pipe without a writer", pipe("dead", nil), "", "is a pipe, and nothing came from it for 50ms"},
		{"a pipe that stalls", pipe("stalls", func(f *os.File) { f.WriteString("te"); <-release }), "", "is a pipe, and nothing came from it for 50ms"},
		{"a pipe without an end", pipe("endless", func(f *os.File) {
			for {
				if _, err := f.WriteString(strings.Repeat("x", 1000)); err != nil {
					return
				}
			}
		}), "", "it is too large"},
		{"a device without an end", "/dev/zero", "", "is a device or a socket, not a file"},
		{"a folder", dir, "", "is a directory"},
		{"absent", path("absent"), "", "no such file or directory"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			wait := time.Minute
			if strings.HasSuffix(tt.wrong, "50ms") {
				wait = 50 * time.Millisecond
			}
			text, err := Read(tt.file, 10_000, wait)
			if tt.wrong == "" && (err != nil || string(text) != tt.want) || tt.wrong != "" && (err == nil || err.Error() != tt.wrong) {
				t.Errorf("%q, %v; want %q, %q", text, err, tt.want, tt.wrong)
			}
		})
	}
	if _, err := Read(path("plain"), 3, Wait); !errors.Is(err, ErrTooLarge) {
		t.Errorf("4 bytes where 3 are allowed: %v", err)
	}
	if text, err := Read(path("plain"), 4, Wait); err != nil || string(text) != "text" {
		t.Errorf("4 bytes where 4 are allowed: %q, %v", text, err)
	}
	if _, err := Read(path("absent"), 3, Wait); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent: %v", err)
	}
}
