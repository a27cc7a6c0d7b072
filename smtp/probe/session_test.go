package probe

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"mailworthy/finding"
	"mailworthy/internal/peertest"
)

// TestOutcomes: each thing that a server can do has its word at its step, and what it
// proves nothing about is unknown.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	cert := ca.issue(t, "mx.acme.example", now.AddDate(0, 3, 0))
	// A server that refuses has answered.
	says := map[string]string{"421": "SMTP server is busy: result unknown", "554": "SMTP server refuses this client: result unknown",
		"EHLO refused": "SMTP server refuses this client", "STARTTLS not now": "offers STARTTLS and puts it off this time: \"454 4.7.0 TLS not available\"", "closed at EHLO": "SMTP probe without an answer"}
	for _, tt := range []struct {
		name    string
		script  script
		step    string
		outcome Outcome
		want    string
	}{
		{"good", script{cert: &cert}, StepQuit, OK, ""},
		{"early", script{cert: &cert, early: true}, StepBanner, Timeout, ""},
		{"banner of many lines", script{cert: &cert, banner: "220-mx.acme.example ESMTP\r\n220-no spam\r\n220 please\r\n"}, StepQuit, OK, ""},
		{"421", script{banner: "421 4.7.0 mx.acme.example too many connections\r\n"}, StepBanner, Rejected4, "smtp-unresolved=unknown"},
		{"554", script{banner: "554 mx.acme.example no service\r\n"}, StepBanner, Rejected5, "smtp-unresolved=unknown"},
		{"other protocol", script{banner: "SSH-2.0-OpenSSH_9.2\r\n"}, StepBanner, Protocol, "smtp-protocol=error"},
		{"codes differ", script{banner: "220-mx\r\n250 mx\r\n"}, StepBanner, Protocol, "smtp-protocol=error"},
		{"line without end", script{banner: "220 " + strings.Repeat("x", 5000)}, StepBanner, Protocol, "smtp-protocol=error"},
		{"reply without end", script{banner: strings.Repeat("220-x\r\n", 500)}, StepBanner, Protocol, "smtp-protocol=error"},
		{"reset", script{banner: "RST"}, StepBanner, Reset, "smtp-unresolved=unknown"},
		{"closed at EHLO", script{answers: map[string]string{"EHLO": ""}}, StepEHLO, Closed, "smtp-unresolved=unknown"},
		{"EHLO refused", script{answers: map[string]string{"EHLO": "550 5.7.1 go away\r\n"}}, StepEHLO, Rejected5, "smtp-unresolved=unknown"},
		{"no STARTTLS", script{answers: map[string]string{"EHLO": "250-mx\r\n250-SIZE\r\n250-PIPELINING\r\n250 8BITMIME\r\n"}}, StepQuit, OK, "smtp-starttls-missing=warning"},
		{"no EHLO", script{answers: map[string]string{"EHLO": "502 what\r\n"}}, StepQuit, OK, "smtp-starttls-missing=warning smtp-no-pipelining=notice smtp-no-8bitmime=notice smtp-no-size=notice"},
		{"middlebox", script{banner: "220 **************\r\n", answers: map[string]string{"EHLO": "250-mx\r\n250-XXXXXXXA\r\n250-SIZE\r\n250-PIPELINING\r\n250 8BITMIME\r\n"}}, StepQuit, OK, "smtp-unresolved=unknown"},
		{"STARTTLS refused", script{answers: map[string]string{"STARTTLS": "500 5.5.1 what\r\n"}}, StepSTARTTLS, Rejected5, "smtp-starttls-broken=error"},
		{"STARTTLS not now", script{answers: map[string]string{"STARTTLS": "454 4.7.0 TLS not available\r\n"}}, StepSTARTTLS, Rejected4, "smtp-unresolved=unknown"},
		{"closed in TLS", script{}, StepTLS, Closed, "smtp-starttls-broken=error"},
		{"injected", script{cert: &cert, answers: map[string]string{"STARTTLS": "220 go\r\n250 injected\r\n"}}, StepQuit, OK, "smtp-injection=error"},
		{"STARTTLS again", script{cert: &cert, answers: map[string]string{"TLS:EHLO": good}}, StepQuit, OK, "smtp-starttls-broken=warning"},
		{"old TLS", script{cert: &cert, max: 0x0302}, StepTLS, OK, "smtp-tls-old-only=warning"},
		{"login before TLS", script{cert: &cert, answers: map[string]string{"EHLO": "250-mx\r\n250-AUTH=LOGIN\r\n250 STARTTLS\r\n"}}, StepQuit, OK, "smtp-auth-before-tls=warning"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := listen(t, tt.script.serve)
			o := Options{Roots: ca.pool}
			if tt.script.early { // its banner is waited for in vain
				o.StepTimeout = 4 * time.Second
			}
			r := run(t, fmt.Sprintf("mx.acme.example:%d", s.port), o)
			e := &r.Targets[0].Endpoints[0]
			if tt.script.early {
				if e.TLS == nil || !e.TLS.Implicit || !e.ok(StepQuit) {
					t.Errorf("a silent server that waits for TLS: %+v", e.Steps)
				}
				return
			}
			if st := e.step(tt.step); st == nil || st.Outcome != tt.outcome {
				t.Errorf("%s is %+v, want %s; all: %+v", tt.step, st, tt.outcome, e.Steps)
			}
			if got := found(&r.Targets[0]); got != tt.want {
				t.Errorf("found %q, want %q: %+v", got, tt.want, e.Steps)
			}
			if said := says[tt.name]; said != "" && !slices.ContainsFunc(r.Targets[0].Findings, func(f finding.Finding) bool { return strings.Contains(f.Title+": "+f.Detail, said) }) {
				t.Errorf("nothing says %q: %+v", said, r.Targets[0].Findings)
			}
			if n := s.connections(); n != 1 {
				t.Errorf("%d connections", n)
			}
			for _, c := range s.commands() {
				if strings.HasPrefix(c, "DATA") || strings.HasPrefix(c, "BDAT") {
					t.Errorf("the probe sent %q", c)
				}
			}
		})
	}
}

