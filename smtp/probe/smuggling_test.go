package probe

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"mailworthy/resolver"
)

// endServer takes mail, and some sequences for its end besides <CR><LF>.<CR><LF>. Refuse is
// what it answers to a message with a bare line feed, "" nothing.
type endServer struct {
	cert   *tls.Certificate
	ends   []string
	refuse string
	rcpt   string
	// data, reset and unknown are what it answers to DATA, RSET and what is no command, if
	// not as usual.
	data, reset, unknown string
	// dot is what it answers to a dot before it hangs up. Late: what is no command it answers
	// only when the client has waited for that and has sent its next one.
	dot     string
	late    bool
	greeted func(n int) string // nil: as usual
}

func (es endServer) serve(s *server, conn net.Conn) {
	var r *bufio.Reader
	say := func(text string) { _, _ = io.WriteString(conn, text+"\r\n") }
	conn = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{*es.cert}})
	r = bufio.NewReader(conn)
	banner := "220 mx.acme.example ESMTP"
	if es.greeted != nil {
		banner = es.greeted(s.connections())
	}
	if say(banner); !strings.HasPrefix(banner, "220") {
		return
	}
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		s.mu.Lock()
		s.got = append(s.got, line)
		s.mu.Unlock()
		switch word, _, _ := strings.Cut(strings.ToUpper(line), ":"); word {
		case "RCPT TO":
			say(es.rcpt)
		case "DATA":
			if es.data != "" {
				say(es.data)
				continue
			}
			say("354 go on")
			var text []byte
			for ended := false; !ended; {
				b, err := r.ReadByte()
				if err != nil {
					return
				}
				text = append(text, b)
				ended = slices.ContainsFunc(append([]string{"\r\n.\r\n"}, es.ends...), func(end string) bool { return strings.HasSuffix(string(text), end) })
			}
			if bare := strings.ReplaceAll(string(text), "\r\n", ""); es.refuse != "" && strings.ContainsAny(bare, "\r\n") {
				if say(es.refuse); strings.HasPrefix(es.refuse, "521") {
					return
				}
				continue
			}
			say("250 2.0.0 queued")
		case "QUIT":
			say("221 2.0.0 bye")
			return
		default:
			if word == "X-PROBE" || word == "." {
				if dot := ".\r\n"; es.late && word == "X-PROBE" {
					_, _ = r.Peek(len(dot) + 1)
				}
				if word == "." && es.dot != "" {
					say(es.dot)
					return
				}
				say(cmp.Or(es.unknown, "500 5.5.2 command not recognized"))
				continue
			}
			if word == "RSET" && es.reset != "" {
				say(es.reset)
				continue
			}
			if strings.HasPrefix(word, "EHLO") {
				say("250-mx.acme.example\r\n250-PIPELINING\r\n250-SIZE\r\n250-8BITMIME\r\n250 AUTH PLAIN")
				continue
			}
			if strings.HasPrefix(word, "AUTH") {
				say("235 2.7.0 ok")
				continue
			}
			say("250 2.0.0 ok")
		}
	}
}

// endsTaken are the wrong ends of a message with + (taken), - (not) or ? (unknown).
func endsTaken(e *Endpoint) string {
	out := ""
	for _, d := range e.EndsOfData {
		switch {
		case d.Taken == nil:
			out += "?"
		case *d.Taken:
			out += "+"
		default:
			out += "-"
		}
	}
	return out
}

