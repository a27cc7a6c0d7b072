package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"mailworthy/audit"
	"mailworthy/history"
	"mailworthy/internal/show"
	"mailworthy/report"
	"mailworthy/report/terminal"
)

// historyFlags say whether audits are kept, and whether what changed is shown.
type historyFlags struct {
	history string
	changes bool
	confirm int
}

func (f *historyFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.history, "history", "", "keep each audit in this history `file`, which is made where there is none")
	flags.BoolVar(&f.changes, "changes", false, "with --history, show what changed instead of the whole report")
	flags.IntVar(&f.confirm, "confirm", 1, "with --changes, believe a change when it was seen `N` times in a row: in the next runs, or at once by the next --resolver")
}

// checkHistory refuses what cannot be combined.
func (f *auditFlags) checkHistory() error {
	switch {
	case f.changes && f.history == "":
		return withHint(errors.New("--changes needs a history to compare with"), "add --history FILE")
	case f.changes && f.against != "":
		return withHint(errors.New("--changes and --against exclude each other"), "leave one out")
	case f.changes && f.output.format != "table" && f.output.format != "json":
		return fmt.Errorf("--changes with --format %s: changes are written as table or json", f.output.format)
	case f.changes && (f.confirm < 1 || f.confirm > 100):
		return fmt.Errorf("--confirm %d: it must be 1 to 100", f.confirm)
	case f.confirm > 1 && !f.changes:
		return withHint(errors.New("--confirm says when a change is believed"), "add --changes")
	}
	return nil
}

// keeper keeps the audits of a run in a history. What it cannot keep is said once
// and does not hold up the audits. It may be used by several goroutines.
//
// The history may be held by another process. So it is opened and written beside the
// audits, and no report waits for it; but those of --changes, which are about it.
type keeper struct {
	flags  historyFlags
	dns    dnsFlags
	stderr io.Writer

	// opened is closed when store is there, or is known not to come.
	opened chan struct{}
	store  *history.Store
	// reports are to be kept; kept is closed when all are.
	reports chan *report.Report
	kept    chan struct{}
	cancel  context.CancelFunc
	// taken: there has been a report to keep.
	taken atomic.Bool

	mu     sync.Mutex
	failed bool
	seen   map[string]*history.Observation
}

// toKeep is how many reports of a list wait to be kept before the audits wait too.
const toKeep = 64

// keeper opens the history of --history; nil where none is wanted. The keeper is to
// be closed, and has then kept all.
func (f *auditFlags) keeper(ctx context.Context, now time.Time, stderr io.Writer) *keeper {
	if f.history == "" {
		return nil
	}
	k := &keeper{flags: f.historyFlags, dns: f.dns, stderr: stderr, seen: make(map[string]*history.Observation),
		opened: make(chan struct{}), kept: make(chan struct{})}
	size := toKeep
	if !f.streams() {
		// These reports are in memory until the last of them is written in any case.
		size = maxCollected
	}
	k.reports = make(chan *report.Report, size)
	// What has been audited is kept, after an interruption too.
	ctx, k.cancel = context.WithCancel(context.WithoutCancel(ctx))
	go k.work(ctx, now)
	return k
}

// work opens the history and keeps what comes, until there is no more.
func (k *keeper) work(ctx context.Context, now time.Time) {
	defer close(k.kept)
	var err error
	if k.store, err = history.Open(ctx, k.flags.history, func() time.Time { return now }); err != nil && ctx.Err() == nil {
		k.fail(err)
	}
	close(k.opened)
	for r := range k.reports {
		if k.store == nil {
			continue
		}
		if _, err := k.store.Add(ctx, r); err != nil {
			k.fail(err)
		}
	}
}

// close ends the keeping; err is that of the command, which comes first.
func (k *keeper) close(err error) error {
	if k == nil {
		return err
	}
	var status exitStatus
	if !k.taken.Load() {
		k.cancel() // there is nothing to wait for
	}
	close(k.reports)
	<-k.kept
	k.cancel()
	if k.store != nil {
		if err := k.store.Close(); err != nil {
			k.fail(err)
		}
	}
	if k.failed && (err == nil || errors.As(err, &status)) {
		return exit(exitUsage)
	}
	return err
}

