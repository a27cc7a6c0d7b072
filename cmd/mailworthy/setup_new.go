package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/inspect"
	"mailworthy/provider"
	"mailworthy/provider/setup"
	"mailworthy/rbl"
	"mailworthy/report"
	"mailworthy/report/export"
	"mailworthy/report/view"
	"mailworthy/resolver"
	spfpolicy "mailworthy/spf/policy"
)

// setupNewFlags are the flags of setup new.
type setupNewFlags struct {
	question
	services       string
	providers      []string
	receives       string
	ips            []string
	helo           string
	reports        string
	tokens         []string
	tlsRPT, mtaSTS bool
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
	flags.StringArrayVar(&f.providers, "provider", nil, "a `service` that sends for the domain, NAME or NAME@REGION; repeatable")
	flags.StringVar(&f.receives, "receives", "", "the `service`, or the host, that takes the domain's mail")
	flags.StringSliceVar(&f.ips, "ip", nil, "an own sending `address`; repeatable")
	flags.StringVar(&f.helo, "helo", "", "the `name` that the own host greets with; default mail.DOMAIN")
	flags.StringVar(&f.reports, "reports", "", "the `mailbox` that takes reports; default postmaster@DOMAIN")
	flags.StringArrayVar(&f.tokens, "token", nil, "fill in a place that only a service's page shows: `NAME:KEY=VALUE`; repeatable")
	flags.BoolVar(&f.tlsRPT, "tls-rpt", false, "ask for TLS reports (RFC 8460)")
	flags.BoolVar(&f.mtaSTS, "mta-sts", false, "prepare MTA-STS (RFC 8461)")
	f.failOn.add(cmd, "")
	addServicesFlag(cmd, &f.services)
	return cmd
}

func (f *setupNewFlags) run(cmd *cobra.Command, args []string) error {
	plan, err := f.plan(args[0])
	if err != nil {
		return err
	}
	return f.ask(cmd, func(ctx context.Context, session *session) (*answer, error) {
		plan.Now = session.now
		p, r, err := propose(ctx, session, plan)
		if err != nil {
			return nil, err
		}
		return &answer{value: p, doc: func() *view.Doc { return view.ProposalDoc(p) }, status: r.Exit,
			others: []docWriter{{"zone", func(w io.Writer) error { return export.WriteProposalZone(w, p) }}}}, nil
	})
}

// plan is what the flags say.
func (f *setupNewFlags) plan(arg string) (setup.Plan, error) {
	p := setup.Plan{TLSRPT: f.tlsRPT, MTASTS: f.mtaSTS, Reports: f.reports}
	var err error
	if p.Domain, err = audit.ParseAuthorDomain(arg); err != nil {
		return p, err
	}
	services, err := catalogue(f.services)
	if err != nil {
		return p, err
	}
	for _, word := range f.providers {
		c, err := f.chosen(services, word)
		if err != nil {
			return p, err
		}
		if i := slices.IndexFunc(p.Services, func(o setup.Chosen) bool { return o.Service == c.Service }); i < 0 {
			p.Services = append(p.Services, c)
		} else if a, b := p.Services[i].Options.Region, c.Options.Region; a != b {
			return p, withHint(fmt.Errorf("--provider %s is stated for two regions (%s)", c.Service.ID, strings.Join([]string{cmp.Or(a, "none"), cmp.Or(b, "none")}, ", ")),
				"state one here; then mailworthy setup %s %s --region REGION for the other", c.Service.ID, p.Domain)
		}
	}
	if f.receives != "" {
		if s, _ := services.Find(f.receives); s == nil && strings.Contains(f.receives, ".") {
			if p.ReceiveHost, err = audit.ParseDomain(f.receives); err != nil {
				return p, err
			}
		} else {
			c, err := f.chosen(services, f.receives)
			if err != nil {
				return p, err
			}
			if err := oneAccount(p.Services, &c); err != nil {
				return p, err
			}
			p.Receives = &c
		}
	}
	for _, text := range f.ips {
		ip, err := netip.ParseAddr(text)
		if err != nil || ip.Zone() != "" {
			return p, withHint(fmt.Errorf("--ip %q is not an IP address", text), "write it as 192.0.2.10 or 2001:db8::10")
		}
		p.IPs = append(p.IPs, ip)
	}
	if f.helo != "" {
		if p.HELO, err = audit.ParseDomain(f.helo); err != nil {
			return p, err
		}
	}
	if f.reports != "" && (strings.Count(f.reports, "@") != 1 || strings.ContainsAny(f.reports, " ,;<>!\"")) {
		return p, withHint(fmt.Errorf("--reports %q is not a mailbox", f.reports), "write it as reports@%s", p.Domain)
	}
	if len(p.Services) == 0 && len(p.IPs) == 0 && p.Receives == nil {
		return p, withHint(errors.New("nothing is known of who sends for the domain"), "state --provider NAME, --receives NAME or --ip ADDRESS")
	}
	return p, nil
}

