package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mailworthy/internal/cli"
	"mailworthy/internal/dnstest"
	"mailworthy/notify"
)

// workplace is a folder with a configuration, and the bundled zone of tidy.example.
type workplace struct {
	t    *testing.T
	dir  string
	zone string
	day  int
}

func newWorkplace(t *testing.T, config string) *workplace {
	t.Helper()
	w := &workplace{t: t, dir: t.TempDir()}
	w.write("mailworthy.yaml", config)
	text, err := os.ReadFile("../../testdata/zones/tidy.example.zone")
	if err != nil {
		t.Fatal(err)
	}
	w.zone = string(text)
	return w
}

func (w *workplace) write(name, text string) string {
	w.t.Helper()
	file := filepath.Join(w.dir, name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return file
}

// run is one run a day, with the zone as it is.
func (w *workplace) run(args ...string) (status int, stdout, stderr string) {
	w.t.Helper()
	w.day++
	zone := w.write("tidy.example.zone", w.zone)
	args = append([]string{"run", "--config", filepath.Join(w.dir, "mailworthy.yaml"), "--offline", "--zone", zone,
		"--zone", "../../testdata/zones/esp.example.zone", "--zone", "../../testdata/zones/example.zone", "--zone", "../../testdata/zones/reports.example.zone",
		"--now", fmt.Sprintf("2026-11-%02dT06:17:00Z", w.day)}, args...)
	var out, errs bytes.Buffer
	status = run(w.t.Context(), args, strings.NewReader(""), &out, &errs)
	return status, out.String(), errs.String()
}

// TestRunNotifies: each target hears of each change once, and of one that could not
// be delivered in the next run; no secret shows anywhere.
func TestRunNotifies(t *testing.T) {
	var mu sync.Mutex
	var got []notify.Notice
	refuse := 0
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		text, _ := io.ReadAll(req.Body)
		mu.Lock()
		defer mu.Unlock()
		if refuse > 0 {
			refuse--
			w.WriteHeader(http.StatusForbidden)
			return
		}
		if err := notify.Verify("hunter2hunter2hunter2", req.Header.Get(notify.SignatureHeader), text, time.Now(), time.Minute); err != nil {
			t.Error(err)
		}
		var n notify.Notice
		if err := json.Unmarshal(text, &n); err != nil {
			t.Error(err)
		}
		got = append(got, n)
	}))
	defer hook.Close()
	t.Setenv("HOOK", hook.URL+"/hunter2path")
	t.Setenv("SECRET", "hunter2hunter2hunter2")
	w := newWorkplace(t, `
domains: [{domain: tidy.example, selectors: [s1, s2, ed], sections: [spf, dkim, dmarc], owner: Ada}]
history: mail.db
notifications:
  - {type: webhook, name: changes, url: "${HOOK}", secret: "${SECRET}"}
  - {type: webhook, name: alarms, url: "${HOOK}", secret: "${SECRET}", when: threshold, severity: warning}
`)
	tidy := w.zone
	monitoring := strings.Replace(tidy, "p=reject", "p=none", 1)
	for _, step := range []struct {
		what, zone string
		refuse     int
		status     int
		want       string // the reasons of what arrives
	}{
		{"the first run", tidy, 0, exitOK, ""},
		{"nothing", tidy, 0, exitOK, ""},
		{"a change", monitoring, 0, exitOK, "change threshold"},
		{"nothing", monitoring, 0, exitOK, ""},
		{"it is undone", tidy, 0, exitOK, "change"},
		{"the same change again, and nobody there", monitoring, 2, exitIncomplete, ""},
		{"nothing, but somebody there", monitoring, 0, exitOK, "change threshold"},
		{"nothing", monitoring, 0, exitOK, ""},
	} {
		mu.Lock()
		got, refuse = nil, step.refuse
		mu.Unlock()
		w.zone = step.zone
		status, stdout, stderr := w.run()
		var reasons []string
		for _, n := range got {
			reasons = append(reasons, string(n.Reason))
			if n.Domain != "tidy.example" || n.Owner != "Ada" {
				t.Errorf("%+v", n)
			}
		}
		if strings.Contains(strings.Join(reasons, " "), "threshold change") {
			reasons = []string{"change", "threshold"} // two targets at once
		}
		if status != step.status || strings.Join(reasons, " ") != step.want {
			t.Errorf("day %d, %s: status %d, got %q, want %q\n%s%s", w.day, step.what, status, reasons, step.want, stdout, stderr)
		}
		if (stderr != "") != (step.status != exitOK) || strings.Contains(stdout+stderr, "hunter2") {
			t.Errorf("day %d: %s%s", w.day, stdout, stderr)
		}
	}
	files, err := os.ReadDir(w.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(w.dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte("hunter2")) {
			t.Errorf("%s holds a secret", f.Name())
		}
	}
}

