package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mailworthy/audit"
	"mailworthy/bulk"
	"mailworthy/internal/progress"
	"mailworthy/internal/readfile"
	"mailworthy/internal/show"
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
	flags.BoolVar(&f.ordered, "ordered", false, "write the rows in the order of the list, not as the audits end")
	flags.StringVar(&f.checkpoint, "checkpoint", "", "record progress in this `file`; run the same command again to resume")
	flags.BoolVar(&f.progress, "progress", false, "draw a bar on standard error; default: for a list where that is a terminal")
	flags.StringVar(&f.summary, "summary", "auto", "print a summary of the list on standard error `auto|always|never|json`")
}

// maxCollected bounds the domains of a list in the formats that are written as a
// whole, whose reports are all kept until then: each takes some 150 KB.
const maxCollected = 5_000

// checkBulk checks the flags that describe how a list is gone through.
func (f *auditFlags) checkBulk(args []string) error {
	switch {
	case f.concurrency < 0 || f.concurrency > 1<<16:
		return fmt.Errorf("--concurrency %d: it must be 1 to %d", f.concurrency, 1<<16)
	case f.checkpoint == "":
		return nil
	case len(f.writes) > 1:
		return errors.New("--checkpoint with several -o: it keeps how far one file is written")
	case !f.streams():
		return withHint(fmt.Errorf("--checkpoint with --format %s, which is written as a whole", f.output.format), "add %s", rowFormats(" or "))
	case f.file == "" || len(args) > 0:
		return withHint(errors.New("--checkpoint goes with a list alone"), "put the domains into a file and name it with -f")
	case f.output.standard():
		return withHint(errors.New("--checkpoint needs a file to write to: what went to standard output cannot be taken back"), "add -o FILE")
	}
	return nil
}

// rowFormats names the formats that take a list of any length, the last one after between.
func rowFormats(between string) string {
	var flags []string
	for _, name := range format.RowNames() {
		flags = append(flags, "--format "+name)
	}
	last := len(flags) - 1
	return strings.Join(flags[:last], ", ") + between + flags[last]
}

// list opens the list that the flags describe. Whoever opens it calls close.
func (f *auditFlags) list(cmd *cobra.Command, args []string, stderr io.Writer, parse func(string) (string, error), held func(string) error) (l *bulk.List, closing func() error, err error) {
	from := bulk.Source{Given: args, Parse: parse, Held: held, Remark: func(r bulk.Remark) {
		level := "warning"
		if r.Bad {
			level = "error"
		}
		fmt.Fprintf(stderr, "%s: %s\n", level, show.Escape(r.String()))
	}}
	closing = func() error { return nil }
	switch {
	case f.file == "" && len(args) == 0:
		return nil, nil, withHint(errors.New("no domain given"), "usage: %s", cmd.UseLine())
	case f.file == "-":
		from.Name, from.Reader = "standard input", readfile.Patient(cmd.Context(), cmd.InOrStdin())
	case f.file != "":
		file, reader, err := readfile.Open(cmd.Context(), f.file)
		if err != nil {
			return nil, nil, fmt.Errorf("-f: %w", err)
		}
		if info, err := file.Stat(); err == nil && info.IsDir() {
			file.Close()
			return nil, nil, fmt.Errorf("-f %s is a folder, not a list", f.file)
		}
		from.Name, from.Reader, closing = f.file, reader, file.Close
	}
	return bulk.NewList(from), closing, nil
}

// ofList is an error of a list or of a run through one, with the flag that it is about.
func (f *auditFlags) ofList(err error) error {
	var list *bulk.ListError
	var setting *bulk.SettingError
	switch {
	case errors.As(err, &list):
		return fmt.Errorf("-f %w", err)
	case errors.As(err, &setting):
		return fmt.Errorf("--%w", err)
	}
	return err
}

