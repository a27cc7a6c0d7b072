// Package sqlite keeps a history in one SQLite database. A run is in it wholly or not
// at all, whatever happens to the process or to a second one beside it.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"mailworthy/history"
	"mailworthy/internal/pause"
)

// applicationID marks a database as a history: "mwhi".
const applicationID = 0x6d776869

// patience is how long a store waits for another process that holds the file, in all:
// whoever has waited so long in vain does not wait again, and those who wait in line
// wait together.
const patience = 30 * time.Second

// busyTimeout is how long SQLite waits in one statement, in which nothing ends it.
const busyTimeout = time.Second

//go:embed schema/*.sql
var migrations embed.FS

// backend is an open file. It may be used by several goroutines, and the file by
// several processes.
type backend struct {
	db   *sql.DB
	file string
	// readOnly is why it cannot be written; nil: it can.
	readOnly error
	patience time.Duration

	// turn is held by who tries to take the file.
	turn sync.Mutex
	// held is since when another process holds the file; zero: nobody has found it so.
	held time.Time
	// over: it has been held for longer than one waits, and nothing is tried any more.
	over bool
}

// Open opens the history in file, and creates it if there is none. A file
// that cannot be written, or is on a full disk, is opened for reading. A nil now
// is time.Now.
//
// For another process that holds the file a store waits for 30 s. After that all
// that it does fails with ErrBusy, at once.
func Open(ctx context.Context, file string, now func() time.Time) (*history.Store, error) {
	s, err := openPatiently(ctx, file, patience)
	if err != nil {
		return nil, err
	}
	return history.New(s, now), nil
}

func openPatiently(ctx context.Context, file string, patience time.Duration) (*backend, error) {
	s := &backend{file: file, patience: patience}
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Stat(filepath.Dir(file)); err != nil {
			return nil, s.fail(fmt.Errorf("the folder %s does not exist", filepath.Dir(file)))
		}
	case err != nil:
		return nil, s.fail(err)
	case !info.Mode().IsRegular():
		return nil, s.fail(fmt.Errorf("%w: it is no file", history.ErrNotHistory))
	case !writable(file, info):
		s.readOnly = history.ErrReadOnly
	}
	err = s.open(ctx)
	if info != nil && errors.Is(classify(err), history.ErrFull) {
		// Even to read, a log that is shared takes some room.
		s.readOnly = history.ErrFull
		err = s.open(ctx)
	}
	if err != nil {
		return nil, s.fail(err)
	}
	return s, nil
}

// writable reports whether the file may be written. Permissions that deny it to
// everybody are respected by root too.
func writable(file string, info fs.FileInfo) bool {
	if info.Mode().Perm()&0o222 == 0 {
		return false
	}
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		return false
	}
	f.Close()
	return true
}

// open connects to the file, and leaves no connection if it fails.
func (s *backend) open(ctx context.Context) (err error) {
	query := url.Values{"_pragma": {fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()), "foreign_keys(1)", "synchronous(FULL)"},
		"_txlock": {"immediate"}}
	if s.readOnly != nil {
		query.Set("mode", "ro")
		query.Set("_txlock", "deferred")
		if log, err := os.Stat(s.file + "-wal"); errors.Is(err, fs.ErrNotExist) || err == nil && log.Size() == 0 {
			// Without a log nobody is writing, and none has to be made to read.
			query.Set("immutable", "1")
		}
	}
	path, err := filepath.Abs(s.file)
	if err != nil {
		return err
	}
	dsn := url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}
	if s.db, err = sql.Open("sqlite", dsn.String()); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			s.db.Close()
		}
	}()
	// Writers follow one another in any case.
	s.db.SetMaxOpenConns(1)
	// Turning on the log takes the file alone, which SQLite does not wait for.
	return s.patiently(ctx, func() error { return s.migrate(ctx) })
}

// patiently does what may find the file held by another process, again and again
// until it does not, or until the patience of the store is at its end.
func (s *backend) patiently(ctx context.Context, do func() error) error {
	for wait := time.Millisecond; ; wait = min(2*wait, 100*time.Millisecond) {
		again, err := s.try(do)
		if !again {
			return err
		}
		if err := pause.For(ctx, wait); err != nil {
			return err
		}
	}
}

// try does it once, and reports whether it is to be tried again. Who comes meanwhile
// waits: it has no better chance, and may not have to try.
func (s *backend) try(do func() error) (again bool, err error) {
	s.turn.Lock()
	defer s.turn.Unlock()
	if s.over {
		return false, history.ErrBusy
	}
	err = do()
	return s.found(errors.Is(classify(err), history.ErrBusy)), err
}

// found notes whether the file was found held, and reports whether to try again.
func (s *backend) found(held bool) bool {
	switch {
	case !held:
		s.held = time.Time{}
	case s.held.IsZero():
		s.held = time.Now()
	default:
		s.over = s.over || time.Since(s.held) >= s.patience
	}
	return held && !s.over
}

// migrate checks what the file is and brings its schema up to date.
func (s *backend) migrate(ctx context.Context) error {
	names, err := fs.Glob(migrations, "schema/*.sql")
	if err != nil {
		return err
	}
	slices.Sort(names)
	if err := s.identify(ctx, s.db, len(names)); err != nil || s.readOnly != nil {
		return err
	}
	// Freed pages can then be given back by Prune. It has an effect in an empty file alone.
	if _, err := s.db.ExecContext(ctx, "PRAGMA auto_vacuum = INCREMENTAL"); err != nil {
		return err
	}
	var mode string
	if err := s.db.QueryRowContext(ctx, "PRAGMA journal_mode = WAL").Scan(&mode); err != nil {
		return err
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	// Another process may have done it in the meantime.
	if err := s.identify(ctx, tx, len(names)); err != nil {
		return err
	}
	var version int
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	for i, name := range names[version:] {
		text, err := migrations.ReadFile(name)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, string(text)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d; PRAGMA application_id = %d", version+i+1, applicationID)); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// identify refuses a database that is not a history, or one of a later version.
func (s *backend) identify(ctx context.Context, q querier, known int) error {
	var id, version, tables int
	// The tables first: outside a transaction another process may make the history
	// between two of these questions, and its tables come with its marks.
	if err := q.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master").Scan(&tables); err != nil {
		return err
	}
	if err := q.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if err := q.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return err
	}
	switch {
	case id != applicationID && (tables > 0 || id != 0):
		return fmt.Errorf("%w: it is a database of another program", history.ErrNotHistory)
	case id != applicationID && s.readOnly != nil:
		return fmt.Errorf("%w: it is empty", history.ErrNotHistory)
	case version > known:
		return fmt.Errorf("%w (schema %d, this version knows %d)", history.ErrNewer, version, known)
	}
	return nil
}

// Close closes the file.
func (s *backend) Close() error { return s.fail(s.db.Close()) }

// fail says which file an error is about and what it means.
func (s *backend) fail(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("history %s: %w", s.file, classify(err))
}

// classify gives the errors of SQLite that a user can do something about their
// names.
func classify(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() {
	case sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_SHMMAP:
		// The index of the log could not be made or grown.
		return history.ErrFull
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_NOTADB:
		return history.ErrNotHistory
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
		return history.ErrReadOnly
	case sqlite3.SQLITE_FULL:
		return history.ErrFull
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return history.ErrBusy
	case sqlite3.SQLITE_CORRUPT:
		return history.ErrDamaged
	case sqlite3.SQLITE_CANTOPEN:
		return fmt.Errorf("it cannot be opened: %w", err)
	}
	return err
}