// TestTwoRunsAtOnce: the second says so and does nothing; the first goes on. Which
// zones are asked through a server that never answers, so that it takes until it is
// interrupted.
func TestTwoRunsAtOnce(t *testing.T) {
	srv := dnstest.Start(t, "$ORIGIN acme.example.\n@ 60 IN SOA ns1 hostmaster 1 2 3 4 5\n")
	srv.Fault("", dnstest.Any, dnstest.Fault{Kind: dnstest.Silence})
	dir := t.TempDir()
	file := filepath.Join(dir, "mailworthy.yaml")
	if err := os.WriteFile(file, []byte("domains: [acme.example]\nstate_dir: state\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan int)
	go func() {
		first <- run(ctx, []string{"run", "--config", file, "--resolver", srv.Addr(), "--timeout", "30s", "--deadline", "5m"}, strings.NewReader(""), io.Discard, io.Discard)
	}()
	for locked := false; !locked; {
		select {
		case status := <-first:
			t.Fatalf("the first ended with %d", status)
		case <-time.After(5 * time.Millisecond):
		}
		locks, _ := filepath.Glob(filepath.Join(dir, "state", "*.lock"))
		for _, l := range locks {
			text, _ := os.ReadFile(l)
			locked = strings.Contains(string(text), "since")
		}
	}
	var out, errs bytes.Buffer
	status := run(t.Context(), []string{"run", "--config", file}, strings.NewReader(""), &out, &errs)
	if status != exitIncomplete || out.Len() > 0 || !strings.HasPrefix(errs.String(), fmt.Sprintf("error: another run is under way (process %d, since ", os.Getpid())) {
		t.Errorf("status %d\n%s%s", status, out.String(), errs.String())
	}
	cancel()
	if status := <-first; status != cli.Interrupted {
		t.Errorf("the first ended with %d", status)
	}
}

// TestWatchCommand: watch runs at once, answers over HTTP, reads its configuration
// again on SIGHUP, and ends when it is told to.
func TestWatchCommand(t *testing.T) {
	w := newWorkplace(t, "domains: [{domain: tidy.example, selectors: [s1], sections: [dmarc]}]\nstate_dir: state\nwatch: {schedule: '@every 1h', listen: '127.0.0.1:0'}\n")
	zone := w.write("tidy.example.zone", w.zone)
	ctx, cancel := context.WithCancel(t.Context())
	logs := &lines{}
	ended := make(chan int)
	go func() {
		ended <- run(ctx, []string{"watch", "--config", filepath.Join(w.dir, "mailworthy.yaml"), "--offline", "--zone", zone, "--log-format", "json"}, strings.NewReader(""), io.Discard, logs)
	}()
	address := logs.await(t, "listening")["address"].(string)
	logs.await(t, "run done")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for path, want := range map[string]string{"/healthz": "ok", "/readyz": "ok", "/metrics": `mailworthy_score{domain="tidy.example"}`} {
		res, err := client.Get("http://" + address + path)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK || !strings.Contains(string(text), want) {
			t.Errorf("%s: %d %s", path, res.StatusCode, text)
		}
	}
	hangup(t)
	logs.await(t, "configuration reloaded")
	w.write("mailworthy.yaml", "domains: []")
	hangup(t)
	logs.await(t, "the configuration was not reloaded; the old one stays")
	cancel()
	if status := <-ended; status != exitOK {
		t.Errorf("status %d", status)
	}
}

func hangup(t *testing.T) {
	t.Helper()
	p, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = p.Signal(syscall.SIGHUP)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// lines collects what is logged and lets a test wait for a message.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{} // closed by the next line; nil if nobody waits for it
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.more != nil {
		close(l.more)
		l.more = nil
	}
	return l.text.Write(p)
}

// await returns the attributes of the first line with the message.
func (l *lines) await(t *testing.T, msg string) map[string]any {
	t.Helper()
	for late := time.After(2 * time.Minute); ; {
		l.mu.Lock()
		text := l.text.String()
		if l.more == nil {
			l.more = make(chan struct{})
		}
		more := l.more
		l.mu.Unlock()
		for line := range strings.Lines(text) {
			var m map[string]any
			if json.Unmarshal([]byte(line), &m) == nil && m["msg"] == msg {
				return m
			}
		}
		select {
		case <-more:
		case <-late:
			t.Fatalf("%q was never logged: %s", msg, text)
		}
	}
}
