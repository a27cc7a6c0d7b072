package main

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"mailworthy/audit"
	"mailworthy/inspect"
	"mailworthy/rbl"
	"mailworthy/report/export"
	"mailworthy/report/view"
)

// setupNewFlags are the flags of setup new.
type setupNewFlags struct {
	question
	services string
	stated   inspect.NewDomain
}

func newSetupNew() *cobra.Command {
	f := &setupNewFlags{question: question{dns: dnsFlags{proposes: true}}}
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
		plan.Now = s.now
		i := inspect.Inspector{Resolver: s.stack, Version: version, Log: s.log,
			Options: audit.Options{MaxQueries: s.maxQueries, Deadline: s.deadline, Now: s.now, Catalogue: rbl.DefaultCatalogue()}}
		p, r, err := i.Propose(ctx, plan)
		if err != nil {
			return nil, err
		}
		return &answer{value: p, doc: func() *view.Doc { return view.ProposalDoc(p) }, status: r.Exit,
			others: []docWriter{{"zone", func(w io.Writer) error { return export.WriteProposalZone(w, p) }}}}, nil
	})
}
