package probe

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"time"

	"mailworthy/internal/show"
)

// session is one connection to an endpoint.
type session struct {
	o   *Options
	p   *prober
	e   *Endpoint
	end time.Time
	t   *transcript
	w   *wire
	// name is what TLS is asked for: the host, unless it is an address.
	name string
	from string
	dead bool // the connection is of no more use
}

// plan are the steps of a session in their order, none of them tried.
func (s *session) plan(implicit bool) {
	e := s.e
	done := e.Steps[:min(len(e.Steps), 2)]
	e.Steps = append([]Step{}, done...)
	add := func(name string, inside bool) {
		e.Steps = append(e.Steps, Step{Step: name, Outcome: NotTried, TLS: inside})
	}
	if len(done) == 0 {
		add(StepResolve, false)
	}
	if len(done) < 2 {
		add(StepConnect, false)
	}
	if implicit {
		add(StepTLS, false)
		add(StepBanner, true)
	} else {
		add(StepBanner, false)
		add(StepEHLO, false)
		add(StepSTARTTLS, false)
		add(StepTLS, false)
	}
	add(StepEHLO, true)
	if s.o.Login != nil {
		add(StepAuth, true)
	}
	if s.o.RelayTo != "" {
		add(StepMail, false)
		add(StepRcpt, false)
		add(StepRset, false)
	}
	add(StepQuit, false)
}

// at is the place of a step: the first one of the name that is not tried yet.
func (s *session) at(name string) *Step {
	for i := range s.e.Steps {
		if st := &s.e.Steps[i]; st.Step == name && st.Outcome == NotTried {
			return st
		}
	}
	s.e.Steps = append(s.e.Steps, Step{Step: name, Outcome: NotTried})
	return &s.e.Steps[len(s.e.Steps)-1]
}

// left is how long a step may take: its own bound, or what is left of the target.
func (s *session) left(limit time.Duration) time.Duration {
	return max(min(limit, time.Until(s.end)), 0)
}

// record notes how a step ended and returns whether it was well. A connection that an
// error ended is of no more use.
func (s *session) record(st *Step, began time.Time, a answer, err error) bool {
	st.duration = time.Since(began)
	st.DurationMS = st.duration.Milliseconds()
	st.code = a.code
	if s.w != nil {
		_, st.TLS = s.w.conn.(*tls.Conn)
	}
	switch {
	case err != nil:
		st.Outcome, st.Detail = OutcomeOf(err), FailureText(err)
		if a.code != 0 {
			st.Detail += " (after: " + show.Cut(a.text(), 100) + ")"
		}
		s.t.add("", st.Step+": "+st.Detail)
		s.dead = true
	case a.code >= 500:
		st.Outcome, st.Detail = Rejected5, a.text()
	case a.code >= 400:
		st.Outcome, st.Detail = Rejected4, a.text()
	default:
		st.Outcome, st.Detail = OK, a.text()
	}
	if a.code == 421 {
		s.e.busy, s.dead = true, true
	}
	return st.Outcome == OK
}

// ask sends a command and reads the answer as one step.
func (s *session) ask(name, command, shown string) (answer, bool) {
	st, began := s.at(name), time.Now()
	a, err := s.exchange(command, shown)
	return a, s.record(st, began, a, err)
}

func (s *session) exchange(command, shown string) (answer, error) {
	if err := s.w.conn.SetDeadline(time.Now().Add(s.left(orElse(s.o.StepTimeout, DefaultStep)))); err != nil {
		return answer{}, err
	}
	if err := s.w.send(command, shown); err != nil {
		return answer{}, err
	}
	return s.w.read()
}

