package roundtrip

import (
	"bufio"
	"context"
	"crypto/tls"
	"net"
	"strings"
	"testing"
	"time"
)

// scripted is a server of IMAP over TLS on loopback that greets so, and answers each
// command that begins so with the lines, "TAG" being the command's; it keeps silent to
// others. Without a greeting not even TLS is answered. What it was sent goes to heard.
func scripted(t *testing.T, greeting string, answers map[string]string) (m *mailbox, heard chan string) {
	t.Helper()
	conf, roots := certificate(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	heard = make(chan string, 20)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serve(conn, conf, greeting, answers, heard)
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return &mailbox{Via{Scheme: "imaps", User: user, Host: "localhost", Port: uint16(l.Addr().(*net.TCPAddr).Port)}, PlaceOptions{Dialer: dialer(), Roots: roots, Password: password}}, heard
}

// silent is the greeting of a server that has TLS and says nothing.
const silent = "-"

func serve(conn net.Conn, conf *tls.Config, greeting string, answers map[string]string, heard chan<- string) {
	defer conn.Close()
	if greeting != "" {
		secure := tls.Server(conn, conf)
		if secure.Handshake() != nil {
			return
		}
		if greeting != silent {
			if _, err := secure.Write([]byte(greeting + "\r\n")); err != nil {
				return
			}
		}
		conn = secure
	}
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		tag, command, _ := strings.Cut(lines.Text(), " ")
		select {
		case heard <- command:
		default:
		}
		for begin, answer := range answers {
			if strings.HasPrefix(command, begin) {
				if _, err := conn.Write([]byte(strings.ReplaceAll(answer, "TAG", tag))); err != nil {
					return
				}
			}
		}
	}
}

// TestHangingMailbox: whatever a server does not answer, a look takes no longer than its
// context lasts, and what was found before it kept silent counts.
func TestHangingMailbox(t *testing.T) {
	const ready = "* OK [CAPABILITY IMAP4rev1] ready"
	all := map[string]string{"LOGIN": "TAG OK [CAPABILITY IMAP4rev1] in\r\n", "LIST": "* LIST () \"/\" INBOX\r\nTAG OK listed\r\n", "SELECT": "* 0 EXISTS\r\nTAG OK read\r\n", "EXAMINE": "* 0 EXISTS\r\nTAG OK read\r\n"}
	without := func(command string) map[string]string {
		out := map[string]string{}
		for k, v := range all {
			if k != command {
				out[k] = v
			}
		}
		return out
	}
	for _, tt := range []struct {
		name, greeting string
		answers        map[string]string
		want           string
	}{
		{"TLS", "", nil, "no answer in time"},
		{"the greeting", silent, nil, "no answer in time"},
		{"the login", ready, nil, "no answer in time"},
		{"the list", ready, without("LIST"), "no answer in time"},
		{"a folder", ready, without("EXAMINE"), "no answer in time"},
		{"the logout", ready, all, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, _ := scripted(t, tt.greeting, tt.answers)
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			if tt.want == "" {
				ctx = t.Context()
			}
			look, err := m.Look(ctx, Query{Tokens: []string{"x"}})
			switch {
			case tt.want == "" && (err != nil || look.Folders != 1):
				t.Errorf("%+v, %v", look, err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("%+v, %v", look, err)
			}
		})
	}
}

// TestPreAuth: a server that says somebody is logged in is not read: nobody has logged in.
func TestPreAuth(t *testing.T) {
	m, heard := scripted(t, "* PREAUTH [CAPABILITY IMAP4rev1] welcome", map[string]string{"LIST": "* LIST () \"/\" INBOX\r\nTAG OK\r\n", "LOGIN": "TAG OK\r\n"})
	_, err := m.Look(t.Context(), Query{Tokens: []string{"x"}})
	if err == nil || !strings.Contains(err.Error(), "PREAUTH") {
		t.Errorf("%v", err)
	}
	select {
	case command := <-heard:
		t.Errorf("the server was sent %q", strings.Fields(command)[0])
	default:
	}
}

// slow is a place whose looks take so long, of the clock of the test, and fail.
type slow struct {
	t     *testing.T
	clock *fakeClock
	takes []time.Duration
}

func (s *slow) String() string { return "slow" }

func (s *slow) Look(ctx context.Context, _ Query) (Look, error) {
	if len(s.takes) == 0 {
		s.t.Error("it is asked once more")
		return Look{}, context.DeadlineExceeded
	}
	// Time passes between the making of the deadline and this, so that less may be left.
	if end, ok := ctx.Deadline(); !ok || time.Until(end) > s.takes[0] {
		s.t.Errorf("a look may take until %s, want %s", end, s.takes[0])
	}
	s.clock.now = s.clock.now.Add(s.takes[0])
	s.takes = s.takes[1:]
	return Look{}, context.DeadlineExceeded
}

// TestSlowPlace: a place that does not answer holds a run no longer than its patience, and
// is not asked again when that is over.
func TestSlowPlace(t *testing.T) {
	for _, tt := range []struct {
		timeout time.Duration
		takes   []time.Duration
	}{{6 * time.Second, []time.Duration{6 * time.Second}}, {time.Second, []time.Duration{minLook}}, {3 * time.Minute, []time.Duration{lookTimeout, time.Minute - DefaultPoll}}} {
		s := newSMTP(t, false)
		place := &slow{t: t, takes: tt.takes}
		o, clock := s.options(t, place)
		place.clock, o.Timeout = clock, tt.timeout
		r, err := Run(t.Context(), o)
		verdict(t, r, err, Unknown)
		if len(place.takes) > 0 || r.Places[0].Error == "" {
			t.Errorf("--timeout %s: %v left, %+v", tt.timeout, place.takes, r.Places[0])
		}
	}
}

// TestLookLimit: a look takes no longer than --timeout leaves, but time enough to read.
func TestLookLimit(t *testing.T) {
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct{ timeout, since, want time.Duration }{
		{30 * time.Minute, 0, 2 * time.Minute},
		{time.Minute, 0, time.Minute},
		{30 * time.Minute, 30 * time.Minute, 30 * time.Second},
		{6 * time.Second, 0, 6 * time.Second},
		{6 * time.Second, 5 * time.Second, 6 * time.Second},
		{time.Second, time.Hour, 5 * time.Second},
	} {
		r := &run{o: &Options{Timeout: tt.timeout, Clock: &fakeClock{now: now.Add(tt.since)}}, began: now, state: &state{}}
		if got := r.lookLimit(); got != tt.want {
			t.Errorf("%s, %s after its begin: %s, want %s", tt.timeout, tt.since, got, tt.want)
		}
	}
}
