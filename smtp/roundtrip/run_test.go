package roundtrip

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mailworthy/dkim"
	"mailworthy/smtp/probe"
)

// dsn is a report about a mail that failed or is late.
func dsn(raw []byte, action, status, text string) []byte {
	return []byte("From: MAILER-DAEMON@mx.other.example\r\nTo: <" + user + ">\r\nSubject: Undelivered Mail Returned to Sender\r\nReturn-Path: <>\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nsorry\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n" +
		"Reporting-MTA: dns; mx.other.example\r\n\r\nFinal-Recipient: rfc822; you@other.example\r\nAction: " + action + "\r\nStatus: " + status + "\r\nDiagnostic-Code: smtp; " + text + "\r\n\r\n" +
		"--b\r\nContent-Type: message/rfc822\r\n\r\n" + string(raw) + "\r\n--b--\r\n")
}

func verdict(t *testing.T, r *Report, err error, want Verdict) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if r.Verdict != want {
		t.Fatalf("the verdict is %s (%s), want %s; tries %+v, places %+v", r.Verdict, r.Why, want, r.Attempts, r.Places)
	}
}

// TestMailbox: a login over STARTTLS, a mail that is signed, and a mailbox on a server,
// where each folder has its verdict.
func TestMailbox(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ParseKey(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), "acme.example", "s1")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		folder, path string
		want         Verdict
	}{{"INBOX", "", Arrived}, {"Ramsch", "", Spam}, {"Lists", "INBOX", Arrived}, {"Lists", "Lists", Arrived}, {"Sent", "", Lost}} {
		put, port, roots := imapServer(t)
		s := newSMTP(t, false)
		s.deliver = func(raw []byte) { put(tt.folder, raw) }
		place := Spec{Via: Via{Scheme: "imap", User: user, Host: "localhost", Port: port, Path: tt.path}}.Open(PlaceOptions{Dialer: dialer(), Roots: roots, Password: password})
		o, _ := s.options(t, place)
		o.Via.User, o.Password, o.Key = user, password, key
		o.Resolver = zone(t, `s1._domainkey.acme.example. TXT "v=DKIM1; k=ed25519; p=`+base64.StdEncoding.EncodeToString(public)+`"`)
		r, err := Run(t.Context(), o)
		verdict(t, r, err, tt.want)
		a := r.Attempts[0]
		if a.TLS != "1.3" || a.Verified == nil || !*a.Verified || a.Mechanism != "PLAIN" || !strings.HasPrefix(a.Reply, "250 ") || r.SubmitMS == nil {
			t.Errorf("the session was %+v", a)
		}
		if tt.want == Lost {
			if r.Places[0].Looks < 10 || r.Message != nil {
				t.Errorf("lost after %d looks", r.Places[0].Looks)
			}
			continue
		}
		if len(r.Copies) != 1 || r.Copies[0].Folder != tt.folder || r.Copies[0].Junk != (tt.want == Spam) || r.DeliverMS == nil || r.SeenMS == nil {
			t.Errorf("found %+v", r.Copies)
		}
		if r.Message == nil || len(r.Message.DKIM.Signatures) != 1 || r.Message.DKIM.Signatures[0].Result != dkim.Pass {
			t.Errorf("the audit of the mail is %+v", r.Message)
		}
		if len(r.Hops) != 1 || r.Hops[0].TLS != "yes" || r.Hops[0].By != "localhost" || r.Hops[0].IP != "192.0.2.1" || r.Hops[0].DelayMS == nil {
			t.Errorf("the way is %+v", r.Hops)
		}
	}
}