// begin has the session as far as EHLO, inside TLS if the server offers it. It returns
// false if there was no greeting. The connection, if there is one, is to be closed.
func (s *session) begin(ctx context.Context) bool {
	implicit := s.o.TLS == "implicit" || s.o.TLS == "" && s.e.Port == 465
	s.plan(implicit)
	conn, ok := s.connect(ctx)
	if !ok {
		return false
	}
	s.w = newWire(conn, s.t)
	if implicit && !s.handshake(ctx) {
		return false
	}
	if !s.greeting(ctx) {
		s.quit()
		return false
	}
	if _, inside := s.w.conn.(*tls.Conn); inside {
		s.e.EHLOTLS = s.ehlo()
	} else {
		s.e.EHLO = s.ehlo()
		if !s.dead && s.startTLS(ctx) {
			s.e.EHLOTLS = s.ehlo()
		}
	}
	return true
}

// run has the session.
func (s *session) run(ctx context.Context) {
	defer func() {
		s.conclude()
		if s.w != nil {
			s.w.conn.Close()
		}
	}()
	if !s.begin(ctx) {
		return
	}
	switch {
	case s.o.Login == nil:
	case s.dead:
		s.at(StepAuth).Detail = "the session ended before the login"
	default:
		s.login()
	}
	if !s.dead && s.o.RelayTo != "" {
		s.relay()
	}
	if !s.dead && s.o.Smuggling && s.e.ok(StepEHLO) {
		s.bareLF()
	}
	s.quit()
}

// conclude takes the transcript over, and hides in all that was made of the replies what
// later ones showed to be a part of a secret.
func (s *session) conclude() {
	e := s.e
	said, hide := s.t.lines()
	e.Transcript = said
	texts := []*string{&e.injected, &e.greeted, &e.openLF, e.Banner}
	for i := range e.Steps {
		texts = append(texts, &e.Steps[i].Detail)
	}
	for i := range e.Explained {
		x := &e.Explained[i]
		texts = append(texts, &x.Reply, &x.Meaning)
	}
	for _, list := range [][]string{e.EHLO, e.EHLOTLS} {
		for i := range list {
			texts = append(texts, &list[i])
		}
	}
	for _, text := range texts {
		if text != nil {
			*text = hide(*text)
		}
	}
}

// bareLF ends a command with a line feed alone. It comes last: a server that waits for
// the rest of the line has no use for another command.
func (s *session) bareLF() {
	s.t.add("client", "NOOP, with a line feed alone")
	err := s.w.conn.SetDeadline(time.Now().Add(s.left(3 * time.Second)))
	if err == nil {
		_, err = io.WriteString(s.w.conn, "NOOP\n")
	}
	var a answer
	if err == nil {
		a, err = s.w.read()
	}
	if err != nil {
		s.t.add("", "a line feed alone: "+FailureText(err))
	}
	yes, no := true, false
	switch outcome := OutcomeOf(err); {
	case err == nil && a.code/100 == 2:
		s.e.BareLF = &yes
	case err == nil && a.code != 421 && a.code >= 500, outcome == Timeout && s.left(time.Second) > 0:
		// Silence: it waits for the end of the line.
		s.e.BareLF = &no
	case err != nil:
		s.e.openLF = FailureText(err)
	default:
		s.e.openLF = show.Cut(a.text(), 300)
	}
	s.dead = err != nil || a.code == 421 || a.code == 521
}

func (s *session) connect(ctx context.Context) (net.Conn, bool) {
	st, began := s.at(StepConnect), time.Now()
	limit := s.left(orElse(s.o.ConnectTimeout, DefaultConnect))
	if limit == 0 {
		st.Detail = "the time of the target was over"
		s.t.add("", st.Step+": "+st.Detail)
		return nil, false
	}
	// A deadline of the context would be that of the connection as well; a cancellation
	// ends the dialing alone.
	whole := ctx
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	timer := time.AfterFunc(limit, cancel)
	defer timer.Stop()
	dialTo := s.o.Dialer.DialGiven
	if s.e.led {
		dialTo = s.o.Dialer.DialContext
	}
	conn, err := dialTo(ctx, "tcp", netip.AddrPortFrom(s.e.addr, s.e.Port).String())
	if err == nil {
		// Whoever gives the run up does not wait for an answer; the end of the time is that of
		// the connection as well.
		context.AfterFunc(whole, func() {
			if errors.Is(whole.Err(), context.Canceled) {
				conn.Close()
			}
		})
	}
	if err == nil {
		s.from = conn.LocalAddr().String()
		s.t.add("", "connected to "+netip.AddrPortFrom(s.e.addr, s.e.Port).String())
	}
	s.e.noIPv6 = s.e.addr.Is6() && noFamily(err)
	return conn, s.record(st, began, answer{}, err)
}

