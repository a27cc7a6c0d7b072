package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"mailworthy/internal/redact"
	"mailworthy/internal/show"
)

// Exit statuses that Run returns of itself.
const (
	OK = 0
	// Usage is for every error that is no Status: bad usage or input.
	Usage = 2
	// Interrupted is 128 + SIGINT, as shells have it.
	Interrupted = 130
)

// Status ends the command without an error message: the output has said why.
type Status int

func (s Status) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// Exit returns the error that carries a status; nil for OK.
func Exit(status int) error {
	if status == OK {
		return nil
	}
	return Status(status)
}

// hinted is an error together with what to do instead.
type hinted struct {
	err  error
	hint string
}

func (e *hinted) Error() string { return e.err.Error() }
func (e *hinted) Unwrap() error { return e.err }
func (e *hinted) Hint() string  { return e.hint }

// WithHint returns the error with a hint, which Run writes below it. Any error that has a
// method Hint() string does the same.
func WithHint(err error, hint string, args ...any) error {
	return &hinted{err: err, hint: fmt.Sprintf(hint, args...)}
}

// Run runs the command with its arguments and surroundings, writes its error, and returns
// its exit status.
func Run(ctx context.Context, root *cobra.Command, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) > 0 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		completeWords(root)
	}
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := execute(ctx, root, stdout)
	var status Status
	switch {
	case err == nil:
		return OK
	case errors.As(err, &status):
		return int(status)
	}
	message, hint, code := err.Error(), "", Usage
	var with interface {
		error
		Hint() string
	}
	if errors.As(err, &with) {
		hint = with.Hint()
	}
	if ctx.Err() != nil {
		code = Interrupted
		if errors.Is(err, context.Canceled) {
			message = "interrupted"
		} else {
			message = "interrupted: " + message
		}
	}
	// Messages quote what was typed and what files hold: nothing may steer the terminal, and a URL that
	// was given for a file may hold a password.
	fmt.Fprintf(stderr, "error: %s\n", show.Escape(redact.URLs(message)))
	if hint != "" {
		fmt.Fprintf(stderr, "hint: %s\n", show.Escape(redact.URLs(hint)))
	}
	return code
}

// execute runs the command. That help could not be written is an error too.
func execute(ctx context.Context, root *cobra.Command, stdout io.Writer) error {
	var unwritten error
	help := root.HelpFunc()
	root.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		var text bytes.Buffer
		cmd.SetOut(&text)
		help(cmd, args)
		cmd.SetOut(stdout)
		if _, err := stdout.Write(text.Bytes()); err != nil {
			unwritten = err
		}
	})
	return cmp.Or(root.ExecuteContext(ctx), unwritten)
}
