package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/inspect"
	"mailworthy/report"
	"mailworthy/report/format"
)

// bulkFlags say how many domains are audited and what is kept and said of it.
type bulkFlags struct {
	file        string
	concurrency int
	ordered     bool
	checkpoint  string
	progress    bool
	summary     string
}

func (f *bulkFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVarP(&f.file, "file", "f", "", "read one domain a line from this `file`, - for standard input")
	flags.IntVar(&f.concurrency, "concurrency", audit.DefaultConcurrency(), "how many domains are audited at once; the default is 128 for each processor")
	flags.BoolVar(&f.ordered, "ordered", false, "write ndjson and csv in the order of the list, not as the audits end")
	flags.StringVar(&f.checkpoint, "checkpoint", "", "keep in this `file` how far the list is done: the same command goes on there after it was killed")
	flags.BoolVar(&f.progress, "progress", false, "draw a bar on standard error; default: for a list where that is a terminal")
	flags.StringVar(&f.summary, "summary", "auto", "sum a list up on standard error `auto|always|never|json`")
}

// maxCollected bounds the domains of a list in the formats that are written as a
// whole, whose reports are all kept until then: each takes some 150 KB.
const maxCollected = 5_000

// window is how many reports of an ordered list wait for one that takes long: more
// than are audited while a server is silent.
const window = 1 << 14

// checkBulk checks the flags that describe how a list is gone through.
func (f *auditFlags) checkBulk(args []string) error {
	switch f.summary {
	case "", "auto", "always", "never", "json":
	default:
		return fmt.Errorf("--summary %q: it must be auto, always, never or json", f.summary)
	}
	switch {
	case f.concurrency < 0 || f.concurrency > 1<<16:
		return fmt.Errorf("--concurrency %d: it must be 1 to %d", f.concurrency, 1<<16)
	case f.checkpoint == "":
		return nil
	case !f.streams():
		return withHint(fmt.Errorf("--checkpoint with --format %s, which is written as a whole", f.output.format), "add %s", rowFormats(" or "))
	case f.file == "" || len(args) > 0:
		return withHint(errors.New("--checkpoint goes with a list alone"), "put the domains into a file and name it with -f")
	case f.output.standard():
		return withHint(errors.New("--checkpoint needs a file to write to: what went to standard output cannot be taken back"), "add -o FILE")
	}
	return nil
}

// rowFormats names the formats that take a list of any length.
func rowFormats(between string) string {
	var flags []string
	for _, name := range format.RowNames() {
		flags = append(flags, "--format "+name)
	}
	return strings.Join(flags, between)
}

// auditor audits one domain after the other under the same flags. It may be used
// by several goroutines.
type auditor struct {
	session  *session
	template audit.Target
	// inspector audits; its Graded is audit's.
	inspector inspect.Inspector
	failOn    finding.Severity
	minScore  int
	// keeper keeps the audits; nil where no history is wanted.
	keeper *keeper
}

func (a *auditor) audit(ctx context.Context, domain string) *report.Report {
	target := a.template
	target.Domain = domain
	inspector := a.inspector
	inspector.Graded = func(ctx context.Context, target audit.Target, r *report.Report) {
		a.session.logAudit(r)
		a.keeper.keep(ctx, a, target, r)
	}
	return inspector.Inspect(ctx, target)
}

// status is the exit status that a report asks for.
func (a *auditor) status(r *report.Report) int {
	if r.Score.Value != nil && *r.Score.Value < a.minScore {
		return exitFindings
	}
	if status := r.Exit(a.failOn); status != exitIncomplete || !a.session.unknownOK {
		return status
	}
	return exitOK
}

// worse is the status of two reports together: 1 before 3 before 0.
func worse(a, b int) int {
	if a == exitFindings || b == exitFindings {
		return exitFindings
	}
	return max(a, b)
}

// counted is what a run counts besides its rows; a checkpoint keeps it.
type counted struct {
	Tally  report.Tally `json:"tally"`
	Status int          `json:"status"`
	// Seconds is how long the runs before took.
	Seconds float64 `json:"seconds"`
}

// outcome is what is kept of an audit whose report is written as a row.
type outcome struct {
	// row is nil where the list is ordered: it waits for its turn.
	row    *format.Text
	waits  waiting
	count  report.Count
	status int
	// unanswered is that of the report.
	unanswered string
	err        error
}

