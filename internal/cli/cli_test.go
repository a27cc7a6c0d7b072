package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// program is a small program: a command with flags of each kind, one that groups another.
func program() *cobra.Command {
	root := &cobra.Command{Use: "prog", Short: "x"}
	one := &cobra.Command{Use: "one NAME", Short: "x", Args: Exactly("NAME"), RunE: func(cmd *cobra.Command, args []string) error {
		switch args[0] {
		case "status":
			return Exit(3)
		case "fine":
			return Exit(OK)
		case "cancelled":
			return context.Canceled
		case "steer":
			return WithHint(errors.New("a \x1b[31mred\x1b[0m word"), "write %s", "\x1b[2J")
		}
		for _, name := range []string{"kind", "format"} {
			_, _ = io.WriteString(cmd.OutOrStdout(), cmd.Flag(name).Value.String()+" ")
		}
		return nil
	}}
	f := one.Flags()
	f.String("kind", "small", "of this `small|great`")
	f.StringSlice("format", nil, "in this `format`")
	f.String("colour", "", "a colour")
	f.Duration("wait", time.Second, "how long")
	f.Int("count", 1, "how many")
	f.Float64("rate", 1, "how fast")
	f.BoolP("quiet", "q", false, "say nothing")
	f.String("note", "", "a note")
	TakesWords(one, "format", "table", "html", "markdown")
	group := &cobra.Command{Use: "group", Short: "x"}
	group.AddCommand(&cobra.Command{Use: "member", Short: "x", Run: func(*cobra.Command, []string) {}})
	root.AddCommand(one, group)
	h := &Habits{Words: map[string]string{"big": "great", "md": "markdown"}, Flags: map[string]string{"silent": "--quiet", "absent": "--none"},
		File:       func(name string) string { return map[string]string{"a.eml": "one"}[name] },
		MayBeEmpty: func(_ *cobra.Command, f *pflag.Flag) bool { return f.Name == "note" }}
	h.Apply(root)
	return root
}

