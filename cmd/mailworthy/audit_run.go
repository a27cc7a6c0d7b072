package main

import (
	"cmp"
	"context"
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
	"mailworthy/inspect"
	"mailworthy/internal/cli"
	"mailworthy/internal/progress"
	"mailworthy/internal/show"
	"mailworthy/monitor"
	"mailworthy/report"
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
	l, closing, err := f.list(cmd, args, stderr, inspect.DomainParser(sections), a.session.Held)
	if err != nil {
		return err
	}
	answered := f.watched(cmd, a, len(args))
	a.ends = append(a.ends, func() { _ = closing() }, func() { sayOfAddresses(cmd.Context(), stderr, a.session, args) }, answered)
	if err := f.share(cmd, a, stderr); err != nil {
		return err
	}
	if f.streams() {
		return f.stream(cmd, l, a, stderr)
	}
	return f.whole(cmd, l, a, answered, stderr)
}

// check refuses flags whose values mean nothing or that contradict each other, before
// anything is read or asked.
func (f *auditFlags) check(cmd *cobra.Command, args []string) error {
	if err := f.chooseFormats(cmd.OutOrStdout()); err != nil {
		return err
	}
	switch {
	case cmd.Flags().Changed("csv") && !slices.ContainsFunc(f.writes, func(w written) bool { return w.Name == "csv" }):
		return withHint(fmt.Errorf("--csv %s with --format %s", f.csv, f.output.format), "add --format csv")
	case f.minScore < 0 || f.minScore > 100:
		return fmt.Errorf("--min-score %d: it must be 0 to 100", f.minScore)
	case cmd.Flags().Changed("concurrency") && f.concurrency < 1:
		return fmt.Errorf("--concurrency %d: it must be 1 to %d", f.concurrency, 1<<16)
	}
	_, err := f.failOn.limit()
	return cmp.Or(err, f.checkComparison(), f.checkBulk(args), f.checkHistory())
}

// auditor audits one domain after the other under the same flags. It may be used
// by several goroutines.
type auditor struct {
	session  *session
	template audit.Target
	// inspector audits; its Graded is audit's.
	inspector inspect.Inspector
	standard  bulk.Standard
	// keeper keeps the audits; nil if no history is wanted.
	keeper *monitor.Keeper
	// unkept: the history did not take all of them.
	unkept bool
	// each is called with each report; nil: nobody is. Several goroutines call it.
	each func(*report.Report)
	// ends close what was opened for the audits, the last one first.
	ends []func()
}

// auditor reads the files that the flags name and opens what asks. What it returns is to
// be closed, with an error too, unless it is nil.
func (f *auditFlags) auditor(cmd *cobra.Command, sections []finding.Section, stderr io.Writer) (*auditor, error) {
	policy, err := readPolicy(cmd.Context(), f.policy)
	if err != nil {
		return nil, err
	}
	if policy != nil {
		f.brand = policy.Brand
	}
	template, err := f.target()
	if err != nil {
		return nil, err
	}
	template.Sections = sections
	if f.file != "" && !cmd.Flags().Changed("selectors") {
		f.guess = string(dkim.Inferred) // in a list fewer than for a domain alone
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
	a := &auditor{session: session, template: template, ends: []func(){session.Close}}
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
		a.ends = append(a.ends, asker.Close)
		options.Authoritative = asker.At
	}
	a.standard = bulk.Standard{MinScore: f.minScore, UnknownOK: session.unknownOK}
	if a.standard.FailOn, err = f.failOn.limit(); err != nil {
		return a, err
	}
	if a.standard.Baseline, err = f.openBaseline(cmd.Context()); err != nil {
		return a, err
	}
	a.inspector = inspect.Inspector{Resolver: session.Stack, Options: options, Policy: policy, Plan: f.planned(), Version: version, Log: session.log}
	return a, nil
}

