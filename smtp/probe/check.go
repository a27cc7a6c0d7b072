package probe

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/resolver"
	"mailworthy/smtp/reply"
)

// soon is how long before its end a certificate is reported.
const soon = 14 * 24 * time.Hour

// judge turns what was seen into findings.
func judge(r *Report, o *Options, answered bool) {
	v := &view{o: o, ports: map[uint16]bool{}}
	if answered { // in the same run, on the port of MX hosts
		v.any, v.ports[25] = true, true
	}
	for i := range r.Targets {
		for k := range r.Targets[i].Endpoints {
			v.see(&r.Targets[i].Endpoints[k])
		}
	}
	for i := range r.Targets {
		v.target(&r.Targets[i])
	}
}

// view is what is known of the network here from all endpoints of a run, and what has
// been said of it already.
type view struct {
	o *Options
	// ports are those that something answered on, any is that one did.
	ports            map[uint16]bool
	any              bool
	said25, saidIPv6 bool
}

func (v *view) see(e *Endpoint) {
	if c := e.step(StepConnect); c != nil && (c.Outcome == OK || c.Outcome == Refused || c.Outcome == Reset) {
		v.any, v.ports[e.Port] = true, true
	}
}

// sheet gathers the findings of one target.
type sheet struct {
	*finding.Sheet
	o       *Options
	t       *Target
	subject string
	e       *Endpoint
}

func (v *view) target(t *Target) {
	s := &sheet{Sheet: finding.NewSheet(checkList, t.Target), o: v.o, t: t, subject: t.Target}
	defer func() { t.Findings = append([]finding.Finding{}, s.Findings()...) }()
	switch {
	case t.unknown != "":
		s.unknown(finding.Error, show.AsSentence(t.unknown))
		return
	case t.nullMX:
		s.Add("smtp-no-host-reachable", finding.Finding{Severity: finding.Info, Title: "The domain takes no mail (null MX)", Evidence: t.evidence,
			Detail: t.Target + " publishes a null MX (RFC 7505): there is no server to probe."})
		return
	}
	var dead []*Endpoint
	connected, open := 0, 0
	for i := range t.Endpoints {
		e := &t.Endpoints[i]
		s.e, s.subject = e, s.name(e)
		switch {
		case e.ok(StepConnect):
			connected++
			s.session()
		case v.unreached(s, e):
			dead = append(dead, e)
		default:
			open++
		}
	}
	if connected > 0 || len(dead) > 0 {
		s.Decided("smtp-no-host-reachable")
	}
	if open > 0 {
		s.Undecided("smtp-no-host-reachable", "smtp-host-unreachable")
	}
	switch {
	case len(dead) == 0:
		s.Decided("smtp-host-unreachable")
	case connected+open == 0:
		var lines []string
		for _, e := range dead {
			lines = append(lines, s.name(e)+": "+e.ended().Detail)
		}
		s.e, s.subject = dead[0], t.Target
		s.dead("smtp-no-host-reachable", show.AsSentence(show.Listed(lines, 6)), dead...)
	default:
		for _, e := range dead {
			if !s.matters(e) {
				continue
			}
			s.e, s.subject = e, s.name(e)
			s.dead("smtp-host-unreachable", show.AsSentence(s.name(e)+": "+e.ended().Detail), e)
		}
	}
}

// dead adds the finding about endpoints that cannot be reached. A server that has no
// address need not be started.
func (s *sheet) dead(id, detail string, list ...*Endpoint) {
	s.add(id, "", detail)
	var hosts []string
	for _, e := range list {
		if e.step(StepResolve).Outcome != Unreachable {
			return
		}
		if !slices.Contains(hosts, e.Host) {
			hosts = append(hosts, e.Host)
		}
	}
	found := s.Found()
	found[len(found)-1].Fix.Summary = fmt.Sprintf("Publish an A or AAAA record of %s, or name a host that has one.", show.Listed(hosts, 6))
}

