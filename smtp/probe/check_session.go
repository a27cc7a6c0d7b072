package probe

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/resolver"
	"mailworthy/smtp/reply"
)

// session judges a session that was begun.
func (s *sheet) session() {
	e := s.e
	if e.wrongTLS != "" {
		detail := s.subject + " speaks TLS from the first byte: a client that waits for its banner hears nothing."
		if e.wrongTLS == "plain" {
			detail = s.subject + " answers in plain text where TLS is expected from the first byte."
		}
		s.add("smtp-wrong-tls-kind", "", detail)
	} else if e.ok(StepBanner) {
		s.Decided("smtp-wrong-tls-kind")
	}
	if e.TLS != nil {
		s.certificate()
	}
	if len(e.TLSVersions) > 0 {
		s.versions()
	}
	if bad := e.ended(); bad != nil && (bad.Step == StepBanner || bad.Step == StepEHLO || bad.Step == StepTLS && e.step(StepSTARTTLS) == nil) {
		s.broken(bad)
		s.Undecided("smtp-starttls-missing", "smtp-submission-without-tls", "smtp-starttls-broken")
		if !e.ok(StepEHLO) {
			if e.wrongTLS != "" && (s.o.Login != nil || s.o.RelayTo != "" || s.o.Smuggling || s.o.SmugglingTo != "") {
				s.unknown(finding.Error, s.subject+": no session came about, so what else was asked for was not tried.")
			}
			return
		}
	}
	if e.ok(StepBanner) {
		s.banner()
	}
	if e.ok(StepEHLO) {
		s.startTLS()
		s.features()
		s.relay()
		s.login()
	}
	s.policies()
	if b := e.BareLF; b != nil && *b {
		s.add("smtp-bare-lf", "", s.subject+" takes NOOP that ends in a line feed alone. Whether it takes the end of a message so, which is what smuggling needs, this does not show.")
	} else if b != nil {
		s.Decided("smtp-bare-lf")
	} else if s.o.Smuggling && e.ok(StepEHLO) {
		s.unknown(finding.Notice, fmt.Sprintf("%s: whether it takes a command that ends in a bare line feed is not known: %s.", s.subject, cmp.Or(e.openLF, "the session ended before that could be tried")))
	}
	s.smuggling()
	s.slow()
}

// broken judges a session that ended before anything could be asked.
func (s *sheet) broken(bad *Step) {
	e := s.e
	where := fmt.Sprintf("%s, %s: ", s.subject, bad.Step)
	switch {
	case bad.Step == StepTLS:
		if e.wrongTLS == "plain" {
			return
		}
		if bad.Outcome == Timeout {
			s.unknown(finding.Error, where+bad.Detail+".")
			return
		}
		if suite := e.unspoken(); suite != "" {
			s.Undecided("smtp-tls-failed")
			s.unknown(finding.Error, where+unspoken(bad, suite))
			return
		}
		s.add("smtp-tls-failed", "", show.AsSentence(where+bad.Detail))
	case bad.Outcome == Protocol:
		s.add("smtp-protocol", "", show.AsSentence(where+bad.Detail))
	case bad.Outcome == Rejected4 || bad.Outcome == Rejected5:
		x := reply.Default().Explain(bad.Detail, reply.Context{RemoteHost: e.Host, Speaker: reply.Remote, Stage: reply.Stage(bad.Step)})
		title, cause := "SMTP server refuses this client: result unknown", "The server refuses this client; it may accept others"
		if bad.code == 421 {
			title, cause = "SMTP server is busy: result unknown", "The server is busy or limits connections, and is left alone for this run"
		} else if bad.Outcome == Rejected4 {
			title, cause = "SMTP server puts this client off: result unknown", "The server puts this client off for now"
		}
		s.Add("smtp-unresolved", finding.Finding{Title: title, Subject: s.subject, CouldBe: finding.Error, Evidence: s.evidence(),
			Detail: strings.TrimSpace(fmt.Sprintf("%s%s. %s. %s", where, show.Quote(bad.Detail, 300), cause, x.Meaning))})
	default:
		s.unknown(finding.Error, fmt.Sprintf("%s%s. A server that limits or blocks this address does the same: it says nothing about other clients.", where, bad.Detail))
	}
}

// banner judges the name that the server greets with.
func (s *sheet) banner() {
	e := s.e
	if net.ParseIP(e.Host) != nil || e.greeted == "" || e.greeted == e.Host || masked(*e.Banner, nil) {
		return
	}
	s.Decided("smtp-banner-name")
	switch {
	case !strings.Contains(e.greeted, ".") || !resolver.IsHostName(e.greeted) && !strings.HasPrefix(e.greeted, "["):
		s.add("smtp-banner-name", "", fmt.Sprintf("The banner of %s begins with %s, which is no host name with a domain.", s.subject, show.Quote(e.greeted, 80)))
	case resolver.Registrable(e.greeted) != resolver.Registrable(e.Host) && (e.Certificate == nil || !e.Certificate.NameMatches):
		s.add("smtp-banner-name", "", fmt.Sprintf("The banner of %s names %s. A network that redirects port %d to a server of its own looks like this.", s.subject, e.greeted, e.Port))
	}
}

