package monitor

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"mailworthy/audit"
	"mailworthy/history/sqlite"
	"mailworthy/report"
)

func keptReport(domain string) *report.Report {
	return report.New(&audit.Result{Domain: domain, Started: time.Date(2026, 11, 1, 6, 0, 0, 0, time.UTC)}, report.DefaultScale(), "test")
}

// TestKeeper: all that several goroutines give is kept once the keeper is closed, after
// the context has ended too; a nil keeper keeps nothing.
func TestKeeper(t *testing.T) {
	file := filepath.Join(t.TempDir(), "history.db")
	now := time.Date(2026, 11, 1, 6, 0, 0, 0, time.UTC)
	ctx, cancel := context.WithCancel(t.Context())
	k := NewKeeper(ctx, KeeperOptions{File: file, Now: now, Room: 3, Fail: func(err error) { t.Error(err) }})
	const n = 20
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			r := keptReport(fmt.Sprintf("d%d.example", i))
			k.Keep(ctx, audit.Target{Domain: r.Domain}, r)
		})
	}
	all.Wait()
	cancel()
	k.Keep(ctx, audit.Target{}, keptReport("late.example"))
	if !k.Close() {
		t.Error("not all is kept")
	}
	store, err := sqlite.Open(t.Context(), file, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if runs, err := store.List(t.Context(), "", 0); err != nil || len(runs) != n {
		t.Errorf("%d runs are kept, %v", len(runs), err)
	}
	var none *Keeper
	none.Keep(t.Context(), audit.Target{}, keptReport("acme.example"))
	if !none.Close() {
		t.Error("a nil keeper has failed")
	}
}

// TestKeeperFails: the first failure is told, and no other, and no audit waits.
func TestKeeperFails(t *testing.T) {
	for _, changes := range []bool{false, true} {
		fails := 0
		k := NewKeeper(t.Context(), KeeperOptions{File: filepath.Join(t.TempDir(), "none", "history.db"), Changes: changes, Room: 1, Fail: func(error) { fails++ }})
		for range 5 {
			k.Keep(t.Context(), audit.Target{}, keptReport("acme.example"))
		}
		if k.Close() || fails != 1 {
			t.Errorf("changes %v: %d failures told", changes, fails)
		}
		if changes && k.Seen("acme.example") != nil {
			t.Error("something was seen")
		}
	}
}

// TestKeeperChanges: with changes a domain's observation is there when Keep returns.
func TestKeeperChanges(t *testing.T) {
	file := filepath.Join(t.TempDir(), "history.db")
	for i, want := range []bool{true, false} {
		k := NewKeeper(t.Context(), KeeperOptions{File: file, Now: time.Date(2026, 11, 1+i, 6, 0, 0, 0, time.UTC), Changes: true, Confirm: 1,
			Again: func(context.Context, audit.Target, int) (*report.Report, error) { return nil, nil }, Fail: func(err error) { t.Error(err) }})
		k.Keep(t.Context(), audit.Target{}, keptReport("acme.example"))
		seen := k.Seen("acme.example")
		if seen == nil || seen.First != want {
			t.Fatalf("audit %d: %+v", i+1, seen)
		}
		if err := k.Acknowledge(t.Context(), seen); err != nil {
			t.Error(err)
		}
		if !k.Close() {
			t.Error("not kept")
		}
	}
}