// name is what a finding calls an endpoint: the host and port, with the address if the
// host has several.
func (s *sheet) name(e *Endpoint) string {
	name := net.JoinHostPort(e.Host, strconv.Itoa(int(e.Port)))
	for i := range s.t.Endpoints {
		if o := &s.t.Endpoints[i]; o.Host == e.Host && o.Port == e.Port && o.Address != e.Address {
			return name + " (" + e.Address + ")"
		}
	}
	return name
}

// matters reports whether a closed port is worth a finding: of the ports that nobody
// asked for, one that is open is enough.
func (s *sheet) matters(e *Endpoint) bool {
	if e.led || len(s.o.Ports) > 0 || len(s.t.Endpoints) == 1 {
		return true
	}
	return !slices.ContainsFunc(s.t.Endpoints, func(o Endpoint) bool { return o.Address == e.Address && o.ok(StepConnect) })
}

// unreached judges an endpoint that could not be connected to: true if that is the
// server's doing, false if it is not known whose, which has been said then.
func (v *view) unreached(s *sheet, e *Endpoint) bool {
	resolve, connect := e.step(StepResolve), e.step(StepConnect)
	if resolve.Outcome != OK {
		if resolve.Outcome == Unreachable {
			return true
		}
		s.unknown(finding.Error, fmt.Sprintf("The addresses of %s cannot be known: %s.", e.Host, resolve.Detail))
		return false
	}
	switch connect.Outcome {
	case Refused:
		return true
	case Reset:
		s.unknown(finding.Error, fmt.Sprintf("%s: %s as soon as it was made. A firewall that blocks this address does the same: it says nothing about other clients.", s.subject, connect.Detail))
	case NotTried, Protocol:
		s.unknown(finding.Error, fmt.Sprintf("%s was not connected to: %s.", s.subject, connect.Detail))
	case Timeout, Unreachable:
		switch {
		case e.noIPv6:
			if !v.saidIPv6 {
				v.saidIPv6 = true
				s.unknown(finding.Warning, fmt.Sprintf("This machine has no IPv6 (%s): %s and other IPv6 addresses cannot be probed from here.", connect.Detail, e.Address))
			}
		case v.ports[e.Port]:
			return true
		case e.Port == 25:
			if !v.said25 {
				v.said25 = true
				other := "Nothing else was reached either."
				if v.any {
					other = "Other ports can be connected to."
				}
				s.unknown(finding.Error, fmt.Sprintf("No connection to port 25 was answered (%s: %s). %s Most clouds and home networks block outgoing port 25: probe from a mail server, or --port 587,465.", s.subject, connect.Detail, other))
			}
		default:
			if s.matters(e) {
				s.unknown(finding.Error, fmt.Sprintf("%s: %s. Whether the server is down or a firewall between here and there drops the connection cannot be told from here.", s.subject, connect.Detail))
			}
		}
	}
	return false
}

func (s *sheet) evidence() []finding.Evidence {
	e := s.e
	if e == nil {
		return s.t.evidence
	}
	ev := finding.Evidence{Kind: finding.Connection, Name: net.JoinHostPort(e.Host, strconv.Itoa(int(e.Port))), Type: "SMTP", Server: e.Address, Status: string(OK)}
	if bad := e.ended(); bad != nil {
		ev.Status = string(bad.Outcome)
	} else if !e.ok(StepConnect) {
		ev.Status, ev.Server = string(NotTried), ""
	}
	if e.Banner != nil {
		ev.Answer = append(ev.Answer, *e.Banner)
	}
	return []finding.Evidence{ev}
}

func (s *sheet) add(id string, severity finding.Severity, detail string, more ...finding.Evidence) {
	f := finding.Finding{Severity: severity, Subject: s.subject, Detail: detail, Evidence: append(s.evidence(), more...)}
	if c, ok := checkList.Find(id); ok && severity != finding.Info {
		f.Fix = &finding.Fix{Summary: c.Remedy}
	}
	s.Add(id, f)
}

