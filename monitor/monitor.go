// Package monitor audits the domains of a configuration, keeps the runs, knows what
// changed since the run before, and notifies those who are configured, of each change once: what a
// run from cron does once and a watch again and again. A Keeper keeps single audits.
package monitor

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"mailworthy/audit"
	"mailworthy/config"
	"mailworthy/finding"
	"mailworthy/history"
	"mailworthy/inspect"
	"mailworthy/notify"
	"mailworthy/rbl"
	"mailworthy/report"
	"mailworthy/resolver"
	"mailworthy/transport"
)

// auditsAtOnce bounds the domains that are audited at the same time.
const auditsAtOnce = 16

// Session is how a run asks the DNS.
type Session struct {
	// Resolver answers the audits.
	Resolver resolver.Resolver
	// Close is called when the run needs the resolver no more.
	Close func()
	// Held returns why a domain cannot be audited, or nil; nil: all can.
	Held func(domain string) error
	// MaxQueries and Deadline bound each audit, as those of audit.Options.
	MaxQueries int
	Deadline   time.Duration
	// Now is the time of the run.
	Now time.Time
	// Transport are the tools for domains whose sections have it.
	Transport transport.Tools
	// Mail is what synthetic mails need; nil: none is sent.
	Mail *MailTools
	// Audited is called with each report when it is there, by several goroutines; nil:
	// nobody is.
	Audited func(*report.Report)
}

// Monitor does the runs of a configuration. Its runs must not overlap; those of other
// processes are kept apart by a lock.
type Monitor struct {
	Config *config.Config
	// Open begins a session for a run.
	Open func() (*Session, error)
	// Other begins one that asks the further resolver of this number alone, from 1 on,
	// so that a change need not wait for the next run to be believed. It returns nil
	// if there is none.
	Other func(n int) (*Session, error)
	// FailOn is the severity at which a domain fails.
	FailOn finding.Severity
	// History is the file that keeps the runs; empty: none.
	History string
	// Clock is the time by which the history is kept; nil: the system's.
	Clock func() time.Time
	// Told: somebody reads what Run hands to emit, so that the changes count as reported.
	Told bool
	// Sender delivers notifications.
	Sender *notify.Sender
	// Version is that of the program, for the reports.
	Version string
	// Warn is called with what is odd and does not keep a run from going on; nil:
	// nobody hears it.
	Warn func(text string)
}

// Seen is a domain of a run: how it was found, and what the history makes of it.
type Seen struct {
	Report *report.Report
	// Observation is nil if no history is kept.
	Observation *history.Observation
}

// Changed returns what changed since it was reported last; nil if nothing did, or
// if it is not known.
func (s Seen) Changed() *report.Comparison {
	if o := s.Observation; o != nil && !o.First && changed(o.Changes) {
		return o.Changes
	}
	return nil
}

// Outcome is what one run found.
type Outcome struct {
	// Domains are in the order of the configuration.
	Domains []Seen
	// Logs are what is wrong by the logs of mail servers; none are configured, or all is
	// well: nil.
	Logs []finding.Finding
	// Mails are the synthetic mails that were configured, but for those that could not be
	// begun: these are troubles.
	Mails []Mail
	// NotSent are the names of the mails that were not to be sent, as nothing is asked of
	// the network.
	NotSent []string
	// Troubles are what went wrong apart from the audits: history, notifications.
	Troubles []error
	// Beside is what is of no domain, as it was when the outcome was handed to emit.
	Beside *report.Beside
}

// Reports are those of the domains, in their order.
func (o *Outcome) Reports() []*report.Report {
	reports := make([]*report.Report, len(o.Domains))
	for i, d := range o.Domains {
		reports[i] = d.Report
	}
	return reports
}

// Changed is how many domains changed.
func (o *Outcome) Changed() int {
	n := 0
	for _, d := range o.Domains {
		if d.Changed() != nil {
			n++
		}
	}
	return n
}

