package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"mailworthy/history"
)

// querier is a database or a transaction on it.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// Read runs work, which sees each statement's own moment of the file.
func (s *backend) Read(ctx context.Context, work func(history.Tx) error) error {
	return s.fail(s.patiently(ctx, func() error { return work(tx{s.db}) }))
}

// Write runs work in a transaction.
func (s *backend) Write(ctx context.Context, work func(history.Tx) error) error {
	if s.readOnly != nil {
		return s.fail(s.readOnly)
	}
	// What takes the file is the beginning: the work is done once.
	var t *sql.Tx
	err := s.patiently(ctx, func() (err error) {
		t, err = s.db.BeginTx(ctx, nil)
		return err
	})
	if err != nil {
		return s.fail(err)
	}
	defer t.Rollback()
	if err := work(tx{t}); err != nil {
		return s.fail(err)
	}
	return s.fail(t.Commit())
}

// Compact gives freed pages back to the system.
func (s *backend) Compact(ctx context.Context) error {
	for _, pragma := range []string{"PRAGMA incremental_vacuum", "PRAGMA wal_checkpoint(TRUNCATE)"} {
		rows, err := s.db.QueryContext(ctx, pragma)
		if err != nil {
			return s.fail(err)
		}
		// The pages are freed as the rows are read.
		for rows.Next() {
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return s.fail(err)
		}
	}
	return nil
}

// tx is a transaction, or the bare database for reading.
type tx struct{ q querier }

// Keep implements history.Tx.
func (t tx) Keep(ctx context.Context, hash history.Hash, data func() ([]byte, error)) (int64, error) {
	var id int64
	err := t.q.QueryRowContext(ctx, "SELECT id FROM content WHERE hash = ?", hash[:]).Scan(&id)
	if !errors.Is(err, sql.ErrNoRows) {
		return id, err
	}
	text, err := data()
	if err != nil {
		return 0, err
	}
	err = t.q.QueryRowContext(ctx, "INSERT INTO content (hash, data) VALUES (?, ?) RETURNING id", hash[:], text).Scan(&id)
	return id, err
}

// Content implements history.Tx.
func (t tx) Content(ctx context.Context, id int64) (data []byte, err error) {
	err = t.q.QueryRowContext(ctx, "SELECT data FROM content WHERE id = ?", id).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		err = fmt.Errorf("%w: content %d is missing", history.ErrDamaged, id)
	}
	return data, err
}

