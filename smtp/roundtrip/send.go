package roundtrip

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/textproto"
	"slices"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"mailworthy/internal/redact"
	"mailworthy/internal/show"
	"mailworthy/smtp/probe"
)

// Mechanisms are those that a login can be made with, the best first. XOAUTH2 takes an
// access token in place of the password, and is used only if it is named.
var Mechanisms = []string{"SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2"}

// sender makes one try.
type sender struct {
	o    *Options
	a    *Attempt
	conn net.Conn
	// secrets are not kept, whoever repeats them.
	secrets *redact.Secrets
}

// send hands the text over, in limit at most. The attempt says how it went.
func (o *Options) send(ctx context.Context, l *letter, text []byte, limit time.Duration) Attempt {
	s := &sender{o: o, a: &Attempt{At: o.Clock.Now(), Outcome: probe.OK, Phases: []Phase{}}, secrets: o.secrets()}
	began := time.Now()
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	stage, err := s.session(limited, l, text)
	s.a.DurationMS = time.Since(began).Milliseconds()
	if s.conn != nil {
		s.conn.Close()
	}
	if err != nil {
		s.failed(ctx, stage, err)
	}
	return *s.a
}

// secrets are those of the login.
func (o *Options) secrets() *redact.Secrets {
	s := &redact.Secrets{}
	s.Password(o.Via.User, o.Password)
	return s
}

// without is a text without the secrets, bounded.
func without(text string, secrets *redact.Secrets) string {
	return show.Cut(secrets.Without(text), maxReply)
}

// joined is a reply of several lines on one, without the secrets.
func (s *sender) joined(reply string) string {
	return strings.Join(s.secrets.Lines(strings.Split(reply, "\n")), " ")
}

// step runs one stage and takes its time.
func (s *sender) step(name string, f func() error) error {
	began := time.Now()
	err := f()
	s.a.Phases = append(s.a.Phases, Phase{name, time.Since(began).Milliseconds()})
	return err
}

// session has the whole session; it returns the stage that failed and with what.
func (s *sender) session(ctx context.Context, l *letter, text []byte) (string, error) {
	o := s.o
	if err := s.step(StageConnect, func() (err error) {
		s.conn, err = o.Dialer.DialGiven(ctx, "tcp", o.Via.address())
		return err
	}); err != nil {
		return StageConnect, err
	}
	// The dialer's context ends the dialing alone.
	defer context.AfterFunc(ctx, func() { s.conn.Close() })()
	if at, err := netip.ParseAddrPort(s.conn.RemoteAddr().String()); err == nil {
		s.a.Address = at.Addr().Unmap().String()
	}
	local := s.conn.LocalAddr()
	if o.Via.implicit() {
		if err := s.step(StageTLS, func() error { return s.handshake(ctx) }); err != nil {
			return StageTLS, err
		}
	}
	var c *smtp.Client
	if err := s.step(StageBanner, func() (err error) {
		c, err = smtp.NewClient(s.conn, o.Via.Host)
		return err
	}); err != nil {
		return StageBanner, err
	}
	c.SkipSMTPUTF8(true)
	// However the session ends, the server is told: the mail is its by then, or refused.
	defer func() {
		_ = s.conn.SetDeadline(time.Now().Add(5 * time.Second))
		_ = c.Quit()
	}()
	if err := s.step(StageEHLO, func() error { return c.Hello(cmp.Or(o.HELO, probe.AddressLiteral(local))) }); err != nil {
		return StageEHLO, err
	}
	if !o.Via.implicit() {
		if stage, err := s.startTLS(c); err != nil {
			return stage, err
		}
	}
	if o.Via.User != "" {
		if err := s.login(c); err != nil {
			return StageAuth, err
		}
	}
	if err := s.step(StageMail, func() error { return c.Mail("<" + l.From + ">") }); err != nil {
		return StageMail, err
	}
	if err := s.step(StageRcpt, func() error { return c.Rcpt("<" + l.To + ">") }); err != nil {
		return StageRcpt, err
	}
	if err := s.step(StageData, func() error { return s.data(c, text) }); err != nil {
		return StageData, err
	}
	return "", nil
}

func (s *sender) data(c *smtp.Client, text []byte) error {
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	err = w.Close()
	var said *textproto.Error
	if err != nil {
		// The final dot may have arrived and the answer to it may be what is missing.
		s.a.InDoubt = !errors.As(err, &said)
		return err
	}
	if d, ok := w.(*smtp.DataCloser); ok {
		s.a.Reply = without("250 "+s.joined(d.ServerResponse()), s.secrets)
	}
	return nil
}

