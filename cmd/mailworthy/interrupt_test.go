//go:build unix

package main

import (
	"bytes"
	"context"
	"io"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mailworthy/internal/cli"
)

// The first signal ends a command that waits for its input, whatever it waits for.
func TestInterruptedWaiting(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	for _, args := range [][]string{
		{"audit", "--offline", "--zone", pipe, "acme.example"},
		{"audit", "--offline", "--zone", "../../testdata/zones", "-f", pipe},
		{"audit", "--offline", "--zone", "../../testdata/zones", "-f", "-"},
		{"audit", "--offline", "--zone", "../../testdata/zones", "--lists", pipe, "acme.example"},
		{"audit", "--offline", "--zone", "../../testdata/zones", "--policy", pipe, "acme.example"},
		{"audit", "--offline", "--zone", "../../testdata/zones", "--against", pipe, "acme.example"},
		{"message", "--offline", "--zone", "../../testdata/zones", "-"},
		{"message", "--offline", "--zone", "../../testdata/zones", pipe},
		{"dkim", "verify", "--offline", "--zone", "../../testdata/zones", "-"},
		{"rbl", "check", "--offline", "--zone", "../../testdata/zones", "-"},
		{"lint", "spf"},
		{"logs", pipe},
		{"explain", "--no-proof", "--text", "550 no", "--knowledge", pipe},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			stdin, never := io.Pipe() // nobody writes to it
			defer never.Close()
			var stdout, stderr bytes.Buffer
			status := make(chan int)
			go func() { status <- run(ctx, args, stdin, &stdout, &stderr) }()
			cancel()
			if got := <-status; got != cli.Interrupted || stderr.String() != "error: interrupted\n" {
				t.Errorf("status %d, want %d: %q", got, cli.Interrupted, stderr.String())
			}
		})
	}
}

// Nobody answers: one error, one hint, what doctor finds, and a first line that says so.
func TestNobodyAnswers(t *testing.T) {
	var stdout, stderr bytes.Buffer
	// Port 1 of the loopback address: nobody listens there.
	args := []string{"audit", "--resolver", "127.0.0.1:1", "--timeout", "200ms", "--retries", "0", "acme.example"}
	if got := run(t.Context(), args, strings.NewReader(""), &stdout, &stderr); got != exitIncomplete {
		t.Errorf("status %d, want %d", got, exitIncomplete)
	}
	if lines := strings.Split(strings.TrimSpace(stderr.String()), "\n"); len(lines) != 3 ||
		!strings.HasPrefix(lines[0], "error: no resolver answered: udp://127.0.0.1:1: ") || !strings.HasPrefix(lines[1], "hint: ") ||
		!strings.HasPrefix(lines[2], "doctor: udp://127.0.0.1:1: the resolver ") {
		t.Errorf("standard error: %q", stderr.String())
	}
	if !strings.Contains(stdout.String(), "no score\nNo resolver answered any question (") {
		t.Errorf("the table:\n%s", stdout.String())
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestHelpThatCannotBeWritten(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"audit", "--help"}, {"help", "audit"}, {"spf"}} {
		var stderr bytes.Buffer
		if got := run(t.Context(), args, strings.NewReader(""), fullDisk{}, &stderr); got != exitUsage || !strings.HasPrefix(stderr.String(), "error: ") {
			t.Errorf("%v: status %d, %q", args, got, stderr.String())
		}
	}
}