// TestCertificates: date, name and trust are judged apart.
func TestCertificates(t *testing.T) {
	ca := newAuthority(t)
	for _, tt := range []struct {
		name, host, result, want string
		days                     int
		self, noRoots            bool
	}{
		{"good", "mx.acme.example", "", "", 90, false, false},
		{"expired", "mx.acme.example", "certificate-expired", "smtp-certificate-expired=warning", -3, false, false},
		{"soon", "mx.acme.example", "", "smtp-certificate-expires-soon=warning", 5, false, false},
		{"other name", "www.acme.example", "certificate-host-mismatch", "smtp-certificate-name=warning", 90, false, false},
		{"self-signed", "mx.acme.example", "certificate-not-trusted", "smtp-certificate-untrusted=notice", 90, true, false},
		{"no roots here", "mx.acme.example", "", "smtp-unresolved=unknown", 90, false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			by, roots := ca, ca.pool
			if tt.self {
				by = nil
			}
			if tt.noRoots {
				roots = nil
			}
			cert := by.issue(t, tt.host, now.AddDate(0, 0, tt.days))
			s := listen(t, script{cert: &cert, answers: map[string]string{"TLS:EHLO": "250-mx\r\n250-SIZE\r\n250-PIPELINING\r\n250 8BITMIME\r\n"}}.serve)
			r := run(t, fmt.Sprintf("mx.acme.example:%d", s.port), Options{Roots: roots})
			c := r.Targets[0].Endpoints[0].Certificate
			if c == nil || c.Result != tt.result {
				t.Fatalf("%+v", c)
			}
			if got := found(&r.Targets[0]); got != tt.want {
				t.Errorf("found %q, want %q", got, tt.want)
			}
		})
	}
}

