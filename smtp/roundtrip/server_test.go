package roundtrip

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"go.uber.org/goleak"

	"mailworthy/audit"
	"mailworthy/dial"
	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	user     = "me@acme.example"
	password = "hunter2-Secret"
)

// certificate is one for localhost that signs itself, and the roots that trust it.
func certificate(t testing.TB) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().AddDate(1, 0, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{raw}, PrivateKey: key}}}, pool
}

// smtpServer takes mail as the test scripts it.
type smtpServer struct {
	port  uint16
	roots *x509.CertPool

	mu sync.Mutex
	// answers of a stage, in turn: "" is yes; the last one stays. "hang-up" at data: the
	// mail is taken, and the connection ends without an answer.
	answers map[string][]string
	deliver func(raw []byte)
	taken   int
	tries   int
}

func newSMTP(t testing.TB, implicit bool) *smtpServer {
	t.Helper()
	conf, roots := certificate(t)
	s := &smtpServer{roots: roots, answers: map[string][]string{}}
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		if err := s.answer("banner"); err != nil {
			return nil, err
		}
		return &smtpSession{s, c}, nil
	}))
	server.Domain, server.TLSConfig, server.ErrorLog = "localhost", conf, log.New(io.Discard, "", 0)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.port = uint16(l.Addr().(*net.TCPAddr).Port)
	if implicit {
		l = tls.NewListener(l, conf)
	}
	done := make(chan struct{})
	go func() { _ = server.Serve(l); close(done) }()
	t.Cleanup(func() { l.Close(); server.Close(); <-done })
	return s
}

// answer is the next one of a stage.
func (s *smtpServer) answer(stage string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.answers[stage]
	if len(list) == 0 {
		return nil
	}
	text := list[0]
	if len(list) > 1 {
		s.answers[stage] = list[1:]
	}
	if text == "" {
		return nil
	}
	if text == "hang-up" {
		return errHangUp
	}
	e := &smtp.SMTPError{EnhancedCode: smtp.NoEnhancedCode}
	if _, err := fmt.Sscanf(text, "%d", &e.Code); err != nil {
		panic(err)
	}
	e.Message = text[4:]
	return e
}

var errHangUp = errors.New("hang up")

type smtpSession struct {
	s *smtpServer
	c *smtp.Conn
}

func (s *smtpSession) Reset()        {}
func (s *smtpSession) Logout() error { return nil }

func (s *smtpSession) Mail(string, *smtp.MailOptions) error {
	s.s.mu.Lock()
	s.s.tries++
	s.s.mu.Unlock()
	return s.s.answer("mail")
}

func (s *smtpSession) Rcpt(string, *smtp.RcptOptions) error { return s.s.answer("rcpt") }

func (s *smtpSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	err = s.s.answer("data")
	if err != nil && !errors.Is(err, errHangUp) {
		return err
	}
	s.s.mu.Lock()
	s.s.taken++
	deliver := s.s.deliver
	s.s.mu.Unlock()
	if deliver != nil {
		deliver(append([]byte("Received: from client (client [192.0.2.1])\r\n\tby localhost (Postfix) with ESMTPSA id 4Abc; "+time.Now().Format(time.RFC1123Z)+"\r\n"), raw...))
	}
	if err != nil {
		s.c.Conn().Close()
	}
	return err
}

func (s *smtpSession) AuthMechanisms() []string { return []string{"PLAIN"} }
func (s *smtpSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, name, secret string) error {
		if err := s.s.answer("auth"); err != nil {
			return err
		}
		if name != user || secret != password {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "bad password " + secret}
		}
		return nil
	}), nil
}

// uses are the folders of a mailbox and what they are for.
var uses = map[string][]imap.MailboxAttr{"INBOX": nil, "Sent": {imap.MailboxAttrSent}, "Ramsch": {imap.MailboxAttrJunk}, "Lists": nil, "Top": {imap.MailboxAttrNoSelect}}

// session is one of the server in memory, which knows no special use.
type session struct{ imapserver.Session }

func (s *session) List(w *imapserver.ListWriter, _ string, _ []string, _ *imap.ListOptions) error {
	for name, use := range uses {
		if err := w.WriteList(&imap.ListData{Mailbox: name, Delim: '/', Attrs: use}); err != nil {
			return err
		}
	}
	return nil
}

// imapServer is a mailbox with INBOX and a junk folder, which only its use tells.
func imapServer(t testing.TB) (append func(folder string, raw []byte), port uint16, roots *x509.CertPool) {
	t.Helper()
	conf, roots := certificate(t)
	memory, box := imapmemserver.New(), imapmemserver.NewUser(user, password)
	memory.AddUser(box)
	for name := range uses {
		if err := box.Create(name, nil); err != nil {
			t.Fatal(err)
		}
	}
	server := imapserver.New(&imapserver.Options{NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
		return &session{memory.NewSession()}, nil, nil
	},
		Caps: imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapSpecialUse: {}, imap.CapListExtended: {}}, TLSConfig: conf, Logger: log.New(io.Discard, "", 0)})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { _ = server.Serve(l); close(done) }()
	t.Cleanup(func() { l.Close(); server.Close(); <-done })
	return func(folder string, raw []byte) {
		if _, err := box.Append(folder, sized{bytes.NewReader(raw)}, &imap.AppendOptions{Time: time.Now()}); err != nil {
			t.Error(err)
		}
	}, uint16(l.Addr().(*net.TCPAddr).Port), roots
}

type sized struct{ *bytes.Reader }

// fakeClock runs ahead whenever somebody sleeps, and calls wake with each sleep.
type fakeClock struct {
	now    time.Time
	sleeps []time.Duration
	wake   func(n int)
}

func (c *fakeClock) Now() time.Time { return c.now }

func (c *fakeClock) Sleep(ctx context.Context, d time.Duration) error {
	c.sleeps = append(c.sleeps, d)
	c.now = c.now.Add(d)
	if c.wake != nil {
		c.wake(len(c.sleeps))
	}
	return ctx.Err()
}

// newMaildir is an empty Maildir with a junk folder; add puts a mail into one.
func newMaildir(t testing.TB) (dir string, add func(folder string, raw []byte)) {
	t.Helper()
	dir = t.TempDir()
	for _, sub := range []string{"new", "cur", "tmp", ".Junk/new", ".Junk/cur"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	return dir, func(folder string, raw []byte) {
		n++
		name := filepath.Join(dir, folder, "new", fmt.Sprintf("%d.host", n))
		// The time of a file is the kernel's, which a shifted clock does not shift.
		if err := errors.Join(os.WriteFile(name, raw, 0o600), os.Chtimes(name, time.Time{}, time.Now())); err != nil {
			t.Error(err)
		}
	}
}

// options are those of a mail by the server, with a clock that does not wait.
func (s *smtpServer) options(t testing.TB, places ...Place) (Options, *fakeClock) {
	t.Helper()
	clock := &fakeClock{now: time.Now()}
	return Options{From: user, To: "you@other.example", Via: Via{Scheme: "smtp", Host: "localhost", Port: s.port}, Roots: s.roots, Places: places,
		Dialer: dialer(), Resolver: zone(t), Message: audit.MessageOptions{Now: clock.now}, Clock: clock, Random: func() float64 { return 0 }}, clock
}

func dialer() *dial.Dialer { return &dial.Dialer{Timeout: 20 * time.Second, MaxRead: MaxRead} }

func zone(t testing.TB, records ...string) resolver.Resolver {
	return dnstest.Zone(t, "$TTL 300\nacme.example. SOA . . 1 1 1 1 300\n"+strings.Join(records, "\n")+"\n")
}