// TestRun: what is typed, the exit status, and what is written.
func TestRun(t *testing.T) {
	for _, tt := range []struct {
		args        string
		status      int
		out, errors string
	}{
		{args: "one x", out: "small [] "},
		{args: "one x --kind GREAT --format md,Table", out: "great [markdown,table] "},
		{args: "one x --kind big --format htm", out: "great [html] "},
		{args: "one x --kind gre", out: "great [] "},
		{args: "one x --kind grand", status: 2, errors: "error: --kind \"grand\": it must be small or great\n"},
		{args: "one x --kind graet", status: 2, errors: "error: --kind \"graet\" is not known\nhint: did you mean great?\n"},
		{args: "one x --format pdf", out: "small [pdf] "}, // the command refuses it itself
		{args: "one x --format htlm", status: 2, errors: "error: --format \"htlm\" is not known\nhint: did you mean html?\n"},
		{args: "one fine"},
		{args: "one status", status: 3},
		{args: "one steer", status: 2, errors: "error: a \\x1b[31mred\\x1b[0m word\nhint: write \\x1b[2J\n"},
		{args: "https://ann:hunter2@acme.example/x", status: 2, errors: "error: unknown command \"https://…@acme.example/x\" for prog\nhint: prog --help lists the commands\n"},
		{args: "one cancelled", status: 2, errors: "error: context canceled\n"},
		{args: "one", status: 2, errors: "error: NAME is missing\nhint: usage: prog one NAME [flags]\n"},
		{args: "one a b", status: 2, errors: "error: unexpected argument \"b\"\nhint: usage: prog one NAME [flags]\n"},
		{args: "one x --colour ", status: 2, errors: "error: --colour is empty\nhint: leave it out, or give it a value\n"},
		{args: "one x --note ", out: "small [] "},
		{args: "one x --Quiet", status: 2, errors: "error: unknown flag: --Quiet\nhint: did you mean --quiet?\n"},
		{args: "one x --queit", status: 2, errors: "error: unknown flag: --queit\nhint: did you mean --quiet?\n"},
		{args: "one x --silent", status: 2, errors: "error: unknown flag: --silent\nhint: did you mean --quiet?\n"},
		{args: "one x --absent", status: 2, errors: "error: unknown flag: --absent\nhint: prog one --help lists the flags\n"},
		{args: "one x --md", status: 2, errors: "error: unknown flag: --md\nhint: did you mean --format markdown?\n"},
		{args: "one x --col", status: 2, errors: "error: unknown flag: --col\nhint: did you mean --colour?\n"},
		{args: "one x -z", status: 2, errors: "error: unknown shorthand flag: 'z' in -z\nhint: prog one --help lists the flags\n"},
		{args: "one x --wait 5", status: 2, errors: "error: --wait 5 has no unit\nhint: did you mean 5s?\n"},
		{args: "one x --wait soon", status: 2, errors: "error: --wait \"soon\" is no length of time\nhint: write it as 500ms, 5s, 2m or 1h\n"},
		{args: "one x --count some", status: 2, errors: "error: --count \"some\" is no whole number\nhint: write it as --count 10\n"},
		{args: "one x --rate some", status: 2, errors: "error: --rate \"some\" is no number\nhint: write it as --rate 10 or --rate 2.5\n"},
		{args: "one x --quiet=maybe", status: 2, errors: "error: --quiet=\"maybe\" is neither true nor false\nhint: write --quiet alone, or leave it out\n"},
		{args: "oen", status: 2, errors: "error: unknown command \"oen\" for prog\nhint: did you mean one?\n"},
		{args: "a.eml", status: 2, errors: "error: unknown command \"a.eml\" for prog\nhint: that is a file: did you mean prog one a.eml?\n"},
		{args: "group xyzzy", status: 2, errors: "error: unknown command \"xyzzy\" for prog group\nhint: prog group --help lists the commands\n"},
		{args: "help xyzzy", status: 2, errors: "error: there is no command \"xyzzy\"\nhint: prog --help lists the commands\n"},
	} {
		var out, errs bytes.Buffer
		status := Run(t.Context(), program(), strings.Split(tt.args, " "), strings.NewReader(""), &out, &errs)
		if status != tt.status || out.String() != tt.out || errs.String() != tt.errors {
			t.Errorf("%s: status %d, %q, %q; want %d, %q, %q", tt.args, status, out.String(), errs.String(), tt.status, tt.out, tt.errors)
		}
	}
}

// TestHelp: help is written, and that it could not be is an error.
func TestHelp(t *testing.T) {
	for _, args := range [][]string{{}, {"help"}, {"help", "one"}, {"group"}, {"one", "--help"}} {
		var out, errs bytes.Buffer
		if status := Run(t.Context(), program(), args, strings.NewReader(""), &out, &errs); status != OK || !strings.Contains(out.String(), "Usage:") {
			t.Errorf("%q: status %d, %s%s", args, status, out.String(), errs.String())
		}
		if status := Run(t.Context(), program(), args, strings.NewReader(""), full{}, &errs); status != Usage || !strings.Contains(errs.String(), "no space") {
			t.Errorf("%q on a full disk: status %d, %s", args, status, errs.String())
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space") }

// TestInterrupted: an error of a command whose context was cancelled is that it was.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for args, want := range map[string]string{"one cancelled": "error: interrupted\n", "one steer": "error: interrupted: a "} {
		var out, errs bytes.Buffer
		if status := Run(ctx, program(), strings.Fields(args), strings.NewReader(""), &out, &errs); status != Interrupted || !strings.HasPrefix(errs.String(), want) {
			t.Errorf("%s: status %d, %q", args, status, errs.String())
		}
	}
}

// TestCompletion: the words of a flag are completed, whoever names them.
func TestCompletion(t *testing.T) {
	for flag, want := range map[string]string{"--kind": "small\ngreat\n:4\n", "--format": "table\nhtml\nmarkdown\n:4\n"} {
		var out, errs bytes.Buffer
		if status := Run(t.Context(), program(), []string{"__complete", "one", flag, ""}, strings.NewReader(""), &out, &errs); status != OK || out.String() != want {
			t.Errorf("%s: status %d, %q", flag, status, out.String())
		}
	}
}

// TestPassword: it comes from the file, or else from the environment, or else from whoever
// is asked, of whose input no more than the line is read.
func TestPassword(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("of the file\nmore\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const variable = "CLI_TEST_PASSWORD"
	p := Password{Flag: "--password-file", Variable: variable, User: "me"}
	ask := func(p Password, in io.Reader) (string, string, error) {
		var errs bytes.Buffer
		cmd := &cobra.Command{}
		cmd.SetIn(in)
		cmd.SetErr(&errs)
		text, err := p.Read(cmd)
		return text, errs.String(), err
	}
	in := strings.NewReader("typed\r\nnext\n")
	for _, want := range []string{"typed", "next"} {
		if text, asked, err := ask(p, in); err != nil || text != want || asked != "password of me: \n" {
			t.Errorf("%q, %q, %v; want %s", text, asked, err, want)
		}
	}
	_, _, err := ask(p, in)
	var hinted interface{ Hint() string }
	if !errors.As(err, &hinted) || hinted.Hint() != "--password-file FILE, or "+variable {
		t.Errorf("no input: %v", err)
	}
	if _, _, err := ask(p, strings.NewReader("\n")); err == nil || !strings.Contains(err.Error(), "the password of me is empty") {
		t.Errorf("an empty line: %v", err)
	}
	t.Setenv(variable, "of the environment")
	if text, asked, err := ask(p, strings.NewReader("typed\n")); err != nil || text != "of the environment" || asked != "" {
		t.Errorf("%q, %q, %v", text, asked, err)
	}
	p.File = file
	if text, _, err := ask(p, strings.NewReader("typed\n")); err != nil || text != "of the file" {
		t.Errorf("%q, %v", text, err)
	}
	p.File += "x"
	if _, _, err := ask(p, strings.NewReader("typed\n")); !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), "--password-file ") {
		t.Errorf("%v", err)
	}
}

