package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"mailworthy/internal/cli"
	"mailworthy/internal/logging"
	"mailworthy/report/format"
	"mailworthy/watch"
)

// defaultSchedule is once a day, at an odd minute.
const defaultSchedule = "17 6 * * *"

// watchFlags are the flags of watch.
type watchFlags struct {
	runner           runnerFlags
	schedule, listen string
	jitter           time.Duration
}

func newWatch() *cobra.Command {
	var f watchFlags
	cmd := &cobra.Command{
		Use:   "watch",
		Short: "What run does, by a schedule in one long-running process, for containers",
		Long: `Audits every domain of the configuration at once and then by the schedule, writes
what changed to standard output, logs to standard error and tells who is
configured to be told. A run that is due while another is under way is skipped and
counted. SIGHUP reads the configuration again: with mistakes in it the old one
stays. SIGTERM ends it, the run under way included.

With --listen or watch.listen it answers /healthz (the process is alive), /readyz
(a run has come to its end) and /metrics (Prometheus) over HTTP.

Exit status: 0 ended by SIGTERM or SIGINT, 2 bad input or configuration.`,
		Example: `  mailworthy watch
  mailworthy watch --schedule '17 6 * * *' --listen :9599
  mailworthy watch --schedule 'CRON_TZ=Europe/Berlin 0 7 * * 1-5' --jitter 10m --log-format json`,
		Args:              exactly(),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.runner.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.schedule, "schedule", "", "run by this cron `expression`; default: as configured, or "+defaultSchedule)
	flags.StringVar(&f.listen, "listen", "", "answer health checks and metrics at this `address`; default: as configured, or not at all")
	flags.DurationVar(&f.jitter, "jitter", 0, "delay each run by a random part of this `time`; default: as configured")
	return cmd
}

// job reads the configuration and says what is to be done by it, and when.
func (f *watchFlags) job(cmd *cobra.Command, log *slog.Logger) (watch.Job, string, error) {
	m, err := f.runner.monitor(cmd)
	if err != nil {
		return watch.Job{}, "", err
	}
	table := (&outputFlags{color: "never"}).table(cmd, format.Output{}, false)
	text, jitter, listen := m.Config.Watch.Schedule, m.Config.Watch.Jitter, m.Config.Watch.Listen
	if f.schedule != "" {
		text = f.schedule
	}
	if text == "" {
		text = defaultSchedule
	}
	if cmd.Flags().Changed("jitter") {
		jitter = f.jitter
	}
	if f.listen != "" {
		listen = f.listen
	}
	schedule, err := watch.ParseSchedule(text)
	if err != nil {
		return watch.Job{}, "", withHint(fmt.Errorf("--schedule %q: %w", text, err), "it is minute, hour, day of month, month, day of week, such as '17 6 * * *'")
	}
	return watch.Job{Schedule: schedule, Jitter: jitter, Run: m.Watched(cmd.OutOrStdout(), table, log)}, listen, nil
}

func (f *watchFlags) run(cmd *cobra.Command) error {
	if f.jitter < 0 || f.jitter > 24*time.Hour {
		return fmt.Errorf("--jitter %s: it must be 0 to 24h", f.jitter)
	}
	// What is done is logged here without -v: nobody sits in front of it.
	log, err := logging.New(cmd.ErrOrStderr(), f.runner.dns.logFormat, max(1, f.runner.dns.verbose))
	if err != nil {
		return fmt.Errorf("--log-format %w", err)
	}
	job, listen, err := f.job(cmd, log)
	if err != nil {
		return err
	}
	// A bad flag is an error now, and not in the first run.
	if s, err := f.runner.dns.open(cmd.Context(), cmd.ErrOrStderr()); err != nil {
		return err
	} else {
		s.Close()
	}
	l, err := f.listener(cmd, listen)
	if err != nil {
		return err
	}
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	return watch.New(log, version).Until(cmd.Context(), job, l, hangups, func() (watch.Job, error) {
		job, _, err := f.job(cmd, log)
		if errors.As(err, new(cli.Status)) {
			err = errors.New("there are mistakes in it")
		}
		return job, err
	})
}

// listener listens at the address of the flag, or of the configuration; nil if there is none.
func (f *watchFlags) listener(cmd *cobra.Command, listen string) (net.Listener, error) {
	if listen == "" {
		return nil, nil
	}
	l, err := (&net.ListenConfig{}).Listen(cmd.Context(), "tcp", listen)
	if err == nil {
		return l, nil
	}
	where := "--listen " + listen
	if f.listen == "" {
		where = "watch.listen"
		// A variable may be part of it, and the library's error has the address.
		var at *net.OpError
		if errors.As(err, &at) {
			err = at.Err
		}
	}
	return nil, withHint(fmt.Errorf("%s: %w", where, err), "name an address of this host with a free port, such as 127.0.0.1:9599")
}