// TestRefused: a refusal for good is the end, whatever the stage, and is explained.
func TestRefused(t *testing.T) {
	for _, tt := range []struct{ stage, answer, reason string }{
		{"rcpt", "550 5.1.1 <you@other.example>: Recipient address rejected: User unknown", "user-unknown"},
		{"mail", "550 5.7.1 Sender address rejected: not owned by user", ""},
		{"data", "554 5.7.1 Message rejected as spam", "spam"},
		{"auth", "535 5.7.8 Authentication credentials invalid", "login-failure"},
	} {
		s := newSMTP(t, false)
		s.answers[tt.stage] = []string{tt.answer}
		dir, _ := newMaildir(t)
		o, clock := s.options(t, &maildir{dir})
		o.Via.User, o.Password, o.State = user, password, filepath.Join(t.TempDir(), "state")
		r, err := Run(t.Context(), o)
		verdict(t, r, err, Bounced)
		a := r.Attempts[0]
		if len(r.Attempts) != 1 || len(clock.sleeps) != 0 || a.Stage != tt.stage || a.Outcome != probe.Rejected5 || a.Cause == nil || a.Cause.Meaning == "" || a.Cause.Proof.Outcome == "" {
			t.Errorf("%s: %+v after %v", tt.stage, a, clock.sleeps)
		}
		if !a.Cause.Submission {
			t.Errorf("%s: the user's own server counts as the receiver's", tt.stage)
		}
		if tt.reason != "" && string(a.Cause.Reason) != tt.reason {
			t.Errorf("%s: the reason is %s, want %s", tt.stage, a.Cause.Reason, tt.reason)
		}
		if _, err := os.Stat(o.State); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the state of a mail that is done with stays: %v", err)
		}
	}
}

// TestRetry: after a temporary failure the same mail is sent again by the schedule, with
// its jitter, and after the last try no more.
func TestRetry(t *testing.T) {
	s := newSMTP(t, false)
	s.answers["rcpt"] = []string{"450 4.2.0 Greylisted, try again later"}
	dir, add := newMaildir(t)
	o, clock := s.options(t, &maildir{dir})
	o.Timeout, o.Random = 5*time.Hour, func() float64 { return 0.5 }
	r, err := Run(t.Context(), o)
	verdict(t, r, err, Deferred)
	var want []time.Duration
	for _, minutes := range []float64{1, 5, 15, 30, 60} {
		want = append(want, time.Duration(minutes*1.05*float64(time.Minute)))
	}
	if len(r.Attempts) != 6 || s.tries != 6 || !slices.Equal(clock.sleeps, want) || r.Places[0].Looks != 0 {
		t.Errorf("%d tries (%d seen) after %v, want 6 after %v", len(r.Attempts), s.tries, clock.sleeps, want)
	}
	if r.Attempts[0].Cause == nil || string(r.Attempts[0].Cause.Reason) != "greylisted" {
		t.Errorf("the cause is %+v", r.Attempts[0].Cause)
	}

	s.answers["rcpt"] = []string{"450 4.2.0 Greylisted", "421 4.3.2 shutting down", ""}
	s.deliver = func(raw []byte) { add("", raw) }
	o, clock = s.options(t, &maildir{dir})
	r, err = Run(t.Context(), o)
	verdict(t, r, err, Arrived)
	if len(r.Attempts) != 3 || !slices.Equal(clock.sleeps, []time.Duration{time.Minute, 5 * time.Minute}) {
		t.Errorf("%d tries after %v", len(r.Attempts), clock.sleeps)
	}

	// A try that is due after the patience ends is not waited for.
	s.answers["rcpt"] = []string{"450 4.2.0 Greylisted"}
	o, clock = s.options(t, &maildir{dir})
	o.Timeout = 3 * time.Minute
	r, err = Run(t.Context(), o)
	verdict(t, r, err, Deferred)
	if len(r.Attempts) != 2 || len(clock.sleeps) != 1 {
		t.Errorf("%d tries after %v", len(r.Attempts), clock.sleeps)
	}
	o, _ = s.options(t, &maildir{dir})
	o.Retry = []time.Duration{}
	if r, err = Run(t.Context(), o); err != nil || r.Verdict != Deferred || len(r.Attempts) != 1 {
		t.Errorf("without retries: %v, %+v", err, r)
	}
}

// TestLimit: a try takes no longer than --timeout leaves, but time enough to be answered.
func TestLimit(t *testing.T) {
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct{ timeout, since, want time.Duration }{
		{30 * time.Minute, 0, 5 * time.Minute},
		{2 * time.Minute, 0, 2 * time.Minute},
		{2 * time.Minute, time.Minute, time.Minute},
		{time.Second, 0, 10 * time.Second},
		{time.Minute, time.Hour, 10 * time.Second},
	} {
		r := &run{o: &Options{Timeout: tt.timeout, Clock: &fakeClock{now: now.Add(tt.since)}}, began: now, state: &state{}}
		if got := r.limit(); got != tt.want {
			t.Errorf("%s, %s after its begin: %s, want %s", tt.timeout, tt.since, got, tt.want)
		}
	}
}

