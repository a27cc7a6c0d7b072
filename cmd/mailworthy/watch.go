package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"mailworthy/internal/cli"
	"mailworthy/internal/logging"
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
	table := (&outputFlags{color: "never"}).table(cmd, false)
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
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	w := watch.New(log, version)
	var g errgroup.Group
	if listen != "" {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
		if err != nil {
			if f.listen == "" {
				// A variable may be part of it, and the library's error has the address.
				var at *net.OpError
				if errors.As(err, &at) {
					err = at.Err
				}
				return withHint(fmt.Errorf("watch.listen: %w", err), "name an address of this host with a free port, such as 127.0.0.1:9599")
			}
			return withHint(fmt.Errorf("--listen %s: %w", listen, err), "name an address of this host with a free port, such as 127.0.0.1:9599")
		}
		log.Info("listening", "address", l.Addr().String())
		g.Go(func() error {
			defer cancel()
			return w.Serve(ctx, l)
		})
	}
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	g.Go(func() error {
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-hangups:
				f.reload(ctx, cmd, w, log)
			}
		}
	})
	w.Run(ctx, job)
	cancel()
	if err := g.Wait(); err != nil {
		return err
	}
	log.Info("ended")
	return nil
}

// reload reads the configuration again.
func (f *watchFlags) reload(ctx context.Context, cmd *cobra.Command, w *watch.Watcher, log *slog.Logger) {
	job, _, err := f.job(cmd, log)
	w.Reloaded(err)
	if err != nil {
		text := err.Error()
		var status cli.Status
		if errors.As(err, &status) {
			text = "there are mistakes in it"
		}
		log.Error("the configuration was not reloaded; the old one stays", "error", text)
		return
	}
	log.Info("configuration reloaded")
	w.Reload(ctx, job)
}
