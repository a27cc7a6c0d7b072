package watch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/report"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func schedule(t *testing.T, text string) Schedule {
	t.Helper()
	s, err := ParseSchedule(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// get asks the handler, without a network.
func get(w *Watcher, path string) (int, string) {
	rec := httptest.NewRecorder()
	w.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
	return rec.Code, rec.Body.String()
}

func found(domain string) *report.Report {
	return report.New(&audit.Result{Domain: domain, Started: time.Now(), Findings: []finding.Finding{
		{Check: "ptr-missing", Section: finding.Hosts, Severity: finding.Error, Subject: "192.0.2.11", Title: "No PTR"}}}, report.DefaultScale(), "1.0.0")
}

func TestParseSchedule(t *testing.T) {
	for text, want := range map[string]string{
		"17 6 * * *":                        "2026-03-28 06:17 UTC",
		"@hourly":                           "2026-03-28 01:00 UTC",
		"@every 6h":                         "2026-03-28 06:30 UTC",
		"CRON_TZ=Europe/Berlin 30 2 29 3 *": "2026-03-29 01:30 UTC", // an hour that spring skips: the time after it
	} {
		s := schedule(t, text)
		if got := s.Next(time.Date(2026, 3, 28, 0, 30, 0, 0, time.UTC)).UTC().Format("2006-01-02 15:04 MST"); got != want {
			t.Errorf("%s: next at %s, want %s", text, got, want)
		}
	}
	for _, text := range []string{"", "17 6 * *", "61 * * * *", "@every 1s", "TZ=", "CRON_TZ=Nowhere/Land * * * * *", "0 0 30 2 *", "@reboot", "* * * * * *"} {
		if _, err := ParseSchedule(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

// TestRuns: at once and then by the schedule, in a time that stands still but for
// the waits.
func TestRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w := New(quiet(), "1.0.0")
		if status, _ := get(w, "/readyz"); status != http.StatusServiceUnavailable {
			t.Errorf("ready before any run: %d", status)
		}
		began := time.Now()
		var at []time.Duration
		done := make(chan struct{})
		go func() {
			defer close(done)
			w.Run(ctx, Job{Schedule: schedule(t, "@every 1h"), Run: func(context.Context) (*Outcome, error) {
				at = append(at, time.Since(began))
				if len(at) == 2 {
					return nil, errors.New("no resolver")
				}
				return &Outcome{Reports: []*report.Report{found("acme.example")}, Changed: 1, Troubles: 2}, nil
			}})
		}()
		time.Sleep(150 * time.Minute)
		synctest.Wait()
		if fmt.Sprint(at) != "[0s 1h0m0s 2h0m0s]" {
			t.Errorf("runs at %v", at)
		}
		if status, text := get(w, "/readyz"); status != http.StatusOK {
			t.Errorf("not ready: %d %s", status, text)
		}
		_, metrics := get(w, "/metrics")
		for _, want := range []string{`mailworthy_runs_total{result="done"} 2`, `mailworthy_runs_total{result="failed"} 1`, "mailworthy_changes_total 2",
			"mailworthy_troubles_total 4", `mailworthy_score{domain="acme.example"} 50`, `mailworthy_check_findings{check="ptr-missing",domain="acme.example",severity="error"} 1`,
			`mailworthy_build_info{version="1.0.0"} 1`, "# HELP mailworthy_score ", "go_goroutines"} {
			if !strings.Contains(metrics, want) {
				t.Errorf("/metrics lacks %s", want)
			}
		}
		cancel()
		<-done
		if status, text := get(w, "/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(text, "shutting down") {
			t.Errorf("after the end: %d %s", status, text)
		}
		if status, _ := get(w, "/healthz"); status != http.StatusOK {
			t.Errorf("health: %d", status)
		}
	})
}

// TestNoOverlap: a run that takes longer than the schedule allows is not joined by
// another; the skipped ones are counted.
func TestNoOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w := New(quiet(), "")
		runs, under := 0, 0
		done := make(chan struct{})
		go func() {
			defer close(done)
			w.Run(ctx, Job{Schedule: schedule(t, "@every 1h"), Run: func(ctx context.Context) (*Outcome, error) {
				runs++
				if under++; under > 1 {
					t.Error("two runs at once")
				}
				defer func() { under-- }()
				if runs == 3 {
					return nil, fmt.Errorf("%w (process 1)", ErrSkipped)
				}
				time.Sleep(150 * time.Minute)
				return &Outcome{}, nil
			}})
		}()
		time.Sleep(6*time.Hour + time.Minute)
		synctest.Wait()
		cancel()
		<-done
		// At 0 h a run, 1 h and 2 h skipped, at 3 h a run, 4 h and 5 h skipped, at 6 h another process.
		if _, metrics := get(w, "/metrics"); !strings.Contains(metrics, `mailworthy_runs_total{result="skipped"} 5`) || runs != 3 {
			t.Errorf("%d runs:\n%s", runs, metrics)
		}
	})
}

