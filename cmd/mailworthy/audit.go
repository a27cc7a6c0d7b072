package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"mailworthy/audit"
	"mailworthy/bulk"
	"mailworthy/dkim"
	"mailworthy/finding"
	"mailworthy/inspect"
	"mailworthy/internal/cli"
	"mailworthy/provider"
	"mailworthy/rbl"
	"mailworthy/report"
	"mailworthy/report/format"
)

// auditFlags are the flags that describe what is audited.
type auditFlags struct {
	bulk.Statement
	dns    dnsFlags
	output outputFlags

	stated     inspect.Statement
	settings   inspect.Settings
	only, skip []string
	failOn     failOnFlag
	lists      string
	policy     string
	csv        string
	progress   bool
	summary    string
	// transport: the section is covered, or not, whatever is the default; web, trustAD: how.
	transport bool
	web       inspect.Fetching
	trustAD   bool
	// authoritative asks each authoritative server too.
	authoritative bool
	// probe connects to the MX hosts, by web and trustAD.
	probe bool
	// tree draws the SPF records ahead of the table.
	tree bool

	// writing is what is written, and brand the cover that the policy has.
	writing *bulk.Writing
	brand   *report.Brand
}

func newAuditFlags() *auditFlags {
	f := &auditFlags{}
	f.output.Choice = &f.Choice
	return f
}

