package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"mailworthy/internal/dnstest"
	"mailworthy/internal/runtest"
)

func TestMain(m *testing.M) {
	runtest.RareGC()
	testscript.Main(tests{m}, map[string]func(){
		"mailworthy": func() { os.Exit(process()) },
		servant:      serve,
	})
}

// tests are the tests, which are run unless the binary runs as one of the commands.
type tests struct{ *testing.M }

func (m tests) Run() int {
	runtest.AtOnce(4)
	// What is written is that of a terminal of a width of its own, wherever the tests run.
	for name, value := range map[string]string{"COLUMNS": "80", "LC_ALL": "C.UTF-8"} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	for _, name := range []string{"STATE_DIRECTORY", passwordVariable} {
		_ = os.Unsetenv(name) // fails for no name
	}
	return m.M.Run()
}

// scripts is the folder of the sessions.
const scripts = "testdata/script"

// TestScripts runs the sessions of testdata/script. $ZONES is the folder of the
// bundled zones. With SCRIPTS=processes each command is a process of its own.
func TestScripts(t *testing.T) {
	t.Parallel()
	zones, err := filepath.Abs("../../testdata/zones")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: scripts,
		Setup: func(env *testscript.Env) error {
			env.Setenv("ZONES", zones)
			env.Setenv("LC_ALL", "C.UTF-8")
			env.Setenv("COLUMNS", "80")
			// Set by .ci/clock: the command runs on the same day as the tests.
			if shift, found := os.LookupEnv("FAKETIME"); found {
				env.Setenv("FAKETIME", shift)
			}
			c := newSitting(env.Vars)
			env.Values[servant] = c
			env.Defer(c.end)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"status": status, "days": days,
			"publish": func(ts *testscript.TestScript, _ bool, args []string) { publish(t, ts, args) }},
	})
}

// status runs a command and checks its exit status: status 3 mailworthy audit …
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N COMMAND [ARGUMENT...]")
	}
	s := command(ts, args[1:])
	_, _ = ts.Stdout().Write(s.Stdout)
	_, _ = ts.Stderr().Write(s.Stderr)
	if want := args[0]; strconv.Itoa(s.Status) != want {
		ts.Fatalf("exit status %d, want %s", s.Status, want)
	}
}

// command runs a command and returns what came of it.
func command(ts *testscript.TestScript, args []string) served {
	if args[0] == "mailworthy" {
		if s, ok := ts.Value(servant).(*sitting).run(ts, args[1:]); ok {
			return s
		}
	}
	err := ts.Exec(args[0], args[1:]...)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		ts.Fatalf("%v", err)
	}
	s := served{Stdout: []byte(ts.ReadFile("stdout")), Stderr: []byte(ts.ReadFile("stderr"))}
	if exit != nil {
		s.Status = exit.ExitCode()
	}
	return s
}

// publish serves zone files as the public DNS, each with an SOA of its own, and sets $DNS
// to the server's address: publish FILE…
func publish(t *testing.T, ts *testscript.TestScript, files []string) {
	zones := make([]string, len(files))
	for i, f := range files {
		zones[i] = ts.ReadFile(f)
	}
	ts.Setenv("DNS", dnstest.Start(t, zones...).Addr())
}

// days runs a command on each day of March 2026 from one to another, whatever its
// exit status, with the date for {DAY}, and joins what it writes: days FROM TO
// COMMAND [ARGUMENT...].
func days(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: days FROM TO COMMAND [ARGUMENT...]")
	}
	from, err := strconv.Atoi(args[0])
	ts.Check(err)
	to, err := strconv.Atoi(args[1])
	ts.Check(err)
	var out strings.Builder
	for day := from; day <= to; day++ {
		words := slices.Clone(args[2:])
		for i := range words {
			words[i] = strings.ReplaceAll(words[i], "{DAY}", fmt.Sprintf("2026-03-%02d", day))
		}
		out.Write(command(ts, words).Stdout)
	}
	fmt.Fprint(ts.Stdout(), out.String())
}
