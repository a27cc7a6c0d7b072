package monitor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mailworthy/config"
	"mailworthy/finding"
	"mailworthy/internal/lockfile"
	"mailworthy/internal/runtest"
	"mailworthy/notify"
	"mailworthy/report"
	"mailworthy/report/terminal"
	"mailworthy/resolver"
)

func TestMain(m *testing.M) {
	runtest.RareGC()
	goleak.VerifyTestMain(m)
}

// tidy is the bundled zone of tidy.example with another DMARC policy.
func tidy(t *testing.T, policy string) resolver.Resolver {
	t.Helper()
	var zones []*resolver.ZoneSet
	for _, name := range []string{"tidy.example", "esp.example", "example", "reports.example"} {
		text, err := os.ReadFile("../testdata/zones/" + name + ".zone")
		if err != nil {
			t.Fatal(err)
		}
		z, err := resolver.ParseZone(strings.NewReader(strings.Replace(string(text), "p=reject", "p="+policy, 1)), "", name)
		if err != nil {
			t.Fatal(err)
		}
		zones = append(zones, z)
	}
	return resolver.NewOverlay(nil, zones...)
}

// world is a monitor of tidy.example and what its runs ask.
type world struct {
	*Monitor
	t    *testing.T
	dns  resolver.Resolver
	day  int
	open int // sessions that are not closed
}

