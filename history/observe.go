package history

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"mailworthy/report"
)

// Options say when a change is believed.
type Options struct {
	// Confirm is how often a change must be seen in a row; 0 and 1: once. A run
	// in which the DNS does not say counts neither for nor against. A run within
	// the TTL of the answers that showed the change, which may come from the same
	// cache, does not count either.
	Confirm int
	// Again audits the domain once more through another resolver, so that a change
	// need not wait for the next run; nil: it waits. The attempts count from 1. A
	// nil report ends the asking.
	Again func(ctx context.Context, attempt int) (*report.Report, error)
}

// Observation is what a run showed.
type Observation struct {
	Run Run
	// First: it is the first one of the domain.
	First bool
	// Changes are those that are believed and have not been told: Acknowledge
	// says that they were.
	Changes *report.Comparison
	// Pending are changes that were seen and wait to be seen again.
	Pending *report.Comparison
	// Standing is what is believed now.
	Standing *report.Standing

	believed int64
}

// Add keeps a run and its report. The same run, of the same start with the same
// content, is kept once. What is believed does not change.
func (s *Store) Add(ctx context.Context, r *report.Report) (Run, error) {
	var run Run
	err := s.write(ctx, func(tx *sql.Tx) error {
		var err error
		run, _, err = s.add(ctx, tx, r)
		return err
	})
	return run, err
}

// Observe keeps a run, and says what changed since the last time that this was
// acknowledged.
func (s *Store) Observe(ctx context.Context, r *report.Report, o Options) (*Observation, error) {
	heard := []*report.Report{r}
	var asking error
	for attempt := 1; o.Again != nil && attempt < o.Confirm; attempt++ {
		var b *belief
		var prior *report.Standing
		err := s.patiently(ctx, func() (err error) {
			b, prior, err = s.belief(ctx, s.db, r.Domain)
			return err
		})
		if err != nil {
			return nil, s.fail(err)
		}
		b.hearAll(prior, heard, o.Confirm)
		if len(b.pending) == 0 {
			break
		}
		again, err := o.Again(ctx, attempt)
		if err != nil {
			// The run itself stands; the change waits for the next one.
			asking = fmt.Errorf("asking again about %s: %w", r.Domain, err)
			break
		}
		if again == nil {
			break
		}
		heard = append(heard, again)
	}
	seen := &Observation{}
	err := s.write(ctx, func(tx *sql.Tx) error {
		*seen = Observation{}
		b, prior, err := s.belief(ctx, tx, r.Domain)
		if err != nil {
			return err
		}
		seen.First = prior == nil
		var fresh bool
		if seen.Run, fresh, err = s.add(ctx, tx, r); err != nil {
			return err
		}
		settled := b.believed
		if fresh || settled == nil {
			settled = b.hearAll(prior, heard, o.Confirm)
		}
		seen.Standing = b.believed
		seen.Changes = report.CompareStandings(b.told, b.believed)
		seen.Pending = report.CompareStandings(b.believed, settled)
		seen.believed, err = s.keepBelief(ctx, tx, r.Domain, b)
		return err
	})
	if err != nil {
		return nil, err
	}
	return seen, asking
}

// Acknowledge says that the changes of the observation have been told, so that
// they are not told again.
func (s *Store) Acknowledge(ctx context.Context, o *Observation) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		// What was believed may have been pruned, if a later run believes otherwise.
		_, err := tx.ExecContext(ctx, "UPDATE belief SET told = ?1 WHERE domain = ?2 AND EXISTS (SELECT 1 FROM content WHERE id = ?1)",
			o.believed, o.Run.Domain)
		return err
	})
}

// Changes are what is known otherwise after the second report than after the
// first. What the second could not ask is no change.
func Changes(before, after *report.Report) *report.Comparison {
	first := report.NewStanding(before)
	return report.CompareStandings(first, first.Settle(after))
}

// Diff compares what was known after two runs of a domain.
func (s *Store) Diff(ctx context.Context, before, after Run) (*report.Comparison, error) {
	var standings [2]*report.Standing
	for i, run := range []Run{before, after} {
		var err error
		if standings[i], err = standing(ctx, s.db, run.standing); err != nil {
			return nil, s.fail(err)
		}
	}
	return report.CompareStandings(standings[0], standings[1]), nil
}

// add inserts a run, unless it is there.
func (s *Store) add(ctx context.Context, tx *sql.Tx, r *report.Report) (run Run, fresh bool, err error) {
	parts, volatile, err := pack(r)
	if err != nil {
		return run, false, err
	}
	hash := sha256.New()
	fmt.Fprintf(hash, "%s\n%d\n", r.Domain, r.Started.UnixNano())
	for _, p := range parts {
		fmt.Fprintf(hash, "%s %d\n%s\n", p.name, len(p.text), p.text)
	}
	key := hash.Sum(nil)
	run, err = one(tx.QueryRowContext(ctx, selectRun+" WHERE key = ?", key))
	if !errors.Is(err, ErrNoRun) {
		return run, false, err
	}

	run = Run{Domain: r.Domain, Started: r.Started.UTC().Truncate(time.Millisecond), Verdict: r.Verdict, Score: r.Score.Value,
		Low: r.Score.Low, High: r.Score.High, Grade: r.Score.Grade, Questions: r.Queries, DurationMS: r.DurationMS, Version: r.Version}
	prior, err := lastStanding(ctx, tx, r.Domain)
	if err != nil {
		return run, false, err
	}
	settled := prior.Settle(r)
	if prior != nil {
		c := report.CompareStandings(prior, settled)
		run.Findings = len(c.New) + len(c.Gone) + len(c.Changed)
		run.Records = len(c.Added) + len(c.Removed) - len(c.Altered)
	}
	if run.standing, err = keepStanding(ctx, tx, settled); err != nil {
		return run, false, err
	}
	times, err := compress(volatile)
	if err != nil {
		return run, false, err
	}
	err = tx.QueryRowContext(ctx, `INSERT INTO run (key, domain, started, verdict, score, low, high, grade, questions,
		duration_ms, version, findings, records, volatile, standing) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
		key, run.Domain, run.Started.UnixMilli(), string(run.Verdict), run.Score, run.Low, run.High, run.Grade, run.Questions,
		run.DurationMS, run.Version, run.Findings, run.Records, times, run.standing).Scan(&run.ID)
	if err != nil {
		return run, false, err
	}
	for i, p := range parts {
		id, err := keep(ctx, tx, p.text)
		if err != nil {
			return run, false, err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO part (run, seq, name, content) VALUES (?, ?, ?, ?)", run.ID, i, p.name, id); err != nil {
			return run, false, err
		}
	}
	return run, true, nil
}

func keepStanding(ctx context.Context, q querier, s *report.Standing) (int64, error) {
	text, err := report.MarshalJSON(s, "")
	if err != nil {
		return 0, err
	}
	return keep(ctx, q, string(text))
}

func standing(ctx context.Context, q querier, id int64) (*report.Standing, error) {
	stored, err := text(ctx, q, id)
	if err != nil {
		return nil, err
	}
	s := new(report.Standing)
	return s, report.UnmarshalJSON([]byte(stored), s)
}

// lastStanding is that after the last run of the domain; nil where there is none.
func lastStanding(ctx context.Context, q querier, domain string) (*report.Standing, error) {
	run, err := one(q.QueryRowContext(ctx, selectRun+" WHERE domain = ? ORDER BY id DESC LIMIT 1", domain))
	if errors.Is(err, ErrNoRun) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return standing(ctx, q, run.standing)
}
