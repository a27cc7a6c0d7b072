package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"mailworthy/audit"
	"mailworthy/inspect"
	"mailworthy/internal/cli"
	"mailworthy/provider"
	"mailworthy/provider/setup"
	"mailworthy/rbl"
	"mailworthy/report/export"
	"mailworthy/report/view"
)

// setupFlags are the flags of setup.
type setupFlags struct {
	question
	services   string
	list, smtp bool
	stated     inspect.Service
}

func newSetup() *cobra.Command {
	f := &setupFlags{}
	cmd := &cobra.Command{
		Use:   "setup PROVIDER DOMAIN",
		Short: "What a sending service needs of a domain, what is there, and what is missing or wrong",
		Long: `Compares the records that a sending service asks its customers to publish with what
the DNS, or a zone file, holds: SPF, DKIM, return path, verification, tracking, MX and
DMARC. What only the service's page can show is a place to fill in, written
<key: what it is>; --token key=VALUE fills it in.

Exit status: 0 nothing at or above --fail-on, 1 something is, 2 bad input, 3 what the
DNS did not say, or only the service shows, could change that.`,
		Example: `  mailworthy setup sendgrid acme.example
  mailworthy setup amazon-ses acme.example --region eu-west-1 --return-path bounce
  mailworthy setup microsoft-365 acme.example --zone acme.zone --offline --format zone
  mailworthy setup mailersend --smtp
  mailworthy setup new acme.example --provider postmark --receives google-workspace
  mailworthy setup --list`,
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case f.list && len(args) > 0:
				return withHint(fmt.Errorf("unexpected argument %q", args[0]), "--list takes none")
			case f.list:
				return nil
			case f.smtp && len(args) <= 1:
				return exactly("PROVIDER")(cmd, args)
			}
			return exactly("PROVIDER", "DOMAIN")(cmd, args)
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return provider.IDs(provider.Builtin().WithRecords()), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: f.run,
	}
	f.add(cmd, "zone")
	flags := cmd.Flags()
	flags.BoolVar(&f.list, "list", false, "list the services")
	flags.BoolVar(&f.smtp, "smtp", false, "show how mail is handed to the service: host, ports, TLS, user name, traps")
	flags.StringVar(&f.stated.Region, "region", "", "the `region` of the account; default: found in the records, or the usual one")
	flags.StringVar(&f.stated.ReturnPath, "return-path", "", "the `host` of the return path (envelope), whole or as a name below the domain")
	flags.StringArrayVar(&f.stated.Selectors, "selector", nil, "a DKIM `selector` that the service shows; repeatable")
	flags.StringArrayVar(&f.stated.Tokens, "token", nil, "fill in a place that only the service's page shows: `KEY=VALUE`; repeatable")
	f.failOn.add(cmd, "")
	addServicesFlag(cmd, &f.services)
	cmd.AddCommand(newSetupNew())
	return cmd
}

func addServicesFlag(cmd *cobra.Command, file *string) {
	cmd.Flags().StringVar(file, "services", "", "add the services of this `file` to the catalogue (docs/services.md has its form)")
}

// completeServices completes --provider with services of the catalogue, those of the file
// of --services included.
func completeServices(cmd *cobra.Command, of func(*provider.Catalogue) []*provider.Service) {
	cli.Completes(cmd, "provider", func() []string {
		file := ""
		if f := cmd.Flags().Lookup("services"); f != nil {
			file = f.Value.String()
		}
		c, err := catalogue(file)
		if err != nil {
			c = provider.Builtin()
		}
		return provider.IDs(of(c))
	})
}

// catalogue is the one of the program, with the services of a user's file.
func catalogue(file string) (*provider.Catalogue, error) {
	c, err := inspect.ReadServices(file)
	return c, ofFlag(err)
}

func (f *setupFlags) run(cmd *cobra.Command, args []string) error {
	if err := f.output.check(); err != nil {
		return err
	}
	services, err := catalogue(f.services)
	if err != nil {
		return err
	}
	if f.list {
		listed := result(services.WithRecords(), view.ServicesDoc).With("zone", noRecords("list"))
		listed.Value = setup.List(services.WithRecords())
		return f.output.document(cmd, f.dns.verbose > 0, listed)
	}
	s, err := services.Meant(args[0])
	if err != nil {
		if len(args) == 2 && strings.Contains(args[0], ".") {
			if s, _ := services.Find(args[1]); s != nil {
				return withHint(err, "the service comes first: mailworthy setup %s %s", args[1], args[0])
			}
		}
		return err
	}
	o, err := f.stated.Options(s)
	if err != nil {
		return ofFlag(err)
	}
	if f.smtp {
		l := setup.Describe(s, o)
		return f.output.document(cmd, f.dns.verbose > 0, result(l, view.SMTPDoc).With("zone", noRecords("smtp")))
	}
	domain, err := audit.ParseAuthorDomain(args[1])
	if err != nil {
		return err
	}
	return f.ask(cmd, func(ctx context.Context, session *session) (*answer, error) {
		if err := session.Held(domain); err != nil {
			return nil, err
		}
		o.MaxQueries = session.MaxQueries
		l := setup.Check(ctx, session.Sceptic, s, domain, o)
		return &answer{Result: result(l, view.SetupDoc).With("zone", func(w io.Writer) error { return export.WriteSetupZone(w, l) }), findings: l.Findings}, nil
	})
}

