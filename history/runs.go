package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"mailworthy/report"
)

// Run is one audit in the history.
type Run struct {
	ID      int64          `json:"run"`
	Domain  string         `json:"domain"`
	Started time.Time      `json:"started"`
	Verdict report.Verdict `json:"verdict"`
	// Score is null where nothing could be judged; Low and High as in a report.
	Score      *int   `json:"score"`
	Low        int    `json:"low"`
	High       int    `json:"high"`
	Grade      string `json:"grade"`
	Questions  int    `json:"queries"`
	DurationMS int64  `json:"duration_ms"`
	Version    string `json:"version"`
	// Findings and Records are how many changed since the run before.
	Findings int `json:"findings_changed"`
	Records  int `json:"records_changed"`

	standing int64
}

const selectRun = `SELECT id, domain, started, verdict, score, low, high, grade, questions, duration_ms, version,
	findings, records, standing FROM run`

func scan(row interface{ Scan(...any) error }) (Run, error) {
	var r Run
	var started int64
	var score sql.NullInt64
	err := row.Scan(&r.ID, &r.Domain, &started, &r.Verdict, &score, &r.Low, &r.High, &r.Grade, &r.Questions, &r.DurationMS,
		&r.Version, &r.Findings, &r.Records, &r.standing)
	r.Started = time.UnixMilli(started).UTC()
	if score.Valid {
		n := int(score.Int64)
		r.Score = &n
	}
	return r, err
}

func one(row *sql.Row) (Run, error) {
	r, err := scan(row)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNoRun
	}
	return r, err
}

func (s *Store) list(ctx context.Context, query string, args ...any) ([]Run, error) {
	var rows *sql.Rows
	err := s.patiently(ctx, func() (err error) {
		rows, err = s.db.QueryContext(ctx, query, args...)
		return err
	})
	if err != nil {
		return nil, s.fail(err)
	}
	defer rows.Close()
	runs := []Run{}
	for rows.Next() {
		r, err := scan(rows)
		if err != nil {
			return nil, s.fail(err)
		}
		runs = append(runs, r)
	}
	return runs, s.fail(rows.Err())
}

// List returns the last runs of a domain, or of every domain where it is empty,
// oldest first; limit 0 is all.
func (s *Store) List(ctx context.Context, domain string, limit int) ([]Run, error) {
	if limit <= 0 {
		limit = -1
	}
	runs, err := s.list(ctx, selectRun+" WHERE ?1 = '' OR domain = ?1 ORDER BY id DESC LIMIT ?2", domain, limit)
	slices.Reverse(runs)
	return runs, err
}

// Last returns the last run of the domain.
func (s *Store) Last(ctx context.Context, domain string) (Run, error) {
	r, err := one(s.db.QueryRowContext(ctx, selectRun+" WHERE domain = ? ORDER BY id DESC LIMIT 1", domain))
	if errors.Is(err, ErrNoRun) {
		err = fmt.Errorf("%w: it has none of %s", ErrNoRun, domain)
	}
	return r, s.fail(err)
}

// Before returns the run of the domain before another.
func (s *Store) Before(ctx context.Context, run Run) (Run, error) {
	r, err := one(s.db.QueryRowContext(ctx, selectRun+" WHERE domain = ? AND id < ? ORDER BY id DESC LIMIT 1", run.Domain, run.ID))
	if errors.Is(err, ErrNoRun) {
		err = fmt.Errorf("%w: run %d is the first one of %s", ErrNoRun, run.ID, run.Domain)
	}
	return r, s.fail(err)
}

