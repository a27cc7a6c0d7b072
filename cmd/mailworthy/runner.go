package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"mailworthy/audit"
	"mailworthy/config"
	"mailworthy/finding"
	"mailworthy/history"
	"mailworthy/inspect"
	"mailworthy/internal/lockfile"
	"mailworthy/internal/show"
	"mailworthy/notify"
	"mailworthy/rbl"
	"mailworthy/report"
	"mailworthy/report/terminal"
	"mailworthy/report/view"
)

// auditsAtOnce bounds the domains that are audited at the same time.
const auditsAtOnce = 16

// runner audits the domains of a configuration, keeps the runs and tells who is to
// be told: what run does once and watch again and again.
type runner struct {
	config  *config.Config
	dns     dnsFlags
	failOn  finding.Severity
	history string
	// tells: somebody reads what is written of the changes, so that they need not be
	// written again.
	tells  bool
	table  terminal.Options
	stderr io.Writer
	sender *notify.Sender
}

// ran is what one run found.
type ran struct {
	reports []*report.Report
	// text is what changed and what is wrong, for a person; empty where nothing is.
	text    bytes.Buffer
	changed int
	// troubles are what went wrong apart from the audits: history, notifications.
	troubles []error
	now      time.Time
	// unknownOK is that of the session.
	unknownOK bool
}

// status is the exit status: what could not be kept or told leaves a run incomplete.
func (r *ran) status(failOn finding.Severity) int {
	status := report.Exit(r.reports, failOn)
	if status == exitIncomplete && r.unknownOK {
		status = exitOK
	}
	if status == exitOK && len(r.troubles) > 0 {
		return exitIncomplete
	}
	return status
}

// runnerFlags are what run and watch share.
type runnerFlags struct {
	config  configFlag
	dns     dnsFlags
	history string
	failOn  string
}

func (f *runnerFlags) add(cmd *cobra.Command) {
	f.config.add(cmd)
	f.dns.add(cmd)
	cmd.Flags().StringVar(&f.history, "history", "", "keep the runs in this `file`; default: as configured")
	cmd.Flags().StringVar(&f.failOn, "fail-on", "", "exit with status 1 at this `severity` or worse: critical, error, warning, notice, never; default: as configured, or error")
}

// runner reads the configuration. A flag that is given goes before it.
func (f *runnerFlags) runner(cmd *cobra.Command) (*runner, error) {
	c, err := f.config.load(cmd.ErrOrStderr())
	if err != nil {
		return nil, err
	}
	r := &runner{config: c, dns: f.dns, failOn: c.FailOn, history: c.History.File, tells: true, stderr: cmd.ErrOrStderr(),
		sender: &notify.Sender{Version: version}}
	if f.failOn != "" {
		if r.failOn, err = (&auditFlags{failOn: f.failOn}).limit(); err != nil {
			return nil, err
		}
	}
	if f.history != "" {
		r.history = f.history
	}
	given := cmd.Flags().Changed
	if !given("resolver") && !f.dns.offline {
		r.dns.resolvers = c.Resolvers
	}
	limits := c.Limits
	if limits.Timeout > 0 && !given("timeout") {
		r.dns.timeout = limits.Timeout
	}
	if limits.Deadline > 0 && !given("deadline") {
		r.dns.deadline = limits.Deadline
	}
	if limits.Retries >= 0 && !given("retries") {
		r.dns.retries = limits.Retries
	}
	if limits.MaxQueries > 0 && !given("max-queries") {
		r.dns.maxQueries = limits.MaxQueries
	}
	for _, t := range c.Notifications {
		if t.When == notify.Change && r.history == "" {
			return nil, withHint(fmt.Errorf("notification %q tells of changes, and no history is kept to know them by", t.Name),
				"add history: FILE to %s or --history FILE, or when: threshold to the notification", c.File)
		}
	}
	return r, nil
}

