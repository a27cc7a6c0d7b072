// Package history keeps the reports of audits, so that a domain can be watched:
// every run, what changed from one to the next, and what is believed.
//
// What is not answered is not a change. A run is never compared with the bare
// one before it, but with the standing after that: all that is known of the
// domain, each part from the last run in which the DNS said something about it
// (report.Standing). So a record that a name server would not give out for three
// nights is neither removed nor, on the fourth morning, added.
//
// A change can be made to wait until it is seen again (Options.Confirm): what
// one resolver says once may be a cache or a zone on its way. What is believed
// and what was reported are kept apart, so that a process that dies between the
// two reports it the next time.
//
// The rules are in this package, once. Where a history is kept is a Backend: package
// history/sqlite has one in a file. Reports are split into their parts and stored by
// content: what did not change from run to run, apart from times and TTLs, is there
// once. A backend passes the suite of history/historytest.
package history

import (
	"context"
	"errors"
	"time"
)

// What an operation on a history fails with.
var (
	// ErrNotHistory: the file is something else.
	ErrNotHistory = errors.New("it is not a history of mailworthy")
	// ErrNewer: a later version of the program wrote it.
	ErrNewer = errors.New("a newer version of mailworthy wrote it")
	// ErrReadOnly: it can be read and not written.
	ErrReadOnly = errors.New("it is read-only")
	// ErrFull: the disk or the quota is full.
	ErrFull = errors.New("the disk is full")
	// ErrBusy: another process holds it for longer than one waits.
	ErrBusy = errors.New("another process is writing it")
	// ErrDamaged: the database is corrupt.
	ErrDamaged = errors.New("it is damaged")
	// ErrNoRun: there is no such run.
	ErrNoRun = errors.New("no such run")
)

// Store is an open history. It may be used by several goroutines, and what it is kept
// in by several processes.
type Store struct {
	in  Backend
	now func() time.Time
}

// New returns the history that a backend keeps. A nil now is time.Now.
func New(in Backend, now func() time.Time) *Store {
	if now == nil {
		now = time.Now
	}
	return &Store{in: in, now: now}
}

// Close closes the history.
func (s *Store) Close() error { return s.in.Close() }

// read returns what work finds in the history.
func read[T any](ctx context.Context, s *Store, work func(tx Tx) (T, error)) (T, error) {
	var out T
	err := s.in.Read(ctx, func(tx Tx) (err error) {
		out, err = work(tx)
		return err
	})
	return out, err
}
