package monitor

import (
	"context"

	"mailworthy/config"
	"mailworthy/history"
	"mailworthy/history/sqlite"
	"mailworthy/report"
)

// ledger is the history of a run. If it fails it says so once, and the run goes on
// without.
type ledger struct {
	monitor *Monitor
	out     *Outcome
	store   *history.Store
}

func (l *ledger) open(ctx context.Context) {
	var err error
	l.store, err = sqlite.Open(ctx, l.monitor.History, l.monitor.Clock)
	l.fail(err)
}

// fail notes that the history cannot be used, and does without from now on.
func (l *ledger) fail(err error) {
	if err == nil {
		return
	}
	l.out.trouble("%w; the run is not kept and changes are not known", l.monitor.historyTrouble(err))
	l.close()
	l.store = nil
}

func (l *ledger) observe(ctx context.Context, d *config.Domain, one *report.Report) *history.Observation {
	if l.store == nil {
		return nil
	}
	seen, err := l.store.Observe(ctx, one, history.Options{Confirm: l.monitor.Config.History.Confirm,
		Again: func(ctx context.Context, attempt int) (*report.Report, error) {
			return l.monitor.again(ctx, d, attempt)
		}})
	if err != nil {
		l.fail(err)
		return nil
	}
	return seen
}

// acknowledge marks the changes as reported; it returns false if it could not.
func (l *ledger) acknowledge(ctx context.Context) bool {
	if l.store == nil {
		return false
	}
	for _, d := range l.out.Domains {
		if d.Observation == nil {
			continue
		}
		if err := l.store.Acknowledge(ctx, d.Observation); err != nil {
			l.out.trouble("%w; the changes will be told again", l.monitor.historyTrouble(err))
			return false
		}
	}
	return true
}

func (l *ledger) prune(ctx context.Context) {
	keep := l.monitor.Config.History.Keep
	if l.store == nil || keep == 0 {
		return
	}
	if _, err := l.store.Prune(ctx, keep); err != nil {
		l.out.trouble("old runs stay: %w", l.monitor.historyTrouble(err))
	}
}

func (l *ledger) close() {
	if l.store != nil {
		_ = l.store.Close()
	}
}
