package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailworthy/history"
)

// TestHistoryHeld: another process that holds the history keeps nobody from seeing
// the report: it is there at once, and what is said of the history comes after it.
func TestHistoryHeld(t *testing.T) {
	for _, format := range []string{"table", "csv"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "history.db")
			db, err := sql.Open("sqlite", file)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			db.SetMaxOpenConns(1)
			if _, err := db.Exec("BEGIN EXCLUSIVE"); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Second)
			defer cancel()
			cmd := exec.CommandContext(ctx, "mailworthy", "audit", "tidy.example", "--offline", "--zone", "../../testdata/zones", "--history", file, "--format", format)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			cmd.Stdout = w
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			w.Close()
			// The report comes while the history is held; then it is let go.
			var report strings.Builder
			buf := make([]byte, 64<<10)
			for !strings.Contains(report.String(), "tidy.example") {
				n, err := r.Read(buf)
				if report.Write(buf[:n]); err != nil {
					t.Fatalf("%v after %q: %s", err, report.String(), stderr.String())
				}
			}
			if _, err := db.Exec("ROLLBACK"); err != nil {
				t.Fatal(err)
			}
			for err == nil {
				_, err = r.Read(buf)
			}
			if err := cmd.Wait(); err != nil {
				t.Fatalf("%v: %s", err, stderr.String())
			}
			var runs int
			if err := db.QueryRow("SELECT count(*) FROM run").Scan(&runs); err != nil || runs != 1 {
				t.Errorf("%d runs are kept: %v", runs, err)
			}
		})
	}
}

// TestUnkeptFor: a history that another process holds all the time leaves the work undone, as in
// run; one that cannot be used is bad input.
func TestUnkeptFor(t *testing.T) {
	for err, want := range map[error]int{
		fmt.Errorf("history h.db: %w", history.ErrBusy):       exitIncomplete,
		fmt.Errorf("history h.db: %w", history.ErrNotHistory): exitUsage,
		history.ErrFull: exitUsage,
	} {
		if got := unkeptFor(err); got != want {
			t.Errorf("%v: %d, want %d", err, got, want)
		}
	}
}