// TestNetwork: what the network does has its word, and none takes longer than the deadline.
func TestNetwork(t *testing.T) {
	t.Parallel()
	silent := listen(t, func(_ *server, c net.Conn) { _, _ = c.Read(make([]byte, 1)); _, _ = c.Read(make([]byte, 4096)) })
	drip := listen(t, func(_ *server, c net.Conn) {
		for range 100 {
			if _, err := c.Write([]byte("2")); err != nil {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
	})
	closed := listen(t, func(*server, net.Conn) {})
	half := listen(t, func(_ *server, c net.Conn) { _, _ = c.Write([]byte("22")) })
	// What does answer may take its time, what does not is soon given up.
	patient, hasty := Options{}, Options{StepTimeout: 500 * time.Millisecond, Deadline: time.Second}
	for _, tt := range []struct {
		name, target, step string
		outcome            Outcome
		want               string
		o                  Options
	}{
		{"refused", peertest.Closed(t), StepConnect, Refused, "smtp-no-host-reachable=error", patient},
		{"silent", fmt.Sprintf("127.0.0.1:%d", silent.port), StepBanner, Timeout, "smtp-unresolved=unknown", hasty},
		{"tar pit", fmt.Sprintf("127.0.0.1:%d", drip.port), StepBanner, Timeout, "smtp-unresolved=unknown", hasty},
		{"closed", fmt.Sprintf("127.0.0.1:%d", closed.port), StepBanner, Closed, "smtp-unresolved=unknown", patient},
		{"closed in the banner", fmt.Sprintf("127.0.0.1:%d", half.port), StepBanner, Closed, "smtp-unresolved=unknown", patient},
		{"no name", "nothing.example:25", StepResolve, Unreachable, "smtp-no-host-reachable=error", patient},
		{"MX without address", "empty.example", StepResolve, Unreachable, "smtp-no-host-reachable=error", patient},
		{"MX to loopback", "acme.example", StepConnect, NotTried, "smtp-unresolved=unknown", patient},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			r := run(t, tt.target, tt.o)
			// The tar pit would take five seconds, and the silent server twenty.
			if took := time.Since(began); took > 4*time.Second && tt.o.Deadline > 0 {
				t.Errorf("it took %s", took)
			}
			if st := r.Targets[0].Endpoints[0].step(tt.step); st == nil || st.Outcome != tt.outcome {
				t.Errorf("%+v", r.Targets[0].Endpoints[0].Steps)
			}
			if got := found(&r.Targets[0]); got != tt.want {
				t.Errorf("found %q, want %q", got, tt.want)
			}
			// Who has no address need not start a server.
			if fix := r.Targets[0].Findings[0].Fix; fix != nil && strings.HasPrefix(fix.Summary, "Publish an A or AAAA record of ") != (tt.outcome == Unreachable) {
				t.Errorf("the fix: %s", fix.Summary)
			}
		})
	}
	if r := run(t, "null.example", Options{}); found(&r.Targets[0]) != "smtp-no-host-reachable=info" {
		t.Errorf("null MX: %s", found(&r.Targets[0]))
	}
}

// TestBusy: a server that answered 421 is left alone.
func TestBusy(t *testing.T) {
	s := listen(t, script{banner: "421 4.3.2 busy\r\n"}.serve)
	spec, err := ParseTarget(fmt.Sprintf("127.0.0.1:%d", s.port))
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Now: now}
	r := run(t, fmt.Sprintf("127.0.0.1:%d", s.port), o)
	if s.connections() != 1 || found(&r.Targets[0]) != "smtp-unresolved=unknown" {
		t.Errorf("%d connections, %s", s.connections(), found(&r.Targets[0]))
	}
	o.Ports = []uint16{s.port, s.port}
	spec.Port = 0
	r = run(t, "127.0.0.1", o)
	if n := s.connections(); n != 2 || r.Targets[0].Endpoints[1].step(StepConnect).Outcome != NotTried {
		t.Errorf("%d connections after 421: %+v", n, r.Targets[0].Endpoints[1].Steps)
	}
}

// TestRelay: MAIL, RCPT and RSET, and what the answers prove.
func TestRelay(t *testing.T) {
	for _, tt := range []struct{ name, rcpt, want string }{
		{"accepted", "250 2.1.5 ok\r\n", "smtp-relay-suspected=warning"},
		{"denied", "554 5.7.1 <a@else.example>: Relay access denied\r\n", ""},
		{"login required", "530 5.7.0 Authentication required\r\n", ""},
		{"policy", "550 5.7.1 <a@else.invalid>: Recipient address rejected: Access denied\r\n", ""},
		{"this client is listed", "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org\r\n", "smtp-unresolved=unknown"},
		{"this client has no PTR", "550 5.7.25 Client host rejected: cannot find your reverse hostname\r\n", "smtp-unresolved=unknown"},
		{"greylisted", "451 4.7.1 try again later\r\n", "smtp-unresolved=unknown"},
		{"no such user", "550 5.1.1 user unknown\r\n", "smtp-unresolved=unknown"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := listen(t, script{answers: map[string]string{"RCPT": tt.rcpt, "EHLO": "250-mx\r\n250-SIZE\r\n250-PIPELINING\r\n250 8BITMIME\r\n"}}.serve)
			r := run(t, fmt.Sprintf("127.0.0.1:%d", s.port), Options{RelayTo: "a@else.invalid", HELO: "probe.example"})
			if got := strings.TrimSpace(strings.Replace(found(&r.Targets[0]), "smtp-starttls-missing=warning", "", 1)); strings.Join(strings.Fields(got), " ") != tt.want {
				t.Errorf("found %q, want %q", got, tt.want)
			}
			if got := strings.Join(s.commands(), "|"); got != "EHLO probe.example|MAIL FROM:<probe@probe.example>|RCPT TO:<a@else.invalid>|RSET|QUIT" {
				t.Errorf("sent %q", got)
			}
		})
	}
}

