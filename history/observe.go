package history

import (
	"context"
	"crypto/sha256"
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
	// Changes are those that are believed and were not reported yet: Acknowledge marks
	// them as reported.
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
	err := s.in.Write(ctx, func(tx Tx) (err error) {
		run, _, err = add(ctx, tx, r)
		return err
	})
	return run, err
}

// Observe keeps a run, and returns what changed since the changes were last acknowledged.
func (s *Store) Observe(ctx context.Context, r *report.Report, o Options) (*Observation, error) {
	heard := []*report.Report{r}
	var asking error
	for attempt := 1; o.Again != nil && attempt < o.Confirm; attempt++ {
		var b *belief
		var prior *report.Standing
		err := s.in.Read(ctx, func(tx Tx) (err error) {
			b, prior, err = beliefOf(ctx, tx, r.Domain)
			return err
		})
		if err != nil {
			return nil, err
		}
		b.hearAll(prior, heard, o.Confirm)
		if len(b.pending) == 0 {
			break
		}
		again, err := o.Again(ctx, attempt)
		if err != nil {
			// The run itself is kept; the change waits for the next one.
			asking = fmt.Errorf("asking again about %s: %w", r.Domain, err)
			break
		}
		if again == nil {
			break
		}
		heard = append(heard, again)
	}
	seen := &Observation{}
	err := s.in.Write(ctx, func(tx Tx) error {
		*seen = Observation{}
		b, prior, err := beliefOf(ctx, tx, r.Domain)
		if err != nil {
			return err
		}
		seen.First = prior == nil
		var fresh bool
		if seen.Run, fresh, err = add(ctx, tx, r); err != nil {
			return err
		}
		settled := b.believed
		if fresh || settled == nil {
			settled = b.hearAll(prior, heard, o.Confirm)
		}
		seen.Standing = b.believed
		seen.Changes = report.CompareStandings(b.told, b.believed)
		seen.Pending = report.CompareStandings(b.believed, settled)
		seen.believed, err = keepBelief(ctx, tx, r.Domain, b)
		return err
	})
	if err != nil {
		return nil, err
	}
	return seen, asking
}

// Acknowledge marks the changes of the observation as reported: they are not reported
// again.
func (s *Store) Acknowledge(ctx context.Context, o *Observation) error {
	return s.in.Write(ctx, func(tx Tx) error { return tx.SetTold(ctx, o.Run.Domain, o.believed) })
}

// Diff compares what was known after two runs of a domain.
func (s *Store) Diff(ctx context.Context, before, after Run) (*report.Comparison, error) {
	return read(ctx, s, func(tx Tx) (*report.Comparison, error) {
		first, err := standing(ctx, tx, before.Standing)
		if err != nil {
			return nil, err
		}
		second, err := standing(ctx, tx, after.Standing)
		if err != nil {
			return nil, err
		}
		return report.CompareStandings(first, second), nil
	})
}

// Between compares what was known of a domain after the runs that a person means, as Find
// takes them: the first and the second; the one and the last; without any, the last two.
func (s *Store) Between(ctx context.Context, domain string, refs ...string) (*report.Comparison, error) {
	last := "last"
	if len(refs) > 1 {
		last = refs[1]
	}
	after, err := s.Find(ctx, domain, last)
	if err != nil {
		return nil, err
	}
	var before Run
	if len(refs) > 0 {
		before, err = s.Find(ctx, domain, refs[0])
	} else {
		before, err = s.Before(ctx, after)
	}
	if err != nil {
		return nil, err
	}
	return s.Diff(ctx, before, after)
}

// add inserts a run, unless it is there.
func add(ctx context.Context, tx Tx, r *report.Report) (run Run, fresh bool, err error) {
	parts, volatile, err := pack(r)
	if err != nil {
		return run, false, err
	}
	hash := sha256.New()
	fmt.Fprintf(hash, "%s\n%d\n", r.Domain, r.Started.UnixNano())
	for _, p := range parts {
		fmt.Fprintf(hash, "%s %d\n%s\n", p.name, len(p.text), p.text)
	}
	key := Hash(hash.Sum(nil))
	run, err = tx.RunOf(ctx, key)
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
	if run.Standing, err = keepStanding(ctx, tx, settled); err != nil {
		return run, false, err
	}
	times, err := compress(volatile)
	if err != nil {
		return run, false, err
	}
	stored := make([]Part, len(parts))
	for i, p := range parts {
		stored[i].Name = p.name
		if stored[i].Content, err = keep(ctx, tx, p.text); err != nil {
			return run, false, err
		}
	}
	if run.ID, err = tx.AddRun(ctx, key, run, times, stored); err != nil {
		return run, false, err
	}
	return run, true, nil
}

func keepStanding(ctx context.Context, tx Tx, s *report.Standing) (int64, error) {
	text, err := report.MarshalJSON(s, "")
	if err != nil {
		return 0, err
	}
	return keep(ctx, tx, string(text))
}

func standing(ctx context.Context, tx Tx, id int64) (*report.Standing, error) {
	stored, err := text(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	s := new(report.Standing)
	return s, report.UnmarshalJSON([]byte(stored), s)
}

// lastStanding returns the standing after the last run of the domain; nil if it has none.
func lastStanding(ctx context.Context, tx Tx, domain string) (*report.Standing, error) {
	runs, err := tx.Runs(ctx, Query{Domain: domain, Limit: 1})
	if err != nil || len(runs) == 0 {
		return nil, err
	}
	return standing(ctx, tx, runs[0].Standing)
}
