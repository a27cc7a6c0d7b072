// Package watch runs audits again and again in one long-lived process: by a
// schedule, one run at a time, with its health and figures over HTTP.
//
// What a run is, the caller says (Job). A run that is due while another is under way
// is skipped and counted. When the context ends, the run under way learns it from
// its own context, and Run returns after it.
package watch

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"mailworthy/report"
	"mailworthy/smtp/roundtrip"
)

// ErrSkipped is what a Job's Run returns if another process is already running it.
var ErrSkipped = errors.New("another run was under way")

// Job is what is done, and when.
type Job struct {
	Schedule Schedule
	// Jitter delays each run by a random part of it.
	Jitter time.Duration
	// Run does it once. It returns soon after the context has ended.
	Run func(ctx context.Context) (*Outcome, error)
}

// Outcome is what a run found.
type Outcome struct {
	Reports []*report.Report
	// Roundtrips are the synthetic mails.
	Roundtrips []*roundtrip.Report
	// Changed counts the domains with changes.
	Changed int
	// Troubles counts what went wrong apart from the audits.
	Troubles int
}

// Watcher runs a job by its schedule.
type Watcher struct {
	log     *slog.Logger
	reloads chan Job
	figures *figures

	mu sync.Mutex
	// ready: a run has come to its end, and the watcher is not ending.
	ready  bool
	ending bool
}

// New makes a watcher. Its Handler may be served before Run and after it.
func New(log *slog.Logger, version string) *Watcher {
	return &Watcher{log: log, reloads: make(chan Job), figures: newFigures(version)}
}

// Run does the job at once and then by its schedule, until the context ends.
func (w *Watcher) Run(ctx context.Context, job Job) {
	var under sync.WaitGroup
	defer under.Wait()
	defer w.end()
	finished := make(chan struct{}, 1)
	running := false
	due := time.Now()
	at := due.Add(delay(job.Jitter))
	timer := time.NewTimer(at.Sub(due))
	defer timer.Stop()
	plan := func() {
		now := time.Now()
		// Counted from when the last one was due, so that jitter does not add up.
		if due = job.Schedule.Next(due); due.Before(now) {
			due = job.Schedule.Next(now)
		}
		if due.IsZero() {
			w.log.Warn("the schedule has no further time")
			return
		}
		at = due.Add(delay(job.Jitter))
		timer.Reset(at.Sub(now))
		w.figures.next.Set(float64(at.Unix()))
		w.log.Info("next run", "at", at.UTC().Format(time.RFC3339))
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			if running {
				w.figures.runs.WithLabelValues("skipped").Inc()
				w.log.Warn("run skipped: the one before is still under way")
			} else {
				running = true
				under.Go(func() {
					w.once(ctx, job)
					finished <- struct{}{}
				})
			}
			plan()
		case <-finished:
			running = false
		case job = <-w.reloads:
			now := time.Now()
			if due.IsZero() || due.After(now) {
				due = now
				plan()
			} else if at.Sub(now) > job.Jitter {
				// A run is due and waits in its jitter: it takes place, by the new job, and
				// waits no longer than that has runs wait.
				at = now.Add(delay(job.Jitter))
				timer.Reset(at.Sub(now))
			}
		}
	}
}

// delay is a random part of the jitter.
func delay(jitter time.Duration) time.Duration {
	if jitter <= 0 {
		return 0
	}
	return rand.N(jitter)
}

// once does the job once.
func (w *Watcher) once(ctx context.Context, job Job) {
	started := time.Now()
	out, err := job.Run(ctx)
	took := time.Since(started)
	switch {
	case errors.Is(err, ErrSkipped):
		w.figures.runs.WithLabelValues("skipped").Inc()
		w.log.Warn("run skipped", "reason", err.Error())
		return
	case ctx.Err() != nil:
		w.log.Info("run ended early: shutting down")
		return
	case err != nil:
		w.figures.runs.WithLabelValues("failed").Inc()
		w.log.Error("run failed", "error", err.Error(), "duration_ms", took.Milliseconds())
		return
	}
	w.figures.ran(out, started, took)
	w.mu.Lock()
	w.ready = true
	w.mu.Unlock()
	w.log.Info("run done", "domains", len(out.Reports), "changed", out.Changed, "troubles", out.Troubles, "duration_ms", took.Milliseconds())
}

// Reload makes the watcher go on with another job. A run under way ends as it
// began. It returns early if ctx ends.
func (w *Watcher) Reload(ctx context.Context, job Job) {
	select {
	case w.reloads <- job:
	case <-ctx.Done():
	}
}

// Reloaded counts a reload, for the figures.
func (w *Watcher) Reloaded(err error) {
	result := "done"
	if err != nil {
		result = "failed"
	}
	w.figures.reloads.WithLabelValues(result).Inc()
}

func (w *Watcher) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ending = true
}

// Handler answers /healthz (the process is alive), /readyz (a run has come to its
// end) and /metrics.
func (w *Watcher) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(rw http.ResponseWriter, _ *http.Request) { say(rw, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", func(rw http.ResponseWriter, _ *http.Request) {
		w.mu.Lock()
		ready, ending := w.ready, w.ending
		w.mu.Unlock()
		switch {
		case ending:
			say(rw, http.StatusServiceUnavailable, "shutting down")
		case !ready:
			say(rw, http.StatusServiceUnavailable, "no run has come to its end yet")
		default:
			say(rw, http.StatusOK, "ok")
		}
	})
	mux.Handle("GET /metrics", w.figures.handler())
	return mux
}

func say(rw http.ResponseWriter, status int, text string) {
	rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
	rw.WriteHeader(status)
	_, _ = rw.Write([]byte(text + "\n"))
}

// Until runs the job, serves the health of the watcher on a listener, if that is not nil, and
// reloads the job at each hangup, until the context ends. Load says what to do from then on;
// with its error, which is logged, the job stays.
func (w *Watcher) Until(ctx context.Context, job Job, l net.Listener, hangups <-chan os.Signal, load func() (Job, error)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var g errgroup.Group
	if l != nil {
		w.log.Info("listening", "address", l.Addr().String())
		g.Go(func() error {
			defer cancel()
			return w.Serve(ctx, l)
		})
	}
	g.Go(func() error {
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-hangups:
				w.again(ctx, load)
			}
		}
	})
	w.Run(ctx, job)
	cancel()
	if err := g.Wait(); err != nil {
		return err
	}
	w.log.Info("ended")
	return nil
}

// again goes on with the job that load returns.
func (w *Watcher) again(ctx context.Context, load func() (Job, error)) {
	job, err := load()
	w.Reloaded(err)
	if err != nil {
		w.log.Error("the configuration was not reloaded; the old one stays", "error", err.Error())
		return
	}
	w.log.Info("configuration reloaded")
	w.Reload(ctx, job)
}

// shutdownTime is how long requests under way may take when the watcher ends.
const shutdownTime = 5 * time.Second

// Serve serves the handler on the listener until the context ends.
func (w *Watcher) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{Handler: w.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(w.log.Handler(), slog.LevelDebug)}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
		defer cancel()
		if server.Shutdown(limit) != nil {
			_ = server.Close()
		}
	})
	err := server.Serve(l)
	if !stop() {
		<-stopped
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