// config is that of TLS. With a login the certificate must verify; without one, mail is
// sent as between servers: whatever the certificate, and it is said whether it verifies.
func (s *sender) config() *tls.Config {
	conf := &tls.Config{ServerName: s.o.Via.Host, RootCAs: s.o.Roots, MinVersion: tls.VersionTLS12}
	if s.o.Via.User == "" {
		conf.InsecureSkipVerify, conf.MinVersion = true, tls.VersionTLS10
	}
	return conf
}

// secured takes over what a handshake agreed on.
func (s *sender) secured(state tls.ConnectionState) {
	s.a.TLS = strings.TrimPrefix(tls.VersionName(state.Version), "TLS ")
	verified := probe.Verifies(state.PeerCertificates, s.o.Via.Host, s.o.Roots, time.Now())
	s.a.Verified = &verified
}

func (s *sender) handshake(ctx context.Context) error {
	conn := tls.Client(s.conn, s.config())
	if err := conn.HandshakeContext(ctx); err != nil {
		return err
	}
	s.conn = conn
	s.secured(conn.ConnectionState())
	return nil
}

// errRefusal is a reason of our own not to go on.
type errRefusal struct{ why string }

func (e *errRefusal) Error() string { return e.why }

func (s *sender) startTLS(c *smtp.Client) (string, error) {
	if ok, _ := c.Extension("STARTTLS"); !ok {
		if s.o.Via.User != "" {
			return StageSTARTTLS, &errRefusal{"the server does not offer STARTTLS, and no password is sent without TLS (port 465 may have it from the first byte: smtps://)"}
		}
		return "", nil
	}
	err := s.step(StageSTARTTLS, func() error { return c.StartTLS(s.config()) })
	if err != nil {
		return StageSTARTTLS, err
	}
	if state, ok := c.TLSConnectionState(); ok {
		s.secured(state)
	}
	return "", nil
}

// login makes one attempt with one mechanism.
func (s *sender) login(c *smtp.Client) error {
	_, offered := c.Extension("AUTH")
	words := strings.Fields(strings.ToUpper(offered))
	m := s.o.Mechanism
	for _, known := range Mechanisms[:len(Mechanisms)-1] {
		if m == "" && slices.Contains(words, known) {
			m = known
		}
	}
	if m == "" || !slices.Contains(words, m) {
		return &errRefusal{"the server does not offer a login with " + cmp.Or(m, show.Listed(Mechanisms[:len(Mechanisms)-1], 8)) + "; it has " + cmp.Or(show.Listed(words, 8), "none")}
	}
	s.a.Mechanism = m
	user, password, host := s.o.Via.User, s.o.Password, s.o.Via.Host
	var auth smtp.Auth
	switch m {
	case "SCRAM-SHA-256":
		auth = smtp.ScramSHA256Auth(user, password)
	case "SCRAM-SHA-1":
		auth = smtp.ScramSHA1Auth(user, password)
	case "PLAIN":
		auth = smtp.PlainAuth("", user, password, host, false)
	case "LOGIN":
		auth = smtp.LoginAuth(user, password, host, false)
	case "CRAM-MD5":
		auth = smtp.CRAMMD5Auth(user, password)
	case "XOAUTH2":
		auth = smtp.XOAuth2Auth(user, password)
	}
	return s.step(StageAuth, func() error { return c.Auth(auth) })
}

// failed says in the attempt what went wrong, and whether another try may help.
func (s *sender) failed(ctx context.Context, stage string, err error) {
	a := s.a
	a.Stage = stage
	var said *textproto.Error
	var refusal *errRefusal
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &said) && said.Code >= 400 && said.Code <= 599:
		a.Outcome = probe.Rejected4
		if said.Code >= 500 {
			a.Outcome, a.final = probe.Rejected5, true
		}
		a.Reply = without(fmt.Sprintf("%d %s", said.Code, s.joined(said.Msg)), s.secrets)
		a.Cause = s.o.explained(ctx, a.Reply, stage)
		return
	case errors.As(err, &refusal):
		a.Outcome, a.final = probe.NotTried, true
	case errors.As(err, &certificate):
		a.Outcome, a.final = probe.TLSFailed, true
	case stage == StageTLS || stage == StageSTARTTLS:
		a.Outcome = probe.TLSOutcomeOf(err)
	default:
		a.Outcome = probe.OutcomeOf(err)
	}
	a.Reply = without(probe.FailureText(err), s.secrets)
}