func newAudit() *cobra.Command {
	f := newAuditFlags()
	cmd := &cobra.Command{
		Use:   "audit DOMAIN...",
		Short: "The whole audit of a domain: verdict, score, findings and fixes",
		Long: `Asks everything that a receiving mail server asks about a domain, and reports
what is wrong, on what evidence, what receivers do about it and what to publish.

What is known of the mail makes the audit sharper: the sending addresses (--ip),
the envelope domain (--mail-from), the DKIM selectors (--selector). What is not
stated is found out where the DNS can say.

A list of any length is audited with -f, and each domain is a row: a line of JSON of
about 1 KB, written as its audit ends. --format ndjson writes whole reports; --fields
and --jq pick from each line. URLs and addresses in the list are taken as their
domains, comments (#) are skipped, lines that are not domain names are reported and
skipped. With --checkpoint a run that was killed resumes where it was; the first
interrupt finishes what is under way, the second stops at once. In a list --selectors
is inferred by default.

With --history FILE every audit is kept; history, diff and trend read it. With
--changes what changed since the last one is shown instead of the report: findings,
records word by word, score and verdict. What the DNS did not answer is no change.

Exit status: 0 nothing at or above --fail-on, 1 something is, 2 bad input,
3 what the DNS did not say could change the outcome, 130 interrupted.`,
		Example: `  mailworthy audit acme.example
  mailworthy audit --ip 192.0.2.10 --selector s1 --mail-from bounce.acme.example acme.example
  mailworthy audit --offline --zone acme.zone acme.example
  mailworthy audit -f domains.txt -o audits.ndjson --checkpoint audits.state
  mailworthy audit -f domains.txt --jq 'select(.verdict == "not ready") | {domain, score}'`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	f.dns.add(cmd)
	f.output.addReports(cmd, format.Names()...)
	f.addTarget(cmd, finding.Sections...)
	cmd.Flags().StringSliceVar(&f.stated.Providers, "provider", nil, "a `service` that sends for the domain, whose records are checked as well (mailworthy setup --list); repeatable")
	f.addList(cmd)
	f.addHistory(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&f.Plan, "plan", false, "add what to do, in order, each step audited before it is shown")
	flags.Float64Var(&f.dns.QPS, "qps", 0, "at most this `many` questions a second in all; 0: no bound")
	flags.Float64Var(&f.dns.ServerQPS, "server-qps", 0, "at most this `many` questions a second to each resolver; 0: no bound")
	flags.Float64Var(&f.dns.ListQPS, "list-qps", 0, "at most this `many` questions a second to each block list; 0: no bound")
	flags.StringVar(&f.settings.Volume, "volume", "", "hold the domain against the receivers' rules for `bulk|low`; default: both")
	flags.BoolVar(&f.authoritative, "authoritative", false, "also ask each authoritative server of the domain and compare SPF, DMARC and MX")
	flags.BoolVar(&f.probe, "probe", false, "also connect to the MX hosts on port 25, each address once a run: STARTTLS, certificate, MTA-STS, DANE; counts in no score")
	flags.StringVar(&f.Against, "against", "", "compare with `live|FILE`: the live DNS, another zone file, or the JSON of an earlier audit")
	flags.StringVar(&f.Baseline, "baseline", "", "only what this `file` does not have makes the run fail: a JSON report or the rows of an earlier run")
	flags.StringVar(&f.csv, "csv", "domains", "with --format csv: a row a `domains|findings`")
	flags.StringSliceVar(&f.Fields, "fields", nil, "with --format rows and ndjson: only these `keys` of each line")
	flags.StringVar(&f.JQ, "jq", "", "with --format rows and ndjson: what this `filter` of jq makes of each line, as JSON")
	flags.BoolVar(&f.transport, "transport", true, "cover MTA-STS, TLS reporting, DNSSEC, DANE and BIMI, too; in a list the default is false")
	addFetching(cmd, &f.web)
	flags.BoolVar(&f.trustAD, "trust-ad", false, trustADUsage)
	flags.StringSliceVar(&f.only, "only", nil, "audit these `sections` alone: "+inspect.SectionWords())
	flags.StringSliceVar(&f.skip, "skip", nil, "leave these `sections` out")
	completeServices(cmd, (*provider.Catalogue).WithRecords)
	cli.TakesWords(cmd, "only", finding.ChoosableWords()...)
	cli.TakesWords(cmd, "skip", finding.ChoosableWords()...)
	flags.IntVar(&f.MinScore, "min-score", 0, "exit with status 1 also where the score is below this")
	return cmd
}

// addTarget adds the flags that the check commands of the protocols share: those
// that mean something to one of the sections.
func (f *auditFlags) addTarget(cmd *cobra.Command, sections ...finding.Section) {
	flags := cmd.Flags()
	has := func(of ...finding.Section) bool {
		return slices.ContainsFunc(of, func(s finding.Section) bool { return slices.Contains(sections, s) })
	}
	f.settings.MaxIPs, f.settings.Guess = audit.DefaultMaxIPs, string(dkim.Common)
	if has(finding.DKIM) {
		flags.StringSliceVar(&f.stated.Selectors, "selector", nil, "a DKIM `selector` in use; repeatable")
		flags.StringVar(&f.settings.Guess, "selectors", f.settings.Guess, "which DKIM selectors are guessed: `common|inferred|all`; in a list the default is inferred")
	}
	if has(finding.SPF, finding.DMARC) {
		flags.StringSliceVar(&f.stated.MailFrom, "mail-from", nil, "a MAIL FROM (Return-Path) `domain`, or an address at it; repeatable; default: the domain")
	}
	if has(finding.DKIM, finding.DMARC) {
		flags.StringSliceVar(&f.stated.DKIMDomains, "dkim-domain", nil, "a signing `domain` (d=); repeatable; default: the domain")
	}
	if has(finding.SPF, finding.Hosts) {
		flags.StringSliceVar(&f.stated.IPs, "ip", nil, "a sending `address`; repeatable; default: MX hosts and single addresses in SPF")
		flags.StringSliceVar(&f.stated.HELO, "helo", nil, "HELO/EHLO `name` of a sending host; repeatable")
		flags.IntVar(&f.settings.MaxIPs, "max-ips", f.settings.MaxIPs, "examine at most this many `addresses` that were found")
	}
	if has(finding.Reputation) {
		addListsFlag(cmd, &f.lists)
	}
	flags.StringVar(&f.stated.Profile, "profile", "", "judge as `sender|parked|receiver`; default: guessed and stated in the report")
	f.failOn.add(cmd, "")
	flags.StringVar(&f.policy, "policy", "", "judge by the weights and severities of this YAML `file`; its brand is the cover of HTML and PDF")
	flags.StringVar(&f.Chromium, "chromium", "", "the `program` that prints PDF; by default the Chromium, Chrome or Edge that is found")
}

// run audits the domains of the command line and of -f.
func (f *auditFlags) run(cmd *cobra.Command, args []string) error {
	sections, err := f.sections()
	if err != nil {
		return err
	}
	return f.report(cmd, args, f.withTransport(cmd, sections))
}

// sections are those of --only without those of --skip.
func (f *auditFlags) sections() ([]finding.Section, error) {
	sections, err := inspect.Sections(f.only, f.skip)
	if err == nil && len(sections) == 0 {
		err = errors.New("--only and --skip leave no section to audit")
	}
	return sections, ofFlag(err)
}

// withTransport adds the section Transport to those of an audit that is not restricted: of
// domains on the command line unless --transport=false says otherwise, of a list if
// --transport is there.
func (f *auditFlags) withTransport(cmd *cobra.Command, sections []finding.Section) []finding.Section {
	stated := cmd.Flags().Changed("transport")
	flag := finding.Transport.Flag()
	switch {
	case stated && !f.transport:
		return slices.DeleteFunc(sections, func(s finding.Section) bool { return s == finding.Transport })
	case slices.Contains(sections, finding.Transport), slices.Contains(f.skip, flag), len(f.only) > 0 && !stated, f.File != "" && !stated:
		return sections
	}
	return finding.InOrder(append(slices.Clone(sections), finding.Transport))
}

// options checks the flags that bound and tune an audit.
func (f *auditFlags) options(ctx context.Context) (audit.Options, error) {
	o, err := f.settings.Options()
	switch {
	case err != nil:
		return o, ofFlag(err)
	case f.settings.MaxIPs == 0: // in JSON that is the default
		return o, fmt.Errorf("--max-ips %d: it must be at least 1", f.settings.MaxIPs)
	}
	o.Health = &rbl.Health{}
	o.Catalogue, err = openCatalogue(ctx, f.lists)
	return o, err
}
