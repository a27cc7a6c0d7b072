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