func newWorld(t *testing.T, text string) *world {
	t.Helper()
	file := filepath.Join(t.TempDir(), "mailworthy.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(file, os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t}
	w.Monitor = &Monitor{Config: c, FailOn: finding.Error, History: c.History.File, Told: true, Version: "test",
		Clock: func() time.Time { return time.Date(2026, 11, w.day, 6, 17, 0, 0, time.UTC) }}
	w.Open = func() (*Session, error) { return w.session(w.dns), nil }
	return w
}

func (w *world) session(r resolver.Resolver) *Session {
	w.open++
	return &Session{Resolver: r, Close: func() { w.open-- }, Now: w.Clock()}
}

// run is one run a day, with what a person reads of it.
func (w *world) run(dns resolver.Resolver) (*Outcome, string) {
	w.t.Helper()
	w.day++
	w.dns = dns
	var text bytes.Buffer
	out, err := w.Run(w.t.Context(), func(out *Outcome) error {
		return WriteText(&text, out, w.FailOn, false, terminal.Options{Width: 100})
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if w.open != 0 {
		w.t.Errorf("%d sessions are not closed", w.open)
	}
	return out, text.String()
}

const tidyConfig = "domains: [{domain: tidy.example, selectors: [s1, s2, ed], sections: [spf, dkim, dmarc]}]\n"

// TestRun: nothing is said of a first run in which nothing is wrong, nor of the next
// that finds the same; a change is told once, and again if nobody could read it.
func TestRun(t *testing.T) {
	w := newWorld(t, tidyConfig+"history: mail.db\n")
	reject, none := tidy(t, "reject"), tidy(t, "none")
	lost := errors.New("the reader is gone")
	for _, step := range []struct {
		what    string
		dns     resolver.Resolver
		changed int
	}{
		{"the first run", reject, 0},
		{"nothing", reject, 0},
		{"lost", none, 1},
		{"the change again, as nobody read it", none, 1},
		{"nothing", none, 0},
		{"back", reject, 1},
	} {
		if step.what == "lost" {
			w.day++
			w.dns = step.dns
			if _, err := w.Run(t.Context(), func(*Outcome) error { return lost }); !errors.Is(err, lost) {
				t.Errorf("%v", err)
			}
			continue
		}
		out, text := w.run(step.dns)
		if out.Changed() != step.changed || (text != "") != (step.changed > 0) || len(out.Troubles) > 0 {
			t.Errorf("day %d, %s: %d changed, troubles %v\n%s", w.day, step.what, out.Changed(), out.Troubles, text)
		}
		if status := out.Status(w.FailOn, false); status != 0 || len(out.Reports()) != 1 || out.Reports()[0].Version != "test" {
			t.Errorf("day %d: status %d, %d reports", w.day, status, len(out.Reports()))
		}
	}
}

// TestRunConfirms: a change that must be seen twice is believed at once if another
// resolver says the same.
func TestRunConfirms(t *testing.T) {
	reject, none := tidy(t, "reject"), tidy(t, "none")
	for _, tt := range []struct {
		name    string
		other   resolver.Resolver
		changed int
	}{{"nobody else", nil, 0}, {"another says the same", none, 1}, {"another says what was", reject, 0}} {
		w := newWorld(t, tidyConfig+"history: {file: mail.db, confirm: 2}\n")
		w.Other = func(n int) (*Session, error) {
			if tt.other == nil || n > 1 {
				return nil, nil
			}
			return w.session(tt.other), nil
		}
		w.run(reject)
		if out, text := w.run(none); out.Changed() != tt.changed {
			t.Errorf("%s: %d changed\n%s", tt.name, out.Changed(), text)
		}
	}
}

// TestRunWithout: without a history, and with one that cannot be used, the findings that
// make a domain fail are said; the second is a trouble that leaves the run incomplete.
func TestRunWithout(t *testing.T) {
	for _, history := range []string{"", "history: mail.db\n"} {
		w := newWorld(t, tidyConfig+history)
		w.FailOn = finding.Notice
		if history != "" {
			if err := os.WriteFile(w.History, bytes.Repeat([]byte("no database "), 1000), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		out, text := w.run(tidy(t, "none"))
		if !strings.Contains(text, "p=none") || len(out.Troubles) != len(history)/len("history: mail.db\n") {
			t.Errorf("history %q: troubles %v\n%s", history, out.Troubles, text)
		}
		want := 0
		if history != "" {
			want = 3
		}
		if status := out.Status(report.Never, false); status != want {
			t.Errorf("history %q: status %d, want %d", history, status, want)
		}
	}
}

// TestRunHeld: two runs of one configuration do not overlap, a domain that cannot be
// audited ends the run, and one that is ended says so.
func TestRunHeld(t *testing.T) {
	w := newWorld(t, tidyConfig+"state_dir: state\n")
	w.day, w.dns = 1, tidy(t, "reject")
	var inside error
	if _, err := w.Run(t.Context(), func(*Outcome) error {
		_, inside = w.Run(t.Context(), func(*Outcome) error { return nil })
		return nil
	}); err != nil || !errors.Is(inside, lockfile.ErrHeld) {
		t.Errorf("%v, and inside it %v", err, inside)
	}
	unheld := errors.New("no zone holds it")
	w.Open = func() (*Session, error) {
		s := w.session(w.dns)
		s.Held = func(string) error { return unheld }
		return s, nil
	}
	if _, err := w.Run(t.Context(), nil); !errors.Is(err, unheld) || w.open != 0 {
		t.Errorf("%v, %d sessions open", err, w.open)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w.Open = func() (*Session, error) { return w.session(w.dns), nil }
	if _, err := w.Run(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestAudit: all domains are audited, in the order of the configuration, and each is
// told of.
func TestAudit(t *testing.T) {
	w := newWorld(t, "domains: [tidy.example, esp.example, reports.example]\n")
	w.day = 1
	var told atomic.Int64
	s := w.session(tidy(t, "reject"))
	s.Audited = func(*report.Report) { told.Add(1) }
	var got []string
	for _, r := range w.Audit(t.Context(), s) {
		got = append(got, r.Domain)
	}
	if strings.Join(got, " ") != "tidy.example esp.example reports.example" || told.Load() != 3 {
		t.Errorf("%q, told of %d", got, told.Load())
	}
}

// TestRunDigest: of many domains a target is told once a run, by cause.
func TestRunDigest(t *testing.T) {
	hook := newWebhook(t)
	w := newWorld(t, "defaults: {sections: [dmarc]}\ndomains: [a.tidy.example, b.tidy.example, c.tidy.example, d.tidy.example]\nhistory: mail.db\nnotifications: [{type: webhook, url: \""+hook.url+"\"}]\n")
	w.Sender = &notify.Sender{}
	if _, text := w.run(tidy(t, "reject")); text != "" || len(hook.got()) != 0 {
		t.Fatalf("%s %+v", text, hook.got())
	}
	_, text := w.run(tidy(t, "none"))
	if len(hook.got()) != 1 || hook.got()[0].DomainCount != 4 || hook.got()[0].Findings[0].Check != "dmarc-policy-none" || hook.got()[0].Findings[0].DomainCount != 4 {
		t.Errorf("%+v", hook.got())
	}
	if !strings.Contains(text, "4 domains: 4 changed\n") || !strings.Contains(text, "dmarc-policy-none: 4 domains, new: ") || !strings.Contains(text, "4 domains: 0 failing, 4 changed (findings: 4 new, ") {
		t.Errorf("it says\n%s", text)
	}
}

// webhook takes the notices of several targets, which are told at once.
type webhook struct {
	url   string
	mu    sync.Mutex
	taken []notify.Notice
}

func newWebhook(t *testing.T) *webhook {
	h := new(webhook)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var n notify.Notice
		if err := json.NewDecoder(r.Body).Decode(&n); err != nil {
			t.Error(err)
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.taken = append(h.taken, n)
	}))
	t.Cleanup(server.Close)
	h.url = server.URL
	return h
}

// got are the notices taken so far.
func (h *webhook) got() []notify.Notice {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.taken)
}
