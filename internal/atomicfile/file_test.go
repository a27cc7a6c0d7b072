package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// have checks the content of a file, and that its folder holds nothing else.
func have(t *testing.T, name, want string) {
	t.Helper()
	got, err := os.ReadFile(name)
	if err != nil && want != "" {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("the file has %q, want %q", got, want)
	}
	entries, err := os.ReadDir(filepath.Dir(name))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != filepath.Base(name) {
			t.Errorf("%s is left behind", e.Name())
		}
	}
}

// TestCommit: until Commit the old content is there, afterwards the new one, and no
// other file.
func TestCommit(t *testing.T) {
	for _, old := range []string{"", "old"} {
		name := filepath.Join(t.TempDir(), "out")
		if old != "" {
			if err := os.WriteFile(name, []byte(old), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		f, err := Create(name, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{"ne", "w"} {
			if _, err := f.Write([]byte(part)); err != nil {
				t.Fatal(err)
			}
		}
		if got, _ := os.ReadFile(name); string(got) != old {
			t.Errorf("before Commit the file has %q, want %q", got, old)
		}
		if err := f.Commit(); err != nil {
			t.Fatal(err)
		}
		f.Discard()
		have(t, name, "new")
		if err := f.Commit(); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("a second Commit returns %v", err)
		}
	}
}

// TestDiscard: what is given up leaves the old file and nothing else.
func TestDiscard(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	if err := Write(name, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := Create(name, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("half")); err != nil {
		t.Fatal(err)
	}
	f.Discard()
	f.Discard()
	have(t, name, "old")
}

// TestFailedRename: a Commit that cannot take the name removes what was written.
func TestFailedRename(t *testing.T) {
	folder := t.TempDir()
	name := filepath.Join(folder, "out")
	f, err := Create(name, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(name, "in the way"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := f.Commit(); err == nil {
		t.Error("a folder was replaced by a file")
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder has %v (%v), want the folder in the way alone", entries, err)
	}
}

// TestMode: a new file gets the mode asked for, one that is replaced keeps its own.
func TestMode(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such permissions")
	}
	mode := func(name string) fs.FileMode {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode().Perm()
	}
	for _, want := range []fs.FileMode{0o600, 0o644} {
		name := filepath.Join(t.TempDir(), "out")
		if err := Write(name, []byte("a"), want); err != nil {
			t.Fatal(err)
		}
		if got := mode(name); got != want {
			t.Errorf("a new file has mode %o, want %o", got, want)
		}
		if err := os.Chmod(name, 0o640); err != nil {
			t.Fatal(err)
		}
		if err := Write(name, []byte("b"), want); err != nil {
			t.Fatal(err)
		}
		if got := mode(name); got != 0o640 {
			t.Errorf("a file of mode 640 has mode %o after it was replaced", got)
		}
		have(t, name, "b")
	}
}

// TestDevice: a device is written as it is and stays one.
func TestDevice(t *testing.T) {
	if err := Write(os.DevNull, []byte("gone"), 0o644); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(os.DevNull)
	if err != nil || info.Mode().IsRegular() {
		t.Errorf("%s is now %v (%v)", os.DevNull, info, err)
	}
}

// TestNoFolder: a folder that does not exist is an error of Create.
func TestNoFolder(t *testing.T) {
	if _, err := Create(filepath.Join(t.TempDir(), "none", "out"), 0o644); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the error is %v", err)
	}
}

// TestSame: a file is the same by another name, and no other file is.
func TestSame(t *testing.T) {
	folder := t.TempDir()
	one, other, link := filepath.Join(folder, "one"), filepath.Join(folder, "other"), filepath.Join(folder, "link")
	for _, name := range []string{one, other} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Link(one, link); err != nil {
		t.Skip(err)
	}
	for _, tt := range []struct {
		a, b string
		same bool
	}{{one, one, true}, {one, link, true}, {one, filepath.Join(folder, ".", "one"), true}, {one, other, false}, {one, "none", false}, {"none", one, false}, {"none", "none", true}} {
		if got := Same(tt.a, tt.b); got != tt.same {
			t.Errorf("%s and %s: %t", tt.a, tt.b, got)
		}
	}
}

// TestPipe: a pipe is written once somebody reads from it, and one that nobody reads from is
// an error after the wait.
func TestPipe(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pipe")
	if out, err := exec.Command("mkfifo", name).CombinedOutput(); err != nil {
		t.Skipf("%v: %s", err, out)
	}
	if _, err := openPipe(name, time.Millisecond); err == nil || !strings.Contains(err.Error(), "nobody reads from the pipe") {
		t.Errorf("%v", err)
	}
	read := make(chan string, 1)
	go func() {
		text, err := os.ReadFile(name)
		read <- fmt.Sprint(string(text), err)
	}()
	if err := Write(name, []byte("report\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := <-read; got != "report\n<nil>" {
		t.Errorf("%q", got)
	}
}
