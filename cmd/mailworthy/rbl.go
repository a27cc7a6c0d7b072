package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"mailworthy/finding"
	"mailworthy/inspect"
	"mailworthy/internal/readfile"
	"mailworthy/internal/show"
	"mailworthy/rbl"
	"mailworthy/report"
	"mailworthy/report/format"
	"mailworthy/report/view"
)

func newRBL() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rbl",
		Short: "DNS block lists (DNSBL, RBL): listings, the catalogue, the health of each list",
		Example: `  mailworthy rbl check 192.0.2.10 acme.example
  mailworthy rbl lists
  mailworthy rbl health`,
	}
	cmd.AddCommand(newRBLCheck(), newRBLLists(), newRBLHealth())
	return cmd
}

// listFlags choose the block lists.
type listFlags struct {
	file string
	only []string
}

func (f *listFlags) add(cmd *cobra.Command) {
	addListsFlag(cmd, &f.file)
	cmd.Flags().StringSliceVar(&f.only, "list", nil, "ask this `zone` alone; repeatable; default: those marked so in rbl lists")
}

// addListsFlag adds the flag of openCatalogue.
func addListsFlag(cmd *cobra.Command, file *string) {
	cmd.Flags().StringVar(file, "lists", "", "a YAML `file` that adds, removes or re-weights block lists and supplies keys")
}

// openCatalogue returns the built-in block lists as the user's file changes them.
func openCatalogue(ctx context.Context, file string) (*rbl.Catalogue, error) {
	c, err := inspect.ReadLists(ctx, file, os.Getenv)
	return c, ofFlag(err)
}

// open returns the catalogue and checks that it has the lists asked for.
func (f *listFlags) open(ctx context.Context) (*rbl.Catalogue, error) {
	c, err := openCatalogue(ctx, f.file)
	if err != nil {
		return nil, err
	}
	if _, err := c.Select(f.only); err != nil {
		return nil, withHint(err, "mailworthy rbl lists shows the catalogue")
	}
	return c, nil
}

func newRBLCheck() *cobra.Command {
	var (
		q     question
		lists listFlags
	)
	cmd := &cobra.Command{
		Use:   "check IP|CIDR|DOMAIN...",
		Short: "Look addresses, ranges up to /24 and domains up on the block lists",
		Long: `Looks up addresses, ranges (IPv4 up to /24) and domains, many at once; - reads
them from standard input, one a line. A list counts only where it passed its own
test entries (RFC 5782, 5) through the same resolver; one that refuses to answer,
is closed or lists the whole world is reported as such, never as a listing. If
no list chosen takes a subject, that is said, and the exit status is 2.`,
		Example: `  mailworthy rbl check 192.0.2.10 2001:db8::10 acme.example
  mailworthy rbl check 192.0.2.0/28 --list zen.spamhaus.org
  mailworthy rbl check - < addresses.txt`,
		RunE: func(cmd *cobra.Command, args []string) error {
			bad := 0
			args, err := rbl.InPlaceOfDash(args, readfile.Patient(cmd.Context(), cmd.InOrStdin()), func(line int, err error) {
				bad++
				fmt.Fprintf(cmd.ErrOrStderr(), "error: standard input:%d: %s\n", line, show.Escape(err.Error()))
			})
			switch {
			case err != nil:
				return fmt.Errorf("standard input: %w", err)
			case len(args) == 0 && bad > 0:
				return exit(exitUsage)
			case len(args) == 0:
				return withHint(fmt.Errorf("nothing to look up"), "usage: %s", cmd.UseLine())
			}
			addrs, domains, err := rbl.ParseSubjects(args)
			if err != nil {
				return err
			}
			catalogue, err := lists.open(cmd.Context())
			if err != nil {
				return err
			}
			return q.ask(cmd, func(ctx context.Context, s *session) (*answer, error) {
				out := inspect.LookUp(ctx, s.Stack, catalogue, lists.only, addrs, domains, s.MaxQueries)
				return &answer{Result: result(out, func(l *inspect.Listings) *view.Doc { return view.SurveyDoc(l.RBL, l.Findings) }), status: func(failOn finding.Severity) int {
					for _, why := range out.RBL.Unasked() {
						bad++
						fmt.Fprintf(cmd.ErrOrStderr(), "error: nothing was asked about %s\n", show.Escape(why))
					}
					if bad > 0 {
						return exitUsage
					}
					status := report.ExitOf(out.Findings, failOn)
					if status == 0 && failOn != report.Never && out.RBL.Silent() {
						status = 3 // that an allow list alone is silent is little to a domain, and all that was asked here
					}
					return status
				}}, nil
			})
		},
	}
	q.add(cmd)
	lists.add(cmd)
	q.failOn.add(cmd, "")
	return cmd
}

func newRBLLists() *cobra.Command {
	var (
		output outputFlags
		lists  listFlags
	)
	cmd := &cobra.Command{
		Use:   "lists",
		Short: "The catalogue of block lists, closed ones included",
		Example: `  mailworthy rbl lists
  mailworthy rbl lists --lists mine.yaml --format json`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return output.show(cmd, false, func() (format.Result, error) {
				c, err := openCatalogue(cmd.Context(), lists.file)
				return result(c, view.CatalogueDoc), err
			})
		},
	}
	output.addDocument(cmd)
	addListsFlag(cmd, &lists.file)
	return cmd
}

func newRBLHealth() *cobra.Command {
	var (
		dns    dnsFlags
		output outputFlags
		lists  listFlags
	)
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Test each list with its test entries through your resolver",
		Long: `Asks each list for the entries that RFC 5782, 5 requires: one that must be listed
and one that must not be. A list that fails says nothing about your mail. With
several --resolver each is tested on its own; one that answers nothing about any
list ends in exit status 3.`,
		Example: `  mailworthy rbl health
  mailworthy rbl health --resolver 192.0.2.53 --resolver tls://192.0.2.54`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			silent := false
			if err := output.show(cmd, false, func() (format.Result, error) {
				catalogue, err := lists.open(cmd.Context())
				if err != nil {
					return format.Result{}, err
				}
				probes, err := dns.ListHealth(cmd.Context(), catalogue, lists.only, warning(cmd.ErrOrStderr()))
				silent = view.Silent(probes)
				return result(probes, view.ListProbesDoc), ofFlag(err)
			}); err != nil {
				return err
			}
			if silent && dns.unknown != "ok" {
				return exit(exitIncomplete)
			}
			return nil
		},
	}
	dns.add(cmd)
	output.addDocument(cmd)
	lists.add(cmd)
	return cmd
}