// unknown says what cannot be known, and how bad it could be.
func (s *sheet) unknown(couldBe finding.Severity, detail string, more ...finding.Evidence) {
	s.Add("smtp-unresolved", finding.Finding{Subject: s.subject, Detail: detail, CouldBe: couldBe, Evidence: append(s.evidence(), more...)})
}

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
		cause := "The server refuses this client; it may accept others"
		if bad.code == 421 {
			cause = "The server is busy or limits connections, and is left alone for this run"
		} else if bad.Outcome == Rejected4 {
			cause = "The server puts this client off for now"
		}
		s.unknown(finding.Error, strings.TrimSpace(fmt.Sprintf("%s%s. %s. %s", where, show.Quote(bad.Detail, 300), cause, x.Meaning)))
	default:
		s.unknown(finding.Error, fmt.Sprintf("%s%s. A server that limits or blocks this address does the same: it says nothing about other clients.", where, bad.Detail))
	}
}

// unspoken is the suite that a server chose whose handshake failed: one that this program
// cannot go on with. Empty: it chose none, or one that the handshake had.
func (e *Endpoint) unspoken() string {
	if e.other == nil || slices.ContainsFunc(allSuites(), func(id uint16) bool { return tls.CipherSuiteName(id) == e.other.Cipher }) {
		return ""
	}
	return e.other.Cipher
}

func unspoken(handshake *Step, suite string) string {
	return fmt.Sprintf("%s. It chooses %s, which this program does not have, and many clients do not either; those with OpenSSL do. Its certificate cannot be seen from here.",
		strings.TrimSuffix(handshake.Detail, "."), suite)
}