// TestSmugglingTo: what a server takes for the end of a message is found, one that refuses
// bare line feeds passes, and what is not shown is unknown.
func TestSmugglingTo(t *testing.T) {
	t.Parallel()
	root := newAuthority(t)
	cert := root.issue(t, "mx.acme.example", now.AddDate(1, 0, 0))
	const ok = "250 2.1.5 ok"
	proved, open := "smtp-smuggling-proved=error", "smtp-unresolved=unknown"
	for _, tt := range []struct {
		name         string
		server       endServer
		taken, found string
		connections  int
	}{
		{"strict", endServer{rcpt: ok}, "-----", "", 6},
		{"all", endServer{rcpt: ok, ends: endsOfData}, "+++++", proved, 6},
		{"a line feed alone", endServer{rcpt: ok, ends: []string{"\n.\n", "\n.\r\n", "\r\n.\n"}}, "+++--", proved, 6},
		{"a carriage return alone", endServer{rcpt: ok, ends: []string{"\r.\r"}}, "---+-", proved, 6},
		{"it refuses the message", endServer{rcpt: ok, refuse: "550 5.5.2 Error: bare <LF> received"}, "-----", "", 6},
		{"it hangs up", endServer{rcpt: ok, refuse: "521 5.5.2 mx.acme.example Error: bare <LF> received"}, "-----", "", 6},
		{"it hangs up for another reason", endServer{rcpt: ok, refuse: "521 5.7.1 spam"}, "?????", open, 6},
		{"no such user", endServer{rcpt: "550 5.1.1 no such user"}, "?????", open, 6},
		{"it knows no RSET", endServer{rcpt: ok, reset: "502 5.5.1 not implemented"}, "?????", open, 6},
		{"it hangs up at the dot", endServer{rcpt: ok, ends: endsOfData, dot: "221 2.7.0 Error: I can break rules, too. Goodbye."}, "+++++", proved, 6},
		{"it hangs up at the dot, late", endServer{rcpt: ok, ends: endsOfData, dot: "221 2.7.0 bye", late: true}, "?????", open, 6},
		{"it refuses the message and what follows", endServer{rcpt: ok, refuse: "554 5.5.2 bare LF", reset: "503 5.5.1 session in error"}, "-----", "", 6},
		{"it puts off what is no command", endServer{rcpt: ok, ends: endsOfData, unknown: "450 4.5.0 later"}, "+++++", proved, 6},
		{"it accepts what is no command", endServer{rcpt: ok, ends: endsOfData, unknown: "250 2.0.0 ok"}, "?????", open, 6},
		{"it refuses at the line feed and goes on with commands", endServer{rcpt: ok, ends: endsOfData, refuse: "550 5.5.2 bare LF"}, "?????", open, 6},
		{"DATA without 354", endServer{rcpt: ok, data: "250 2.0.0 ok"}, "?????", open, 6},
		{"more answers than questions", endServer{rcpt: "250 2.1.5 ok\r\n250 2.0.0 ok\r\n500 5.5.2 what"}, "?????", open, 6},
		{"busy after the message", endServer{rcpt: ok, refuse: "421 4.7.0 go away"}, "?????", open, 2},
		{"busy", endServer{rcpt: "421 4.7.0 busy"}, "?????", open, 2},
		{"busy at the second connection", endServer{rcpt: ok, greeted: func(n int) string {
			if n > 1 {
				return "421 4.7.0 busy"
			}
			return "220 mx.acme.example"
		}}, "?????", open, 2},
	} {
		for _, login := range []bool{false, true} {
			t.Run(fmt.Sprint(tt.name, ", login ", login), func(t *testing.T) {
				t.Parallel()
				server := tt.server
				server.cert = &cert
				s := listen(t, server.serve)
				o := Options{Roots: root.pool, TLS: "implicit", SmugglingTo: "me@acme.example"}
				if o.unasked = 20 * time.Millisecond; tt.server.dot != "" && !tt.server.late {
					o.unasked = 5 * time.Second // its answer is not missed on a busy machine
				}
				if login {
					o.Login = &Login{User: "me", Password: "hunter2"}
				}
				r := run(t, fmt.Sprintf("mx.acme.example:%d", s.port), o)
				if got := found(&r.Targets[0]); got != tt.found {
					t.Errorf("found %q, want %q", got, tt.found)
				}
				if got := endsTaken(&r.Targets[0].Endpoints[0]); got != tt.taken || s.connections() != tt.connections {
					t.Errorf("%q by %d connections, want %q by %d: %+v", got, s.connections(), tt.taken, tt.connections, r.Targets[0].Endpoints[0].EndsOfData)
				}
				for _, command := range s.commands() {
					if strings.HasPrefix(command, "RCPT") && command != "RCPT TO:<me@acme.example>" {
						t.Errorf("%q was said", command)
					}
				}
			})
		}
	}
	// Without the flag there is no message, and what ends before leaves it open.
	s := listen(t, endServer{cert: &cert, rcpt: ok}.serve)
	r := run(t, fmt.Sprintf("mx.acme.example:%d", s.port), Options{Roots: root.pool, TLS: "implicit"})
	if list := r.Targets[0].Endpoints[0].EndsOfData; len(list) > 0 || slices.Contains(s.commands(), "DATA") {
		t.Errorf("%+v, %q", list, s.commands())
	}
}

// TestCheckMailbox: messages go to servers of the user's domain alone.
func TestCheckMailbox(t *testing.T) {
	r := zone(t, zoneText+"own MX 10 mx.elsewhere\nsub.acme MX 10 mx.evil\nsister.acme MX 10 mx.acme\n")
	for target, ok := range map[string]bool{"acme.example": true, "mx.acme.example:25": true, "mx.elsewhere.example:25": true, "mx.other.example:25": false, "other.example": false,
		"127.0.0.1:25": true, "localhost:25": true, "192.0.2.1:25": false, "mx.acme.example": true,
		"sub.acme.example": false, "sub.acme.example:25": true, "sister.acme.example": true} {
		spec, err := ParseTarget(target)
		if err != nil {
			t.Fatal(err)
		}
		mailbox := "me@acme.example"
		if strings.Contains(target, "elsewhere") {
			mailbox = "me@own.example"
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		if err := CheckMailbox(ctx, r, spec, mailbox); (err == nil) != ok {
			t.Errorf("%s for %s: %v", target, mailbox, err)
		}
		cancel()
	}
	spec, err := ParseTarget("mx.other.example:25")
	if err != nil {
		t.Fatal(err)
	}
	if err := CheckMailbox(t.Context(), unanswered{}, spec, "me@acme.example"); err == nil || !strings.Contains(err.Error(), "cannot be known") {
		t.Error(err)
	}
}

// unanswered is a DNS that answers nothing.
type unanswered struct{ resolver.Resolver }

func (unanswered) Lookup(_ context.Context, name string, _ resolver.Type) (*resolver.Answer, error) {
	return nil, &resolver.Error{Name: name, Reason: resolver.Timeout}
}