// TestShutdown: the run under way is told, and Run waits for it.
func TestShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w := New(quiet(), "")
		ended := false
		done := make(chan struct{})
		go func() {
			defer close(done)
			w.Run(ctx, Job{Schedule: schedule(t, "@every 1h"), Run: func(ctx context.Context) (*Outcome, error) {
				<-ctx.Done()
				time.Sleep(time.Second) // what it has begun it ends
				ended = true
				return nil, ctx.Err()
			}})
		}()
		time.Sleep(time.Minute)
		cancel()
		<-done
		if !ended {
			t.Error("Run returned before the run under way")
		}
		if _, metrics := get(w, "/metrics"); !strings.Contains(metrics, `mailworthy_runs_total{result="failed"} 0`) {
			t.Error("an interrupted run counts as failed")
		}
	})
}

func TestReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w := New(quiet(), "")
		var names []string
		job := func(name, when string) Job {
			return Job{Schedule: schedule(t, when), Jitter: time.Minute, Run: func(context.Context) (*Outcome, error) {
				names = append(names, name)
				return &Outcome{}, nil
			}}
		}
		done := make(chan struct{})
		go func() { defer close(done); w.Run(ctx, job("old", "@every 24h")) }()
		time.Sleep(time.Hour)
		w.Reload(ctx, job("new", "@every 2h"))
		w.Reloaded(nil)
		w.Reloaded(errors.New("mistakes"))
		time.Sleep(4*time.Hour + 2*time.Minute)
		synctest.Wait()
		cancel()
		<-done
		w.Reload(ctx, job("never", "@hourly")) // nobody takes it, and nobody waits
		if got := strings.Join(names, " "); got != "old new new" {
			t.Errorf("%s", got)
		}
		if _, metrics := get(w, "/metrics"); !strings.Contains(metrics, `mailworthy_config_reloads_total{result="done"} 1`) || !strings.Contains(metrics, `mailworthy_config_reloads_total{result="failed"} 1`) {
			t.Error(metrics)
		}
	})
}

// TestReloadWhileDue: a reload does not take away a run that is due and waits in its
// jitter; it takes place once, by the new job.
func TestReloadWhileDue(t *testing.T) {
	for _, tt := range []struct {
		name string
		// wait is how long after the start the reloads come, one a minute.
		wait    time.Duration
		reloads int
		jitter  time.Duration
		until   time.Duration
		want    string
	}{
		{"the first run", time.Minute, 1, 10 * time.Hour, 23 * time.Hour, "new"},
		{"the first run, without jitter from now on", time.Minute, 1, 0, 2 * time.Minute, "new"},
		{"many reloads", time.Minute, 50, 10 * time.Hour, 23 * time.Hour, "new"},
		{"the second run", 24*time.Hour + time.Second, 1, 10 * time.Hour, 35 * time.Hour, "old new"},
		{"the second run, without jitter from now on", 24*time.Hour + time.Second, 1, 0, 25 * time.Hour, "old new"},
		{"at the very time", 24 * time.Hour, 1, 10 * time.Hour, 35 * time.Hour, "old new"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				w := New(quiet(), "")
				var mu sync.Mutex
				var names []string
				job := func(name string, jitter time.Duration) Job {
					return Job{Schedule: schedule(t, "@every 24h"), Jitter: jitter, Run: func(context.Context) (*Outcome, error) {
						mu.Lock()
						defer mu.Unlock()
						names = append(names, name)
						return &Outcome{}, nil
					}}
				}
				done := make(chan struct{})
				began := time.Now()
				// The jitter is random: with 10 h, a run within the first minute is one of 600.
				go func() { defer close(done); w.Run(ctx, job("old", 10*time.Hour)) }()
				time.Sleep(tt.wait)
				mu.Lock()
				early := len(names)
				mu.Unlock()
				for range tt.reloads {
					w.Reload(ctx, job("new", tt.jitter))
					time.Sleep(time.Minute)
				}
				time.Sleep(time.Until(began.Add(tt.until)))
				synctest.Wait()
				cancel()
				<-done
				want := tt.want
				if early > strings.Count(want, "old") {
					return // it had run before the reload
				}
				if got := strings.Join(names, " "); got != want {
					t.Errorf("%s, want %s", got, want)
				}
			})
		})
	}
}

