package probe

import (
	"cmp"
	"crypto/hmac"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"mailworthy/internal/redact"
	"mailworthy/internal/show"
	"mailworthy/provider"
	"mailworthy/smtp/reply"
)

// Mechanisms are those that a login can be tried with, in the order of the attempts.
// XOAUTH2 takes an access token in place of the password, and is tried only if it is
// named.
var Mechanisms = []string{"PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256", "SCRAM-SHA-1", "XOAUTH2"}

// Login is a user name and its password. It is sent inside verified TLS alone.
type Login struct {
	User, Password string
	// Mechanisms to try; none: all but XOAUTH2 as the server offers them.
	Mechanisms []string
	// Service says what it wants as user name and password; nil: found by the host.
	Service *provider.Service
	// Catalogue has the services to find it in; nil: the one of the program.
	Catalogue *provider.Catalogue
}

// login tries the mechanisms that the server offers inside TLS, each once in a run. A
// server that has judged the password is not asked again: blocks follow repeated
// failures.
func (s *session) login() {
	st := s.at(StepAuth)
	e, l := s.e, s.o.Login
	offered := authOf(e.EHLOTLS)
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	switch {
	case e.TLS == nil:
		st.Detail = "no password is sent without TLS"
	case e.Certificate == nil || e.Certificate.Verified == nil || !*e.Certificate.Verified:
		st.Detail = "no password is sent to a server whose certificate does not verify"
	case len(offered) == 0:
		st.Detail = "the server offers no login here"
	case s.p.answered:
		st.Detail = "a server has answered this login: it is tried once"
	}
	if st.Detail != "" {
		return
	}
	wanted := l.Mechanisms
	if len(wanted) == 0 {
		wanted = Mechanisms[:len(Mechanisms)-1]
	}
	began, any := time.Now(), false
	for _, m := range wanted {
		if !slices.Contains(offered, m) || s.p.tried[m] != "" {
			continue
		}
		any = true
		s.p.tried[m] = e.Host
		a, note, err := s.attempt(m)
		ok := s.record(st, began, a, err)
		st.Detail = strings.TrimSpace(m + ": " + st.Detail)
		if note != "" {
			st.Detail += " (" + note + ")"
		}
		if err != nil {
			return
		}
		if ok && a.code != 235 {
			st.Outcome = Protocol
			return
		}
		s.p.answered = s.p.answered || ok || a.code == 535 || a.code == 454 || a.code == 432 || a.code == 421
		if ok {
			e.mechanism = m
		} else {
			s.explain(StepAuth, &a, l)
		}
		if ok || s.p.answered || s.dead {
			return
		}
	}
	if !any {
		not := "none of " + show.Listed(wanted, 8)
		if len(wanted) == 1 {
			not = "no " + wanted[0]
		}
		st.Detail = not + " is offered; the server has " + show.Listed(offered, 8)
	}
}

// attempt has the exchange of one mechanism (RFC 4954, 4).
func (s *session) attempt(mechanism string) (a answer, note string, err error) {
	l := s.o.Login
	b64 := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	hide := func(text string) string { s.t.secrets.Add(text); return text }
	const hidden = redact.Hidden
	switch mechanism {
	case "PLAIN":
		secret := hide(b64("\x00" + l.User + "\x00" + l.Password))
		if len("AUTH PLAIN ")+len(secret)+2 <= 512 {
			a, err = s.exchange("AUTH PLAIN "+secret, "AUTH PLAIN "+hidden)
			return a, "", err
		}
		if a, err = s.exchange("AUTH PLAIN", ""); err == nil && a.code == 334 {
			a, err = s.exchange(secret, hidden)
		}
	case "LOGIN":
		if a, err = s.exchange("AUTH LOGIN", ""); err == nil && a.code == 334 {
			if a, err = s.exchange(b64(l.User), hidden); err == nil && a.code == 334 {
				a, err = s.exchange(b64(l.Password), hidden)
			}
		}
	case "CRAM-MD5":
		if a, err = s.exchange("AUTH CRAM-MD5", ""); err == nil && a.code == 334 {
			challenge, bad := base64.StdEncoding.DecodeString(strings.TrimSpace(strings.Join(a.lines, "")))
			if bad != nil {
				a, err = s.exchange("*", "")
				return a, "the challenge is not base64", err
			}
			mac := hmac.New(md5.New, []byte(l.Password)) // RFC 2195
			mac.Write(challenge)
			digest := hex.EncodeToString(mac.Sum(nil))
			a, err = s.exchange(hide(b64(l.User+" "+hide(digest))), hidden)
		}
	case "SCRAM-SHA-256", "SCRAM-SHA-1":
		return s.scram(mechanism)
	case "XOAUTH2":
		secret := hide(b64("user=" + l.User + "\x01auth=Bearer " + l.Password + "\x01\x01"))
		if a, err = s.exchange("AUTH XOAUTH2 "+secret, "AUTH XOAUTH2 "+hidden); err == nil && a.code == 334 {
			// The token is refused, and the answer says why; an empty line gets the reply.
			note = s.t.secrets.Without(tokenText(strings.Join(a.lines, "")))
			a, err = s.exchange("", "(empty line)")
		}
	default:
		return a, "", errors.New("no such mechanism")
	}
	if err == nil && a.code == 334 {
		a, err = s.exchange("*", "") // it asks for more than the mechanism has
		note = "the server asked for more than the mechanism has"
	}
	return a, note, err
}