// features judges what the server offers.
func (s *sheet) features() {
	e := s.e
	lines := e.EHLO
	if e.TLS != nil {
		if lines = e.EHLOTLS; len(lines) == 0 {
			return
		}
	}
	for _, want := range []struct{ keyword, id string }{{"PIPELINING", "smtp-no-pipelining"}, {"8BITMIME", "smtp-no-8bitmime"}, {"SIZE", "smtp-no-size"}} {
		s.Decided(want.id)
		if !offers(lines, want.keyword) {
			s.add(want.id, "", s.subject+" does not offer "+want.keyword+".")
		}
	}
	before := authOf(e.EHLO)
	s.Decided("smtp-auth-before-tls")
	if slices.Contains(before, "PLAIN") || slices.Contains(before, "LOGIN") {
		s.add("smtp-auth-before-tls", "", fmt.Sprintf("%s offers AUTH %s before TLS.", s.subject, strings.Join(before, " ")))
	}
	if (e.Port == 465 || e.Port == 587) && e.TLS != nil {
		s.Decided("smtp-auth-missing")
		if len(authOf(e.EHLOTLS)) == 0 && len(before) == 0 {
			s.add("smtp-auth-missing", "", s.subject+" offers no AUTH, not even inside TLS.")
		}
	}
}

// relay judges how the address of --relay-to was answered.
func (s *sheet) relay() {
	e := s.e
	mail, rcpt := e.step(StepMail), e.step(StepRcpt)
	if rcpt == nil {
		return
	}
	_, domain, _ := strings.Cut(s.o.RelayTo, "@")
	own := strings.EqualFold(domain, s.t.domain) || resolver.Registrable(strings.ToLower(domain)) == resolver.Registrable(e.Host)
	said := *rcpt
	if rcpt.Outcome == NotTried {
		said = *mail
	}
	x := reply.Default().Explain(said.Detail, reply.Context{RemoteHost: e.Host, Recipient: s.o.RelayTo, Speaker: reply.Remote, Stage: reply.Stage(said.Step)})
	switch {
	case said.Outcome == OK && own:
		s.add("smtp-relay-suspected", finding.Info, fmt.Sprintf("%s accepts %s, an address of its own domain: this is no relaying.", s.subject, s.o.RelayTo))
	case said.Outcome == OK:
		s.add("smtp-relay-suspected", "", fmt.Sprintf("%s accepts %s from here: %s. It relays for everybody, for the network of this machine, or accepts all recipients and refuses later. No message was sent.", s.subject, s.o.RelayTo, show.Quote(said.Detail, 200)))
	case said.Outcome == Rejected5 && (x.Reason == reply.RelayDenied || x.Reason == reply.LoginRequired || rcpt.Outcome != NotTried && forbidden(x)):
		s.Decided("smtp-relay-suspected")
	default:
		s.unknown(finding.Warning, fmt.Sprintf("%s: whether it relays is not shown by its answer for %s: %s.", s.subject, s.o.RelayTo, cmp.Or(show.Cut(said.Detail, 300), string(said.Outcome))))
	}
}

// forbidden reports whether a reply to RCPT refuses the recipient for a reason of policy
// (5.7). One that is about this client or its sender would have come for any recipient, and
// leaves open whether another client can relay.
func forbidden(x reply.Explanation) bool {
	return strings.HasPrefix(x.Enhanced, "5.7.") && !slices.Contains([]reply.Reason{reply.IPListed, reply.Reputation, reply.PTRRequired, reply.AuthFailure, reply.DNS,
		reply.SenderRejected, reply.DomainUnknown, reply.RateLimited, reply.TooManyConnections, reply.NotCompliant, reply.Spam}, x.Reason)
}

// login judges the login.
func (s *sheet) login() {
	step := s.e.step(StepAuth)
	if step == nil {
		return
	}
	text := fmt.Sprintf("%s: %s.", s.subject, strings.TrimSuffix(step.Detail, "."))
	for _, x := range s.e.Explained {
		if x.Step == StepAuth {
			text += " " + x.Meaning
			if len(x.Next) > 0 {
				text += " " + strings.Join(x.Next[:min(len(x.Next), 4)], " ")
			}
		}
	}
	switch step.Outcome {
	case OK:
		s.Decided("smtp-login-refused")
	case Rejected5:
		s.add("smtp-login-refused", "", text)
	case NotTried:
		if !slices.ContainsFunc(s.t.Endpoints, func(e Endpoint) bool { a := e.step(StepAuth); return a != nil && a.Outcome != NotTried }) {
			s.unknown(finding.Error, text)
		}
	default:
		s.unknown(finding.Error, text)
	}
}

// slow names the steps that took long.
func (s *sheet) slow() {
	s.Decided("smtp-slow")
	for _, st := range s.e.Steps {
		limit := 5 * time.Second
		if st.Step == StepBanner {
			limit = 10 * time.Second
		}
		if st.Outcome == OK && st.duration > limit {
			s.add("smtp-slow", "", fmt.Sprintf("%s took %s for %s.", s.subject, show.Duration(st.DurationMS), st.Step))
		}
	}
}