func TestServe(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	w := New(quiet(), "")
	served := make(chan error)
	go func() { served <- w.Serve(ctx, l) }()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 503, "/metrics": 200, "/": 404, "/debug/pprof/": 404} {
		res, err := client.Get("http://" + l.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, res.StatusCode, want)
		}
	}
	res, err := client.Post("http://"+l.Addr().String()+"/healthz", "text/plain", strings.NewReader("x"))
	if err != nil || res.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %v %v", res, err)
	}
	res.Body.Close()
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
	if err := w.Serve(context.Background(), closed(t)); err == nil {
		t.Error("a closed listener was served")
	}
}

func closed(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	return l
}

// TestHostileDomainInMetrics: what reaches a label stays in it.
// soon is always due.
type soon struct{}

func (soon) Next(now time.Time) time.Time { return now.Add(20 * time.Millisecond) }

// TestUntil: the health is served while the job runs, a hangup goes on with the job that is
// loaded then, or the old one if that has mistakes, and the end of the context ends all.
func TestUntil(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var logged bytes.Buffer
	w := New(slog.New(slog.NewTextHandler(&logged, nil)), "1.0.0")
	ran := make(chan string, 10)
	job := func(name string) Job {
		return Job{Schedule: soon{}, Run: func(ctx context.Context) (*Outcome, error) {
			select {
			case ran <- name:
			case <-ctx.Done():
			}
			return &Outcome{}, nil
		}}
	}
	loads := []func() (Job, error){func() (Job, error) { return Job{}, errors.New("line 3: no such key") }, func() (Job, error) { return job("second"), nil }}
	hangups, ended := make(chan os.Signal), make(chan error)
	go func() {
		ended <- w.Until(ctx, job("first"), l, hangups, func() (Job, error) {
			next := loads[0]
			loads = loads[1:]
			return next()
		})
	}()
	if got := <-ran; got != "first" {
		t.Errorf("%s ran first", got)
	}
	reply, err := http.Get("http://" + l.Addr().String() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	reply.Body.Close()
	hangups <- syscall.SIGHUP
	hangups <- syscall.SIGHUP
	for got := range ran {
		if got == "second" {
			break
		}
	}
	http.DefaultClient.CloseIdleConnections()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	for _, line := range []string{"msg=listening", "line 3: no such key", "configuration reloaded", "msg=ended"} {
		if !strings.Contains(logged.String(), line) {
			t.Errorf("the log has no %q:\n%s", line, logged.String())
		}
	}
}

func TestHostileDomainInMetrics(t *testing.T) {
	w := New(quiet(), "")
	r := found("a\"} 1\nevil 1 # \x1b.example")
	w.figures.ran(&Outcome{Reports: []*report.Report{r, found("acme.example")}}, time.Now(), time.Second)
	status, text := get(w, "/metrics")
	if status != http.StatusOK || strings.Contains(text, "\nevil") || bytes.ContainsRune([]byte(text), '\x1b') || !strings.Contains(text, `mailworthy_score{domain="acme.example"}`) {
		t.Errorf("%d %s", status, text)
	}
}
