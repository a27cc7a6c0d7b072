//go:build integration && linux

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestFullDisk: on a full disk the audit is printed and the failure named, what was
// kept stays readable, and with room again the runs go on.
func TestFullDisk(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=2m"); err != nil {
		t.Skipf("no disk of its own to fill: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, 0) })
	history := filepath.Join(disk, "history.db")
	audit := func(day string, want int) (string, string) {
		t.Helper()
		var out, errs bytes.Buffer
		args := []string{"audit", "--offline", "--zone", "../../testdata/zones", "--history", history, "--changes", "--fail-on", "never",
			"--now", "2026-03-" + day + "T03:00:00Z", "tidy.example"}
		if got := run(t.Context(), args, nil, &out, &errs); got != want {
			t.Fatalf("status %d: %s", got, &errs)
		}
		return out.String(), errs.String()
	}
	audit("01", exitOK)
	filler := filepath.Join(disk, "filler")
	// It ends with the room.
	if err := os.WriteFile(filler, make([]byte, 4<<20), 0o600); err == nil {
		t.Fatal("the disk is not full")
	}
	out, errs := audit("02", exitUsage)
	if !strings.Contains(out, "READY") || !strings.Contains(errs, "the disk is full") {
		t.Errorf("printed\n%s\nsaid\n%s", out, errs)
	}
	list := func() string {
		var out, errs bytes.Buffer
		if status := run(t.Context(), []string{"history", "list", "--history", history}, nil, &out, &errs); status != exitOK {
			t.Fatalf("status %d: %s", status, &errs)
		}
		return out.String()
	}
	if text := list(); strings.Count(text, "tidy.example") != 1 {
		t.Errorf("kept:\n%s", text)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	audit("03", exitOK)
	if text := list(); strings.Count(text, "tidy.example") != 2 {
		t.Errorf("kept:\n%s", text)
	}
}