// Find returns the run of the domain that a person means: its number, "first",
// "last", or a day or a time, which is the last run up to its end.
func (s *Store) Find(ctx context.Context, domain, ref string) (Run, error) {
	switch ref {
	case "last":
		return s.Last(ctx, domain)
	case "first":
		r, err := one(s.db.QueryRowContext(ctx, selectRun+" WHERE domain = ? ORDER BY id LIMIT 1", domain))
		return r, s.fail(err)
	}
	var r Run
	id, err := strconv.ParseInt(ref, 10, 64)
	if err == nil {
		r, err = one(s.db.QueryRowContext(ctx, selectRun+" WHERE domain = ? AND id = ?", domain, id))
	} else {
		end, wrong := parseMoment(ref)
		if wrong != nil {
			return r, wrong
		}
		r, err = one(s.db.QueryRowContext(ctx, selectRun+" WHERE domain = ? AND started < ? ORDER BY started DESC, id DESC LIMIT 1", domain, end.UnixMilli()))
	}
	if errors.Is(err, ErrNoRun) {
		err = fmt.Errorf("%w: %s of %s", ErrNoRun, ref, domain)
	}
	return r, s.fail(err)
}

// parseMoment reads a day or a time, and returns the first moment after it.
func parseMoment(text string) (time.Time, error) {
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t.AddDate(0, 0, 1), nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.Add(time.Second), nil
	}
	return time.Time{}, fmt.Errorf("run %q: it must be a number, first, last, a day (2026-03-01) or a time (2026-03-01T09:00:00Z)", text)
}

// JSON returns the report of a run as it was added.
func (s *Store) JSON(ctx context.Context, run Run) ([]byte, error) {
	text, err := s.json(ctx, run)
	return text, s.fail(err)
}

func (s *Store) json(ctx context.Context, run Run) ([]byte, error) {
	var packed []byte
	if err := s.db.QueryRowContext(ctx, "SELECT volatile FROM run WHERE id = ?", run.ID).Scan(&packed); errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("%w: %d", ErrNoRun, run.ID)
	} else if err != nil {
		return nil, err
	}
	volatile, err := decompress(packed)
	if err != nil {
		return nil, err
	}
	rows, err := s.db.QueryContext(ctx, "SELECT name, data FROM part JOIN content ON content.id = part.content WHERE run = ? ORDER BY seq", run.ID)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var parts []member
	for rows.Next() {
		var p member
		var data []byte
		if err := rows.Scan(&p.name, &data); err != nil {
			return nil, err
		}
		if p.text, err = decompress(data); err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return unpack(parts, volatile)
}

// Get returns the report of a run.
func (s *Store) Get(ctx context.Context, domain string, id int64) (*report.Report, error) {
	run, err := s.Find(ctx, domain, strconv.FormatInt(id, 10))
	if err != nil {
		return nil, err
	}
	text, err := s.json(ctx, run)
	if err != nil {
		return nil, s.fail(err)
	}
	r := new(report.Report)
	return r, s.fail(report.UnmarshalJSON(text, r))
}

// Domains returns the domains that have runs, in order.
func (s *Store) Domains(ctx context.Context) ([]string, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT DISTINCT domain FROM run ORDER BY domain")
	if err != nil {
		return nil, s.fail(err)
	}
	defer rows.Close()
	domains := []string{}
	for rows.Next() {
		var d string
		if err := rows.Scan(&d); err != nil {
			return nil, s.fail(err)
		}
		domains = append(domains, d)
	}
	return domains, s.fail(rows.Err())
}

// Prune removes the runs that are older than keep, apart from the last one of
// each domain, and gives their space back. It returns how many those were.
func (s *Store) Prune(ctx context.Context, keep time.Duration) (int64, error) {
	var removed int64
	err := s.write(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, "DELETE FROM run WHERE started < ? AND id NOT IN (SELECT max(id) FROM run GROUP BY domain)",
			s.now().Add(-keep).UnixMilli())
		if err != nil {
			return err
		}
		if removed, err = result.RowsAffected(); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM content WHERE id NOT IN
			(SELECT content FROM part UNION SELECT standing FROM run UNION SELECT believed FROM belief UNION SELECT told FROM belief)`)
		return err
	})
	if err != nil {
		return 0, err
	}
	for _, pragma := range []string{"PRAGMA incremental_vacuum", "PRAGMA wal_checkpoint(TRUNCATE)"} {
		rows, err := s.db.QueryContext(ctx, pragma)
		if err != nil {
			return removed, s.fail(err)
		}
		// The pages are freed as the rows are read.
		for rows.Next() {
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return removed, s.fail(err)
		}
	}
	return removed, nil
}