// greeting reads the banner. From a server that says nothing at all it finds out
// whether that waits for TLS.
func (s *session) greeting(ctx context.Context) bool {
	st, began := s.at(StepBanner), time.Now()
	limit := s.left(orElse(s.o.StepTimeout, DefaultStep))
	_, inside := s.w.conn.(*tls.Conn)
	if !inside {
		limit = min(limit, time.Until(s.end)*2/3) // some is left for a handshake
	}
	err := s.w.conn.SetDeadline(time.Now().Add(limit))
	var a answer
	if err == nil {
		a, err = s.w.read()
	}
	if err == nil && a.code/100 == 2 && a.code != 220 || a.code/100 == 3 {
		err = &errProtocol{why: "no greeting: " + show.Cut(a.text(), 100)}
	}
	if a.code != 0 {
		text := a.full()
		s.e.Banner = &text
		if words := strings.Fields(a.text()); len(words) > 1 && a.code == 220 {
			s.e.greeted = strings.ToLower(strings.TrimSuffix(words[1], "."))
		}
	}
	ok := s.record(st, began, a, err)
	if st.Outcome == Timeout && !inside && len(s.t.said) == 2 && s.left(time.Second) > 0 {
		return s.silent(ctx)
	}
	return ok
}

// silent tries TLS with a server that has sent nothing: if the handshake succeeds, TLS
// begins with the first byte on this port.
func (s *session) silent(ctx context.Context) bool {
	before, steps := s.w, append([]Step{}, s.e.Steps...)
	s.plan(true)
	if !s.handshake(ctx) {
		s.e.Steps, s.w, s.e.TLS, s.e.Certificate = steps, before, nil, nil
		return false
	}
	s.dead = false
	if s.e.Port == 25 || s.e.Port == 587 || s.e.Port == 2525 || s.o.TLS == "starttls" {
		s.e.wrongTLS = "implicit"
	}
	return s.greeting(ctx)
}

// handshake speaks TLS on the connection. Whether the certificate is the right one is
// judged afterwards: a session with a wrong one has more to show.
func (s *session) handshake(ctx context.Context) bool {
	st, began := s.at(StepTLS), time.Now()
	limit := s.left(min(orElse(s.o.StepTimeout, DefaultStep), 15*time.Second))
	err := s.w.conn.SetDeadline(time.Now().Add(limit))
	conn := tls.Client(s.w.conn, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, ServerName: s.name, CipherSuites: allSuites()})
	if err == nil {
		err = conn.HandshakeContext(ctx)
	}
	st.duration = time.Since(began)
	st.DurationMS = st.duration.Milliseconds()
	if err != nil {
		st.Outcome, st.Detail = TLSOutcomeOf(err), FailureText(err)
		var header tls.RecordHeaderError
		if errors.As(err, &header) {
			st.Detail = fmt.Sprintf("the server answered in plain text: %s", show.Quote(string(header.RecordHeader[:]), 20))
			if header.RecordHeader[3] == ' ' || header.RecordHeader[3] == '-' {
				if s.e.ok(StepSTARTTLS) {
					s.e.injected = cmp.Or(s.e.injected, string(header.RecordHeader[:]))
				} else if string(header.RecordHeader[:3]) == "220" {
					s.e.wrongTLS = "plain"
				}
			}
		}
		s.t.add("", "tls: "+st.Detail)
		s.dead = true
		return false
	}
	state := conn.ConnectionState()
	s.e.TLS = &TLS{Version: strings.TrimPrefix(tls.VersionName(state.Version), "TLS "), Cipher: tls.CipherSuiteName(state.CipherSuite), Implicit: s.e.step(StepSTARTTLS) == nil}
	s.e.chain = state.PeerCertificates
	s.e.Certificate = describe(state.PeerCertificates, s.e.Host, s.o.Roots, s.o.Now)
	st.Outcome, st.Detail = OK, "TLS "+s.e.TLS.Version+" "+s.e.TLS.Cipher
	s.t.add("", "tls: "+st.Detail)
	s.w = newWire(conn, s.t)
	return true
}

