package notify

import (
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// mailServer is an SMTP server that keeps what it got and refuses as told.
type mailServer struct {
	addr string
	tls  *tls.Config // for the client

	mu      sync.Mutex
	refuse  []error // of RCPT, one a session
	dials   int
	user    string
	to      []string
	message string
}

type mailSession struct{ s *mailServer }

func (m mailSession) Reset()                               {}
func (m mailSession) Logout() error                        { return nil }
func (m mailSession) Mail(string, *smtp.MailOptions) error { return nil }
func (m mailSession) AuthMechanisms() []string             { return []string{sasl.Plain} }
func (m mailSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		m.s.mu.Lock()
		defer m.s.mu.Unlock()
		if password != "hunter2hunter2" {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "wrong password " + password}
		}
		m.s.user = username
		return nil
	}), nil
}
func (m mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	m.s.mu.Lock()
	defer m.s.mu.Unlock()
	if len(m.s.refuse) > 0 {
		err := m.s.refuse[0]
		m.s.refuse = m.s.refuse[1:]
		return err
	}
	m.s.to = append(m.s.to, to)
	return nil
}
func (m mailSession) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	m.s.mu.Lock()
	defer m.s.mu.Unlock()
	m.s.message = string(text)
	return err
}

func (s *mailServer) NewSession(*smtp.Conn) (smtp.Session, error) { return mailSession{s}, nil }

// counting counts the connections of a listener.
type counting struct {
	net.Listener
	s *mailServer
}

func (c counting) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err == nil {
		c.s.mu.Lock()
		c.s.dials++
		c.s.mu.Unlock()
	}
	return conn, err
}

func startMail(t *testing.T, mode TLS) *mailServer {
	t.Helper()
	certified := httptest.NewTLSServer(http.NotFoundHandler())
	certified.Close()
	s := &mailServer{tls: &tls.Config{RootCAs: certified.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}}
	server := smtp.NewServer(s)
	server.Domain, server.ErrorLog = "mx.test", slog.NewLogLogger(slog.DiscardHandler, 0)
	server.ReadTimeout, server.WriteTimeout = 10*time.Second, 10*time.Second
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	l = counting{l, s}
	conf := &tls.Config{Certificates: certified.TLS.Certificates}
	switch mode {
	case Implicit:
		l = tls.NewListener(l, conf)
	case StartTLS:
		server.TLSConfig = conf
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
	return s
}

func (s *mailServer) target(mode TLS) *Target {
	return &Target{Name: "mail", Kind: Email, Mail: Mail{From: "Mailworthy <mailworthy@acme.example>", To: []string{`"Post" <postmaster@acme.example>`, "ada@acme.example"},
		Server: s.addr, TLS: mode, Username: "mailworthy", Password: "hunter2hunter2"}}
}

func TestMail(t *testing.T) {
	for _, mode := range []TLS{StartTLS, Implicit} {
		t.Run(string(mode), func(t *testing.T) {
			s := startMail(t, mode)
			if err := (&Sender{TLS: s.tls, Version: "1.0.0"}).Send(t.Context(), s.target(mode), notice()); err != nil {
				t.Fatal(err)
			}
			if s.user != "mailworthy" || strings.Join(s.to, " ") != "postmaster@acme.example ada@acme.example" {
				t.Errorf("user %q, to %q", s.user, s.to)
			}
			msg, err := mail.ReadMessage(strings.NewReader(s.message))
			if err != nil {
				t.Fatal(err)
			}
			h := msg.Header
			if h.Get("Subject") != "[mailworthy] acme.example: not ready, 41/100 (was ready, 98/100)" || h.Get("Auto-Submitted") != "auto-generated" ||
				h.Get("Message-ID") != "<0123456789abcdef0123456789abcdef@acme.example>" || h.Get("Bcc") != "" {
				t.Errorf("%v", h)
			}
			text, err := io.ReadAll(msg.Body)
			if err != nil || strings.Contains(string(text), "\nBcc:") || strings.ContainsAny(string(text), "\x1b\u202e") {
				t.Errorf("%v: %s", err, text)
			}
			if !strings.Contains(string(text), "new: error ptr-missing (192.0.2.11): No PTR record") {
				t.Errorf("%s", text)
			}
		})
	}
}

func TestMailFails(t *testing.T) {
	busy := &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "later hunter2hunter2"}
	never := &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "nobody hunter2hunter2"}
	for _, tt := range []struct {
		name   string
		server TLS
		change func(s *mailServer, target *Target, sender *Sender)
		want   string
		dials  int
	}{
		{name: "451, then success", server: StartTLS, dials: 2, change: func(s *mailServer, _ *Target, _ *Sender) { s.refuse = []error{busy} }},
		{name: "550", server: StartTLS, dials: 1, want: "550", change: func(s *mailServer, _ *Target, _ *Sender) { s.refuse = []error{never} }},
		{name: "wrong password", server: StartTLS, dials: 1, want: "refuses with 535", change: func(_ *mailServer, t *Target, _ *Sender) { t.Mail.Password = "hunter2wrong" }},
		{name: "no TLS offered", server: Plain, dials: 1, want: "STARTTLS", change: func(*mailServer, *Target, *Sender) {}},
		{name: "unknown certificate", server: StartTLS, dials: 1, want: "certificate", change: func(_ *mailServer, _ *Target, sender *Sender) { sender.TLS = nil }},
		{name: "nobody there", server: StartTLS, dials: 0, want: "refused", change: func(_ *mailServer, t *Target, _ *Sender) { t.Mail.Server = "127.0.0.1:1" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := startMail(t, tt.server)
			var waits []time.Duration
			sender := stopped(&waits)
			sender.TLS = s.tls
			target := s.target(StartTLS)
			tt.change(s, target, sender)
			err := sender.Send(t.Context(), target, notice())
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(tt.want)) {
				t.Errorf("%v, want %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error shows a secret: %v", err)
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.dials != tt.dials || (tt.want != "" && s.message != "") {
				t.Errorf("%d connections, want %d; sent %q", s.dials, tt.dials, s.message)
			}
		})
	}
}
