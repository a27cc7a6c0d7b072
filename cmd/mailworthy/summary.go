package main

import (
	"io"
	"os"
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

// writeSummary sums a list up. The counts are those of the whole list, the cache is
// that of this run, which may have gone on with others.
func (f *auditFlags) writeSummary(w io.Writer, on *session, c *bulk.Count, took time.Duration) {
	if f.summary == "" || f.summary == "never" || f.summary == "auto" && (f.file == "" || c.Tally.Domains < 2) {
		return
	}
	if c.Seconds > 0 {
		took = time.Duration(c.Seconds * float64(time.Second))
	}
	var fromCache *float64
	if on.stack.Cache != nil {
		rate := on.stack.Cache.Stats().HitRate()
		fromCache = &rate
	}
	s := c.Tally.Summarize(took, fromCache)
	if f.summary == "json" {
		_ = writeJSON(w, s, "")
		return
	}
	_ = terminal.WriteDoc(w, view.SummaryDoc(s), terminal.Plain(os.Getenv))
}