// TestDuplicate: if the answer to the mail is lost, it is sent again with the same
// Message-ID, and both copies are counted.
func TestDuplicate(t *testing.T) {
	s := newSMTP(t, false)
	s.answers["data"] = []string{"hang-up", ""}
	dir, add := newMaildir(t)
	var late []byte
	s.deliver = func(raw []byte) {
		if late == nil {
			late = raw // held back until the second one is there
			return
		}
		add("", raw)
		add("", late)
	}
	o, _ := s.options(t, &maildir{dir})
	r, err := Run(t.Context(), o)
	verdict(t, r, err, Arrived)
	if s.taken != 2 || r.Duplicates != 1 || len(r.Attempts) != 2 || !r.Attempts[0].InDoubt || r.Attempts[1].InDoubt {
		t.Errorf("taken %d times, %d duplicates, tries %+v", s.taken, r.Duplicates, r.Attempts)
	}

	// If the first one arrives, no other is sent.
	s.answers["data"], s.taken = []string{"hang-up"}, 0
	s.deliver = func(raw []byte) { add("", raw) }
	o, _ = s.options(t, &maildir{dir})
	r, err = Run(t.Context(), o)
	verdict(t, r, err, Arrived)
	if s.taken != 1 || r.Duplicates != 0 {
		t.Errorf("taken %d times, %d duplicates", s.taken, r.Duplicates)
	}
}

// TestLateDuplicate: a copy that comes later is counted if it is looked for, in a bounded
// time, and what has arrived is not lost by that.
func TestLateDuplicate(t *testing.T) {
	for _, tt := range []struct {
		name        string
		look        time.Duration
		second      int // the sleep at which the other copy comes; 0: none does
		remove      bool
		want, waits int
	}{
		{"not asked for", 0, 1, false, 0, 0},
		{"none comes", time.Minute, 0, false, 0, 4},
		{"it comes", time.Minute, 3, false, 1, 4},
		{"less than a poll", time.Second, 1, false, 1, 1},
		{"the first is taken away", time.Minute, 0, true, 0, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSMTP(t, false)
			dir, add := newMaildir(t)
			var mail []byte
			s.deliver = func(raw []byte) { mail = raw; add("", raw) }
			o, clock := s.options(t, &maildir{dir})
			o.Duplicates = tt.look
			clock.wake = func(n int) {
				if n == tt.second {
					add("", mail)
				}
				if n == 1 && tt.remove {
					if err := os.Remove(filepath.Join(dir, "new", "1.host")); err != nil {
						t.Error(err)
					}
				}
			}
			r, err := Run(t.Context(), o)
			verdict(t, r, err, Arrived)
			if r.Duplicates != tt.want || len(clock.sleeps) != tt.waits || len(r.Copies) != tt.want+1 {
				t.Errorf("%d duplicates in %d copies after %v", r.Duplicates, len(r.Copies), clock.sleeps)
			}
			waited := time.Duration(0)
			for _, d := range clock.sleeps {
				waited += d
			}
			if waited != tt.look {
				t.Errorf("looked for %s, want %s", waited, tt.look)
			}
			if tt.want > 0 && !r.Copies[0].SeenAt.Before(r.Copies[1].SeenAt) {
				t.Errorf("seen at %s and %s", r.Copies[0].SeenAt, r.Copies[1].SeenAt)
			}
			if r.Message == nil {
				t.Error("the mail that arrived was not judged")
			}
		})
	}
}

// TestBounce: a report about the mail ends the wait with its cause; one that only says
// that it takes longer does not.
func TestBounce(t *testing.T) {
	s := newSMTP(t, false)
	dir, add := newMaildir(t)
	var sent []byte
	s.deliver = func(raw []byte) { sent = raw }
	o, clock := s.options(t, &maildir{dir})
	clock.wake = func(n int) {
		switch n {
		case 1:
			add("", dsn(sent, "delayed", "4.4.1", "connect to mx.other.example: Connection timed out"))
		case 3:
			add("", dsn(sent, "failed", "5.1.1", "550 5.1.1 <you@other.example>: Recipient address rejected: User unknown"))
		}
	}
	r, err := Run(t.Context(), o)
	verdict(t, r, err, Bounced)
	if len(clock.sleeps) != 3 || r.Bounce == nil || len(r.Bounce.Items) != 1 || string(r.Bounce.Items[0].Reason) != "user-unknown" || r.Bounce.Items[0].Proof.Outcome == "" || len(r.Delays) != 1 {
		t.Errorf("after %v: %+v, delays %+v", clock.sleeps, r.Bounce, r.Delays)
	}
}

