// Package bulk audits lists of domains of any length: it reads them, leaves out what is
// no domain or stands twice, writes each report as a row when it comes or in the order
// of the list, and keeps a checkpoint, so that a run that was killed goes on where it
// was.
package bulk

import (
	"context"
	"io"
	"iter"
	"slices"
	"sync/atomic"
	"time"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/internal/atomicfile"
	"mailworthy/internal/checkpoint"
	"mailworthy/internal/field"
	"mailworthy/report"
	"mailworthy/report/format"
)

// window is how many reports of an ordered list wait for one that takes long: more
// than are audited while a server is silent.
const window = 1 << 14

// Standard is what a report is to meet.
type Standard struct {
	// FailOn is the severity at which it fails.
	FailOn finding.Severity
	// MinScore is the score below which it fails.
	MinScore int
	// UnknownOK: what the DNS did not say is no reason to fail.
	UnknownOK bool
	// Baseline is what an earlier run found, which is no reason to fail; nil: none.
	Baseline *report.Baseline
}

// Status is the exit status that a report asks for: 1 if it fails, 3 if what is
// not known could make it fail, else 0.
func (s Standard) Status(r *report.Report) int {
	if r.Score.Value != nil && *r.Score.Value < s.MinScore {
		return 1
	}
	status := 0
	if s.Baseline != nil {
		status = s.Baseline.Exit(r, s.FailOn)
	} else {
		status = r.Exit(s.FailOn)
	}
	if status == 3 && s.UnknownOK {
		return 0
	}
	return status
}

// Count is what a run counts besides its rows; a checkpoint keeps it.
type Count struct {
	Tally report.Tally `json:"tally"`
	// Status is the exit status of all reports together.
	Status int `json:"status"`
	// Seconds is how long the run took, with those that it goes on with.
	Seconds float64 `json:"seconds"`
}

// Add counts a report with its status: 1 goes before 3, and 3 before 0.
func (c *Count) Add(one report.Count, status int) {
	c.Tally.Add(one)
	if c.Status == 1 || status == 1 {
		c.Status = 1
		return
	}
	c.Status = max(c.Status, status)
}

// Run audits a list and writes each report as a row. Its order is: Open, or what that sets
// set otherwise; Resume if there is a Checkpoint; Stream; Finish; Close.
type Run struct {
	List *List
	// Inspect returns the report of a domain. Several goroutines call it.
	Inspect func(ctx context.Context, domain string) *report.Report
	// Format has a Row; Options are those of its writers.
	Format  format.Format
	Options format.Options
	// To is where the rows go without a Checkpoint.
	To io.Writer
	// Checkpoint has the output to itself and is for the caller to close; nil: none.
	Checkpoint *checkpoint.Run
	Standard   Standard
	// Concurrency bounds the audits under way at once; zero: as audit.Stream has it.
	Concurrency int
	// Ordered: the rows are in the order of the list, not as the audits end.
	Ordered bool
	// Stop, once closed, ends the run after what is under way; nil: never.
	Stop <-chan struct{}
	// Each is called after each row, with what has been counted; nil: it is not called.
	Each func(*Count)

	count   Count
	before  float64
	started time.Time
	pending []Entry
	header  []byte

	answered bool
	silent   string
	begun    atomic.Bool

	// point is the file of the checkpoint; file what is written to without one, by its name.
	point string
	file  *atomicfile.File
	name  string
}

// Begun reports whether a domain has been audited, or is: before that the run waits for its
// list.
func (r *Run) Begun() bool { return r.begun.Load() }

// Count is what has been counted.
func (r *Run) Count() *Count { return &r.count }

// Unanswered is why no server answered; empty if one has answered any audit.
func (r *Run) Unanswered() string {
	if r.answered {
		return ""
	}
	return r.silent
}

// Resume reads the list as far as the run before did, if there was one. From here on
// the output is the run's. The error is a *field.Error if the checkpoint is of no
// use, or that of the list.
func (r *Run) Resume() error {
	r.started = time.Now()
	if r.Checkpoint == nil {
		return nil
	}
	l := r.List
	l.reading = r.Checkpoint.Reading
	if r.pending = l.again(); l.err != nil {
		return l.err
	}
	if err := r.Checkpoint.Data(&r.count); err != nil {
		return r.useless(err)
	}
	r.before = r.count.Seconds
	if err := r.Checkpoint.Start(); err != nil {
		return r.useless(err).With("remove the checkpoint and the output to begin anew")
	}
	return nil
}

// useless is the error of a checkpoint that a run cannot go on from.
func (r *Run) useless(err error) *field.Error {
	e := field.Because("checkpoint", err)
	if r.point != "" {
		e.What = " " + r.point + e.What
	}
	return e
}

// all are the domains to audit: those that the run before had under way, and the rest of
// the list.
func (r *Run) all() iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		for _, in := range r.pending {
			if !yield(in) {
				return
			}
		}
		r.List.All()(yield)
	}
}