// stream audits the list and writes each report as it comes. Where the context of
// the command ends, what is under way of a list is finished, written and counted
// first.
func (f *auditFlags) stream(cmd *cobra.Command, l *list, a *auditor, p *progress) error {
	started := time.Now()
	stopped := cmd.Context()
	out, err := f.rows(cmd)
	if err != nil {
		return err
	}
	defer out.close()
	var count counted
	inputs, err := f.resume(l, out, &count)
	if err != nil {
		return err
	}
	before := count
	if f.wantsProgress(cmd) {
		p.start(max(countLines(f.file)-int64(l.found), -1))
	}
	o := audit.StreamOptions{Concurrency: f.concurrency, Ordered: f.ordered || f.file == "", Window: window, Stop: stopped.Done()}
	if f.file != "" {
		defer audit.CollectLess()()
	}
	written := f.written()
	var spare spareRows
	var late shelf
	defer late.close()
	work := func(ctx context.Context, in listed) (made outcome) {
		r := a.audit(ctx, in.domain)
		made.count = r.Count()
		made.status = a.status(r)
		made.unanswered = r.Unanswered
		made.row = spare.take()
		made.row.Bytes = made.row.Bytes[:0]
		made.err = written.Row(made.row, r, format.Options{Findings: f.csv == "findings"})
		if o.Ordered {
			made.waits = late.put(made.row.Bytes)
			spare.giveBack(made.row)
			made.row = nil
		}
		return made
	}
	ctx := stopped
	if f.file != "" {
		ctx = context.WithoutCancel(stopped)
		defer context.AfterFunc(stopped, func() {
			fmt.Fprintln(p, "interrupted: the audits under way are finished; interrupt again to stop at once")
		})()
	}
	// silent is why, while no audit has had an answer.
	answered, silent := false, ""
	save := func(complete bool) error {
		count.Seconds = before.Seconds + time.Since(started).Seconds()
		if err := out.run.Save(count, complete); err != nil {
			return fmt.Errorf("--checkpoint: %w", err)
		}
		return nil
	}
	for in, made := range audit.Stream(ctx, inputs, o, work) {
		if made.err == nil && o.Ordered {
			made.row = spare.take()
			made.row.Bytes, made.err = late.take(made.waits, made.row.Bytes)
		}
		if made.err == nil {
			made.err = out.write(in, made.row.Bytes)
		}
		if made.err != nil {
			return made.err
		}
		spare.giveBack(made.row)
		l.done(in)
		count.Tally.Add(made.count)
		count.Status = worse(count.Status, made.status)
		p.add(a.session.asked(&count.Tally), count.Tally.Unknown)
		if made.unanswered == "" {
			answered = true
		} else {
			silent = made.unanswered
		}
		if out.run != nil && out.run.Due() {
			if err := save(false); err != nil {
				return err
			}
		}
	}
	p.stop()
	interrupted := stopped.Err() != nil
	err = l.finish()
	if out.run != nil {
		if err := save(!interrupted && err == nil); err != nil {
			return err
		}
	}
	if interrupted {
		f.writeSummary(p, a.session, &count, time.Since(started))
		if out.run != nil {
			return withHint(stopped.Err(), "the same command goes on from here")
		}
		return stopped.Err()
	}
	if err != nil {
		return err
	}
	if out.part != nil && count.Tally.Domains > 0 {
		if err := out.part.finish(); err != nil {
			return err
		}
	}
	f.writeSummary(p, a.session, &count, time.Since(started))
	if !answered && silent != "" {
		noAnswer(p, silent)
	}
	if l.bad > 0 {
		return exit(exitUsage)
	}
	return exit(count.Status)
}

// resume returns what is to be audited: the list, without what a run before did.
// From here on the output is written to.
func (f *auditFlags) resume(l *list, out *rows, count *counted) (iter.Seq[listed], error) {
	if out.run == nil {
		return l.all(), nil
	}
	l.reading = out.run.Reading
	pending := l.again()
	if l.err != nil {
		return nil, l.err
	}
	if err := out.run.Data(count); err != nil {
		return nil, fmt.Errorf("--checkpoint %s: %w", f.checkpoint, err)
	}
	if err := out.run.Start(); err != nil {
		return nil, withHint(fmt.Errorf("--checkpoint %s: %w", f.checkpoint, err), "remove the checkpoint and the output to begin anew")
	}
	return func(yield func(listed) bool) {
		for _, in := range pending {
			if !yield(in) {
				return
			}
		}
		l.all()(yield)
	}, nil
}

// collect audits the list and returns all reports in its order. Where the context
// ends it returns at once.
func (f *auditFlags) collect(cmd *cobra.Command, l *list, a *auditor, p *progress) ([]*report.Report, *counted, error) {
	var domains []string
	for in := range l.all() {
		l.done(in)
		if domains = append(domains, in.domain); f.file != "" && len(domains) > maxCollected {
			return nil, nil, withHint(fmt.Errorf("-f %s has more than %d domains, too many for --format %s, which is written as a whole", f.file, maxCollected, f.output.format),
				"%s take any number", rowFormats(" and "))
		}
	}
	if err := cmd.Context().Err(); err != nil {
		return nil, nil, err
	}
	if err := l.finish(); err != nil {
		return nil, nil, err
	}
	if f.wantsProgress(cmd) {
		p.start(int64(len(domains)))
	}
	var count counted
	reports := a.all(cmd.Context(), domains, f.concurrency, func(r *report.Report) {
		count.Tally.Add(r.Count())
		count.Status = worse(count.Status, a.status(r))
		p.add(a.session.asked(&count.Tally), count.Tally.Unknown)
	})
	p.stop()
	return reports, &count, cmd.Context().Err()
}

// all audits the domains, several at once, and returns the reports in their order.
// Each is called with every report.
func (a *auditor) all(ctx context.Context, domains []string, concurrency int, each func(*report.Report)) []*report.Report {
	reports := make([]*report.Report, 0, len(domains))
	o := audit.StreamOptions{Concurrency: concurrency, Ordered: true, Window: max(len(domains), 1)}
	for _, r := range audit.Stream(ctx, slices.Values(domains), o, a.audit) {
		each(r)
		r.Trace = nil // no format shows it, and it is much
		reports = append(reports, r)
	}
	return reports
}