// TestUnknown: a mail that was accepted is lost only if every place was read after the
// time was over, and one that was never sent is neither lost nor bounced.
func TestUnknown(t *testing.T) {
	s := newSMTP(t, false)
	dir, add := newMaildir(t)
	gone := &maildir{filepath.Join(t.TempDir(), "none")}
	_, port, roots := imapServer(t)
	box := func(secret string, roots *x509.CertPool) Place {
		return Spec{Via: Via{Scheme: "imap", User: user, Host: "localhost", Port: port}}.Open(PlaceOptions{Dialer: dialer(), Roots: roots, Password: secret})
	}
	for name, place := range map[string]Place{
		"no Maildir":         gone,
		"no file":            &file{filepath.Join(t.TempDir(), "none")},
		"wrong password":     box("wrong-"+password, roots),
		"unknown authority":  box(password, x509.NewCertPool()),
		"no such folder":     Spec{Via: Via{Scheme: "imap", User: user, Host: "localhost", Port: port, Path: "None"}}.Open(PlaceOptions{Dialer: dialer(), Roots: roots, Password: password}),
		"nothing listens":    Spec{Via: Via{Scheme: "imaps", User: user, Host: "127.0.0.1", Port: 1}}.Open(PlaceOptions{Dialer: dialer(), Roots: roots, Password: password}),
		"not a mail server":  Spec{Via: Via{Scheme: "imap", User: user, Host: "localhost", Port: s.port}}.Open(PlaceOptions{Dialer: dialer(), Roots: s.roots, Password: password}),
		"TLS where none is":  Spec{Via: Via{Scheme: "imaps", User: user, Host: "localhost", Port: port}}.Open(PlaceOptions{Dialer: dialer(), Roots: roots, Password: password}),
		"beside a good one ": gone,
	} {
		o, _ := s.options(t, place, &maildir{dir})
		o.Timeout = time.Second
		r, err := Run(t.Context(), o)
		verdict(t, r, err, Unknown)
		if p := r.Places[0]; p.Error == "" || p.LastRead != nil || strings.Contains(p.Error, password) || !strings.Contains(r.Why, p.Error) {
			t.Errorf("%s: %+v, %s", name, p, r.Why)
		}
	}
	// What arrives at a place that can be read has arrived.
	s.deliver = func(raw []byte) { add(".Junk", raw) }
	o, _ := s.options(t, gone, &maildir{dir})
	r, err := Run(t.Context(), o)
	verdict(t, r, err, Spam)

	// The server cannot be reached, or must not get the password: it is said at once.
	for name, change := range map[string]func(*Options){
		"refused":           func(o *Options) { o.Via.Port = 1 },
		"unknown authority": func(o *Options) { o.Roots, o.Via.User, o.Password = x509.NewCertPool(), user, password },
		"mechanism":         func(o *Options) { o.Mechanism, o.Via.User, o.Password = "CRAM-MD5", user, password },
		"TLS at once":       func(o *Options) { o.Via.Scheme = "smtps" },
	} {
		o, clock := s.options(t, &maildir{dir})
		before := s.taken
		change(&o)
		r, err := Run(t.Context(), o)
		verdict(t, r, err, Unknown)
		if len(r.Attempts) != 1 || len(clock.sleeps) != 0 || s.taken != before || r.Attempts[0].Reply == "" {
			t.Errorf("%s: %+v after %v", name, r.Attempts, clock.sleeps)
		}
	}
}

