package monitor

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/notify"
	"mailworthy/smtp/maillog"
)

// logLine is a line of Postfix on a day of November 2026, at noon.
func logLine(day, n int, domain, outcome string) string {
	return fmt.Sprintf("2026-11-%02dT12:00:00+00:00 mx postfix/smtp[1]: 4bDx%06dz%04d: to=<u%d@%s>, relay=mx.%s[192.0.2.1]:25, delay=1, delays=0/0/0/1, %s\n", day, n, day, n, domain, domain, outcome)
}

const (
	logSent     = "dsn=2.0.0, status=sent (250 ok)"
	logUnknown  = "dsn=5.1.1, status=bounced (host mx[192.0.2.1] said: 550 5.1.1 User unknown (in reply to RCPT TO command))"
	logListed   = "dsn=5.7.1, status=bounced (host mx[192.0.2.1] said: 554 5.7.1 Service unavailable; Client host [192.0.2.7] blocked using zen.spamhaus.org (in reply to RCPT TO command))"
	logDeferred = "dsn=4.7.1, status=deferred (host mx[192.0.2.1] said: 450 4.7.1 Greylisted (in reply to RCPT TO command))"
)

// TestLogs: on the first day all is well; on the second a list refuses one receiver's
// mail: it is told once, written while it lasts, and the run fails.
func TestLogs(t *testing.T) {
	hook := newWebhook(t)
	w := newWorld(t, "domains: [tidy.example]\nlogs: {paths: \"mail.log*\", max_bounced: 10, min_messages: 10}\nstate_dir: state\nnotifications:\n  - {type: webhook, url: \""+hook.url+"\"}\n  - {type: webhook, name: other, url: \""+hook.url+"\", domains: [tidy.example]}\n")
	w.Sender = &notify.Sender{}
	var log strings.Builder
	for i := range 40 {
		log.WriteString(logLine(1, i, "one.example", logSent))
	}
	log.WriteString(logLine(1, 90, "one.example", logUnknown))
	for i := range 40 {
		log.WriteString(logLine(2, i, "one.example", logSent))
	}
	for i := range 12 {
		log.WriteString(logLine(2, 100+i, "two.example", logListed))
	}
	name := filepath.Join(filepath.Dir(w.Config.File), "mail.log")
	if err := os.WriteFile(name, []byte(log.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	w.day = 1 // runs are at 6:17: that of the second day sees the noon of the first
	out, text := w.run(tidy(t, "reject"))
	if len(out.Logs) != 0 || len(out.Troubles) != 0 || strings.Contains(text, notify.Logs) || len(hook.got()) != 0 {
		t.Fatalf("%v %v %q %v", out.Logs, out.Troubles, text, hook.got())
	}
	out, text = w.run(tidy(t, "reject"))
	checks := map[string]bool{}
	for _, f := range out.Logs {
		checks[f.Check+" "+f.Subject] = true
	}
	for _, want := range []string{maillog.CheckBounced + " " + notify.Logs, maillog.CheckRefuses + " two.example", maillog.CheckNew + " ip-listed 554 5.7.1"} {
		if !checks[want] {
			t.Errorf("%s is not found: %v", want, checks)
		}
	}
	if !strings.Contains(text, "mail logs: error: two.example took none of 12 recipients, mostly ip-listed 554 5.7.1") {
		t.Errorf("%s", text)
	}
	if out.Status(finding.Error, false) != 1 {
		t.Errorf("status %d", out.Status(finding.Error, false))
	}
	if len(hook.got()) != 1 || hook.got()[0].Domain != notify.Logs || len(hook.got()[0].Findings) != len(out.Logs) {
		t.Fatalf("%+v", hook.got())
	}
	w.day-- // the same again: nothing is new
	if out, _ = w.run(tidy(t, "reject")); len(out.Logs) == 0 || len(hook.got()) != 1 {
		t.Errorf("told again: %+v", hook.got())
	}
}

// TestLogsThatAreNone: files that are not there, or no logs, are a trouble, and never
// good news.
func TestLogsThatAreNone(t *testing.T) {
	w := newWorld(t, "domains: [tidy.example]\nlogs: {paths: [nothing.log, bad.log]}\nstate_dir: state\n")
	if err := os.WriteFile(filepath.Join(filepath.Dir(w.Config.File), "bad.log"), []byte("hello\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, _ := w.run(tidy(t, "reject"))
	if len(out.Troubles) != 2 || out.Status(finding.Error, false) != 3 {
		t.Errorf("%v", out.Troubles)
	}
}

// TestLogsDeferred: the share of deferred attempts, and no news of what is new if the
// day before is not in the log.
func TestLogsDeferred(t *testing.T) {
	w := newWorld(t, "domains: [tidy.example]\nlogs: {paths: mail.log, since: 1d, max_deferred: 50}\nstate_dir: state\n")
	var log strings.Builder
	for i := range 30 {
		log.WriteString(logLine(1, i, "one.example", logDeferred))
		if i%3 == 0 {
			log.WriteString(logLine(1, i, "one.example", logSent))
		}
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(w.Config.File), "mail.log"), []byte(log.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	w.day = 1
	out, _ := w.run(tidy(t, "reject"))
	if len(out.Logs) != 1 || out.Logs[0].Check != maillog.CheckDeferred || out.Logs[0].Severity != finding.Warning || out.Status(finding.Error, false) != 0 {
		t.Errorf("%+v", out.Logs)
	}
}
