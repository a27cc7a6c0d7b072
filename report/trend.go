package report

import (
	"time"

	"mailworthy/finding"
)

// Trend is the course of a domain over its audits, oldest first.
type Trend struct {
	Domain string       `json:"domain"`
	Points []TrendPoint `json:"points"`
}

// TrendPoint is one audit in a trend.
type TrendPoint struct {
	Run     int64     `json:"run"`
	Started time.Time `json:"started"`
	// Score, Grade and Verdict are those of what was known after the audit; Score
	// is null if nothing could be judged.
	Score   *int    `json:"score"`
	Grade   string  `json:"grade"`
	Verdict Verdict `json:"verdict"`
	// Unanswered counts what stands as an earlier audit found it, because the DNS
	// did not say.
	Unanswered int `json:"unanswered"`
	// Changes are what differs from the audit before.
	Changes []TrendChange `json:"changes"`
}

// TrendChange is one difference.
type TrendChange struct {
	// Kind is "finding" or "record", Op "new", "gone" or "changed", "added",
	// "removed" or "altered".
	Kind string `json:"kind"`
	Op   string `json:"op"`
	// What is the check or the type of the record, About what it is applied to or
	// the name of the record.
	What  string `json:"what"`
	About string `json:"about"`
	// Severity is that of a finding now, of one that is gone that before.
	Severity finding.Severity `json:"severity" empty:"null"`
}

// Changes are the differences of a comparison, one by one: records first.
func (c *Comparison) Changes() []TrendChange {
	out := []TrendChange{}
	for _, a := range c.Altered {
		out = append(out, TrendChange{Kind: "record", Op: "altered", What: a.Type, About: a.Name})
	}
	added, removed := c.Unaltered()
	for _, rec := range removed {
		out = append(out, TrendChange{Kind: "record", Op: "removed", What: rec.Type, About: rec.Name})
	}
	for _, rec := range added {
		out = append(out, TrendChange{Kind: "record", Op: "added", What: rec.Type, About: rec.Name})
	}
	findings := func(op string, list []finding.Finding) {
		for _, f := range list {
			about := f.Subject
			if about == c.Domain {
				about = ""
			}
			out = append(out, TrendChange{Kind: "finding", Op: op, What: f.Check, About: about, Severity: f.Severity})
		}
	}
	findings("new", c.New)
	for _, m := range c.Changed {
		findings("changed", []finding.Finding{m.Finding})
	}
	findings("gone", c.Gone)
	return out
}

func SameScore(a, b TrendPoint) bool {
	return a.Verdict == b.Verdict && (a.Score == nil) == (b.Score == nil) && (a.Score == nil || *a.Score == *b.Score)
}
