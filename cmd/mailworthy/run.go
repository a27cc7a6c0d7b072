package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/spf13/cobra"

	"mailworthy/finding"
	"mailworthy/internal/lockfile"
	"mailworthy/internal/pause"
	"mailworthy/internal/show"
	"mailworthy/monitor"
	"mailworthy/report/format"
	"mailworthy/report/terminal"
)

// runFlags are the flags of run.
type runFlags struct {
	runner runnerFlags
	output outputFlags
	jitter time.Duration
	always bool
}

func newRun() *cobra.Command {
	f := &runFlags{}
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Audit all of the configuration, for cron: silent while nothing changes",
		Long: `Audits every domain of the configuration. If nothing changed since the run before,
nothing is written, whatever fails as before: cron sends no mail, and the exit status
says it (--always writes a line for each domain). Otherwise it writes what changed, of
many domains by cause, and a line for each domain that is incomplete. Without a history
it writes the findings that make a domain fail. Who is configured to be told is told,
each change once.

Runs of the same configuration do not overlap: a second one says so, does nothing
and exits with status 3.

Exit status: 0 nothing at or above fail_on, 1 something is, 2 bad input or
configuration, 3 incomplete: the DNS did not say enough, another run was under
way, or the history or a notification failed. With --format nagios: 0 OK,
1 WARNING, 2 CRITICAL, 3 UNKNOWN.`,
		Example: `  mailworthy run
  mailworthy run --config mail.yaml --history mail.db --jitter 10m
  mailworthy run --format json -o run.json
  mailworthy run --format nagios
  mailworthy run --format prometheus -o /var/lib/node_exporter/mailworthy.prom`,
		Args:              exactly(),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              f.run,
	}
	f.runner.add(cmd)
	f.output.add(cmd, "table", "json", "ndjson", "rows", "csv", "markdown", "html", "nagios", "prometheus")
	cmd.Flags().BoolVar(&f.always, "always", false, "write a line for each domain and one for the run, changed or not")
	cmd.Flags().DurationVar(&f.jitter, "jitter", 0, "wait a random part of this `time` first, so that many hosts do not ask at once")
	return cmd
}

func (f *runFlags) run(cmd *cobra.Command, _ []string) error {
	if err := f.output.check(); err != nil {
		return err
	}
	if f.jitter < 0 || f.jitter > 24*time.Hour {
		return fmt.Errorf("--jitter %s: it must be 0 to 24h", f.jitter)
	}
	m, err := f.runner.monitor(cmd)
	if err != nil {
		return err
	}
	// A program that polls reads states, not changes: they wait for a person.
	m.Told = f.output.Format == "table"
	if f.jitter > 0 {
		if err := pause.For(cmd.Context(), rand.N(f.jitter)); err != nil {
			return err
		}
	}
	to := f.output.Outputs()[0]
	unknownOK := f.runner.dns.unknown == "ok"
	writing := format.Options{Table: f.output.table(cmd, to, f.runner.dns.verbose > 0), FailOn: m.FailOn, UnknownOK: unknownOK}
	done, err := m.Run(cmd.Context(), func(done *monitor.Outcome) error {
		writing.Beside = done.Beside
		if f.output.Format == "table" {
			return f.writeText(cmd, to, done, m.FailOn, writing.Table)
		}
		return f.output.save(cmd, to, func(w io.Writer) error { return to.Write(w, done.Reports(), writing) })
	})
	if errors.Is(err, lockfile.ErrHeld) {
		fmt.Fprintf(cmd.ErrOrStderr(), "error: %s\n", show.Escape(err.Error()))
		return exit(exitIncomplete)
	}
	if err != nil {
		return err
	}
	for _, t := range done.Troubles {
		fmt.Fprintf(cmd.ErrOrStderr(), "error: %s\n", show.Escape(t.Error()))
	}
	if to.Exit != nil {
		return exit(to.Exit(done.Reports(), writing))
	}
	return exit(done.Status(m.FailOn, unknownOK))
}

// writeText writes what a run found as text. If that is nothing, nothing is written to
// standard output, and an empty file.
func (f *runFlags) writeText(cmd *cobra.Command, to format.Output, done *monitor.Outcome, failOn finding.Severity, table terminal.Options) error {
	var text bytes.Buffer
	if err := monitor.WriteText(&text, done, failOn, f.always, table); err != nil || text.Len() == 0 && to.Standard() {
		return err
	}
	return f.output.save(cmd, to, func(w io.Writer) error {
		_, err := w.Write(text.Bytes())
		return err
	})
}
