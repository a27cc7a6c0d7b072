package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"mailworthy/config"
	"mailworthy/internal/show"
)

// configFlag names the configuration of the commands that work from one.
type configFlag struct{ file string }

func (f *configFlag) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.file, "config", "", "the configuration `file`; default: ./mailworthy.yaml, ~/.config/mailworthy/mailworthy.yaml, /etc/mailworthy/mailworthy.yaml")
	_ = cmd.MarkFlagFilename("config", "yaml", "yml")
}

// load reads the configuration. Of mistakes in it each has its own error line.
func (f *configFlag) load(stderr io.Writer) (*config.Config, error) {
	file := f.file
	if file == "" {
		var err error
		if file, err = config.Find(os.Getenv); errors.Is(err, fs.ErrNotExist) {
			return nil, withHint(fmt.Errorf("no configuration in %s", strings.Join(config.Places(os.Getenv), ", ")),
				"name one with --config, or write one: mailworthy init DOMAIN -o mailworthy.yaml")
		} else if err != nil {
			return nil, err
		}
	}
	c, err := config.Load(file, os.LookupEnv)
	var problems config.Problems
	if errors.As(err, &problems) {
		for _, p := range problems {
			fmt.Fprintf(stderr, "error: %s\n", show.Escape(p.Error()))
			if p.Hint != "" {
				fmt.Fprintf(stderr, "hint: %s\n", show.Escape(p.Hint))
			}
		}
		return nil, exit(exitUsage)
	}
	switch path := (*fs.PathError)(nil); {
	case err == nil || f.file == "":
		return c, err
	case errors.Is(err, fs.ErrNotExist) && errors.As(err, &path) && path.Path == f.file:
		return nil, withHint(fmt.Errorf("--config: there is no file %s", f.file), "write one: mailworthy init DOMAIN -o %s", f.file)
	}
	return nil, fmt.Errorf("--config: %w", err)
}

func newConfig() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "The configuration of run and watch: check it, its JSON Schema",
		Example: `  mailworthy config check
  mailworthy config check --config mail.yaml
  mailworthy config schema > mailworthy.schema.json`,
	}
	cmd.AddCommand(newConfigCheck(), newConfigSchema())
	return cmd
}

func newConfigCheck() *cobra.Command {
	var file configFlag
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Name every mistake in the configuration, with line and column",
		Long: `Reads the configuration as run and watch do, and names every mistake in it with
line and column. Nothing is asked and nobody is told. Variables must be set, as a
configuration without its keys is not whole.

Exit status: 0 no mistake, 2 mistakes.`,
		Example: `  mailworthy config check
  mailworthy config check --config /etc/mailworthy/mailworthy.yaml`,
		Args:              exactly(),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := file.load(cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: no mistake; %s\n", show.Escape(c.File), strings.Join(c.Amounts(), ", "))
			return err
		},
	}
	file.add(cmd)
	return cmd
}

func newConfigSchema() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "The JSON Schema of the configuration, for editors",
		Long: `Writes the JSON Schema of mailworthy.yaml. An editor with a YAML language server
completes and checks by it where the file starts with
  # yaml-language-server: $schema=mailworthy.schema.json`,
		Example:           `  mailworthy config schema > mailworthy.schema.json`,
		Args:              exactly(),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write(config.Schema())
			return err
		},
	}
}
