package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"mailworthy/audit"
	"mailworthy/bulk"
	"mailworthy/dkim"
	"mailworthy/finding"
	"mailworthy/history"
	"mailworthy/inspect"
	"mailworthy/internal/cli"
	"mailworthy/internal/progress"
	"mailworthy/internal/show"
	"mailworthy/monitor"
	"mailworthy/report"
	"mailworthy/report/format"
	"mailworthy/report/view"
	"mailworthy/resolver"
)

// report audits the sections of each domain and writes the reports. An invalid domain is
// reported on standard error, and the others are audited.
func (f *auditFlags) report(cmd *cobra.Command, args []string, sections []finding.Section) (err error) {
	stderr := progress.NewBar(cmd.ErrOrStderr())
	if err := f.check(cmd, args); err != nil {
		return err
	}
	a, err := f.auditor(cmd, sections, stderr)
	if a != nil {
		defer func() { err = a.close(err) }()
	}
	if err != nil {
		return err
	}
	if f.File == "" && len(args) == 0 {
		return withHint(errors.New("no domain given"), "usage: %s", cmd.UseLine())
	}
	l, closing, err := f.OpenList(cmd.Context(), cmd.InOrStdin(), bulk.Source{Given: args, Parse: inspect.DomainParser(sections), Held: a.session.Held, Remark: func(r bulk.Remark) {
		level := "warning"
		if r.Bad {
			level = "error"
		}
		fmt.Fprintf(stderr, "%s: %s\n", level, show.Escape(r.String()))
	}})
	if err != nil {
		return ofFlag(err)
	}
	answered := f.watched(cmd, a, len(args))
	a.Ends(func() { _ = closing() }, func() { sayOfAddresses(cmd.Context(), stderr, a.session, args) }, answered)
	if err := f.share(cmd, a, stderr); err != nil {
		return err
	}
	if f.Streams() {
		return f.stream(cmd, l, a, stderr)
	}
	return f.whole(cmd, l, a, answered, stderr)
}

// check refuses flags whose values mean nothing or that contradict each other, before
// anything is read or asked.
func (f *auditFlags) check(cmd *cobra.Command, args []string) (err error) {
	f.output.read()
	given := cmd.Flags().Changed
	if f.Given, f.Zoned = len(args), len(f.dns.Zones) > 0; given("csv") {
		f.Rowed = f.csv
	}
	if f.writing, err = f.Check(); err != nil {
		return ofFlag(err)
	}
	for _, to := range f.writing.Outputs {
		if to.Binary && to.Standard() && onScreen(cmd.OutOrStdout()) {
			return withHint(fmt.Errorf("--format %s is not written to a terminal", to.Name), "write it to a file: -o report%s", to.Extensions[0])
		}
	}
	if given("concurrency") && f.Concurrency < 1 {
		return fmt.Errorf("--concurrency %d: it must be 1 to %d", f.Concurrency, 1<<16)
	}
	_, err = f.failOn.limit()
	return err
}

// optionsOf are what the flags say to the writer of a format.
func (f *auditFlags) optionsOf(cmd *cobra.Command, to format.Output, a *auditor) format.Options {
	return format.Options{Table: f.output.table(cmd, to, a.session.verbose), Tree: f.tree, Plan: f.Plan, FailOn: a.Standard.FailOn, UnknownOK: a.Standard.UnknownOK,
		Findings: f.csv == "findings", Pick: f.writing.Pick, Brand: f.brand, Chromium: f.writing.Chromium}
}

// auditor audits under the same flags, by a session.
type auditor struct {
	monitor.Auditor
	session *session
	unkept  int // the status if what was to be kept is not
}

// auditor reads the files that the flags name and opens what asks. What it returns is to
// be closed, with an error too, unless it is nil.
func (f *auditFlags) auditor(cmd *cobra.Command, sections []finding.Section, stderr io.Writer) (*auditor, error) {
	policy, err := inspect.ReadPolicy(cmd.Context(), f.policy)
	if err != nil {
		return nil, ofFlag(err)
	}
	if policy != nil {
		f.brand = policy.Brand
	}
	template, err := f.stated.Mail()
	if err != nil {
		return nil, ofFlag(err)
	}
	template.Sections = sections
	if f.File != "" && !cmd.Flags().Changed("selectors") {
		f.settings.Guess = string(dkim.Inferred) // in a list fewer than for a domain alone
	}
	options, err := f.options(cmd.Context())
	if err != nil {
		return nil, err
	}
	f.dns.Lists = options.Catalogue.Zones()
	session, err := f.dns.open(cmd.Context(), stderr)
	if err != nil {
		return nil, err
	}
	a := &auditor{monitor.Auditor{Template: template, Graded: session.logAudit}, session, exitUsage}
	a.Ends(session.Close)
	session.Bound(&options)
	if f.probe || slices.Contains(sections, finding.Transport) {
		if options.Transport, err = session.Tools(f.web, f.trustAD); err != nil {
			return a, ofFlag(err)
		}
	}
	if f.authoritative {
		if f.dns.Offline {
			return a, errors.New("--offline and --authoritative exclude each other")
		}
		asker := resolver.NewAuthorities(resolver.Config{Timeout: f.dns.Timeout, Retries: f.dns.Config().Retries})
		a.Ends(asker.Close)
		options.Authoritative = asker.At
	}
	a.Standard = bulk.Standard{MinScore: f.MinScore, UnknownOK: session.unknownOK}
	if a.Standard.FailOn, err = f.failOn.limit(); err != nil {
		return a, err
	}
	if a.Standard.Baseline, err = f.OpenBaseline(cmd.Context()); err != nil {
		return a, ofFlag(err)
	}
	a.Inspector = inspect.Inspector{Resolver: session.Stack, Options: options, Policy: policy, Plan: f.Planned(), Version: version, Log: session.log}
	return a, nil
}