// Status is the exit status of the run: 1 if a domain fails; else 3 if what is not
// known could make one fail, unless that is OK, and if there is a trouble: what
// could not be kept or reported leaves a run incomplete; else 0.
func (o *Outcome) Status(failOn finding.Severity, unknownOK bool) int {
	status := report.Exit(o.Reports(), failOn)
	for _, f := range o.Also() {
		switch {
		case f.Severity == finding.Unknown:
			status = cmp.Or(status, 3)
		case failOn != report.Never && f.Severity.AtLeast(failOn):
			return 1
		}
	}
	if status == 3 && unknownOK {
		status = 0
	}
	if status == 0 && len(o.Troubles) > 0 {
		return 3
	}
	return status
}

func (o *Outcome) trouble(format string, args ...any) {
	o.Troubles = append(o.Troubles, fmt.Errorf(format, args...))
}

// Run audits all, and calls emit with what is to be shown before the changes count as
// reported. If another process runs the same configuration, the error wraps
// lockfile.ErrHeld and nothing is done. What goes wrong with the history or with a
// notification is a trouble of the outcome.
func (m *Monitor) Run(ctx context.Context, emit func(*Outcome) error) (*Outcome, error) {
	release, err := m.lock()
	if err != nil {
		return nil, err
	}
	defer release()
	s, err := m.Open()
	if err != nil {
		return nil, err
	}
	defer s.Close()
	for i := range m.Config.Domains {
		if s.Held != nil {
			if err := s.Held(m.Config.Domains[i].Target.Domain); err != nil {
				return nil, err
			}
		}
	}
	mails := m.beginRoundtrips(ctx, s)
	reports := m.Audit(ctx, s)
	out := &Outcome{Domains: make([]Seen, len(reports))}
	mails(out)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	book := &ledger{monitor: m, out: out}
	if m.History != "" {
		book.open(ctx)
		defer book.close()
	}
	for i, one := range reports {
		out.Domains[i] = Seen{one, book.observe(ctx, &m.Config.Domains[i], one)}
	}
	book.keepRoundtrips(ctx)
	m.logs(ctx, out, s.Now)
	outbox := m.prepare(out, s.Now)
	out.Beside = m.beside(out)
	if err := emit(out); err != nil {
		return nil, err
	}
	told := (m.Told || m.tellsChanges()) && book.acknowledge(ctx)
	if outbox != nil {
		m.deliver(ctx, outbox, out, told, s.Now)
	}
	book.prune(ctx)
	return out, nil
}

// tellsChanges reports whether anybody is notified of changes.
func (m *Monitor) tellsChanges() bool {
	return slices.ContainsFunc(m.Config.Notifications, func(t notify.Target) bool { return t.When == notify.Change })
}

// Audit audits the domains of the configuration, several at once, and returns their
// reports in its order. Nothing is kept, and nobody is notified.
func (m *Monitor) Audit(ctx context.Context, s *Session) []*report.Report {
	health := &rbl.Health{}
	reports := make([]*report.Report, len(m.Config.Domains))
	var g errgroup.Group
	g.SetLimit(auditsAtOnce)
	for i, d := range m.Config.Domains {
		g.Go(func() error {
			reports[i] = m.inspector(s, &d, health).Inspect(ctx, d.Target)
			if s.Audited != nil {
				s.Audited(reports[i])
			}
			return nil
		})
	}
	_ = g.Wait()
	return reports
}

func (m *Monitor) inspector(s *Session, d *config.Domain, health *rbl.Health) *inspect.Inspector {
	return &inspect.Inspector{Resolver: s.Resolver, Policy: m.Config.Policy, Version: m.Version,
		Options: audit.Options{Transport: s.Transport, MaxQueries: s.MaxQueries, Deadline: s.Deadline, Now: s.Now, MaxIPs: m.Config.Limits.MaxIPs,
			Catalogue: m.Config.Catalogue, Health: health, Volume: d.Volume}}
}

// again audits a domain through another of the resolvers; nil if there is none.
func (m *Monitor) again(ctx context.Context, d *config.Domain, attempt int) (*report.Report, error) {
	if m.Other == nil {
		return nil, nil
	}
	s, err := m.Other(attempt)
	if err != nil || s == nil {
		return nil, err
	}
	defer s.Close()
	return m.inspector(s, d, nil).Through(ctx, s.Resolver, d.Target), nil
}

func changed(c *report.Comparison) bool { return c != nil && (!c.Same() || !c.SameOutcome()) }