// AddRun implements history.Tx.
func (t tx) AddRun(ctx context.Context, key history.Hash, r history.Run, volatile []byte, parts []history.Part) (id int64, err error) {
	err = t.q.QueryRowContext(ctx, `INSERT INTO run (key, domain, started, verdict, score, low, high, grade, questions,
		duration_ms, version, findings, records, volatile, standing) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
		key[:], r.Domain, r.Started.UnixMilli(), string(r.Verdict), r.Score, r.Low, r.High, r.Grade, r.Questions,
		r.DurationMS, r.Version, r.Findings, r.Records, volatile, r.Standing).Scan(&id)
	if err != nil {
		return 0, err
	}
	for i, p := range parts {
		if _, err := t.q.ExecContext(ctx, "INSERT INTO part (run, seq, name, content) VALUES (?, ?, ?, ?)", id, i, p.Name, p.Content); err != nil {
			return 0, err
		}
	}
	return id, nil
}

const selectRun = `SELECT id, domain, started, verdict, score, low, high, grade, questions, duration_ms, version,
	findings, records, standing FROM run`

func scan(row interface{ Scan(...any) error }) (history.Run, error) {
	var r history.Run
	var started int64
	var score sql.NullInt64
	err := row.Scan(&r.ID, &r.Domain, &started, &r.Verdict, &score, &r.Low, &r.High, &r.Grade, &r.Questions, &r.DurationMS,
		&r.Version, &r.Findings, &r.Records, &r.Standing)
	r.Started = time.UnixMilli(started).UTC()
	if score.Valid {
		n := int(score.Int64)
		r.Score = &n
	}
	return r, err
}

// RunOf implements history.Tx.
func (t tx) RunOf(ctx context.Context, key history.Hash) (history.Run, error) {
	r, err := scan(t.q.QueryRowContext(ctx, selectRun+" WHERE key = ?", key[:]))
	if errors.Is(err, sql.ErrNoRows) {
		err = history.ErrNoRun
	}
	return r, err
}

// Runs implements history.Tx.
func (t tx) Runs(ctx context.Context, q history.Query) ([]history.Run, error) {
	var where []string
	var args []any
	only := func(set bool, condition string, value any) {
		if set {
			where, args = append(where, condition), append(args, value)
		}
	}
	only(q.Domain != "", "domain = ?", q.Domain)
	only(q.ID != 0, "id = ?", q.ID)
	only(q.Below != 0, "id < ?", q.Below)
	only(!q.Until.IsZero(), "started < ?", q.Until.UnixMilli())
	query := selectRun
	if len(where) > 0 {
		query += " WHERE " + strings.Join(where, " AND ")
	}
	order := " DESC"
	if q.First {
		order = ""
	}
	query += " ORDER BY "
	if !q.Until.IsZero() {
		query += "started" + order + ", "
	}
	query += "id" + order
	if q.Limit > 0 {
		query, args = query+" LIMIT ?", append(args, q.Limit)
	}
	return collect(ctx, t.q, query, args, scan)
}

// collect returns all rows of a query, and holds the connection no longer.
func collect[T any](ctx context.Context, q querier, query string, args []any, scan func(interface{ Scan(...any) error }) (T, error)) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := []T{}
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// Report implements history.Tx.
func (t tx) Report(ctx context.Context, run int64) (volatile []byte, parts []history.Part, err error) {
	err = t.q.QueryRowContext(ctx, "SELECT volatile FROM run WHERE id = ?", run).Scan(&volatile)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil, history.ErrNoRun
	}
	if err != nil {
		return nil, nil, err
	}
	parts, err = collect(ctx, t.q, "SELECT name, data FROM part JOIN content ON content.id = part.content WHERE run = ? ORDER BY seq", []any{run},
		func(row interface{ Scan(...any) error }) (p history.Part, err error) {
			err = row.Scan(&p.Name, &p.Data)
			return p, err
		})
	return volatile, parts, err
}

// AddRoundtrip implements history.Tx.
func (t tx) AddRoundtrip(ctx context.Context, r history.Roundtrip) error {
	_, err := t.q.ExecContext(ctx, `INSERT INTO roundtrip (message_id, name, started, verdict, why, deliver_ms, seen_ms, tries, duplicates)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (message_id) DO UPDATE SET name = excluded.name, started = excluded.started,
		verdict = excluded.verdict, why = excluded.why, deliver_ms = excluded.deliver_ms, seen_ms = excluded.seen_ms,
		tries = excluded.tries, duplicates = excluded.duplicates`,
		r.MessageID, r.Name, r.Started.UnixMilli(), r.Verdict, r.Why, r.DeliverMS, r.SeenMS, r.Tries, r.Duplicates)
	return err
}

// Roundtrips implements history.Tx.
func (t tx) Roundtrips(ctx context.Context, name string, limit int) ([]history.Roundtrip, error) {
	query := "SELECT id, message_id, name, started, verdict, why, deliver_ms, seen_ms, tries, duplicates FROM roundtrip WHERE ?1 = '' OR name = ?1 ORDER BY id DESC"
	args := []any{name}
	if limit > 0 {
		query, args = query+" LIMIT ?2", append(args, limit)
	}
	return collect(ctx, t.q, query, args, func(row interface{ Scan(...any) error }) (r history.Roundtrip, err error) {
		var started int64
		err = row.Scan(&r.ID, &r.MessageID, &r.Name, &started, &r.Verdict, &r.Why, &r.DeliverMS, &r.SeenMS, &r.Tries, &r.Duplicates)
		r.Started = time.UnixMilli(started).UTC()
		return r, err
	})
}

// Belief implements history.Tx.
func (t tx) Belief(ctx context.Context, domain string) (b history.Belief, ok bool, err error) {
	err = t.q.QueryRowContext(ctx, "SELECT believed, told, pending FROM belief WHERE domain = ?", domain).Scan(&b.Believed, &b.Told, &b.Pending)
	if errors.Is(err, sql.ErrNoRows) {
		return b, false, nil
	}
	return b, err == nil, err
}

// SetBelief implements history.Tx.
func (t tx) SetBelief(ctx context.Context, domain string, b history.Belief) error {
	_, err := t.q.ExecContext(ctx, `INSERT INTO belief (domain, believed, told, pending) VALUES (?, ?, ?, ?)
		ON CONFLICT (domain) DO UPDATE SET believed = excluded.believed, told = excluded.told, pending = excluded.pending`,
		domain, b.Believed, b.Told, b.Pending)
	return err
}

// SetTold implements history.Tx.
func (t tx) SetTold(ctx context.Context, domain string, told int64) error {
	_, err := t.q.ExecContext(ctx, "UPDATE belief SET told = ?1 WHERE domain = ?2 AND EXISTS (SELECT 1 FROM content WHERE id = ?1)", told, domain)
	return err
}

// Prune implements history.Tx.
func (t tx) Prune(ctx context.Context, before time.Time) (removed int64, err error) {
	result, err := t.q.ExecContext(ctx, "DELETE FROM run WHERE started < ? AND id NOT IN (SELECT max(id) FROM run GROUP BY domain)", before.UnixMilli())
	if err != nil {
		return 0, err
	}
	if removed, err = result.RowsAffected(); err != nil {
		return 0, err
	}
	if _, err = t.q.ExecContext(ctx, "DELETE FROM roundtrip WHERE started < ? AND id NOT IN (SELECT max(id) FROM roundtrip GROUP BY name)", before.UnixMilli()); err != nil {
		return 0, err
	}
	_, err = t.q.ExecContext(ctx, `DELETE FROM content WHERE id NOT IN
		(SELECT content FROM part UNION SELECT standing FROM run UNION SELECT believed FROM belief UNION SELECT told FROM belief)`)
	return removed, err
}
