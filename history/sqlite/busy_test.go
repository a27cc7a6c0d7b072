package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"mailworthy/history"
	"mailworthy/history/historytest"
)

// hold takes the file as another process does, until the returned function is called.
func hold(t *testing.T, file, how string) (release func()) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(how); err != nil {
		t.Fatal(err)
	}
	return sync.OnceFunc(func() {
		if _, err := db.Exec("ROLLBACK"); err != nil {
			t.Error(err)
		}
		db.Close()
	})
}

// TestHeldForEver: a store whose file another process does not let go waits once, for
// its patience, however much is to be done, and by however many.
func TestHeldForEver(t *testing.T) {
	t.Parallel()
	const patience = 2 * time.Second
	// SQLite's own wait may be under way when the patience ends.
	const most = patience + busyTimeout + 4*time.Second
	timed := func(what string, f func()) {
		t.Helper()
		began := time.Now()
		f()
		if took := time.Since(began); took > most {
			t.Errorf("%s took %s", what, took)
		}
	}
	refused := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, history.ErrBusy) {
			t.Errorf("%s: %v", what, err)
		}
	}
	t.Run("opened", func(t *testing.T) {
		t.Parallel()
		file := filepath.Join(t.TempDir(), "history.db")
		in, err := openPatiently(t.Context(), file, patience)
		if err != nil {
			t.Fatal(err)
		}
		s := history.New(in, nil)
		defer s.Close()
		defer hold(t, file, "BEGIN IMMEDIATE")()
		timed("twenty runs by five", func() {
			var all sync.WaitGroup
			for n := range 20 {
				all.Go(func() {
					_, err := s.Observe(t.Context(), historytest.Numbered(n), history.Options{})
					refused("a run", err)
				})
			}
			all.Wait()
		})
		began := time.Now()
		_, err = s.Add(t.Context(), historytest.Numbered(21))
		refused("one more", err)
		if took := time.Since(began); took >= patience {
			t.Errorf("after the end of its patience it waits for %s", took)
		}
	})
	for name, how := range map[string]string{"new, written": "BEGIN IMMEDIATE; CREATE TABLE x (y)", "new, exclusive": "BEGIN EXCLUSIVE"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "history.db")
			defer hold(t, file, how)()
			timed("opening", func() {
				_, err := openPatiently(t.Context(), file, patience)
				refused("opening", err)
			})
		})
	}
	t.Run("interrupted", func(t *testing.T) {
		t.Parallel()
		file := filepath.Join(t.TempDir(), "history.db")
		defer hold(t, file, "BEGIN EXCLUSIVE")()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		timed("opening", func() {
			if _, err := openPatiently(ctx, file, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("interrupted: %v", err)
			}
		})
	})
}

// TestHeldForAWhile: what another process lets go is waited for, again and again.
func TestHeldForAWhile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "history.db")
	release := hold(t, file, "BEGIN EXCLUSIVE")
	time.AfterFunc(300*time.Millisecond, release)
	in, err := openPatiently(t.Context(), file, 20*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	s := history.New(in, nil)
	defer s.Close()
	for n := range 3 {
		release := hold(t, file, "BEGIN IMMEDIATE")
		time.AfterFunc(300*time.Millisecond, release)
		if _, err := s.Add(t.Context(), historytest.Numbered(n)); err != nil {
			t.Fatal(err)
		}
		release()
	}
	if !in.held.IsZero() {
		t.Error("the file counts as held")
	}
}