// state is a file of this configuration where state is kept. What goes wrong with it
// is told as trouble has it.
func (r *runner) state(name string) (string, error) {
	dir, _, err := r.stateDir()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	path, err := filepath.Abs(r.config.File)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(path))
	return filepath.Join(dir, "mailworthy-"+hex.EncodeToString(sum[:4])+name), nil
}

// stateDir is where state is kept, and how that is called in messages.
func (r *runner) stateDir() (dir, called string, err error) {
	switch {
	case r.config.StateDir != "":
		return r.config.StateDir, r.config.Spelt(r.config.StateDir), nil
	case r.history != "":
		dir = filepath.Dir(r.history)
		if spelt := r.config.Spelt(r.history); spelt != r.history {
			return dir, "the folder of " + spelt, nil
		}
		return dir, dir, nil
	}
	dir, err = config.DefaultStateDir(os.Getenv)
	return dir, dir, err
}

// stateTrouble is what went wrong with the files of state. A path that a variable is
// part of is shown as it is spelt in the configuration: its value is nobody's
// business. An error of the system names parts of the path, and so is told without.
func (r *runner) stateTrouble(err error) error {
	dir, called, wrong := r.stateDir()
	if wrong != nil || dir == called || err == nil {
		return err
	}
	var at *fs.PathError
	if errors.As(err, &at) {
		return fmt.Errorf("%s: %w", called, at.Err)
	}
	return errors.New(strings.ReplaceAll(err.Error(), dir, called))
}

// historyTrouble is what went wrong with the history, told likewise.
func (r *runner) historyTrouble(err error) error {
	spelt := r.config.Spelt(r.history)
	if err == nil || spelt == r.history {
		return err
	}
	text := strings.ReplaceAll(err.Error(), r.history, spelt)
	return errors.New(strings.ReplaceAll(text, "the folder "+filepath.Dir(r.history)+" does", "the folder of it does"))
}

// lock keeps runs of the same configuration apart. Without a place for the lock a
// run goes on and says so.
func (r *runner) lock() (release func(), err error) {
	file, err := r.state(".lock")
	if err == nil {
		var l *lockfile.Lock
		if l, err = lockfile.Take(file); err == nil {
			return l.Release, nil
		}
	}
	if errors.Is(err, lockfile.ErrHeld) {
		return nil, err
	}
	fmt.Fprintf(r.stderr, "warning: no lock, so that runs may overlap: %s\n", show.Escape(r.stateTrouble(err).Error()))
	return func() {}, nil
}

// once audits all, and calls emit with what is to be written before the changes
// count as told.
func (r *runner) once(ctx context.Context, emit func(*ran) error) (*ran, error) {
	release, err := r.lock()
	if err != nil {
		return nil, err
	}
	defer release()
	s, err := r.dns.open(r.stderr)
	if err != nil {
		return nil, err
	}
	defer s.stack.Close()
	for i := range r.config.Domains {
		if err := s.held(r.config.Domains[i].Target.Domain); err != nil {
			return nil, err
		}
	}
	out := &ran{reports: r.audit(ctx, s), now: s.now, unknownOK: s.unknownOK}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	book := &book{}
	if r.history != "" {
		book.open(ctx, r, s, out)
		defer book.close()
	}
	for i, one := range out.reports {
		r.describe(out, one, book.observe(ctx, r, &r.config.Domains[i], one, out))
	}
	outbox := r.prepare(out, book)
	if err := emit(out); err != nil {
		return nil, err
	}
	told := (r.tells || r.tellsChanges()) && book.acknowledge(ctx, r, out)
	if outbox != nil {
		for _, one := range out.reports {
			if told || !changed(book.changes(one.Domain)) {
				outbox.Settle(one.Domain)
			}
		}
		out.troubles = append(out.troubles, outbox.Deliver(ctx, r.sender, r.config.Notifications, s.now)...)
		if err := outbox.Save(); err != nil {
			out.troubles = append(out.troubles, r.stateTrouble(err))
		}
	}
	book.prune(ctx, r, out)
	return out, nil
}

func (r *runner) tellsChanges() bool {
	return slices.ContainsFunc(r.config.Notifications, func(t notify.Target) bool { return t.When == notify.Change })
}

