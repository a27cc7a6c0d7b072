package monitor

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/notify"
	"mailworthy/smtp/maillog"
)

// maxLogFindings bounds the findings of one check.
const maxLogFindings = 10

// logs looks at the configured logs: what is wrong is in the outcome, what could not be
// read is a trouble.
func (m *Monitor) logs(ctx context.Context, out *Outcome, now time.Time) {
	c := &m.Config.Logs
	if len(c.Paths) == 0 {
		return
	}
	since := cmp.Or(c.Since, 24*time.Hour)
	var files []string
	for _, pattern := range c.Paths {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			out.trouble("logs: no file is named %s", m.Config.Spelt(pattern))
		}
		files = append(files, found...)
	}
	slices.Sort(files)
	files = slices.Compact(files)
	if len(files) == 0 {
		return
	}
	latest, err := m.readLogs(ctx, files, now.Add(-since), now)
	if err != nil {
		return // the run is at its end
	}
	for i := range latest.Files {
		if f := &latest.Files[i]; f.Err != nil && !f.Skipped() && f.Err != maillog.ErrEmpty {
			out.trouble("logs: %s: %w", f.Name, f.Err)
		}
	}
	before, err := m.readLogs(ctx, files, now.Add(-2*since), now.Add(-since))
	if err != nil {
		return
	}
	out.Logs = m.judgeLogs(latest, before)
}

// readLogs sums up the part of the logs between two times.
func (m *Monitor) readLogs(ctx context.Context, files []string, since, until time.Time) (*maillog.Report, error) {
	l := maillog.New(maillog.Options{Since: since, Until: until, Latest: until})
	read, err := l.ReadFiles(ctx, files, nil)
	if err != nil {
		return nil, err
	}
	r := l.Report(maillog.ByReceiver)
	r.Files = read
	return r, nil
}

// judgeLogs compares a period with the thresholds, and with the period before it.
func (m *Monitor) judgeLogs(r, before *maillog.Report) []finding.Finding {
	c := &m.Config.Logs
	least := int64(cmp.Or(c.MinMessages, 20))
	var list []finding.Finding
	add := func(check string, severity finding.Severity, subject, format string, args ...any) {
		list = append(list, finding.Finding{Check: check, Severity: severity, Subject: subject, Title: fmt.Sprintf(format, args...)})
	}
	total := &r.Total
	if known := total.Delivered + total.Failed(); known >= least {
		if limit := float64(cmp.Or(c.MaxBounced, 5)); total.BouncedPercent() >= limit {
			add(maillog.CheckBounced, finding.Error, notify.Logs, "%.1f %% of %d recipients failed for good (limit %.0f %%)%s", total.BouncedPercent(), known, limit, mostly(total.Reasons, true))
		}
	}
	if total.Attempts >= least {
		share := 100 * float64(total.Deferred) / float64(total.Attempts)
		if limit := float64(cmp.Or(c.MaxDeferred, 30)); share >= limit {
			add(maillog.CheckDeferred, finding.Warning, notify.Logs, "%.1f %% of %d attempts were deferred (limit %.0f %%)%s", share, total.Attempts, limit, mostly(total.Reasons, false))
		}
	}
	refusing := 0
	for i := range r.Groups {
		g := &r.Groups[i]
		if g.Delivered > 0 || g.Messages < least || g.Failed()+g.Deferred == 0 {
			continue
		}
		if refusing++; refusing <= maxLogFindings {
			add(maillog.CheckRefuses, finding.Error, g.Name, "%s took none of %d recipients%s", g.Name, g.Messages, mostly(g.Reasons, g.Failed() > 0))
		}
	}
	if before.Total.Attempts == 0 {
		return list // the day before is not in the logs: nothing is known to be new
	}
	known := map[string]bool{}
	for i := range before.Total.Reasons {
		known[logReason(&before.Total.Reasons[i])] = true
	}
	fresh := 0
	for i := range total.Reasons {
		x := &total.Reasons[i]
		name := logReason(x)
		if known[name] {
			continue
		}
		known[name] = true
		if fresh++; fresh <= maxLogFindings {
			example := ""
			if x.Example != nil {
				example = ": " + show.Cut(*x.Example, 200)
			}
			add(maillog.CheckNew, finding.Warning, name, "a reason that was not there the day before: %s, %s%s", name, show.Counted(int(x.Count), "time"), example)
		}
	}
	return list
}

// logReason is a reason with its code.
func logReason(r *maillog.Reason) string {
	name := r.Reason
	if r.ReplyCode != nil {
		name += fmt.Sprintf(" %d", *r.ReplyCode)
	}
	if r.EnhancedCode != nil {
		name += " " + *r.EnhancedCode
	}
	return name
}

// mostly names the reason that was given most, of those that were final if that counts.
func mostly(list []maillog.Reason, final bool) string {
	var most *maillog.Reason
	for i := range list {
		x := &list[i]
		if final && x.Failed == 0 {
			continue
		}
		if most == nil || final && x.Failed > most.Failed {
			most = x
		}
	}
	if most == nil {
		return ""
	}
	return ", mostly " + logReason(most)
}

// tellLogs returns the notice to a target about the logs: what is newly found. A target of some
// domains alone hears nothing.
func (m *Monitor) tellLogs(outbox *notify.Outbox, t *notify.Target, out *Outcome, now time.Time) *notify.Notice {
	if len(m.Config.Logs.Paths) == 0 || len(t.Domains) > 0 {
		return nil
	}
	return standing(outbox, t, notify.Logs, out.Logs, now)
}

// writeLogs writes a line for each thing that is wrong by the logs.
func writeLogs(w io.Writer, out *Outcome) error {
	var b strings.Builder
	for _, f := range out.Logs {
		fmt.Fprintf(&b, "%s: %s: %s  (%s)\n", notify.Logs, f.Severity, show.Escape(f.Title), f.Check)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
