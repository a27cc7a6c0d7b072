package monitor

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"mailworthy/audit"
	"mailworthy/history"
	"mailworthy/history/sqlite"
	"mailworthy/report"
	"mailworthy/report/view"
)

// KeeperOptions say what a Keeper keeps and where.
type KeeperOptions struct {
	// File is the history; it is made if there is none.
	File string
	// Now is the time by which it is kept.
	Now time.Time
	// Changes: what changed since the audit before is wanted too. Then Keep waits for
	// the history.
	Changes bool
	// Confirm is how many times a change is seen before it is believed, with Changes.
	Confirm int
	// Again audits a target through another resolver, so that a change need not wait
	// for the next audit to be believed. It returns nil if there is none.
	Again func(ctx context.Context, target audit.Target, attempt int) (*report.Report, error)
	// Room is how many reports may wait to be kept before Keep waits too.
	Room int
	// Fail is called with the first failure, and with no other: they would say the same
	// of each domain. Any goroutine may call it.
	Fail func(error)
}

// Keeper keeps audits in a history. What it cannot keep does not hold up the audits.
// Several goroutines may use it; a nil Keeper keeps nothing.
//
// The history may be held by another process. So it is opened and written beside the
// audits, and no report waits for it; but those of Changes, which are about it.
type Keeper struct {
	options KeeperOptions

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

// NewKeeper opens the history. The keeper is to be closed, and has then kept all: after
// ctx has ended too, for what has been audited is kept.
func NewKeeper(ctx context.Context, o KeeperOptions) *Keeper {
	k := &Keeper{options: o, seen: make(map[string]*history.Observation), opened: make(chan struct{}), kept: make(chan struct{}),
		reports: make(chan *report.Report, o.Room)}
	ctx, k.cancel = context.WithCancel(context.WithoutCancel(ctx))
	go k.work(ctx)
	return k
}

// work opens the history and keeps what comes, until there is no more.
func (k *Keeper) work(ctx context.Context) {
	defer close(k.kept)
	var err error
	if k.store, err = sqlite.Open(ctx, k.options.File, func() time.Time { return k.options.Now }); err != nil && ctx.Err() == nil {
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

// Close ends the keeping, and reports whether all was kept. Nothing may be kept from
// then on.
func (k *Keeper) Close() bool {
	if k == nil {
		return true
	}
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
	k.mu.Lock()
	defer k.mu.Unlock()
	return !k.failed
}

// fail reports the first failure.
func (k *Keeper) fail(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.failed {
		return
	}
	k.failed = true
	k.options.Fail(err)
}

// Keep keeps one report. An audit that was stopped has not seen the domain.
func (k *Keeper) Keep(ctx context.Context, target audit.Target, r *report.Report) {
	if k == nil || ctx.Err() != nil {
		return
	}
	k.taken.Store(true)
	if !k.options.Changes {
		same := *r // what is done to the report from here on is another matter
		select {
		case k.reports <- &same:
		case <-ctx.Done():
		}
		return
	}
	select {
	case <-k.opened:
	case <-ctx.Done():
		return
	}
	if k.store == nil {
		return
	}
	seen, err := k.store.Observe(ctx, r, history.Options{Confirm: k.options.Confirm, Again: func(ctx context.Context, attempt int) (*report.Report, error) {
		return k.options.Again(ctx, target, attempt)
	}})
	k.mu.Lock()
	k.seen[r.Domain] = seen
	k.mu.Unlock()
	if err != nil && ctx.Err() == nil {
		k.fail(err)
	}
}

// Seen is what the history makes of a domain that was kept, with Changes; nil if it
// could not be kept.
func (k *Keeper) Seen(domain string) *history.Observation {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.seen[domain]
}

// Acknowledge marks what changed in a domain as reported.
func (k *Keeper) Acknowledge(ctx context.Context, seen *history.Observation) error {
	return k.store.Acknowledge(ctx, seen)
}

// Changes returns what is known of the reports that could be kept, and how each report is
// shown: as it is if it could not be kept. Acknowledge marks the changes as reported.
func (k *Keeper) Changes(reports []*report.Report) (list []Changed, shown []view.Change, acknowledge func(context.Context) error) {
	var seen []*history.Observation
	for _, r := range reports {
		o := k.Seen(r.Domain)
		if o == nil {
			shown = append(shown, view.Change{Report: r})
			continue
		}
		c := ChangedOf(o)
		seen, list, shown = append(seen, o), append(list, c), append(shown, c.Shown(r))
	}
	return list, shown, func(ctx context.Context) error {
		for _, o := range seen {
			if err := k.Acknowledge(ctx, o); err != nil {
				return err
			}
		}
		return nil
	}
}
