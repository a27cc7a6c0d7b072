package monitor

import (
	"bufio"
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mailworthy/finding"
	"mailworthy/history/sqlite"
	"mailworthy/internal/peertest"
	"mailworthy/notify"
	"mailworthy/report/export"
	"mailworthy/report/terminal"
	"mailworthy/smtp/roundtrip"
)

// mailServer is a server on loopback that answers a message as its answer says, and puts
// what it accepts into a folder of a Maildir.
type mailServer struct {
	address string
	now     func() time.Time // of the files; nil: they have that of the machine

	mu     sync.Mutex
	answer string
	folder string
	ids    []string
}

func newMailServer(t *testing.T, maildir string) *mailServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &mailServer{address: l.Addr().String(), answer: "250 2.0.0 queued"}
	peertest.Serve(t, l, func(conn net.Conn) { s.serve(t, conn, maildir) })
	return s
}

func (s *mailServer) serve(t *testing.T, conn net.Conn, maildir string) {
	r := bufio.NewReader(conn)
	say := func(text string) { _, _ = io.WriteString(conn, text+"\r\n") }
	say("220 mx.acme.example ESMTP")
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		switch word, _, _ := strings.Cut(strings.TrimSpace(strings.ToUpper(line)), " "); word {
		case "DATA":
			say("354 go")
			var mail bytes.Buffer
			for {
				line, err := r.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				if id, ok := strings.CutPrefix(line, "Message-ID: "); ok {
					s.mu.Lock()
					s.ids = append(s.ids, strings.Trim(strings.TrimSpace(id), "<>"))
					s.mu.Unlock()
				}
				mail.WriteString(line)
			}
			s.mu.Lock()
			if strings.HasPrefix(s.answer, "250") && s.folder != "nowhere" {
				dir := filepath.Join(maildir, s.folder, "new")
				name := filepath.Join(dir, fmt.Sprintf("%d.mail", len(s.ids)))
				err := os.WriteFile(name, mail.Bytes(), 0o600)
				if at := s.now; err == nil && at != nil {
					err = os.Chtimes(name, at(), at())
				}
				if err != nil {
					t.Error(err)
				}
			}
			say(s.answer)
			s.mu.Unlock()
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func (s *mailServer) set(answer, folder string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer, s.folder = answer, folder
}

// quick is a clock on which waiting takes no time.
type quick struct {
	mu sync.Mutex
	at time.Time
}

func (q *quick) Now() time.Time {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.at
}

func (q *quick) Sleep(ctx context.Context, d time.Duration) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.at = q.at.Add(d)
	return ctx.Err()
}

// TestRoundtrips: a mail that arrives is silent; one in the junk folder is told once while
// that lasts; one that is put off is gone on with by the next run, as the same mail; what
// cannot be known ends in 3. The history and the metrics have them all.
func TestRoundtrips(t *testing.T) {
	hook := newWebhook(t)
	dir := t.TempDir()
	for _, sub := range []string{"new", "cur", ".Junk/new", ".Junk/cur"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	server := newMailServer(t, dir)
	w := newWorld(t, fmt.Sprintf(`domains: [tidy.example]
history: mail.db
state_dir: state
roundtrips:
  - {name: own, via: "smtp://%s", from: a@acme.example, to: b@tidy.example, wait: "maildir:%s", slow: 1m}
notifications:
  - {type: webhook, name: all, url: "%s"}
  - {type: webhook, name: this, url: "%s", domains: [tidy.example], when: threshold, severity: warning}
`, server.address, dir, hook.url, hook.url))
	w.Sender = &notify.Sender{}
	clock := &quick{at: time.Date(2026, 3, 1, 6, 17, 0, 0, time.UTC)}
	server.now = clock.Now
	open := w.Open
	w.Open = func() (*Session, error) {
		s, err := open()
		s.Mail = &MailTools{Roots: func(string) (*x509.CertPool, error) { return x509.NewCertPool(), nil }, Clock: clock}
		return s, err
	}
	for i, step := range []struct {
		answer, folder string
		verdict        roundtrip.Verdict
		status, told   int
		text           string
	}{
		{"250 ok", "", roundtrip.Arrived, 0, 0, ""},
		{"250 ok", ".Junk", roundtrip.Spam, 0, 2, "roundtrip: warning: own: spam: "},
		{"250 ok", ".Junk", roundtrip.Spam, 0, 2, "roundtrip: warning: own: spam: "},
		{"250 ok", "nowhere", roundtrip.Lost, 1, 4, "roundtrip: error: own: lost: "},
		{"550 5.1.1 no such user", "", roundtrip.Bounced, 1, 6, "roundtrip: error: own: bounced: "},
		{"451 4.7.1 greylisted", "", roundtrip.Deferred, 0, 8, "roundtrip: warning: own: deferred: "},
		{"250 ok", "", roundtrip.Arrived, 0, 8, ""},
	} {
		server.set(step.answer, step.folder)
		if i > 0 {
			clock.at = clock.at.Add(24 * time.Hour)
			for _, sub := range []string{"new", ".Junk/new"} {
				if err := os.RemoveAll(filepath.Join(dir, sub)); err != nil {
					t.Fatal(err)
				}
				if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
					t.Fatal(err)
				}
			}
		}
		out, text := w.run(tidy(t, "reject"))
		if len(out.Mails) != 1 || len(out.Troubles) > 0 {
			t.Fatalf("run %d: %+v, %v", i, out.Mails, out.Troubles)
		}
		r := out.Mails[0].Report
		if r.Verdict != step.verdict || !strings.Contains(text, step.text) || (text == "") != (step.text == "") {
			t.Errorf("run %d: %s (%s), written %q", i, r.Verdict, r.Why, text)
		}
		if status := out.Status(finding.Error, false); status != step.status || len(hook.got()) != step.told {
			t.Errorf("run %d: status %d, told %d times: %+v", i, status, len(hook.got()), hook.got())
		}
	}
	server.mu.Lock()
	ids := server.ids
	server.mu.Unlock()
	if n := len(ids); n < 7 || ids[n-1] != ids[n-2] || ids[0] == ids[1] {
		t.Errorf("the mails are %q", ids)
	}
	var text bytes.Buffer
	w.day--
	out, err := w.Run(t.Context(), func(out *Outcome) error { return WriteText(&text, out, w.FailOn, true, terminal.Options{Width: 100}) })
	if err != nil || !strings.Contains(text.String(), "roundtrip: own: arrived, ") {
		t.Errorf("%q, %v", text.String(), err)
	}
	var metrics bytes.Buffer
	if err := export.WriteRoundtripPrometheus(&metrics, out.Roundtrips()...); err != nil || !strings.Contains(metrics.String(), `to="b@tidy.example",via="smtp://`+server.address+`",verdict="arrived"} 1`) {
		t.Errorf("%s%v", metrics.String(), err)
	}
	store, err := sqlite.Open(t.Context(), w.History, nil)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := store.Roundtrips(t.Context(), "own", 0)
	if err := errors.Join(err, store.Close()); err != nil {
		t.Fatal(err)
	}
	var verdicts []string
	for _, k := range kept {
		verdicts = append(verdicts, k.Verdict)
	}
	if list := strings.Join(verdicts, " "); list != "arrived spam spam lost bounced arrived arrived" || kept[0].SeenMS == nil {
		t.Errorf("the history has %s: %+v", list, kept)
	}
}

// TestRoundtripTwice: a second copy that comes after a run is told by the next one, once, and
// stands in the history by the mail that it is of.
func TestRoundtripTwice(t *testing.T) {
	hook, dir := newWebhook(t), t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "new"), 0o700); err != nil {
		t.Fatal(err)
	}
	server := newMailServer(t, dir)
	w := newWorld(t, fmt.Sprintf("domains: [tidy.example]\nhistory: mail.db\nstate_dir: state\nroundtrips:\n  - {name: own, via: \"smtp://%s\", from: a@acme.example, to: b@tidy.example, wait: \"maildir:%s\"}\n"+
		"notifications:\n  - {type: webhook, name: all, url: \"%s\"}\n", server.address, dir, hook.url))
	w.Sender = &notify.Sender{}
	clock := &quick{at: time.Date(2026, 3, 1, 6, 17, 0, 0, time.UTC)}
	open := w.Open
	w.Open = func() (*Session, error) {
		s, err := open()
		s.Mail = &MailTools{Roots: func(string) (*x509.CertPool, error) { return x509.NewCertPool(), nil }, Clock: clock}
		return s, err
	}
	for i, wants := range []struct {
		text string
		told int
	}{{"", 0}, {"roundtrip: warning: own: Since its run ended, 1 further copy of the mail mw", 1}, {"", 1}} {
		out, text := w.run(tidy(t, "reject"))
		if len(out.Mails) != 1 || len(out.Troubles) > 0 || !strings.HasPrefix(text, wants.text) || (text == "") != (wants.text == "") || len(hook.got()) != wants.told || out.Status(finding.Error, false) != 0 {
			t.Fatalf("run %d: %+v, %v, told %d times, written %q", i, out.Mails, out.Troubles, len(hook.got()), text)
		}
		var metrics bytes.Buffer
		want := fmt.Sprintf(`mailworthy_roundtrip_duplicates{from="a@acme.example",to="b@tidy.example",via="smtp://%s"} %d`+"\n", server.address, min(len(wants.text), 1))
		if err := export.WriteRoundtripPrometheus(&metrics, out.Roundtrips()...); err != nil || !strings.Contains(metrics.String(), want) {
			t.Errorf("run %d: %s%v", i, metrics.String(), err)
		}
		if i > 0 {
			continue
		}
		files, err := os.ReadDir(filepath.Join(dir, "new"))
		if err != nil || len(files) != 1 {
			t.Fatalf("%v, %v", files, err)
		}
		raw, err := os.ReadFile(filepath.Join(dir, "new", files[0].Name()))
		if err = errors.Join(err, os.WriteFile(filepath.Join(dir, "new", "again"), append([]byte("Received: by mx.tidy.example; again\r\n"), raw...), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	store, err := sqlite.Open(t.Context(), w.History, nil)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := store.Roundtrips(t.Context(), "own", 0)
	if err := errors.Join(err, store.Close()); err != nil || len(kept) != 3 || kept[0].Duplicates != 1 || kept[1].Duplicates != 0 || kept[2].Duplicates != 0 {
		t.Errorf("%+v, %v", kept, err)
	}
}

// TestRoundtripsKeepThePassword: a login that fails tells why, and no output, file or notice
// has the password.
func TestRoundtripsKeepThePassword(t *testing.T) {
	const password = "hunter2-secret"
	t.Setenv("MAIL_PASSWORD", password)
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "new"), 0o700); err != nil {
		t.Fatal(err)
	}
	server := newMailServer(t, dir)
	w := newWorld(t, fmt.Sprintf("domains: [tidy.example]\nhistory: mail.db\nroundtrips:\n  - {name: own, via: \"smtp://me@%s\", password: \"${MAIL_PASSWORD}\", from: a@acme.example, to: b@tidy.example, wait: \"maildir:%s\"}\n"+
		"  - {name: lost file, via: \"smtp://me@%s\", password_file: missing, from: a@acme.example, to: c@tidy.example, wait: \"maildir:%s\"}\n", server.address, dir, server.address, dir))
	open := w.Open
	w.Open = func() (*Session, error) {
		s, err := open()
		s.Mail = &MailTools{Roots: func(string) (*x509.CertPool, error) { return nil, nil }, Clock: &quick{at: time.Now()}}
		return s, err
	}
	out, text := w.run(tidy(t, "reject"))
	if len(out.Mails) != 1 || out.Mails[0].Report.Verdict != roundtrip.Unknown || out.Status(finding.Error, false) != 3 || !strings.Contains(text, "roundtrip: unknown: own: unknown: ") || !strings.Contains(text, "STARTTLS") {
		t.Errorf("%+v\n%s", out.Mails, text)
	}
	if len(out.Troubles) != 1 || !strings.Contains(out.Troubles[0].Error(), "roundtrip lost file: password_file") {
		t.Errorf("%v", out.Troubles)
	}
	text += fmt.Sprintf("%v %+v", out.Troubles, w.Config.Roundtrips)
	err := filepath.WalkDir(filepath.Dir(w.Config.File), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		text += string(raw)
		return err
	})
	if err != nil || strings.Contains(text, password) {
		t.Errorf("the password is in what a run leaves behind (%v)", err)
	}
	// Nothing is sent by a session that has no tools for it.
	w.Open = open
	if out, _ := w.run(tidy(t, "reject")); len(out.Mails) != 0 || len(out.Troubles) != 0 {
		t.Errorf("%+v", out)
	}
}