// TestJSON: every key of the contract is there whatever happened.
func TestJSON(t *testing.T) {
	for _, target := range []string{"nothing.example:25", "127.0.0.1:1", "null.example"} {
		raw, err := json.Marshal(run(t, target, Options{}))
		if err != nil {
			t.Fatal(err)
		}
		var r struct {
			Schema  string
			Targets []map[string]json.RawMessage
		}
		if err := json.Unmarshal(raw, &r); err != nil || r.Schema != Schema || len(r.Targets) != 1 {
			t.Fatalf("%v: %s", err, raw)
		}
		for _, key := range []string{"target", "endpoints", "findings"} {
			if r.Targets[0][key] == nil || bytes.Equal(r.Targets[0][key], []byte("null")) {
				t.Errorf("%s: no %s", target, key)
			}
		}
		var endpoints []map[string]json.RawMessage
		if err := json.Unmarshal(r.Targets[0]["endpoints"], &endpoints); err != nil {
			t.Fatal(err)
		}
		for _, e := range endpoints {
			for _, key := range []string{"host", "port", "address", "steps", "banner", "ehlo", "ehlo_tls", "tls", "certificate", "dane", "mta_sts", "transcript"} {
				if _, ok := e[key]; !ok {
					t.Errorf("%s: an endpoint without %s", target, key)
				}
			}
		}
	}
}

// TestLogin: one attempt a mechanism, and none without TLS that verifies.
func TestLogin(t *testing.T) {
	ca := newAuthority(t)
	cert, bad := ca.issue(t, "mx.acme.example", now.AddDate(0, 3, 0)), (*authority)(nil).issue(t, "mx.acme.example", now.AddDate(0, 3, 0))
	const password = "hunter2-Secret"
	const refused = "535 5.7.8 authentication failed, you sent AGpvZQBodW50ZXIyLVNlY3JldA== for hunter2-Secret\r\n"
	for _, tt := range []struct {
		name       string
		cert       *tls509
		mechanisms []string
		answers    map[string]string
		outcome    Outcome
		want, sent string
	}{
		{"plain", nil, nil, map[string]string{"TLS:AUTH": "235 2.7.0 ok\r\n"}, OK, "", "AUTH PLAIN AGpvZQBodW50ZXIyLVNlY3JldA=="},
		{"refused once", nil, nil, map[string]string{"TLS:AUTH": refused}, Rejected5, "smtp-login-refused=error", "AUTH PLAIN AGpvZQBodW50ZXIyLVNlY3JldA=="},
		{"no PLAIN after all", nil, nil, map[string]string{"TLS:AUTH": "504 5.7.4 Unrecognized authentication type\r\n", "TLS:AUTH LOGIN": "334 VXNlcm5hbWU6\r\n", "TLS:am9l": "334 UGFzc3dvcmQ6\r\n", "TLS:aHVudGVyMi1TZWNyZXQ=": "235 2.7.0 ok\r\n"},
			OK, "", "AUTH PLAIN AGpvZQBodW50ZXIyLVNlY3JldA==|AUTH LOGIN|am9l|aHVudGVyMi1TZWNyZXQ="},
		{"token", nil, []string{"XOAUTH2"}, map[string]string{"TLS:AUTH": "334 eyJzdGF0dXMiOiI0MDEiLCJzY29wZSI6Imh0dHBzOi8vbWFpbC5nb29nbGUuY29tLyJ9\r\n", "TLS:": "535 5.7.8 no\r\n"}, Rejected5, "smtp-login-refused=error",
			"AUTH XOAUTH2 dXNlcj1qb2UBYXV0aD1CZWFyZXIgaHVudGVyMi1TZWNyZXQBAQ==|"},
		{"later", nil, nil, map[string]string{"TLS:AUTH": "454 4.7.0 temporary failure\r\n"}, Rejected4, "smtp-unresolved=unknown", "AUTH PLAIN AGpvZQBodW50ZXIyLVNlY3JldA=="},
		{"not verified", &tls509{}, nil, nil, NotTried, "smtp-certificate-untrusted=error smtp-unresolved=unknown", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := cert
			if tt.cert != nil {
				c = bad
			}
			s := listen(t, script{cert: &c, answers: tt.answers}.serve)
			r := run(t, fmt.Sprintf("mx.acme.example:%d", s.port), Options{Roots: ca.pool, Login: &Login{User: "joe", Password: password, Mechanisms: tt.mechanisms}})
			e := &r.Targets[0].Endpoints[0]
			if st := e.step(StepAuth); st.Outcome != tt.outcome {
				t.Errorf("%+v", st)
			}
			if got := found(&r.Targets[0]); got != tt.want {
				t.Errorf("found %q, want %q", got, tt.want)
			}
			var sent []string
			for _, line := range s.commands() {
				if !strings.HasPrefix(line, "EHLO") && line != "STARTTLS" && line != "QUIT" {
					sent = append(sent, line)
				}
			}
			if got := strings.Join(sent, "|"); got != tt.sent {
				t.Errorf("sent %q, want %q", got, tt.sent)
			}
			raw, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			for _, secret := range []string{password, "AGpvZQBodW50ZXIyLVNlY3JldA==", "aHVudGVyMi1TZWNyZXQ", "dXNlcj1qb2UB"} {
				if bytes.Contains(raw, []byte(secret)) {
					t.Errorf("the report has the password: %s", raw)
				}
			}
		})
	}
}