// noRecords refuses to write a zone of what has none.
func noRecords(flag string) func(io.Writer) error {
	return func(io.Writer) error { return fmt.Errorf("--format zone with --%s: there are no records in it", flag) }
}

// setupNewFlags are the flags of setup new.
type setupNewFlags struct {
	question
	services string
	stated   inspect.NewDomain
}

func newSetupNew() *cobra.Command {
	f := &setupNewFlags{question: question{dns: dnsFlags{Asking: inspect.Asking{Proposes: true}}}}
	cmd := &cobra.Command{
		Use:   "new DOMAIN",
		Short: "The whole set of records for a domain that does not send mail yet",
		Long: `Proposes SPF, DKIM, return paths, DMARC in stages and MX for a domain that sends
through the services of --provider and receives at --receives, and audits the proposal
before it is shown, as if it were published. Keys that only the services' pages show
are places to fill in, written <key: what it is>; for the audit they have stand-ins.

Exit status: 0 nothing at or above --fail-on, 1 something is, 2 bad input, 3 what the
DNS did not say could change that.`,
		Example: `  mailworthy setup new acme.example --provider postmark --receives google-workspace
  mailworthy setup new acme.example --provider amazon-ses@eu-west-1 --provider mailchimp --receives fastmail --format zone
  mailworthy setup new acme.example --ip 192.0.2.10 --helo mail.acme.example --receives mail.acme.example --tls-rpt`,
		Args:              exactly("DOMAIN"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              f.run,
	}
	f.add(cmd, "zone")
	flags := cmd.Flags()
	flags.StringArrayVar(&f.stated.Providers, "provider", nil, "a `service` that sends for the domain, NAME or NAME@REGION; repeatable")
	flags.StringVar(&f.stated.Receives, "receives", "", "the `service`, or the host, that takes the domain's mail")
	flags.StringSliceVar(&f.stated.IPs, "ip", nil, "an own sending `address`; repeatable")
	flags.StringVar(&f.stated.HELO, "helo", "", "the `name` that the own host greets with; default mail.DOMAIN")
	flags.StringVar(&f.stated.Reports, "reports", "", "the `mailbox` that takes reports; default postmaster@DOMAIN")
	flags.StringArrayVar(&f.stated.Tokens, "token", nil, "fill in a place that only a service's page shows: `NAME:KEY=VALUE`; repeatable")
	flags.BoolVar(&f.stated.TLSRPT, "tls-rpt", false, "ask for TLS reports (RFC 8460)")
	flags.BoolVar(&f.stated.MTASTS, "mta-sts", false, "prepare MTA-STS (RFC 8461)")
	f.failOn.add(cmd, "")
	addServicesFlag(cmd, &f.services)
	completeServices(cmd, (*provider.Catalogue).WithRecords)
	return cmd
}

func (f *setupNewFlags) run(cmd *cobra.Command, args []string) error {
	services, err := catalogue(f.services)
	if err != nil {
		return err
	}
	f.stated.Domain = args[0]
	plan, err := f.stated.Plan(services)
	if errors.Is(err, inspect.ErrNobodySends) {
		return withHint(err, "state --provider NAME, --receives NAME or --ip ADDRESS")
	}
	if err != nil {
		return ofFlag(err)
	}
	return f.ask(cmd, func(ctx context.Context, s *session) (*answer, error) {
		plan.Now = s.Now
		i := inspect.Inspector{Resolver: s.Stack, Version: version, Log: s.log, Options: audit.Options{Catalogue: rbl.BuiltIn()}}
		s.Bound(&i.Options)
		p, r, err := i.Propose(ctx, plan)
		if known := (*inspect.NotNewError)(nil); errors.As(err, &known) {
			return nil, withHint(err, "mailworthy setup NAME %s adds one service to what it has", known.Domain)
		}
		if err != nil {
			return nil, err
		}
		return &answer{Result: result(p, view.ProposalDoc).With("zone", func(w io.Writer) error { return export.WriteProposalZone(w, p) }), status: r.Exit}, nil
	})
}