// audit audits the domains, several at once, in the order of the configuration.
func (r *runner) audit(ctx context.Context, s *session) []*report.Report {
	health := &rbl.Health{}
	reports := make([]*report.Report, len(r.config.Domains))
	var g errgroup.Group
	g.SetLimit(auditsAtOnce)
	for i, d := range r.config.Domains {
		g.Go(func() error {
			reports[i] = r.inspector(s, &d, health).Inspect(ctx, d.Target)
			s.logAudit(reports[i])
			return nil
		})
	}
	_ = g.Wait()
	return reports
}

func (r *runner) inspector(s *session, d *config.Domain, health *rbl.Health) *inspect.Inspector {
	return &inspect.Inspector{Resolver: s.stack, Policy: r.config.Policy, Version: version,
		Options: audit.Options{MaxQueries: s.maxQueries, Deadline: s.deadline, Now: s.now, MaxIPs: r.config.Limits.MaxIPs,
			Catalogue: r.config.Catalogue, Health: health, Volume: d.Volume}}
}

// again audits a domain through the next of the configured resolvers, so that a
// change need not wait for the next run to be believed; nil where there is none.
func (r *runner) again(ctx context.Context, d *config.Domain, attempt int) (*report.Report, error) {
	s, err := r.dns.other(attempt)
	if err != nil || s == nil {
		return nil, err
	}
	defer s.stack.Close()
	return r.inspector(s, d, nil).Through(ctx, s.stack, d.Target), nil
}

// describe writes what a person is told of a domain: what changed; of a first or
// an unrecorded run what makes it fail; of what stands unchanged a line.
func (r *runner) describe(out *ran, one *report.Report, seen *history.Observation) {
	var b bytes.Buffer
	fails := func(f finding.Finding) bool { return report.Fails(f, r.failOn) }
	var err error
	switch {
	case seen != nil && !seen.First && changed(seen.Changes):
		out.changed++
		if err = terminal.WriteComparison(&b, seen.Changes, r.table); err == nil {
			err = terminal.WriteChosen(&b, one, func(f finding.Finding) bool { return fails(f) && isNew(seen.Changes, f) }, r.table)
		}
	case one.Exit(r.failOn) == exitOK && len(one.AcceptancesEnded) == 0:
	case seen != nil && !seen.First:
		_, err = fmt.Fprintf(&b, "unchanged: %s\n", view.Summary(one))
	default:
		err = terminal.WritePart(&b, one, fails, r.table)
	}
	if err != nil {
		out.troubles = append(out.troubles, err)
	}
	if b.Len() > 0 && out.text.Len() > 0 {
		out.text.WriteByte('\n')
	}
	out.text.Write(b.Bytes())
}

func changed(c *report.Comparison) bool { return c != nil && (!c.Same() || !c.SameOutcome()) }

// isNew reports whether a finding is among the new or worse ones.
func isNew(c *report.Comparison, f finding.Finding) bool {
	same := func(g finding.Finding) bool { return g.Check == f.Check && g.Subject == f.Subject }
	return slices.ContainsFunc(c.New, same) || slices.ContainsFunc(c.Changed, func(m report.Moved) bool { return same(m.Finding) })
}

// book is the history of a run. Where it fails it says so once, and the run goes on
// without.
type book struct {
	store *history.Store
	seen  map[string]*history.Observation
}

func (b *book) open(ctx context.Context, r *runner, s *session, out *ran) {
	clock, err := clockAt(r.dns.now)
	if err == nil {
		b.store, err = history.Open(ctx, r.history, clock)
	}
	b.fail(r, out, err)
}

// fail notes that the history cannot be used, and does without from now on.
func (b *book) fail(r *runner, out *ran, err error) {
	if err == nil {
		return
	}
	out.troubles = append(out.troubles, fmt.Errorf("%w; the run is not kept and changes are not known", r.historyTrouble(err)))
	b.close()
	b.store = nil
}