// tls509 marks a row whose certificate is signed by itself.
type tls509 struct{}

func TestParseTarget(t *testing.T) {
	for text, want := range map[string]string{
		"acme.example": "acme.example 0", "ACME.example.:587": "acme.example 587", "192.0.2.1": "192.0.2.1 0", "[2001:db8::1]:25": "2001:db8::1 25",
		"2001:db8::1": "2001:db8::1 0", "münchen.example": "xn--mnchen-3ya.example 0", "a b": "", "acme.example:0": "", "acme.example:x": "", "": "", "a\r\nb.example": "", "http://acme.example": "",
		"256.1.1.1": "", "1.2.3": "", "192.0.2.1:25:25": "", "[::1": "", "::1]": "", "[::1]": "::1 0", "[192.0.2.1]:1": "192.0.2.1 1", "mx1.acme.example": "mx1.acme.example 0",
	} {
		s, err := ParseTarget(text)
		if got := fmt.Sprintf("%s %d", s.Host, s.Port); (err == nil) != (want != "") || err == nil && got != want {
			t.Errorf("%q is %q, %v; want %q", text, got, err, want)
		}
	}
}

// TestTargetWithPassword: what stands before an @ in a target is not repeated.
func TestTargetWithPassword(t *testing.T) {
	for _, text := range []string{"me:hunter2@mail.acme.example:25", "smtp://me:hunter2@mail.acme.example", "me:hun@hunter2@mail.acme.example", "me:hunter2@[::1]:25"} {
		if _, err := ParseTarget(text); err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "--login") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestPassesOfAGoodServer(t *testing.T) {
	ca := newAuthority(t)
	cert := ca.issue(t, "mx.acme.example", now.AddDate(0, 3, 0))
	s := listen(t, script{cert: &cert}.serve)
	r := run(t, fmt.Sprintf("mx.acme.example:%d", s.port), Options{Roots: ca.pool})
	passes := 0
	for _, f := range r.Targets[0].Findings {
		if f.Severity == finding.Pass {
			passes++
		}
	}
	e := r.Targets[0].Endpoints[0]
	if passes < 12 || e.TLS == nil || e.TLS.Version != "1.3" || len(e.EHLOTLS) != 4 || len(e.EHLO) != 5 || *e.Banner != "220 mx.acme.example ESMTP" {
		t.Errorf("%d passes, %+v", passes, e)
	}
}

// TestNoPassUntried: a server without STARTTLS passes nothing that only STARTTLS shows, and
// one that puts it off nothing that its answer would.
func TestNoPassUntried(t *testing.T) {
	for _, tt := range []struct{ name, ehlo string }{
		{"not offered", "250-mx\r\n250 SIZE\r\n"},
		{"put off", "250-mx\r\n250-STARTTLS\r\n250 SIZE\r\n"},
	} {
		s := listen(t, script{answers: map[string]string{"EHLO": tt.ehlo, "STARTTLS": "454 4.7.0 later\r\n"}}.serve)
		for _, f := range run(t, fmt.Sprintf("127.0.0.1:%d", s.port), Options{}).Targets[0].Findings {
			if f.Check == "smtp-starttls-broken" || f.Check == "smtp-injection" {
				t.Errorf("%s: %s is %s", tt.name, f.Check, f.Severity)
			}
		}
	}
}