// share opens what the audits share besides the resolver: connections of --probe, the
// history, and what is compared with --baseline.
func (f *auditFlags) share(cmd *cobra.Command, a *auditor, stderr io.Writer) error {
	if f.probe {
		shared, err := a.session.Probing(cmd.Context(), f.web, a.inspector.Options.Transport)
		if err != nil {
			return ofFlag(err)
		}
		a.ends = append(a.ends, shared.Close)
		a.inspector.Probe = shared.Domain
	}
	if a.keeper = f.keeper(cmd.Context(), a, stderr); a.keeper != nil {
		a.ends = append(a.ends, func() { a.unkept = !a.keeper.Close() })
	}
	if held := a.standard.Baseline; held != nil {
		since := report.NewSince(held)
		a.each = since.Add
		a.ends = append(a.ends, func() {
			for _, line := range since.Lines() {
				fmt.Fprintln(stderr, line)
			}
		})
	}
	return nil
}

// close ends what was opened for the audits. It returns the error of the command, or that
// what was to be kept is not.
func (a *auditor) close(err error) error {
	for _, end := range slices.Backward(a.ends) {
		end()
	}
	if a.unkept && (err == nil || errors.As(err, new(cli.Status))) {
		return exit(exitUsage)
	}
	return err
}

func (a *auditor) audit(ctx context.Context, domain string) *report.Report {
	inspector := a.inspector
	inspector.Graded = func(ctx context.Context, target audit.Target, r *report.Report) {
		a.session.logAudit(r)
		a.keeper.Keep(ctx, target, r)
	}
	r := inspector.Inspect(ctx, a.of(domain))
	if a.each != nil {
		a.each(r)
	}
	return r
}

// of is the target of a domain.
func (a *auditor) of(domain string) audit.Target {
	target := a.template
	target.Domain = domain
	return target
}

// whole audits the list and writes the reports, what changed in them, or how they differ,
// when all of them are there. It calls answered when they are.
func (f *auditFlags) whole(cmd *cobra.Command, l *bulk.List, a *auditor, answered func(), stderr *progress.Bar) error {
	started := time.Now()
	reports, count, err := f.collect(cmd, l, a, stderr)
	answered()
	if err != nil {
		return err
	}
	if len(reports) == 0 {
		return exit(exitUsage)
	}
	if err := f.writeWhole(cmd, reports, a); err != nil {
		return err
	}
	f.writeSummary(stderr, a.session, count, time.Since(started))
	if !slices.ContainsFunc(reports, func(r *report.Report) bool { return r.Unanswered == "" }) {
		f.sayUnanswered(cmd.Context(), stderr, reports[0].Unanswered)
	}
	if l.Bad() > 0 {
		return exit(exitUsage)
	}
	for _, to := range f.writes {
		if to.Exit != nil && (len(f.writes) == 1 || isStandard(to.file)) {
			return exit(to.Exit(reports, f.writing(cmd, to, a)))
		}
	}
	return exit(count.Status)
}

// writeWhole writes what the flags ask for of the reports.
func (f *auditFlags) writeWhole(cmd *cobra.Command, reports []*report.Report, a *auditor) error {
	switch {
	case f.against != "":
		before, err := f.earlier(cmd, reports, a)
		if err != nil {
			return err
		}
		return f.compare(cmd, before, reports, a.session.verbose)
	case f.changes:
		return f.writeChanges(cmd, a.keeper, reports, a.session.verbose)
	}
	for _, to := range f.writes {
		if err := f.output.writeTo(cmd, to.file, func(w io.Writer) error { return to.Write(w, reports, f.writing(cmd, to, a)) }); err != nil {
			return ofPick(err)
		}
	}
	return nil
}

// sayUnanswered says on standard error that no server answered any audit, and what doctor
// finds about it.
func (f *auditFlags) sayUnanswered(ctx context.Context, stderr io.Writer, why string) {
	fmt.Fprintf(stderr, "error: no resolver answered: %s\nhint: --resolver ADDR asks another one, --timeout 10s waits longer\n", show.Escape(why))
	f.dns.sayWhyUnknown(ctx, stderr)
}
