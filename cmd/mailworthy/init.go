package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"mailworthy/config"
	"mailworthy/internal/show"
	"mailworthy/monitor"
)

// initFlags are the flags of init.
type initFlags struct {
	dns        dnsFlags
	file, list string
}

func newInit() *cobra.Command {
	f := &initFlags{}
	cmd := &cobra.Command{
		Use:   "init [DOMAIN...]",
		Short: "Write a commented configuration from an audit of the domain",
		Long: `Audits the domains and writes a configuration for run and watch: what was found is
stated, and what is a matter of choice stands there with a comment. A file that is
there already is left alone. -f names a list of further domains, a domain a line, which
every run reads.`,
		Example: `  mailworthy init acme.example
  mailworthy init acme.example -o mailworthy.yaml
  mailworthy init -f domains.txt -o mailworthy.yaml`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              f.run,
	}
	f.dns.add(cmd)
	cmd.Flags().StringVarP(&f.list, "file", "f", "", "name this `list` of further domains in the configuration, a domain a line: each run audits them by its defaults")
	cmd.Flags().StringVarP(&f.file, "output", "o", "", "write to this `file`, which must not be there yet, instead of standard output")
	return cmd
}

func (f *initFlags) run(cmd *cobra.Command, args []string) error {
	if len(args) == 0 && f.list == "" {
		return withHint(errors.New("DOMAIN is missing"), "usage: %s; or -f LIST", cmd.UseLine())
	}
	c, err := config.Of(args)
	if err != nil {
		return err
	}
	if f.file == "-" {
		f.file = ""
	}
	exists := withHint(fmt.Errorf("-o %s: the file is there already", f.file), "name another, or remove it first")
	if _, err := os.Lstat(f.file); f.file != "" && err == nil {
		return exists
	}
	place, err := config.ListPlace(f.list, f.file)
	if err != nil {
		return fmt.Errorf("-f %w", err)
	}
	asking, err := f.dns.monitored(cmd.Context(), cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	defer asking.Close()
	reports := (&monitor.Monitor{Config: c, Version: version}).Audit(cmd.Context(), asking)
	if err := cmd.Context().Err(); err != nil {
		return err
	}
	text := config.New(reports, place, asking.Now)
	if f.file == "" {
		_, err := cmd.OutOrStdout().Write(text)
		return err
	}
	if err := config.Create(f.file, text); errors.Is(err, fs.ErrExist) {
		return exists
	} else if err != nil {
		return fmt.Errorf("-o: %w", err)
	}
	_, err = fmt.Fprintf(cmd.ErrOrStderr(), "wrote %s; mailworthy run --config %[1]s audits by it\n", show.Escape(f.file))
	return err
}
