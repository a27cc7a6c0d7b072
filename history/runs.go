package history

import (
	"context"
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
	// Score is null if nothing could be judged; Low and High as in a report.
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

	// Standing is the number of the content that is the standing after the run.
	Standing int64 `json:"-"`
}

// one returns the run that a query selects, or ErrNoRun.
func (s *Store) one(ctx context.Context, q Query, missing func() error) (Run, error) {
	q.Limit = 1
	return read(ctx, s, func(tx Tx) (Run, error) {
		runs, err := tx.Runs(ctx, q)
		switch {
		case err != nil:
			return Run{}, err
		case len(runs) == 0:
			return Run{}, missing()
		}
		return runs[0], nil
	})
}

// List returns the last runs of a domain, or of every domain if it is empty,
// oldest first; limit 0 is all.
func (s *Store) List(ctx context.Context, domain string, limit int) ([]Run, error) {
	runs, err := read(ctx, s, func(tx Tx) ([]Run, error) { return tx.Runs(ctx, Query{Domain: domain, Limit: max(limit, 0)}) })
	slices.Reverse(runs)
	return runs, err
}

// Last returns the last run of the domain.
func (s *Store) Last(ctx context.Context, domain string) (Run, error) {
	return s.one(ctx, Query{Domain: domain}, func() error { return fmt.Errorf("%w: it has none of %s", ErrNoRun, domain) })
}

// Before returns the run of the domain before another.
func (s *Store) Before(ctx context.Context, run Run) (Run, error) {
	return s.one(ctx, Query{Domain: run.Domain, Below: run.ID}, func() error {
		return fmt.Errorf("%w: run %d is the first one of %s", ErrNoRun, run.ID, run.Domain)
	})
}

// Find returns the run of the domain that a person means: its number, "first",
// "last", or a day or a time, which is the last run up to its end.
func (s *Store) Find(ctx context.Context, domain, ref string) (Run, error) {
	q := Query{Domain: domain}
	missing := func() error { return fmt.Errorf("%w: %s of %s", ErrNoRun, ref, domain) }
	switch id, err := strconv.ParseInt(ref, 10, 64); {
	case ref == "last":
		return s.Last(ctx, domain)
	case ref == "first":
		q.First = true
		missing = func() error { return ErrNoRun }
	case err == nil && id <= 0:
		// No run has such a number, and a query without one asks for any.
		q.Below = 1
	case err == nil:
		q.ID = id
	default:
		if q.Until, err = parseMoment(ref); err != nil {
			return Run{}, err
		}
	}
	return s.one(ctx, q, missing)
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
	return read(ctx, s, func(tx Tx) ([]byte, error) {
		packed, stored, err := tx.Report(ctx, run.ID)
		if errors.Is(err, ErrNoRun) {
			return nil, fmt.Errorf("%w: %d", ErrNoRun, run.ID)
		}
		if err != nil {
			return nil, err
		}
		volatile, err := decompress(packed)
		if err != nil {
			return nil, err
		}
		parts := make([]member, len(stored))
		for i, p := range stored {
			parts[i].name = p.Name
			if parts[i].text, err = decompress(p.Data); err != nil {
				return nil, err
			}
		}
		return unpack(parts, volatile)
	})
}

// Get returns the report of the run that a person means, as Find takes it.
func (s *Store) Get(ctx context.Context, domain, ref string) (*report.Report, error) {
	run, err := s.Find(ctx, domain, ref)
	if err != nil {
		return nil, err
	}
	text, err := s.JSON(ctx, run)
	if err != nil {
		return nil, err
	}
	r := new(report.Report)
	return r, report.UnmarshalJSON(text, r)
}

// Prune removes the runs that are older than keep, apart from the last one of
// each domain, and gives their space back. It returns how many those were.
func (s *Store) Prune(ctx context.Context, keep time.Duration) (int64, error) {
	var removed int64
	err := s.in.Write(ctx, func(tx Tx) (err error) {
		removed, err = tx.Prune(ctx, s.now().Add(-keep))
		return err
	})
	if err != nil {
		return 0, err
	}
	return removed, s.in.Compact(ctx)
}
