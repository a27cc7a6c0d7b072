package lockfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTake(t *testing.T) {
	file := filepath.Join(t.TempDir(), "run.lock")
	first, err := Take(file)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Take(file)
	if !errors.Is(err, ErrHeld) || !strings.Contains(err.Error(), fmt.Sprintf("(process %d, since 20", os.Getpid())) {
		t.Errorf("the second: %v", err)
	}
	first.Release()
	third, err := Take(file)
	if err != nil {
		t.Fatalf("after the first has ended: %v", err)
	}
	third.Release()
	// What a killed process leaves behind holds nothing.
	if err := os.WriteFile(file, []byte("process 1, since ever\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	fourth, err := Take(file)
	if err != nil {
		t.Fatalf("a file left behind: %v", err)
	}
	fourth.Release()
	if _, err := Take(filepath.Join(t.TempDir(), "no", "folder")); err == nil || errors.Is(err, ErrHeld) {
		t.Errorf("no folder: %v", err)
	}
}

// TestHold: a file that is open already; who holds it may have said nothing in it, and what
// is no open file has no lock.
func TestHold(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := Hold(f); err != nil {
		t.Fatal(err)
	}
	if _, err := Take(file); err != ErrHeld {
		t.Errorf("the second: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := Hold(f); err == nil || errors.Is(err, ErrHeld) {
		t.Errorf("a closed file: %v", err)
	}
	l, err := Take(file)
	if err != nil {
		t.Fatalf("after it was closed: %v", err)
	}
	l.Release()
}