// scram has the exchange of RFC 5802 and 7677: the password itself is never sent, and the
// server proves that it knows it as well.
func (s *session) scram(mechanism string) (a answer, note string, err error) {
	auth := smtp.ScramSHA256Auth(s.o.Login.User, s.o.Login.Password)
	if mechanism == "SCRAM-SHA-1" {
		auth = smtp.ScramSHA1Auth(s.o.Login.User, s.o.Login.Password)
	}
	if _, _, err = auth.Start(&smtp.ServerInfo{Name: s.e.Host, TLS: true}); err != nil {
		return a, "", err
	}
	a, err = s.exchange("AUTH "+mechanism, "")
	// Three challenges: an empty one, that of the server, and its proof.
	for n := 0; err == nil && a.code == 334 && n < 4; n++ {
		challenge, bad := base64.StdEncoding.DecodeString(strings.TrimSpace(strings.Join(a.lines, "")))
		var response []byte
		if bad == nil {
			response, bad = auth.Next(challenge, true)
		}
		if bad != nil {
			note = "the server's side of the exchange is wrong: " + show.Cut(s.t.secrets.Without(bad.Error()), 100)
			a, err = s.exchange("*", "")
			return a, note, err
		}
		secret := base64.StdEncoding.EncodeToString(response)
		s.t.secrets.Add(secret)
		a, err = s.exchange(secret, redact.Hidden)
	}
	return a, "", err
}

// tokenText says what the JSON of a refused token says.
func tokenText(text string) string {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	var said struct{ Status, Scope, Schemes string }
	if err != nil || json.Unmarshal(raw, &said) != nil {
		return ""
	}
	return fmt.Sprintf("token refused: status %s, scope %s", cmp.Or(show.Cut(said.Status, 40), "not stated"), cmp.Or(show.Cut(said.Scope, 100), "not stated"))
}

// explain adds what a reply means, with the habits of the service behind the host.
func (s *session) explain(step string, a *answer, l *Login) {
	x := reply.Default().Explain(a.text(), reply.Context{RemoteHost: s.e.Host, Stage: reply.Stage(step), Speaker: reply.Remote})
	out := Explained{Step: step, Reply: a.text(), Reason: string(x.Reason), Meaning: x.Meaning, Next: append([]string{}, x.Next...)}
	if step == StepAuth {
		out.Next = append(habits(l, s.e.Host), out.Next...)
	}
	s.e.Explained = append(s.e.Explained, out)
}

// habits are what the service wants as user name and password.
func habits(l *Login, host string) []string {
	service := l.Service
	if service == nil {
		service = ServiceOf(l.Catalogue, host)
	}
	if service == nil || service.SMTP == nil {
		return nil
	}
	var out []string
	m := service.SMTP
	if m.User != "" {
		out = append(out, service.Name+"'s user name: "+m.User+".")
	}
	if m.Password != "" {
		out = append(out, service.Name+"'s password: "+m.Password+".")
	}
	return out
}

// ServiceOf returns the service whose SMTP host this is; nil if none is known. The
// catalogue is that of the program if it is nil.
func ServiceOf(c *provider.Catalogue, host string) *provider.Service {
	if c == nil {
		c = provider.Builtin()
	}
	for _, s := range c.All() {
		if s.SMTP == nil {
			continue
		}
		regions := append([]provider.Region{{}}, s.Regions...)
		for _, r := range regions {
			v := provider.NewValues(s)
			for k, value := range r.Vars {
				v.Vars[k] = value
			}
			if strings.EqualFold(v.Fill(s.SMTP.Host), host) || s.SMTP.Relay != "" && strings.EqualFold(v.Fill(s.SMTP.Relay), host) {
				return s
			}
		}
	}
	return nil
}