// certificate judges the certificate and the version of TLS.
func (s *sheet) certificate() {
	e, c := s.e, s.e.Certificate
	severity := finding.Error
	if !e.submission() {
		severity = finding.Warning
	}
	s.Decided("smtp-tls-old-only", "smtp-tls-failed")
	if e.TLS.Version == "1.0" || e.TLS.Version == "1.1" {
		s.add("smtp-tls-old-only", "", fmt.Sprintf("%s chose TLS %s when 1.2 and 1.3 were offered as well.", s.subject, e.TLS.Version))
	}
	if c == nil {
		return
	}
	s.Decided("smtp-certificate-expired", "smtp-certificate-name", "smtp-certificate-expires-soon", "smtp-certificate-weak")
	switch left := c.NotAfter.Sub(s.o.Now); {
	case c.Expired:
		s.add("smtp-certificate-expired", severity, fmt.Sprintf("The certificate of %s expired on %s.", s.subject, c.NotAfter.Format(time.DateOnly)))
	case c.NotBefore.After(s.o.Now):
		s.add("smtp-certificate-expired", severity, fmt.Sprintf("The certificate of %s is valid from %s only.", s.subject, c.NotBefore.Format(time.DateOnly)))
	case left < soon:
		s.add("smtp-certificate-expires-soon", "", fmt.Sprintf("The certificate of %s expires on %s, in %s.", s.subject, c.NotAfter.Format(time.DateOnly), show.Counted(int(left.Hours()/24), "day")))
	}
	if e.askedFor != "" {
		s.Undecided("smtp-certificate-name", "smtp-certificate-untrusted")
		return
	}
	if !c.NameMatches {
		names := cmp.Or(show.Listed(c.Names, 6), "no name at all")
		s.add("smtp-certificate-name", severity, fmt.Sprintf("The certificate is for %s, and %s was connected to.", names, e.Host))
	}
	switch {
	case c.Trusted == nil:
		s.Undecided("smtp-certificate-untrusted")
		s.unknown(severity, "Whether the certificate of "+s.subject+" is trusted is not known: this machine has no root certificates. --tls-ca names a file of them.")
	case !*c.Trusted && c.Result == "certificate-expired" && !c.Expired:
		s.add("smtp-certificate-expired", severity, fmt.Sprintf("A certificate in the chain of %s has expired.", s.subject))
	case !*c.Trusted:
		low := finding.Error
		if !e.submission() {
			low = finding.Notice // senders use TLS without looking at it, unless a policy demands it
		}
		s.add("smtp-certificate-untrusted", low, fmt.Sprintf("The certificate of %s does not verify: %s.", s.subject, c.Reasons[len(c.Reasons)-1]))
	default:
		s.Decided("smtp-certificate-untrusted")
	}
	var weak []string
	if c.Key == "RSA" && c.KeyBits < 2048 {
		weak = append(weak, fmt.Sprintf("its RSA key has %d bits", c.KeyBits))
	}
	if strings.Contains(c.Signature, "SHA1") || strings.Contains(c.Signature, "MD5") {
		weak = append(weak, "it is signed with "+c.Signature)
	}
	if len(weak) > 0 {
		s.add("smtp-certificate-weak", "", "The certificate of "+s.subject+" is weak: "+strings.Join(weak, ", ")+".")
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

// startTLS judges whether and how TLS was begun.
func (s *sheet) startTLS() {
	e := s.e
	step := e.step(StepSTARTTLS)
	if step == nil || e.TLS != nil && e.TLS.Implicit {
		s.Decided("smtp-starttls-missing", "smtp-submission-without-tls")
		return
	}
	if e.Banner != nil && masked(*e.Banner, e.EHLO) {
		s.Undecided("smtp-starttls-missing", "smtp-submission-without-tls", "smtp-starttls-broken")
		s.unknown(finding.Error, s.subject+": a firewall on the way rewrites SMTP (Cisco's ESMTP inspection writes **** over the banner and XXXX over STARTTLS): whether the server offers STARTTLS cannot be seen from here.")
		return
	}
	if e.injected != "" {
		s.add("smtp-injection", "", fmt.Sprintf("After the answer to STARTTLS, %s sent %s in plain text.", s.subject, show.Quote(e.injected, 120)))
	}
	handshake := e.step(StepTLS)
	switch {
	case !offers(e.EHLO, "STARTTLS") && e.submission():
		s.add("smtp-submission-without-tls", "", s.subject+" answers EHLO without STARTTLS.")
	case !offers(e.EHLO, "STARTTLS"):
		s.add("smtp-starttls-missing", "", s.subject+" answers EHLO without STARTTLS: "+cmp.Or(show.Listed(e.EHLO, 12), "no extensions")+".")
	case step.Outcome == Rejected5 || step.Outcome == Protocol:
		s.add("smtp-starttls-broken", "", fmt.Sprintf("%s offers STARTTLS and answers it with %s.", s.subject, show.Quote(step.Detail, 200)))
	case step.Outcome != OK:
		s.unknown(finding.Error, fmt.Sprintf("%s offers STARTTLS; it was not answered this time: %s.", s.subject, step.Detail))
		s.Undecided("smtp-starttls-broken")
	case handshake.Outcome == Timeout:
		s.unknown(finding.Error, fmt.Sprintf("%s, TLS handshake: %s.", s.subject, handshake.Detail))
		s.Undecided("smtp-starttls-broken")
	case handshake.Outcome != OK && e.unspoken() != "":
		s.unknown(finding.Error, fmt.Sprintf("%s, TLS handshake: %s", s.subject, unspoken(handshake, e.unspoken())))
		s.Undecided("smtp-starttls-broken")
	case handshake.Outcome != OK && e.injected == "":
		s.add("smtp-starttls-broken", "", fmt.Sprintf("%s answers STARTTLS with 220, and then the handshake fails: %s.", s.subject, handshake.Detail))
	case offers(e.EHLOTLS, "STARTTLS"):
		s.add("smtp-starttls-broken", finding.Warning, s.subject+" offers STARTTLS again inside TLS.")
	}
	s.Decided("smtp-starttls-missing", "smtp-submission-without-tls")
	if offers(e.EHLO, "STARTTLS") {
		s.Decided("smtp-starttls-broken")
	}
	if step.Outcome == OK {
		s.Decided("smtp-injection")
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