// allSuites are the cipher suites that crypto/tls has, also those that it does not offer by
// itself: mail servers speak them with senders that have OpenSSL, so they are not broken.
func allSuites() []uint16 {
	var out []uint16
	for _, list := range [][]*tls.CipherSuite{tls.CipherSuites(), tls.InsecureCipherSuites()} {
		for _, c := range list {
			out = append(out, c.ID)
		}
	}
	return out
}

// ehlo greets and returns the keywords. A server that does not know EHLO is greeted with
// HELO (RFC 5321, 3.2).
func (s *session) ehlo() []string {
	name := s.o.HELO
	if name == "" {
		name = AddressLiteral(s.w.conn.LocalAddr())
	}
	st, began := s.at(StepEHLO), time.Now()
	a, err := s.exchange("EHLO "+name, "")
	if err == nil && a.code >= 500 && a.code <= 504 {
		var old answer
		if old, err = s.exchange("HELO "+name, ""); err == nil && old.code == 250 {
			s.record(st, began, old, nil)
			st.Detail += " (HELO: the server does not know EHLO)"
			return []string{}
		}
		a = old
	}
	if err == nil && a.code/100 < 4 && a.code != 250 {
		err = &errProtocol{why: "no answer to EHLO: " + show.Cut(a.text(), 100)}
	}
	if !s.record(st, began, a, err) {
		return []string{}
	}
	st.Detail = a.lines[0]
	return append([]string{}, a.lines[1:]...)
}

// AddressLiteral is the address of this end of a connection as a name to greet with
// (RFC 5321, 4.1.3).
func AddressLiteral(a net.Addr) string {
	at, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return "[127.0.0.1]"
	}
	if addr := at.Addr().Unmap().WithZone(""); addr.Is4() {
		return "[" + addr.String() + "]"
	}
	return "[IPv6:" + at.Addr().WithZone("").String() + "]"
}

// startTLS changes to TLS if the server offers it. What was said before counts for
// nothing afterwards (RFC 3207, 4.2).
func (s *session) startTLS(ctx context.Context) bool {
	if !s.e.ok(StepEHLO) {
		return false
	}
	if !offers(s.e.EHLO, "STARTTLS") {
		s.at(StepSTARTTLS).Detail = "not offered"
		return false
	}
	a, ok := s.ask(StepSTARTTLS, "STARTTLS", "")
	if !ok {
		return false
	}
	if a.code != 220 {
		st := s.e.step(StepSTARTTLS)
		st.Outcome = Protocol
		return false
	}
	if n := s.w.r.Buffered(); n > 0 {
		// A response injection: it came before the handshake and would be read after it.
		extra, _ := s.w.r.Peek(n)
		s.t.hear(string(extra))
		s.e.injected = strings.Join(s.t.reply(), "")
		s.t.add("", "plain text after the answer to STARTTLS, dropped")
	}
	return s.handshake(ctx)
}

// relay tries MAIL and RCPT with the address that the user stated, and takes it back:
// no message is ever sent.
func (s *session) relay() {
	from := "<>"
	if s.o.HELO != "" && !strings.HasPrefix(s.o.HELO, "[") {
		from = "<probe@" + s.o.HELO + ">"
	}
	if _, ok := s.ask(StepMail, "MAIL FROM:"+from, ""); ok {
		s.ask(StepRcpt, "RCPT TO:<"+s.o.RelayTo+">", "")
	}
	if !s.dead {
		s.ask(StepRset, "RSET", "")
	}
}

func (s *session) quit() {
	if !s.dead {
		s.ask(StepQuit, "QUIT", "")
	}
}