// TestStateWithoutAttempt: a state may have a mail that was perhaps sent and no attempt: the
// run was killed in it, and the clock was set back since. What somebody wrote into it by
// hand ends no program either.
func TestStateWithoutAttempt(t *testing.T) {
	s := newSMTP(t, false)
	dir, _ := newMaildir(t)
	for name, spoil := range map[string]func(*state, time.Time){
		"the next try is due later": func(kept *state, now time.Time) { at := now.Add(time.Hour); kept.NextTry = &at },
		"no try is due":             func(kept *state, _ time.Time) { kept.NextTry = nil },
		"fewer than no retries":     func(kept *state, _ time.Time) { kept.Retries = -1 },
		"sent less than never":      func(kept *state, _ time.Time) { kept.Sends = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			o, clock := s.options(t, &maildir{dir})
			o.State, o.Timeout = filepath.Join(t.TempDir(), "state"), time.Minute
			kept := &state{Schema: stateSchema, Via: o.Via.String(), Letter: letter{Token: newToken(), From: o.From, To: o.To, Date: clock.now}, Began: clock.now, Sends: 1, NextTry: &clock.now}
			spoil(kept, clock.now)
			text, err := json.Marshal(kept)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(o.State, text, 0o600); err != nil {
				t.Fatal(err)
			}
			r, err := Run(t.Context(), o)
			var of *StateError
			if kept.Retries < 0 || kept.Sends < 0 {
				if !errors.As(err, &of) {
					t.Errorf("the error is %v", err)
				}
				return
			}
			verdict(t, r, err, Unknown)
			if !strings.Contains(r.Why, "the mail is nowhere") || s.taken != 0 {
				t.Errorf("why: %s; taken %d times", r.Why, s.taken)
			}
		})
	}
}

