package main

import (
	"io"
	"os"
	"time"

	"mailworthy/bulk"
	"mailworthy/report/terminal"
	"mailworthy/report/view"
)

// writeSummary sums a list up. The counts are those of the whole list, the cache is
// that of this run, which may have gone on with others.
func (f *auditFlags) writeSummary(w io.Writer, on *session, c *bulk.Count, took time.Duration) {
	if f.summary == "" || f.summary == "never" || f.summary == "auto" && (f.file == "" || c.Tally.Domains < 2) {
		return
	}
	if c.Seconds > 0 {
		took = time.Duration(c.Seconds * float64(time.Second))
	}
	s := c.Tally.Summarize(took, on.HitRate())
	if f.summary == "json" {
		_ = writeJSON(w, s, "")
		return
	}
	_ = terminal.WriteDoc(w, view.SummaryDoc(s), terminal.Plain(os.Getenv))
}
