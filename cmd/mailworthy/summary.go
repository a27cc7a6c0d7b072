package main

import (
	"fmt"
	"io"
	"time"

	"mailworthy/bulk"
	"mailworthy/report"
	"mailworthy/report/terminal"
	"mailworthy/report/view"
)

// asked is how many questions went to servers; offline, how many there were.
func (s *session) asked(t *report.Tally) int64 {
	if s.stack.Cache == nil {
		return int64(t.Questions)
	}
	return s.stack.Cache.Stats().Misses
}

// summary is the JSON of --summary json.
type summary struct {
	report.Tally
	MostFrequent []report.Frequent `json:"most_frequent"`
	// FromCache is the share of the questions of this run that no server was
	// asked; nil offline.
	FromCache  *float64 `json:"from_cache"`
	DurationMS int64    `json:"duration_ms"`
}

// writeSummary sums a list up. The counts are those of the whole list, the cache is
// that of this run, which may have gone on with others.
func (f *auditFlags) writeSummary(w io.Writer, s *session, c *bulk.Count, took time.Duration) {
	if f.summary == "" || f.summary == "never" || f.summary == "auto" && (f.file == "" || c.Tally.Domains < 2) {
		return
	}
	if c.Seconds > 0 {
		took = time.Duration(c.Seconds * float64(time.Second))
	}
	var fromCache *float64
	if s.stack.Cache != nil {
		rate := s.stack.Cache.Stats().HitRate()
		fromCache = &rate
	}
	if f.summary == "json" {
		_ = writeJSONLine(w, summary{c.Tally, c.Tally.MostFrequent(10), fromCache, took.Milliseconds()})
		return
	}
	title := fmt.Sprintf("%d domains in %s, %.4g a second", c.Tally.Domains, took.Round(time.Millisecond), float64(c.Tally.Domains)/max(took.Seconds(), 0.001))
	var more []string
	if fromCache != nil {
		more = append(more, fmt.Sprintf("%.0f %% of the questions answered from the cache", 100**fromCache))
	}
	_ = terminal.WriteDoc(w, view.TallyDoc(&c.Tally, title, more...), screen())
}
