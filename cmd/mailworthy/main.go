// Command mailworthy audits whether a domain is fit to send mail.
//
// This package is flags, wiring and exit statuses; what is checked lives in the
// packages of the protocols, and how it is shown in report.
package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mailworthy/internal/show"
)

// Exit statuses, a contract with scripts.
const (
	exitOK         = 0
	exitFindings   = 1
	exitUsage      = 2
	exitIncomplete = 3
	// exitInterrupted is 128 + SIGINT, as shells have it.
	exitInterrupted = 130
)

func main() {
	os.Exit(process())
}

// process is run with the surroundings of this process. The first signal to end
// cancels what is under way, the second ends the process as signals do.
func process() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}

// run is the whole command with its surroundings as arguments.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(withCommand(root, args))
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := execute(ctx, root, stdout)
	var status exitStatus
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &status):
		return int(status)
	}
	message, hint, code := err.Error(), "", exitUsage
	var hinted interface {
		error
		Hint() string
	}
	if errors.As(err, &hinted) {
		hint = hinted.Hint()
	}
	if ctx.Err() != nil {
		code = exitInterrupted
		if errors.Is(err, context.Canceled) {
			message = "interrupted"
		} else {
			message = "interrupted: " + message
		}
	}
	// Messages quote what was typed and what files hold: nothing may steer the terminal.
	fmt.Fprintf(stderr, "error: %s\n", show.Escape(message))
	if hint != "" {
		fmt.Fprintf(stderr, "hint: %s\n", show.Escape(hint))
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

// exitStatus ends the command without an error message: the output has said why.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// hintedError is bad usage or input together with what to do instead.
type hintedError struct {
	err  error
	hint string
}

func (e *hintedError) Error() string { return e.err.Error() }
func (e *hintedError) Unwrap() error { return e.err }
func (e *hintedError) Hint() string  { return e.hint }

func withHint(err error, hint string, args ...any) error {
	return &hintedError{err: err, hint: fmt.Sprintf(hint, args...)}
}

// exit turns a status into the error that carries it.
func exit(status int) error {
	if status == exitOK {
		return nil
	}
	return exitStatus(status)
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "mailworthy",
		Short: "Is this domain fit to send mail, and if not, what must be published?",
		Long: `mailworthy asks the DNS everything that a receiving mail server asks about a
domain, and says what is wrong, on what evidence, what receivers do about it, and
which record to publish instead. What the DNS does not answer is reported as
unknown, never as missing.`,
		Example: `  mailworthy acme.example
  mailworthy audit --offline --zone acme.zone acme.example
  mailworthy checks spf-too-many-lookups`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noSubcommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.CompletionOptions.DisableDescriptions = false
	root.SetFlagErrorFunc(flagError)
	root.Version = version + revision() + ", " + runtime.Version()
	root.SetVersionTemplate("mailworthy {{.Version}}\n")
	root.AddCommand(
		newAudit(), newSPF(), newDKIM(), newDMARC(), newRBL(), newMTASTS(), newTLSRPT(), newDANE(), newDNSSEC(), newBIMI(), newMessage(), newExplain(), newLint(), newChecks(), newVersion(),
		newSetup(), newHistory(), newDiff(), newTrend(), newLogs(), newProbe(), newRoundtrip(),
		newConfig(), newInit(), newRun(), newWatch(),
		newDoctor(),
	)
	root.SetHelpCommand(newHelp())
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		guardUnknown(c)
		if c.Name() == "completion" {
			c.Example = "  source <(mailworthy completion bash)\n  mailworthy completion fish > ~/.config/fish/completions/mailworthy.fish"
			for _, shell := range c.Commands() {
				shell.Example = "  mailworthy completion " + shell.Name() + "\n  mailworthy completion " + shell.Name() + " --no-descriptions"
			}
		}
	}
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return cmp.Or(refuseEmpty(cmd), understand(cmd)) }
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages ", ".FlagUsagesWrapped 98 "))
	return root
}

// newHelp is cobra's help command, but for words that are no command.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "What a command does, its flags and examples",
		Example: "  mailworthy help audit\n  mailworthy help spf flatten",
		RunE: func(cmd *cobra.Command, args []string) error {
			topic, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return withHint(fmt.Errorf("there is no command %q", strings.Join(args, " ")), "%s --help lists the commands", cmd.Root().Name())
			}
			topic.InitDefaultHelpFlag()
			return topic.Help()
		},
	}
}

// refuseEmpty refuses a flag with an empty value: mostly a variable of a script
// that is not set. The sender of a message may be empty, and the names that SPF is
// evaluated for.
func refuseEmpty(cmd *cobra.Command) (err error) {
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		values := []string{flag.Value.String()}
		if list, ok := flag.Value.(pflag.SliceValue); ok {
			if values = list.GetSlice(); len(values) == 0 {
				values = []string{""}
			}
		}
		null := flag.Value.Type() == "string" && (flag.Name == "mail-from" || cmd.Name() == "evaluate")
		if !null && slices.ContainsFunc(values, func(v string) bool { return strings.TrimSpace(v) == "" }) {
			err = withHint(fmt.Errorf("--%s is empty", flag.Name), "leave it out, or give it a value")
		}
	})
	return err
}

// guardUnknown makes a command that only groups others refuse words it does not
// know, which cobra does for the root command alone.
func guardUnknown(c *cobra.Command) {
	if c.HasSubCommands() && !c.Runnable() {
		c.Args = noSubcommand
		c.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
}

func noSubcommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := cmd.CommandPath() + " --help lists the commands"
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = "did you mean " + strings.Join(near, " or ") + "?"
	} else if command := fileCommand(args[0]); command != "" && !cmd.HasParent() {
		hint = "that is a file: did you mean mailworthy " + command + " " + args[0] + "?"
	}
	return withHint(fmt.Errorf("unknown command %q for %s", args[0], cmd.CommandPath()), "%s", hint)
}

// exactly is cobra.ExactArgs with an error that names what is missing.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return withHint(fmt.Errorf("%s is missing", names[len(args)]), "usage: %s", cmd.UseLine())
		case len(args) > len(names):
			return withHint(fmt.Errorf("unexpected argument %q", args[len(names)]), "usage: %s", cmd.UseLine())
		}
		return nil
	}
}
