package report

import (
	"slices"

	"mailworthy/finding"
)

// CompareStandings says what is known otherwise after than before. Its Unsure
// are findings that stand for want of an answer.
func CompareStandings(before, after *Standing) *Comparison {
	c := &Comparison{Domain: after.Domain, Before: before.outcome(), After: after.outcome(),
		New: []finding.Finding{}, Gone: []finding.Finding{}, Changed: []Moved{}, Unsure: []finding.Finding{},
		Added: []finding.Record{}, Removed: []finding.Record{}}
	pairs := pairFindings(after.Findings, before.Findings)
	taken := make(map[int]bool)
	for i, f := range after.Findings {
		if !f.UnansweredSince.IsZero() && counts(f.Finding) {
			c.Unsure = append(c.Unsure, f.Finding)
		}
		j, paired := pairs[i]
		taken[j] = taken[j] || paired
		was := paired && counts(before.Findings[j].Finding)
		switch {
		case was && counts(f.Finding):
			if old := before.Findings[j]; old.Severity != f.Severity {
				c.Changed = append(c.Changed, Moved{Was: old.Severity, Finding: f.Finding})
			}
		case was:
			c.Gone = append(c.Gone, before.Findings[j].Finding)
		case counts(f.Finding):
			c.New = append(c.New, f.Finding)
		}
	}
	for j, f := range before.Findings {
		if !taken[j] && counts(f.Finding) {
			c.Gone = append(c.Gone, f.Finding)
		}
	}
	for _, set := range after.Records {
		i := slices.IndexFunc(before.Records, set.sameName)
		if i < 0 {
			// Asked for the first time: what was there before is not known.
			continue
		}
		c.Added = append(c.Added, set.less(before.Records[i])...)
		c.Removed = append(c.Removed, before.Records[i].less(set)...)
	}
	c.Altered = alterations(c.Removed, c.Added)
	return c
}

// Unchanged reports whether nothing differs, verdict and score included.
func (c *Comparison) Unchanged() bool {
	return c.Same() && c.SameOutcome()
}

func (s *Standing) outcome() Outcome {
	return Outcome{Verdict: s.Verdict, Score: s.Score.Value, Low: s.Score.Low, High: s.Score.High, Grade: s.Score.Grade}
}

func (p PublishedSet) sameName(o PublishedSet) bool { return p.Name == o.Name && p.Type == o.Type }

// less are the records of p that o does not have.
func (p PublishedSet) less(o PublishedSet) []finding.Record {
	var out []finding.Record
	for _, v := range p.Values {
		if !slices.Contains(o.Values, v) {
			out = append(out, finding.Record{Name: p.Name, Type: p.Type, Value: v})
		}
	}
	return out
}