// fail reports the first failure; the others would say the same of each domain.
func (k *keeper) fail(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.failed {
		return
	}
	k.failed = true
	fmt.Fprintf(k.stderr, "error: %s\n", show.Escape(err.Error()))
	switch {
	case k.flags.changes:
		fmt.Fprintln(k.stderr, "hint: the audit is not kept; the whole report follows instead of the changes")
	default:
		fmt.Fprintln(k.stderr, "hint: the audit is not kept")
	}
}

// keep keeps one report. An audit that was stopped has not seen the domain.
func (k *keeper) keep(ctx context.Context, a *auditor, target audit.Target, r *report.Report) {
	if k == nil || ctx.Err() != nil {
		return
	}
	if !k.flags.changes {
		k.taken.Store(true)
		same := *r // what is done to the report from here on is another matter
		select {
		case k.reports <- &same:
		case <-ctx.Done():
		}
		return
	}
	k.taken.Store(true)
	select {
	case <-k.opened:
	case <-ctx.Done():
		return
	}
	if k.store == nil {
		return
	}
	seen, err := k.store.Observe(ctx, r, history.Options{Confirm: k.flags.confirm, Again: func(ctx context.Context, attempt int) (*report.Report, error) {
		return k.again(ctx, a, target, attempt)
	}})
	k.mu.Lock()
	k.seen[r.Domain] = seen
	k.mu.Unlock()
	if err != nil && ctx.Err() == nil {
		k.fail(err)
	}
}

// again audits a domain through the next resolver of the command line; nil where
// there is none.
func (k *keeper) again(ctx context.Context, a *auditor, target audit.Target, attempt int) (*report.Report, error) {
	s, err := k.dns.other(attempt)
	if err != nil || s == nil {
		return nil, err
	}
	defer s.stack.Close()
	return a.inspector.Through(ctx, s.stack, target), nil
}

// other opens one of the further resolvers alone; nil where there are no more.
func (f dnsFlags) other(n int) (*session, error) {
	if n >= len(f.resolvers) {
		return nil, nil
	}
	f.resolvers = f.resolvers[n : n+1]
	return f.open(io.Discard)
}

// write writes what changed in each domain, the whole report of those that are
// new to the history, and marks it as told.
func (k *keeper) write(cmd *cobra.Command, f *auditFlags, reports []*report.Report, verbose bool) error {
	var seen []*history.Observation
	err := f.output.write(cmd, func(w io.Writer) error {
		var list []changedDomain
		for i, r := range reports {
			o := k.seen[r.Domain]
			if o != nil {
				seen = append(seen, o)
				list = append(list, changedDomain{o.Run, o.First, o.Changes, o.Pending})
			}
			if f.output.format == "json" {
				continue
			}
			if i > 0 {
				fmt.Fprintln(w)
			}
			if err := k.writeOne(w, r, o, f.output.table(cmd, verbose)); err != nil {
				return err
			}
		}
		switch {
		case f.output.format != "json":
			return nil
		case len(list) < len(reports):
			return report.WriteJSON(w, reports...)
		case len(list) == 1:
			return writeJSON(w, list[0])
		}
		return writeJSON(w, list)
	})
	if err != nil {
		return err
	}
	for _, o := range seen {
		if err := k.store.Acknowledge(cmd.Context(), o); err != nil {
			return err
		}
	}
	return nil
}

// changedDomain is what --changes --format json writes of a domain.
type changedDomain struct {
	Run history.Run `json:"run"`
	// First: nothing to compare with was there.
	First   bool               `json:"first"`
	Changes *report.Comparison `json:"changes"`
	Pending *report.Comparison `json:"pending"`
}

func (k *keeper) writeOne(w io.Writer, r *report.Report, o *history.Observation, table terminal.Options) error {
	if o == nil || o.First {
		return terminal.WriteTable(w, r, table)
	}
	if err := terminal.WriteComparison(w, o.Changes, table); err != nil || o.Pending.Unchanged() {
		return err
	}
	if _, err := fmt.Fprintf(w, "\nSeen, and not believed before it is seen again:\n"); err != nil {
		return err
	}
	return terminal.WriteComparison(w, o.Pending, table)
}
