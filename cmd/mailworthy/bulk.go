package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mailworthy/audit"
	"mailworthy/bulk"
	"mailworthy/internal/progress"
	"mailworthy/report/format"
	"mailworthy/report/terminal"
	"mailworthy/report/view"
)

// addList adds the flags of many domains.
func (f *auditFlags) addList(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVarP(&f.File, "file", "f", "", "read one domain a line from this `file`, - for standard input")
	flags.IntVar(&f.Concurrency, "concurrency", audit.DefaultConcurrency(), "how many domains are audited at once; the default is 128 for each processor")
	flags.BoolVar(&f.Ordered, "ordered", false, "write the rows in the order of the list, not as the audits end")
	flags.StringVar(&f.Checkpoint, "checkpoint", "", "record progress in this `file`; run the same command again to resume")
	flags.BoolVar(&f.progress, "progress", false, "draw a bar on standard error; default: for a list where that is a terminal")
	flags.StringVar(&f.summary, "summary", "auto", "print a summary of the list on standard error `auto|always|never|json`")
}

// stream audits the list and writes each report as it comes. If the context of
// the command ends, what is under way of a list is finished, written and counted
// first.
func (f *auditFlags) stream(cmd *cobra.Command, l *bulk.List, a *auditor, p *progress.Bar) error {
	started := time.Now()
	stopped := cmd.Context()
	to := f.writing.Outputs[0]
	run := f.newRun(l, a, p)
	run.Format, run.Options, run.Ordered, run.Stop = to.Format, f.optionsOf(cmd, to, a), f.Ordered || f.File == "", stopped.Done()
	if run.Format.Detail != nil && a.Keeper == nil && !a.Inspector.Plan {
		// A history and a plan go by all that was found.
		a.Inspector.Options.Detail = run.Format.Detail(run.Options)
	}
	if err := run.Open(&f.Statement, settings(cmd), cmd.OutOrStdout()); err != nil {
		return ofFlag(err)
	}
	defer run.Close()
	if err := run.Resume(); err != nil {
		return ofFlag(err)
	}
	if f.wantsProgress(cmd) {
		p.Start(max(bulk.CountLines(f.File)-int64(l.Found()), -1))
	}
	if err := f.streamRows(stopped, run, p); err != nil {
		return ofFlag(err)
	}
	p.Stop()
	if err := run.Finish(stopped.Err() == nil); err != nil {
		return ofFlag(err)
	}
	if err := stopped.Err(); err != nil {
		f.writeSummary(p, a.session, run.Count(), time.Since(started))
		if run.Checkpoint != nil {
			return withHint(err, "the same command goes on from here")
		}
		return err
	}
	return f.sumUp(cmd, run, a, p, started, func(status int) int { return status })
}

// streamRows goes through the list. Of a list from a file the audits under way go on when the
// command is interrupted, and that is said.
func (f *auditFlags) streamRows(stopped context.Context, run *bulk.Run, p *progress.Bar) error {
	if f.File == "" {
		return run.Stream(stopped)
	}
	defer audit.CollectLess()()
	defer context.AfterFunc(stopped, func() {
		if run.Begun() { // else it waits for its input still
			fmt.Fprintln(p, "interrupted: the audits under way are finished; interrupt again to stop at once")
		}
	})()
	return run.Stream(context.WithoutCancel(stopped))
}

// pace are the flags that shape no row, but how the run goes and what is said of
// it. A run goes on with others.
var pace = []string{"checkpoint", "file", "output", "history", "ordered", "concurrency", "qps", "server-qps", "list-qps", "progress", "summary", "color", "verbose",
	"log-format", "resolver", "timeout", "retries", "deadline", "max-queries"}

// settings are the flags that were given and shape the rows.
func settings(cmd *cobra.Command) map[string]string {
	given := map[string]string{}
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		if !slices.Contains(pace, flag.Name) {
			given["--"+flag.Name] = flag.Value.String()
		}
	})
	return given
}

// writeSummary sums a list up. The counts are those of the whole list, the cache is
// that of this run, which may have gone on with others.
func (f *auditFlags) writeSummary(w io.Writer, on *session, c *bulk.Count, took time.Duration) {
	if f.summary == "" || f.summary == "never" || f.summary == "auto" && (f.File == "" || c.Tally.Domains < 2) {
		return
	}
	if c.Seconds > 0 {
		took = time.Duration(c.Seconds * float64(time.Second))
	}
	s := c.Tally.Summarize(took, on.HitRate())
	if f.summary == "json" {
		_ = format.WriteJSON(w, s, "")
		return
	}
	_ = terminal.WriteDoc(w, view.SummaryDoc(s), terminal.Plain(os.Getenv))
}