// TestRestart: a run that is ended goes on with the same mail, and sends no second one.
func TestRestart(t *testing.T) {
	s := newSMTP(t, false)
	dir, add := newMaildir(t)
	var sent []byte
	s.deliver = func(raw []byte) { sent = raw }
	name := filepath.Join(t.TempDir(), "state")
	o, clock := s.options(t, &maildir{dir})
	o.State, o.Plus = name, true
	ctx, cancel := context.WithCancel(t.Context())
	clock.wake = func(n int) {
		if n == 3 {
			cancel()
		}
	}
	if _, err := Run(ctx, o); !errors.Is(err, context.Canceled) {
		t.Fatalf("the error is %v", err)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var kept state
	if err := json.Unmarshal(text, &kept); err != nil || kept.Sends != 1 || kept.SentAt == nil {
		t.Fatalf("%v: %s", err, text)
	}
	other := o
	other.To = "third@other.example"
	if _, err := Run(t.Context(), other); !errors.Is(err, ErrOtherMail) {
		t.Errorf("another mail: %v", err)
	}
	// It arrived while nobody looked, a day after the time was over.
	add("", sent)
	clock = &fakeClock{now: clock.now.Add(24 * time.Hour)}
	o.Clock = clock
	r, err := Run(t.Context(), o)
	verdict(t, r, err, Arrived)
	if !r.Resumed || r.Token != kept.Letter.Token || s.taken != 1 || r.To != "you+"+r.Token+"@other.example" || !strings.Contains(string(sent), r.MessageID) {
		t.Errorf("the second run: %+v, taken %d times", r, s.taken)
	}
	if text, err := os.ReadFile(name); err != nil || strings.Contains(string(text), "sends") || !strings.Contains(string(text), r.Token) {
		t.Errorf("a mail that is done with is under way, or forgotten: %v, %s", err, text)
	}

	// One that was put off is tried when it is due, however late that is.
	s.answers["rcpt"] = []string{"451 4.7.1 later", ""}
	s.deliver = func(raw []byte) { add("", raw) }
	o, clock = s.options(t, &maildir{dir})
	o.State, o.Timeout = name, 10*time.Second
	r, err = Run(t.Context(), o)
	verdict(t, r, err, Deferred)
	if !strings.Contains(r.Why, "the same command goes on") {
		t.Errorf("why: %s", r.Why)
	}
	token := r.Token
	o.Clock = &fakeClock{now: clock.now.Add(48 * time.Hour)}
	r, err = Run(t.Context(), o)
	verdict(t, r, err, Arrived)
	if r.Token != token || len(r.Attempts) != 2 {
		t.Errorf("token %s, then %s; %d tries", token, r.Token, len(r.Attempts))
	}

	for _, bad := range []string{"", "{}", "null", "[]", `{"schema": 1}`, `{"schema": "mailworthy/roundtrip-state/1"}`, `{"schema": "mailworthy/roundtrip-state/2"}`, strings.Replace(string(text), "state/2", "state/3", 1), string(text[:len(text)/2]), strings.Repeat(" ", 1<<20) + string(text),
		`{"schema": "mailworthy/roundtrip-state/2", "earlier": [{"letter": {"token": "mw"}}]}`, strings.Replace(string(text), `"token": "mw`, `"token": "mw\r\n`, 1)} {
		if err := os.WriteFile(name, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Run(t.Context(), o); err == nil {
			t.Errorf("the state %q is taken", bad)
		}
	}
}

// TestSecrets: a server that repeats what it was sent does not get the password into the
// report, the state, or what is shown of the progress.
func TestSecrets(t *testing.T) {
	s := newSMTP(t, true)
	plainForm := base64.StdEncoding.EncodeToString([]byte("\x00" + user + "\x00" + password))
	s.answers["auth"] = []string{"454 4.7.0 no: " + password + " " + plainForm + " " + base64.StdEncoding.EncodeToString([]byte(password))}
	dir, _ := newMaildir(t)
	o, _ := s.options(t, &maildir{dir})
	var shown strings.Builder
	o.Via.Scheme, o.Via.User, o.Password, o.State, o.Timeout = "smtps", user, password, filepath.Join(t.TempDir(), "state"), time.Second
	o.Progress = func(text string) { shown.WriteString(text + "\n") }
	r, err := Run(t.Context(), o)
	verdict(t, r, err, Deferred)
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(o.State)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(o.State); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the state has the mode %v (%v)", info.Mode(), err)
	}
	for _, all := range []string{string(text), string(kept), shown.String()} {
		for _, secret := range []string{password, plainForm, base64.StdEncoding.EncodeToString([]byte(password))} {
			if strings.Contains(all, secret) {
				t.Errorf("there is %q in %s", secret, all)
			}
		}
	}
	if !strings.Contains(string(text), "redacted") {
		t.Errorf("the answer is not in the report: %s", text)
	}
}

// TestSecretOverTries: a server that tells the first half of the password in the answer to one
// try and the rest to the next gets neither into the report or the state.
func TestSecretOverTries(t *testing.T) {
	s := newSMTP(t, true)
	s.answers["auth"] = []string{"454 4.7.0 no hunter2", "454 4.7.0 -Secret, again"}
	dir, _ := newMaildir(t)
	o, _ := s.options(t, &maildir{dir})
	var shown strings.Builder
	o.Progress = func(text string) { shown.WriteString(text + "\n") }
	o.Via.Scheme, o.Via.User, o.Password, o.State, o.Retry = "smtps", user, password, filepath.Join(t.TempDir(), "state"), []time.Duration{time.Minute, 24 * time.Hour}
	r, err := Run(t.Context(), o)
	verdict(t, r, err, Deferred)
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(o.State)
	if err != nil {
		t.Fatal(err)
	}
	for _, all := range []string{string(text), string(kept)} {
		if strings.Contains(all, "hunter2") || strings.Contains(all+shown.String(), "-Secret") || !strings.Contains(all, "again") {
			t.Error(all)
		}
	}
}

// TestFile: an mbox file with the mail in its middle, and one message.
func TestFile(t *testing.T) {
	s := newSMTP(t, false)
	for _, mbox := range []bool{true, false} {
		name := filepath.Join(t.TempDir(), "box")
		s.deliver = func(raw []byte) {
			text := strings.ReplaceAll(string(raw), "\r\n", "\n")
			if mbox {
				text = "From a@b.example Thu Nov 26 10:00:00 2026\nSubject: other\n\ntext\n\nFrom me@acme.example Thu Nov 26 10:00:00 2026\n" + text + "\nFrom a@b.example Thu Nov 26 10:00:00 2026\nSubject: third\n\ntext\n"
			}
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Error(err)
			}
		}
		o, _ := s.options(t, Spec{File: name}.Open(PlaceOptions{}))
		r, err := Run(t.Context(), o)
		verdict(t, r, err, Arrived)
		if r.Message == nil || r.Message.From != "acme.example" || len(r.Message.Headers.MessageID) != 1 {
			t.Errorf("mbox %v: %+v", mbox, r.Message)
		}
	}
}