// stream audits the list and writes each report as it comes. If the context of
// the command ends, what is under way of a list is finished, written and counted
// first.
func (f *auditFlags) stream(cmd *cobra.Command, l *bulk.List, a *auditor, p *progress.Bar) error {
	started := time.Now()
	stopped := cmd.Context()
	run := &bulk.Run{List: l, Inspect: a.audit,
		Format: f.writes[0].Format, Options: f.writing(cmd, f.writes[0], a), Standard: a.standard,
		Concurrency: f.concurrency, Ordered: f.ordered || f.file == "", Stop: stopped.Done(), To: cmd.OutOrStdout(),
		Each: func(c *bulk.Count) { p.Add(a.session.Asked(&c.Tally), c.Tally.Unknown) }}
	if run.Format.Detail != nil && a.keeper == nil && !a.inspector.Plan {
		// A history and a plan go by all that was found.
		a.inspector.Options.Detail = run.Format.Detail(run.Options)
	}
	var out *part
	var err error
	switch {
	case f.checkpoint != "":
		if run.Checkpoint, err = f.openCheckpoint(cmd); err != nil {
			return err
		}
		defer run.Checkpoint.Close()
	case !f.output.standard():
		if out, err = createPart(f.output.file); err != nil {
			return err
		}
		defer out.discard()
		run.To = out
	}
	if err := run.Resume(); err != nil {
		var setting *bulk.SettingError
		if errors.As(err, &setting) {
			return withHint(fmt.Errorf("--checkpoint %s: %w", f.checkpoint, setting.Err), "%s", setting.Help)
		}
		return f.ofList(err)
	}
	if f.wantsProgress(cmd) {
		p.Start(max(bulk.CountLines(f.file)-int64(l.Found()), -1))
	}
	if err := f.streamRows(stopped, run, p); err != nil {
		return ofPick(f.ofList(err))
	}
	p.Stop()
	return f.finishRows(cmd, run, out, a, p, started)
}

// streamRows goes through the list. Of a list from a file the audits under way go on when the
// command is interrupted, and that is said.
func (f *auditFlags) streamRows(stopped context.Context, run *bulk.Run, p *progress.Bar) error {
	if f.file == "" {
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

// finishRows ends a run whose rows are written, and returns its exit status.
func (f *auditFlags) finishRows(cmd *cobra.Command, run *bulk.Run, out *part, a *auditor, p *progress.Bar, started time.Time) error {
	stopped := cmd.Context().Err()
	err := run.Finish(stopped == nil)
	var setting *bulk.SettingError
	switch {
	case errors.As(err, &setting):
		return f.ofList(err)
	case stopped != nil:
		f.writeSummary(p, a.session, run.Count(), time.Since(started))
		if run.Checkpoint != nil {
			return withHint(stopped, "the same command goes on from here")
		}
		return stopped
	case err != nil:
		return f.ofList(err)
	}
	if out != nil && run.Count().Tally.Domains > 0 {
		if err := out.finish(); err != nil {
			return err
		}
	}
	f.writeSummary(p, a.session, run.Count(), time.Since(started))
	if why := run.Unanswered(); why != "" {
		f.sayUnanswered(cmd.Context(), p, why)
	}
	if run.List.Bad() > 0 {
		return exit(exitUsage)
	}
	return exit(run.Count().Status)
}

// collect audits the list and returns all reports in its order. If the context
// ends it returns at once.
func (f *auditFlags) collect(cmd *cobra.Command, l *bulk.List, a *auditor, p *progress.Bar) ([]*report.Report, *bulk.Count, error) {
	var domains []string
	for in := range l.All() {
		l.Done(in)
		if domains = append(domains, in.Domain); f.file != "" && len(domains) > maxCollected {
			what := "--format " + f.output.format + ", which is written as a whole"
			if len(f.writes) > 1 {
				what = "several -o, which are written as a whole"
			}
			return nil, nil, withHint(fmt.Errorf("-f %s has more than %d domains, too many for %s", f.file, maxCollected, what),
				"%s take any number, with one -o", rowFormats(" and "))
		}
	}
	if err := cmd.Context().Err(); err != nil {
		return nil, nil, err
	}
	if err := l.Finish(); err != nil {
		return nil, nil, f.ofList(err)
	}
	if f.wantsProgress(cmd) {
		p.Start(int64(len(domains)))
	}
	var count bulk.Count
	reports := bulk.All(cmd.Context(), domains, f.concurrency, a.audit, func(r *report.Report) {
		count.Add(r.Count(), a.standard.Status(r))
		p.Add(a.session.Asked(&count.Tally), count.Tally.Unknown)
	})
	p.Stop()
	return reports, &count, cmd.Context().Err()
}
