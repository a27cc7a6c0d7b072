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
	"mailworthy/report"
)

func newInit() *cobra.Command {
	var (
		dns  dnsFlags
		file string
		list string
	)
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
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && list == "" {
				return withHint(errors.New("DOMAIN is missing"), "usage: %s; or -f LIST", cmd.UseLine())
			}
			c := &config.Config{Policy: &report.Policy{}}
			for _, arg := range args {
				one, err := config.NewDomain(arg)
				if err != nil {
					return err
				}
				if _, there := c.ForDomain(one.Target.Domain); !there {
					c.Domains = append(c.Domains, one)
				}
			}
			if file == "-" {
				file = ""
			}
			exists := withHint(fmt.Errorf("-o %s: the file is there already", file), "name another, or remove it first")
			if _, err := os.Lstat(file); file != "" && err == nil {
				return exists
			}
			place, err := config.ListPlace(list, file)
			if err != nil {
				return fmt.Errorf("-f %w", err)
			}
			s, err := dns.open(cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			asking, err := monitored(s, nil)
			if err != nil {
				return err
			}
			defer asking.Close()
			reports := (&monitor.Monitor{Config: c, Version: version}).Audit(cmd.Context(), asking)
			if err := cmd.Context().Err(); err != nil {
				return err
			}
			text := config.New(reports, place, s.now)
			if file == "" {
				_, err := cmd.OutOrStdout().Write(text)
				return err
			}
			// Readable for its owner alone: a configuration comes to hold secrets.
			out, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if errors.Is(err, fs.ErrExist) {
				return exists
			}
			if err == nil {
				_, err = out.Write(text)
				if closing := out.Close(); err == nil {
					err = closing
				}
			}
			if err != nil {
				return fmt.Errorf("-o: %w", err)
			}
			_, err = fmt.Fprintf(cmd.ErrOrStderr(), "wrote %s; mailworthy run --config %[1]s audits by it\n", show.Escape(file))
			return err
		},
	}
	dns.add(cmd)
	cmd.Flags().StringVarP(&list, "file", "f", "", "name this `list` of further domains in the configuration, a domain a line: each run audits them by its defaults")
	cmd.Flags().StringVarP(&file, "output", "o", "", "write to this `file`, which must not be there yet, instead of standard output")
	return cmd
}
