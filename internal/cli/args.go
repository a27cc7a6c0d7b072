package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mailworthy/internal/hint"
)

// Habits are what people type who know other programs, or who type in haste.
type Habits struct {
	// Words are values of flags with the word for the same here, Flags are the flags of
	// other programs, without dashes, with what says the same here.
	Words, Flags map[string]string
	// File returns the command that reads the file of a name, "" if there is none: for a
	// name in place of a command.
	File func(name string) string
	// Default is the command of arguments that name none, but what it is about, which Subject
	// reports of a word.
	Default string
	Subject func(word string) bool
	// HelpExample are examples of the help command.
	HelpExample string
	// MayBeEmpty reports whether a flag may have an empty value.
	MayBeEmpty func(*cobra.Command, *pflag.Flag) bool
}

// Apply makes the command and all below it refuse what they do not know in words, with what
// may be meant. All of its commands must have been added.
func (h *Habits) Apply(root *cobra.Command) {
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetFlagErrorFunc(h.flagError)
	root.Args = h.NoSubcommand
	root.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	root.SetHelpCommand(h.help())
	root.InitDefaultCompletionCmd()
	name := root.Name()
	for _, c := range root.Commands() {
		// Cobra does this for the root command alone.
		if c.HasSubCommands() && !c.Runnable() {
			c.Args, c.RunE = h.NoSubcommand, root.RunE
		}
		if c.Name() != "completion" {
			continue
		}
		c.Example = fmt.Sprintf("  source <(%[1]s completion bash)\n  %[1]s completion fish > ~/.config/fish/completions/%[1]s.fish", name)
		for _, shell := range c.Commands() {
			shell.Example = fmt.Sprintf("  %[1]s completion %[2]s\n  %[1]s completion %[2]s --no-descriptions", name, shell.Name())
		}
	}
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return cmp.Or(h.refuseEmpty(cmd), h.understand(cmd)) }
}

// WithCommand puts the default command before arguments that name no command, but what that
// one is about.
func (h *Habits) WithCommand(root *cobra.Command, args []string) []string {
	subject := ""
	for _, arg := range args {
		if arg == "--" {
			break
		}
		if strings.HasPrefix(arg, "-") {
			continue
		}
		if isCommand(root, arg) {
			return args
		}
		if subject == "" && h.Subject(arg) {
			subject = arg
		}
	}
	// A value of a flag may stand for the subject only if the flags come first.
	if subject == "" || !strings.HasPrefix(args[0], "-") && args[0] != subject {
		return args
	}
	return append([]string{h.Default}, args...)
}

func isCommand(root *cobra.Command, word string) bool {
	return word == "help" || strings.HasPrefix(word, "__complete") || slices.ContainsFunc(root.Commands(), func(c *cobra.Command) bool { return c.Name() == word || c.HasAlias(word) })
}

// help is cobra's help command, but for words that are no command.
func (h *Habits) help() *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "What a command does, its flags and examples",
		Example: h.HelpExample,
		RunE: func(cmd *cobra.Command, args []string) error {
			topic, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return WithHint(fmt.Errorf("there is no command %q", strings.Join(args, " ")), "%s --help lists the commands", cmd.Root().Name())
			}
			topic.InitDefaultHelpFlag()
			return topic.Help()
		},
	}
}

// refuseEmpty refuses a flag with an empty value: mostly a variable of a script that is not
// set.
func (h *Habits) refuseEmpty(cmd *cobra.Command) (err error) {
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		values := []string{flag.Value.String()}
		if list, ok := flag.Value.(pflag.SliceValue); ok {
			if values = list.GetSlice(); len(values) == 0 {
				values = []string{""}
			}
		}
		if !h.MayBeEmpty(cmd, flag) && slices.ContainsFunc(values, func(v string) bool { return strings.TrimSpace(v) == "" }) {
			err = WithHint(fmt.Errorf("--%s is empty", flag.Name), "leave it out, or give it a value")
		}
	})
	return err
}

// NoSubcommand refuses the words of a command that only groups others.
func (h *Habits) NoSubcommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	help := cmd.CommandPath() + " --help lists the commands"
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		help = hint.DidYouMean(strings.Join(near, " or "))
	} else if command := h.File(args[0]); command != "" && !cmd.HasParent() {
		help = "that is a file: " + hint.DidYouMean(cmd.Name()+" "+command+" "+args[0])
	}
	return WithHint(fmt.Errorf("unknown command %q for %s", args[0], cmd.CommandPath()), "%s", help)
}

// Exactly is cobra.ExactArgs with an error that names what is missing.
func Exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return WithHint(fmt.Errorf("%s is missing", names[len(args)]), "usage: %s", cmd.UseLine())
		case len(args) > len(names):
			return WithHint(fmt.Errorf("unexpected argument %q", args[len(names)]), "usage: %s", cmd.UseLine())
		}
		return nil
	}
}

// AtLeast takes an argument of that name, and up to so many more.
func AtLeast(name string, more int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 1+more {
			return WithHint(fmt.Errorf("unexpected argument %q", args[1+more]), "usage: %s", cmd.UseLine())
		}
		return Exactly(name)(cmd, args[:min(1, len(args))])
	}
}