// outcome is what is kept of an audit whose report is written as a row.
type outcome struct {
	// row is nil if the list is ordered: it waits for its turn.
	row    *format.Text
	waits  waiting
	count  report.Count
	status int
	// unanswered is that of the report.
	unanswered string
	err        error
}

// Stream audits the list and writes its rows. If ctx ends it returns at once, without
// an error; if Stop is closed, what is under way is finished, written and counted
// first.
func (r *Run) Stream(ctx context.Context) error {
	if r.Format.Header != nil {
		var header format.Text
		if err := r.Format.Header(&header, r.Options); err != nil {
			return err
		}
		r.header = header.Bytes
	}
	var spare spareRows
	var late shelf
	defer late.close()
	work := func(ctx context.Context, in Entry) (made outcome) {
		r.begun.Store(true)
		one := r.Inspect(ctx, in.Domain)
		made.count = one.Count()
		made.status = r.Standard.Status(one)
		made.unanswered = one.Unanswered
		made.row = spare.take()
		made.row.Bytes = made.row.Bytes[:0]
		made.err = r.Format.Row(made.row, one, r.Options)
		if r.Ordered {
			made.waits = late.put(made.row.Bytes)
			spare.giveBack(made.row)
			made.row = nil
		}
		return made
	}
	o := audit.StreamOptions{Concurrency: r.Concurrency, Ordered: r.Ordered, Window: window, Stop: r.Stop}
	for in, made := range audit.Stream(ctx, r.all(), o, work) {
		if made.err == nil && r.Ordered {
			made.row = spare.take()
			made.row.Bytes, made.err = late.take(made.waits, made.row.Bytes)
		}
		if made.err == nil {
			made.err = r.write(in, made.row.Bytes)
		}
		if made.err != nil {
			return made.err
		}
		spare.giveBack(made.row)
		if err := r.written(in, &made); err != nil {
			return err
		}
	}
	return nil
}

// written counts an audit whose row is written.
func (r *Run) written(in Entry, made *outcome) error {
	r.List.Done(in)
	r.count.Add(made.count, made.status)
	if r.Each != nil {
		r.Each(&r.count)
	}
	if made.unanswered == "" {
		r.answered = true
	} else {
		r.silent = made.unanswered
	}
	if r.Checkpoint != nil && r.Checkpoint.Due() {
		return r.save(false)
	}
	return nil
}

// Finish says what is to be said of the list, saves the checkpoint a last time, and gives the
// file its name if there is anything in it. Complete says that the run was not stopped. The
// error is a *field.Error, or why the list was not read to its end, if the run was to be
// complete.
func (r *Run) Finish(complete bool) error {
	err := r.List.Finish()
	if r.Checkpoint != nil {
		if err := r.save(complete && err == nil); err != nil {
			return err
		}
	}
	switch {
	case !complete:
		return nil
	case err != nil:
		return err
	}
	if r.file != nil && r.count.Tally.Domains > 0 {
		return format.InFile(r.name, r.file.Commit())
	}
	return nil
}

func (r *Run) save(complete bool) error {
	r.count.Seconds = r.before + time.Since(r.started).Seconds()
	if err := r.Checkpoint.Save(&r.count, complete); err != nil {
		return field.Because("checkpoint", err)
	}
	return nil
}

// Collect audits the list and returns the reports in its order, all of them in memory, of
// which a statement allows so many. Begin is called with how many there are. If the context
// ends it returns at once, with its error.
func (r *Run) Collect(ctx context.Context, s *Statement, begin func(domains int)) ([]*report.Report, error) {
	var domains []string
	for in := range r.List.All() {
		r.List.Done(in)
		if domains = append(domains, in.Domain); s.File != "" && len(domains) > MaxCollected {
			return nil, s.tooMany()
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := r.List.Finish(); err != nil {
		return nil, err
	}
	begin(len(domains))
	reports := all(ctx, domains, r.Concurrency, r.Inspect, func(one *report.Report) {
		r.count.Add(one.Count(), r.Standard.Status(one))
		if r.Each != nil {
			r.Each(&r.count)
		}
		if one.Unanswered == "" {
			r.answered = true
		} else if r.silent == "" {
			r.silent = one.Unanswered
		}
	})
	return reports, ctx.Err()
}

// all audits what is to be audited, so many at once, and returns the reports in its order.
// Each is called with every report in that order.
func all[T any](ctx context.Context, of []T, concurrency int, inspect func(context.Context, T) *report.Report, each func(*report.Report)) []*report.Report {
	reports := make([]*report.Report, 0, len(of))
	o := audit.StreamOptions{Concurrency: concurrency, Ordered: true, Window: max(len(of), 1)}
	for _, r := range audit.Stream(ctx, slices.Values(of), o, inspect) {
		each(r)
		r.Trace = nil // no format shows it, and it is much
		reports = append(reports, r)
	}
	return reports
}