// TestCompletes: the words of a flag are completed, and of a list those that it has not yet.
func TestCompletes(t *testing.T) {
	for begun, want := range map[string]string{"": "table html markdown", "ta": "table html markdown", "table,": "table,html table,markdown", "table,html,m": "table,html,markdown"} {
		var out, errs bytes.Buffer
		if status := Run(t.Context(), program(), []string{"__complete", "one", "x", "--format", begun}, strings.NewReader(""), &out, &errs); status != 0 {
			t.Fatalf("%q: %s", begun, errs.String())
		}
		words, _, _ := strings.Cut(out.String(), "\n:")
		if got := strings.Join(strings.Fields(words), " "); got != want {
			t.Errorf("%q is completed by %s, want %s", begun, got, want)
		}
	}
}

// TestWithCommand: the default command is put before what it is about, and before nothing else.
func TestWithCommand(t *testing.T) {
	h := &Habits{Default: "one", Subject: func(word string) bool { return strings.Contains(word, ".") }}
	for args, want := range map[string]string{
		"a.b":                    "one a.b",
		"--kind great a.b":       "one --kind great a.b",
		"a.b --kind great":       "one a.b --kind great",
		"one a.b":                "one a.b",
		"help a.b":               "help a.b",
		"__complete a.b":         "__complete a.b",
		"group a.b":              "group a.b",
		"word a.b":               "word a.b",
		"word":                   "word",
		"-- a.b":                 "-- a.b",
		"--note a.b --count one": "--note a.b --count one",
	} {
		if got := strings.Join(h.WithCommand(program(), strings.Fields(args)), " "); got != want {
			t.Errorf("%s: %s, want %s", args, got, want)
		}
	}
	if got := h.WithCommand(program(), nil); len(got) != 0 {
		t.Errorf("of no arguments: %q", got)
	}
}

// TestAtLeast: the first argument must be there, and no more than are allowed.
func TestAtLeast(t *testing.T) {
	cmd := &cobra.Command{Use: "show DOMAIN [RUN]"}
	for args, want := range map[string]string{"": "DOMAIN is missing", "a": "", "a b": "", "a b c": `unexpected argument "c"`} {
		got := ""
		if err := AtLeast("DOMAIN", 1)(cmd, strings.Fields(args)); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", args, got, want)
		}
	}
}