// share opens what the audits share besides the resolver: connections of --probe, the
// history, and what is compared with --baseline.
func (f *auditFlags) share(cmd *cobra.Command, a *auditor, stderr io.Writer) error {
	if f.probe {
		shared, err := a.session.Probing(cmd.Context(), f.web, a.Inspector.Options.Transport)
		if err != nil {
			return ofFlag(err)
		}
		a.Ends(shared.Close)
		a.Inspector.Probe = shared.Domain
	}
	a.Keeper = f.keeper(cmd.Context(), a, stderr)
	a.CompareWithBaseline(stderr)
	return nil
}

// close ends what was opened for the audits. It returns the error of the command, or that
// what was to be kept is not.
func (a *auditor) close(err error) error {
	if kept := a.Close(); !kept && (err == nil || errors.As(err, new(cli.Status))) {
		return exit(a.unkept)
	}
	return err
}

// unkeptFor is the exit status for an audit that is not kept: a history that another process holds
// is in order, and may be free the next time.
func unkeptFor(err error) int {
	if errors.Is(err, history.ErrBusy) {
		return exitIncomplete
	}
	return exitUsage
}

// whole audits the list and writes the reports, what changed in them, or how they differ,
// when all of them are there. It calls answered when they are.
func (f *auditFlags) whole(cmd *cobra.Command, l *bulk.List, a *auditor, answered func(), stderr *progress.Bar) error {
	started := time.Now()
	run := f.newRun(l, a, stderr)
	reports, err := run.Collect(cmd.Context(), &f.Statement, func(domains int) {
		if f.wantsProgress(cmd) {
			stderr.Start(int64(domains))
		}
	})
	stderr.Stop()
	answered()
	if err != nil {
		return ofFlag(err)
	}
	if len(reports) == 0 {
		return exit(exitUsage)
	}
	if err := f.writeWhole(cmd, reports, a); err != nil {
		return ofFlag(err)
	}
	return f.sumUp(cmd, run, a, stderr, started, func(status int) int {
		for _, to := range f.writing.Outputs {
			if to.Exit != nil && (len(f.writing.Outputs) == 1 || to.Standard()) {
				return to.Exit(reports, f.optionsOf(cmd, to, a))
			}
		}
		return status
	})
}

// newRun is a run through the list.
func (f *auditFlags) newRun(l *bulk.List, a *auditor, p *progress.Bar) *bulk.Run {
	return &bulk.Run{List: l, Inspect: a.Audit, Standard: a.Standard, Concurrency: f.Concurrency,
		Each: func(c *bulk.Count) { p.Add(a.session.Asked(&c.Tally), c.Tally.Unknown) }}
}

// sumUp says what is to be said when all is written, and returns the exit status, which
// status may make another one.
func (f *auditFlags) sumUp(cmd *cobra.Command, run *bulk.Run, a *auditor, stderr io.Writer, started time.Time, status func(int) int) error {
	f.writeSummary(stderr, a.session, run.Count(), time.Since(started))
	if why := run.Unanswered(); why != "" {
		fmt.Fprintf(stderr, "error: no resolver answered: %s\nhint: --resolver ADDR asks another one, --timeout 10s waits longer\n", show.Escape(why))
		f.dns.sayWhyUnknown(cmd.Context(), stderr)
	}
	if run.List.Bad() > 0 {
		return exit(exitUsage)
	}
	return exit(status(run.Count().Status))
}

// writeWhole writes what the flags ask for of the reports.
func (f *auditFlags) writeWhole(cmd *cobra.Command, reports []*report.Report, a *auditor) error {
	switch {
	case f.Against != "":
		return f.compare(cmd, reports, a)
	case f.Changes:
		return f.writeChanges(cmd, a.Keeper, reports, a.session.verbose)
	}
	for _, to := range f.writing.Outputs {
		if err := f.output.save(cmd, to, func(w io.Writer) error { return to.Write(w, reports, f.optionsOf(cmd, to, a)) }); err != nil {
			return err
		}
	}
	return nil
}

// compare writes how the reports differ from what --against says.
func (f *auditFlags) compare(cmd *cobra.Command, reports []*report.Report, a *auditor) error {
	targets := make([]audit.Target, len(reports))
	for i, r := range reports {
		targets[i] = a.Of(r.Domain)
	}
	before, err := f.Earlier(cmd.Context(), f.dns.Asking, &a.Inspector, targets)
	if err != nil {
		return err
	}
	comparisons, err := f.Compare(before, reports)
	if err != nil {
		return err
	}
	r := result(comparisons, view.ComparisonsDoc)
	r.Value = format.OneOrAll(comparisons)
	return f.output.document(cmd, a.session.verbose, r)
}
