package history

import (
	"context"

	"mailworthy/report"
)

// Trend is the course of a domain over its last runs, or over all if limit is 0.
func (s *Store) Trend(ctx context.Context, domain string, limit int) (*report.Trend, error) {
	runs, err := s.List(ctx, domain, limit)
	if err != nil {
		return nil, err
	}
	t := &report.Trend{Domain: domain, Points: []report.TrendPoint{}}
	var before *report.Standing
	var at int64
	for i, run := range runs {
		p := report.TrendPoint{Run: run.ID, Started: run.Started, Changes: []report.TrendChange{}}
		if i > 0 && run.Standing == at {
			last := t.Points[i-1]
			p.Score, p.Grade, p.Verdict, p.Unanswered = last.Score, last.Grade, last.Verdict, last.Unanswered
			t.Points = append(t.Points, p)
			continue
		}
		now, err := read(ctx, s, func(tx Tx) (*report.Standing, error) { return standing(ctx, tx, run.Standing) })
		if err != nil {
			return nil, err
		}
		p.Score, p.Grade, p.Verdict = now.Score.Value, now.Score.Grade, now.Verdict
		for _, set := range now.Records {
			if !set.UnansweredSince.IsZero() {
				p.Unanswered++
			}
		}
		if before != nil {
			p.Changes = report.CompareStandings(before, now).Changes()
		}
		t.Points = append(t.Points, p)
		before, at = now, run.Standing
	}
	return t, nil
}
