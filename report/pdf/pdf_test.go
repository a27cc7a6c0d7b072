//go:build unix

package pdf

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// browser is a program that is given the arguments of one.
func browser(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "chromium")
	if err := os.WriteFile(path, []byte("#!/bin/sh\nfor a; do case $a in --print-to-pdf=*) out=${a#*=};; --user-data-dir=*) profile=${a#*=};; file://*) in=${a#file://};; esac; done\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPrint(t *testing.T) {
	for _, tt := range []struct{ name, script, want, wrong string }{
		{"prints", `mkdir -p "$profile/x"; (printf %%PDF-1.4; cat "$in") > "$out"`, "%PDF-1.4<p>page</p>", ""},
		{"prints and ends badly", `printf %%PDF-1.4 > $out; exit 1`, "%PDF-1.4", ""},
		{"fails", `echo "1:2:dbus/bus.cc no bus" >&2; echo "no usable sandbox" >&2; echo "dbus/x" >&2; exit 7`, "", "exit status 7 (no usable sandbox)"},
		{"writes nothing", `true`, "", "it wrote no PDF"},
		{"writes something else", `echo hello > $out`, "", "it wrote no PDF"},
		{"talks without end", `head -c 300000 /dev/zero; printf %%PDF-1.4 > $out`, "%PDF-1.4", ""},
		{"cannot be seen", `printf '\033[31mred\n' >&2; exit 1`, "", `\x1b[31mred`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("TMPDIR", t.TempDir())
			got, err := Print(context.Background(), browser(t, tt.script), []byte("<p>page</p>"))
			if string(got) != tt.want || (err != nil) != (tt.wrong != "") || err != nil && !strings.Contains(err.Error(), tt.wrong) {
				t.Errorf("%q, %v", got, err)
			}
			if left, _ := os.ReadDir(os.Getenv("TMPDIR")); len(left) > 0 {
				t.Errorf("%s is left behind", left[0].Name())
			}
		})
	}
}

// A browser that hangs is ended, and so does what it started not keep the run.
func TestPrintHangs(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := Print(ctx, browser(t, `exec sleep 30`), nil); err == nil || !strings.Contains(err.Error(), "did not print") {
		t.Error(err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
	if left, _ := os.ReadDir(os.Getenv("TMPDIR")); len(left) > 0 {
		t.Errorf("%s is left behind", left[0].Name())
	}
}

func TestFind(t *testing.T) {
	path := browser(t, "")
	t.Setenv("PATH", t.TempDir())
	if _, err := Find(""); !errors.Is(err, ErrNoBrowser) {
		t.Error(err)
	}
	if got, err := Find(path); err != nil || got != path {
		t.Error(got, err)
	}
	for _, wrong := range []string{"/does/not/exist", "not-in-path", t.TempDir()} {
		if got, err := Find(wrong); err == nil || errors.Is(err, ErrNoBrowser) {
			t.Errorf("%s: %s, %v", wrong, got, err)
		}
	}
	t.Setenv("PATH", filepath.Dir(path))
	if got, err := Find(""); err != nil || got != path {
		t.Error(got, err)
	}
}