func (b *book) observe(ctx context.Context, r *runner, d *config.Domain, one *report.Report, out *ran) *history.Observation {
	if b.store == nil {
		return nil
	}
	seen, err := b.store.Observe(ctx, one, history.Options{Confirm: r.config.History.Confirm,
		Again: func(ctx context.Context, attempt int) (*report.Report, error) { return r.again(ctx, d, attempt) }})
	if err != nil {
		b.fail(r, out, err)
		return nil
	}
	if b.seen == nil {
		b.seen = make(map[string]*history.Observation)
	}
	b.seen[one.Domain] = seen
	return seen
}

// acknowledge says that the changes have been told, and reports whether it could.
func (b *book) acknowledge(ctx context.Context, r *runner, out *ran) bool {
	if b.store == nil {
		return false
	}
	for _, seen := range b.seen {
		if err := b.store.Acknowledge(ctx, seen); err != nil {
			out.troubles = append(out.troubles, fmt.Errorf("%w; the changes will be told again", r.historyTrouble(err)))
			return false
		}
	}
	return true
}

// changes are those of a domain that have not been told; nil where none are known.
func (b *book) changes(domain string) *report.Comparison {
	if seen := b.seen[domain]; seen != nil {
		return seen.Changes
	}
	return nil
}

func (b *book) prune(ctx context.Context, r *runner, out *ran) {
	if b.store == nil || r.config.History.Keep == 0 {
		return
	}
	if _, err := b.store.Prune(ctx, r.config.History.Keep); err != nil {
		out.troubles = append(out.troubles, fmt.Errorf("old runs stay: %w", r.historyTrouble(err)))
	}
}

func (b *book) close() {
	if b.store != nil {
		_ = b.store.Close()
	}
}

// prepare puts what there is to tell into the outbox. It returns nil where nobody
// is to be told, or where the outbox cannot be kept.
func (r *runner) prepare(out *ran, b *book) *notify.Outbox {
	if len(r.config.Notifications) == 0 {
		return nil
	}
	trouble := func(err error) {
		out.troubles = append(out.troubles, fmt.Errorf("notifications: %w", r.stateTrouble(err)))
	}
	file, err := r.state("-outbox.json")
	if err != nil {
		trouble(err)
		return nil
	}
	outbox, err := notify.OpenOutbox(file)
	if err != nil {
		trouble(err)
	}
	if outbox == nil {
		return nil
	}
	for i := range r.config.Notifications {
		t := &r.config.Notifications[i]
		for _, one := range out.reports {
			if len(t.Domains) == 0 || slices.Contains(t.Domains, one.Domain) {
				r.tell(outbox, t, one, b.seen[one.Domain], out.now)
			}
		}
	}
	if err := outbox.Save(); err != nil {
		trouble(err)
		return nil
	}
	return outbox
}

// tell adds what a target is to hear about one domain.
func (r *runner) tell(outbox *notify.Outbox, t *notify.Target, one *report.Report, seen *history.Observation, now time.Time) {
	domain, _ := r.config.ForDomain(one.Domain)
	if t.When == notify.Change {
		if seen != nil && !seen.First && changed(seen.Changes) {
			outbox.Add(t, notify.OfChange(seen.Changes, domain.Owner, now))
		}
		return
	}
	// With a history what stands is what is known: a night without an answer ends
	// nothing and begins nothing.
	stands := one.Findings
	after := report.Outcome{Verdict: one.Verdict, Score: one.Score.Value, Low: one.Score.Low, High: one.Score.High, Grade: one.Score.Grade}
	if seen != nil && seen.Standing != nil {
		s := seen.Standing
		stands = nil
		for _, f := range s.Findings {
			stands = append(stands, f.Finding)
		}
		after = report.Outcome{Verdict: s.Verdict, Score: s.Score.Value, Low: s.Score.Low, High: s.Score.High, Grade: s.Score.Grade}
	}
	if fresh := outbox.Standing(t, one.Domain, stands); len(fresh) > 0 {
		outbox.Add(t, notify.OfThreshold(one.Domain, after, fresh, domain.Owner, now))
	}
}
