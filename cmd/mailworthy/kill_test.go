//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"mailworthy/internal/cli"
)

// bulkWorld is a folder with a list of n domains and the zone that holds them:
// their providers are few, their records differ.
func bulkWorld(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	var zone, list strings.Builder
	zone.WriteString("$TTL 300\n")
	soa := "@ SOA ns hostmaster 1 7200 3600 1209600 300\n@ NS ns\nns A 192.0.2.1\n"
	for p := range 5 {
		fmt.Fprintf(&zone, "$ORIGIN p%d.test.\n%sspf TXT \"v=spf1 ip4:198.51.100.%d -all\"\nmx A 198.51.100.%d\n", p, soa, p+1, p+1)
	}
	for i := range n {
		fmt.Fprintf(&zone, "$ORIGIN d%d.example.\n%s@ MX 10 mx.p%d.test.\n@ TXT \"v=spf1 include:spf.p%d.test -all\"\n_dmarc TXT \"v=DMARC1; p=%s\"\n",
			i, soa, i%5, i%5, []string{"none", "quarantine", "reject"}[i%3])
		fmt.Fprintf(&list, "d%d.example\n", i)
		if i%50 == 7 {
			list.WriteString("# a comment\n\nd3.example\nhttps://d4.example/\nno domain\n")
		}
	}
	for name, text := range map[string]string{"world.zone": zone.String(), "list.txt": list.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// bulkCommand is an audit of the list of a world as a process of its own.
func bulkCommand(dir, format, out string, extra ...string) (*exec.Cmd, *bytes.Buffer) {
	cmd := exec.Command("mailworthy", append([]string{"audit", "--offline", "--zone", "world.zone", "-f", "list.txt", "--only", "spf,dmarc",
		"--now", "2026-11-21T09:00:00Z", "--format", format, "-o", out, "--summary", "json", "--concurrency", "8"}, extra...)...)
	cmd.Dir = dir
	stderr := new(bytes.Buffer)
	cmd.Stderr = stderr
	return cmd, stderr
}

func exitCode(t *testing.T, err error) int {
	t.Helper()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if exit == nil {
		return 0
	}
	return exit.ExitCode()
}

// sortedRows are the rows of a file in order, without how long the audits took.
func sortedRows(t *testing.T, dir, name string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range durations {
		text = d.ReplaceAll(text, nil)
	}
	rows := strings.SplitAfter(string(text), "\n")
	slices.Sort(rows)
	return rows
}

// durations, and the place-holders of mailboxes, differ from run to run. Each begins with what
// is soon found.
var durations = []*regexp.Regexp{regexp.MustCompile(`"duration_ms":\d+`), regexp.MustCompile(`nobody-[0-9a-f]+`), regexp.MustCompile(`,\d+,2026-11-21T09:00:00Z`)}

// counts are what the summary of a run counts, without its time.
func counts(t *testing.T, stderr string) string {
	t.Helper()
	for line := range strings.Lines(stderr) {
		if counts, _, ok := strings.Cut(line, `,"from_cache"`); ok {
			return counts
		}
	}
	t.Fatalf("no summary: %s", stderr)
	return ""
}

// TestKill kills runs (-9) at any point, again and again, until one comes to its
// end: the output has the rows of a run that was left alone, each once, and the
// summary and the exit status are the same.
func TestKill(t *testing.T) {
	t.Parallel()
	dir := bulkWorld(t, 300)
	for _, tt := range []struct {
		format string
		extra  []string
	}{{"rows", nil}, {"csv", []string{"--ordered"}}} {
		t.Run(tt.format, func(t *testing.T) {
			whole, stderr := bulkCommand(dir, tt.format, "whole."+tt.format, tt.extra...)
			started := time.Now()
			want := exitCode(t, whole.Run())
			took := time.Since(started)
			if want != exitUsage { // for the line that is no domain
				t.Fatalf("exit status %d: %s", want, stderr)
			}
			rnd := rand.New(rand.NewPCG(uint64(len(tt.format)), 1))
			kills, widened, early := 0, 0, 0
			out, state := "out."+tt.format, tt.format+".state"
			for {
				cmd, errs := bulkCommand(dir, tt.format, out, append([]string{"--checkpoint", state}, tt.extra...)...)
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				// After so many kills the run is left alone, so that the test has an end.
				most := 12
				if os.Getenv("IN_FULL") != "" {
					most = 30
				}
				var timer *time.Timer
				if kills < most {
					timer = time.AfterFunc(time.Duration(rnd.Int64N(int64(took/2+time.Duration(widened)*took/8))), func() { _ = cmd.Process.Kill() })
				}
				err := cmd.Wait()
				if timer != nil {
					timer.Stop()
				}
				if got := exitCode(t, err); got >= 0 {
					if kills == 0 && early < 10 {
						// It has ended before its time: it takes less than the first one did.
						early, took = early+1, took/2
						for _, file := range []string{out, state} {
							if err := os.RemoveAll(filepath.Join(dir, file)); err != nil {
								t.Fatal(err)
							}
						}
						continue
					}
					if got != want {
						t.Fatalf("exit status %d, want %d: %s", got, want, errs)
					}
					if a, b := counts(t, stderr.String()), counts(t, errs.String()); a != b {
						t.Errorf("the summary is\n%s\nand without kills\n%s", b, a)
					}
					break
				}
				kills++
				widened = kills / 4
			}
			if kills == 0 {
				t.Error("no run was killed")
			}
			t.Logf("%d kills", kills)
			got, complete := sortedRows(t, dir, out), sortedRows(t, dir, "whole."+tt.format)
			if !slices.Equal(got, complete) {
				t.Errorf("%d rows after %d kills, %d without", len(got), kills, len(complete))
			}
			if tt.format == "csv" {
				inOrder(t, dir, out)
			}
		})
	}
}

// inOrder checks that the rows of a file are in the order of the list.
func inOrder(t *testing.T, dir, name string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	for i, line := range lines[1 : len(lines)-1] {
		if want := fmt.Sprintf("d%d.example,", i); !strings.HasPrefix(line, want) {
			t.Fatalf("row %d is %.30q, want %s", i, line, want)
		}
	}
}

// TestInterrupt: the first SIGINT finishes what is under way, and the same command
// goes on from there; a file without a checkpoint is left as it was.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	dir := bulkWorld(t, 600)
	whole, stderr := bulkCommand(dir, "ndjson", "whole.ndjson")
	want := exitCode(t, whole.Run())
	interrupt := func(cmd *exec.Cmd, when func() bool) int {
		t.Helper()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case err := <-ended:
				return exitCode(t, err)
			case <-tick.C:
				if when() {
					when = func() bool { return false }
					_ = cmd.Process.Signal(syscall.SIGINT)
				}
			}
		}
	}
	size := func(pattern string) int64 {
		names, _ := filepath.Glob(filepath.Join(dir, pattern))
		if len(names) == 0 {
			return 0
		}
		info, err := os.Stat(names[0])
		if err != nil {
			return 0
		}
		return info.Size()
	}

	// A busy machine may let a run come to its end before the signal: then the next one is
	// interrupted.
	interrupted := func(begun string, prepare func() error, args ...string) *bytes.Buffer {
		t.Helper()
		for try := 1; ; try++ {
			if err := prepare(); err != nil {
				t.Fatal(err)
			}
			cmd, errs := bulkCommand(dir, "ndjson", args[0], args[1:]...)
			switch got := interrupt(cmd, func() bool { return size(begun) > 0 }); {
			case got == cli.Interrupted:
				return errs
			case got != want || try == 20:
				t.Fatalf("exit status %d, want 130, try %d: %s", got, try, errs)
			}
		}
	}
	fresh := func() error {
		return errors.Join(os.RemoveAll(filepath.Join(dir, "out.ndjson")), os.RemoveAll(filepath.Join(dir, "run.state")))
	}
	errs := interrupted("out.ndjson", fresh, "out.ndjson", "--checkpoint", "run.state")
	for _, said := range []string{"interrupted: the audits under way are finished", "error: interrupted\n", "hint: the same command goes on from here\n"} {
		if !strings.Contains(errs.String(), said) {
			t.Errorf("not said: %s\n%s", said, errs)
		}
	}
	// All that is written is counted: nothing is cut off.
	before, err := os.ReadFile(filepath.Join(dir, "out.ndjson"))
	if err != nil || !bytes.HasSuffix(before, []byte("\n")) {
		t.Fatalf("the output does not end with a whole row: %v", err)
	}
	cmd, errs := bulkCommand(dir, "ndjson", "out.ndjson", "--checkpoint", "run.state")
	if got := exitCode(t, cmd.Run()); got != want {
		t.Fatalf("exit status %d, want %d: %s", got, want, errs)
	}
	after, err := os.ReadFile(filepath.Join(dir, "out.ndjson"))
	if err != nil || !bytes.HasPrefix(after, before) {
		t.Errorf("what was written before the interrupt has changed: %v", err)
	}
	if got, complete := sortedRows(t, dir, "out.ndjson"), sortedRows(t, dir, "whole.ndjson"); !slices.Equal(got, complete) {
		t.Errorf("%d rows, %d without an interrupt", len(got), len(complete))
	}
	if a, b := counts(t, stderr.String()), counts(t, errs.String()); a != b {
		t.Errorf("the summary is\n%s\nand without an interrupt\n%s", b, a)
	}

	keep := func() error { return os.WriteFile(filepath.Join(dir, "kept.ndjson"), []byte("precious\n"), 0o644) }
	interrupted(".kept.ndjson.*", keep, "kept.ndjson")
	if text, err := os.ReadFile(filepath.Join(dir, "kept.ndjson")); err != nil || string(text) != "precious\n" {
		t.Errorf("the file is %.40q, %v", text, err)
	}
	if rest, _ := filepath.Glob(filepath.Join(dir, ".*")); len(rest) > 0 {
		t.Errorf("left behind: %v", rest)
	}
}