// oneAccount makes the service that receives and the same that sends one account, in the
// region that either states.
func oneAccount(services []setup.Chosen, receives *setup.Chosen) error {
	i := slices.IndexFunc(services, func(o setup.Chosen) bool { return o.Service == receives.Service })
	if i < 0 {
		return nil
	}
	switch a, b := &services[i].Options.Region, &receives.Options.Region; {
	case *b == "":
		*b = *a
	case *a == "":
		*a = *b
	case *a != *b:
		return withHint(fmt.Errorf("--receives and --provider %s are of two regions (%s, %s)", receives.Service.ID, *b, *a), "an account is in one of them")
	}
	return nil
}

// chosen is a service with its region and tokens: "amazon-ses@eu-west-1".
func (f *setupNewFlags) chosen(c *provider.Catalogue, word string) (setup.Chosen, error) {
	name, region, _ := strings.Cut(word, "@")
	s, err := findService(c, name)
	if err != nil {
		return setup.Chosen{}, err
	}
	if !s.NeedsRecords() {
		return setup.Chosen{}, withHint(fmt.Errorf("what %s needs is not in the catalogue", s.Name), "mailworthy setup --list lists the services")
	}
	stated := inspect.Service{Region: region}
	for _, t := range f.tokens {
		of, rest, ok := strings.Cut(t, ":")
		if !ok {
			return setup.Chosen{}, withHint(fmt.Errorf("--token %q is not NAME:KEY=VALUE", t), "write it as sendgrid:number=1234")
		}
		owner, err := findService(c, of)
		if err != nil {
			return setup.Chosen{}, err
		}
		if owner == s {
			stated.Tokens = append(stated.Tokens, rest)
		}
	}
	o, err := stated.Options(s)
	if err != nil {
		return setup.Chosen{}, ofFlag(err)
	}
	return setup.Chosen{Service: s, Options: o}, nil
}

// propose makes a proposal and audits it as if it were published, with the first stage
// of DMARC and with the last. It returns the report of the first. What services only
// advise is left out of the SPF record if that has no room for it.
func propose(ctx context.Context, session *session, plan setup.Plan) (*setup.Proposal, *report.Report, error) {
	p := setup.Propose(plan)
	published, err := p.Published(session.stack, false)
	if err != nil {
		return nil, nil, err
	}
	bounded, cancel := session.context(ctx)
	defer cancel()
	policy := spfpolicy.Examine(bounded, resolver.NewSession(published, session.maxQueries), p.Domain)
	if policy.Lookups > 10 && !plan.Spare {
		plan.Spare = true
		return propose(ctx, session, plan)
	}
	p.Lookups, p.Exact = policy.Lookups, policy.LookupsExact
	if p.Lookups > 10 {
		p.Notes = append(p.Notes, "The SPF record takes more than 10 DNS lookups: let a service send from a subdomain of its own, with its own records.")
	}
	first := auditProposal(bounded, session, published, p, plan)
	p.Audit = verified(first)
	if published, err = p.Published(session.stack, true); err != nil {
		return nil, nil, err
	}
	p.AtEnd = verified(auditProposal(bounded, session, published, p, plan))
	return p, first, nil
}

func auditProposal(ctx context.Context, session *session, published resolver.Resolver, p *setup.Proposal, plan setup.Plan) *report.Report {
	target := audit.Target{Domain: p.Domain, IPs: plan.IPs, Profile: finding.Sender}
	target.Selectors, target.MailFrom, target.DKIMDomains = p.Target()
	if len(plan.IPs) > 0 && plan.HELO != "" {
		target.HELO = []string{plan.HELO}
	}
	if len(plan.IPs) == 0 {
		// What block lists say of a domain is no part of what is proposed.
		target.Sections = slices.DeleteFunc(slices.Clone(finding.Audited), func(s finding.Section) bool { return s == finding.Reputation })
	}
	i := inspect.Inspector{Resolver: session.stack, Version: version, Log: session.log,
		Options: audit.Options{MaxQueries: session.maxQueries, Deadline: session.deadline, Now: session.now, Catalogue: rbl.DefaultCatalogue()}}
	return i.Through(ctx, published, target)
}

// verified is what a proposal shows of its audit.
func verified(r *report.Report) *setup.Verified {
	v := &setup.Verified{Verdict: string(r.Verdict), Score: r.Score.Value, Findings: []finding.Finding{}}
	for _, f := range r.Findings {
		switch {
		case f.Severity == finding.NotChecked:
			v.NotChecked++
		case f.Severity.AtLeast(finding.Notice) || f.Severity == finding.Unknown:
			v.Findings = append(v.Findings, f)
		}
	}
	return v
}
