package probe

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"mailworthy/finding"
	"mailworthy/internal/field"
	"mailworthy/internal/show"
	"mailworthy/resolver"
)

// EndOfData is an end of a message that SMTP does not have (RFC 5321, 4.1.1.4), and
// whether the server took it for one: then what follows is a second message that somebody
// hid in the first.
type EndOfData struct {
	// Sent is what stood in place of <CR><LF>.<CR><LF>.
	Sent string `json:"sent"`
	// Taken: the server took it for the end; null if its answers do not show it.
	Taken *bool `json:"taken"`
	// Detail is what the server answered, or why nothing is known. Text of the server is in
	// it: raw.
	Detail string `json:"detail"`
}

// endsOfData are those that servers were found to take (CVE-2023-51764, 51765, 51766).
var endsOfData = []string{"\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n.\r"}

// spelled is an end of data as it is written in advisories.
func spelled(end string) string {
	return strings.NewReplacer("\r\n", "<CR><LF>", "\r", "<CR>", "\n", "<LF>").Replace(end)
}

// CheckMailboxes returns an error if a message is to be sent, and one of the targets is no
// server of its mailbox (CheckMailbox). It is a *field.Error of "smuggling_to".
func CheckMailboxes(ctx context.Context, targets []Spec, o Options) error {
	if o.SmugglingTo == "" {
		return nil
	}
	for _, target := range targets {
		if err := CheckMailbox(ctx, o.Resolver, target, o.SmugglingTo); err != nil {
			return field.Because("smuggling_to", err)
		}
	}
	return nil
}

// CheckMailbox returns an error if a target is no server of the mailbox: of its domain, one of
// its MX hosts, or this machine. Messages go nowhere else. What the MX records of another
// domain lead to is looked at host by host, whoever's domain that is.
func CheckMailbox(ctx context.Context, r resolver.Resolver, s Spec, mailbox string) error {
	domain := strings.ToLower(mailbox[strings.LastIndexByte(mailbox, '@')+1:])
	if s.addr.IsLoopback() || loopbackName(s.Host) || s.Port == 0 && s.Host == domain {
		return nil
	}
	foreign := fmt.Errorf("%s is no mailbox at %s: that is neither a host of %s nor one of its MX hosts", mailbox, s.Text, domain)
	if s.addr.IsValid() {
		return foreign
	}
	mx := func(name string) (hosts []string, err error) {
		a, err := r.Lookup(ctx, name, resolver.TypeMX)
		if err != nil {
			return nil, fmt.Errorf("whether %s takes mail for %s cannot be known: %w", s.Text, mailbox, err)
		}
		for _, rec := range a.Records {
			hosts = append(hosts, rec.Host)
		}
		return hosts, nil
	}
	hosts := []string{s.Host}
	if s.Port == 0 {
		found, err := mx(s.Host)
		if err != nil {
			return err
		}
		if len(found) > 0 {
			hosts = found
		}
	}
	hosts = slices.DeleteFunc(hosts, func(h string) bool { return resolver.Registrable(h) == resolver.Registrable(domain) })
	if len(hosts) == 0 {
		return nil
	}
	own, err := mx(domain)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(hosts, func(h string) bool { return !slices.Contains(own, h) }) {
		return foreign
	}
	return nil
}

// smuggling sends a message with each end of data to the mailbox of the user, in a session
// of its own: only if a session is read to its end can its answers be counted. What follows
// the end is no second message: a command that no server has.
func (p *prober) smuggling(ctx context.Context, e *Endpoint, end time.Time) {
	if !e.ok(StepEHLO) {
		return
	}
	for _, sent := range endsOfData {
		out := EndOfData{Sent: spelled(sent)}
		var s *session
		if s, out.Detail = p.ready(ctx, e, end); s != nil {
			out.Taken, out.Detail = s.endOfData(sent)
			s.w.conn.Close()
			p.ended(s)
		}
		e.EndsOfData = append(e.EndsOfData, out)
	}
}

// ready makes another session with an endpoint as far as EHLO, and the login if that was
// accepted. Nil: it did not come to that, and why.
func (p *prober) ready(ctx context.Context, e *Endpoint, end time.Time) (*session, string) {
	switch {
	case p.isBusy(e.addr):
		return nil, leftAlone
	case ctx.Err() != nil || !time.Now().Before(end):
		return nil, "the time was over before that could be tried"
	}
	s := p.another(e, end)
	ok := s.begin(ctx)
	p.ended(s)
	why := "the session ended before EHLO was answered"
	if bad := s.e.ended(); bad != nil {
		why = bad.Step + ": " + bad.Detail
	}
	switch c := s.e.Certificate; {
	case s.w == nil:
		return nil, why
	case !ok || s.dead || !s.e.ok(StepEHLO):
	case e.mechanism == "":
		return s, ""
	case c == nil || c.Verified == nil || !*c.Verified:
		why = "no password is sent to a server whose certificate does not verify"
	default:
		a, _, err := s.attempt(e.mechanism)
		if err == nil && a.code == 235 {
			return s, ""
		}
		why = "the login failed this time"
	}
	s.w.conn.Close()
	return nil, why
}

// endOfData sends a message that has an end of data in its middle, and says whether the
// server took it for the end. Then it answers what follows as commands: X-PROBE, and the dot
// that ends the message, at which some hang up. That comes without a command of ours, or
// else the answers of the session are counted; a server that answers more or fewer than
// either makes shows nothing.
func (s *session) endOfData(sent string) (taken *bool, detail string) {
	from, to := "<>", "<"+s.o.SmugglingTo+">"
	if s.o.Login != nil {
		from = to // a server may want a sender of who is logged in
	}
	for _, command := range []string{"MAIL FROM:" + from, "RCPT TO:" + to, "DATA"} {
		a, err := s.exchange(command, "")
		word, _, _ := strings.Cut(command, ":")
		switch {
		case err != nil:
			return nil, FailureText(err)
		case a.code == 421:
			s.e.busy = true
			return nil, word + ": " + a.text()
		case a.code >= 300 && word != "DATA", a.code != 354 && word == "DATA":
			_, _ = s.exchange("QUIT", "")
			return nil, word + ": " + a.text()
		case s.w.r.Buffered() > 0:
			return nil, "it answers more than it was asked: " + a.text()
		}
	}
	name := spelled(sent)
	s.t.add("client", "a message with "+name+" in its middle")
	id := fmt.Sprintf("%s.%d", time.Now().UTC().Format("20060102150405"), slices.Index(endsOfData, sent))
	text := "From: " + to + "\r\nTo: " + to + "\r\nSubject: mailworthy: where does a message end (" + name + ")\r\nDate: " + s.o.Now.Format(time.RFC1123Z) +
		"\r\nMessage-ID: <" + id + s.o.SmugglingTo[strings.LastIndexByte(s.o.SmugglingTo, '@'):] + ">\r\nAuto-Submitted: auto-generated\r\n\r\n" +
		"A test of this mail server, sent by: mailworthy probe --smuggling-to\r\nIf X-PROBE stands below, it did not take " + name + " for the end of a message, as is right."
	err := s.w.conn.SetDeadline(time.Now().Add(s.left(orElse(s.o.StepTimeout, DefaultStep))))
	if err == nil {
		_, err = io.WriteString(s.w.conn, text+sent+"X-PROBE\r\n.\r\n")
	}
	var first answer
	if err == nil {
		first, err = s.w.read()
	}
	if err != nil {
		return nil, "after the message: " + FailureText(err)
	}
	if first.code == 421 {
		s.e.busy = true
		return nil, first.text()
	}
	yes, no := true, false
	if extra, came := s.unasked(); came && first.code < 300 && extra.code >= 400 && extra.code != 421 {
		_ = s.w.send("QUIT", "")
		return &yes, first.text() + ", and to X-PROBE: " + extra.text()
	} else if came {
		s.e.busy = extra.code == 421
		return nil, first.text() + ", and then without being asked: " + extra.text()
	}
	rest, err := s.restOfSession()
	switch n := len(rest); {
	case n == 2 && (rest[0].code < 300 || first.code >= 400 && aboutLineEnds(first.text())):
		return &no, first.text() // RSET and QUIT
	case n == 4 && first.code < 300 && rest[0].code >= 400 && rest[1].code >= 400:
		return &yes, first.text() + ", and to X-PROBE: " + rest[0].text()
	case n == 0 && first.code >= 400 && aboutLineEnds(first.text()):
		// It hangs up, and says what it refused.
		return &no, "refused: " + first.text()
	case err != nil && n < 2:
		return nil, first.text() + ", and then: " + FailureText(err)
	case n == 2:
		// A dot that is taken for a command ends the session at some servers.
		return nil, first.text() + ", and then: " + rest[0].text()
	}
	return nil, fmt.Sprintf("%s, and then %s to two commands", first.text(), show.Counted(len(rest), "answer"))
}

// unasked returns an answer that comes without a command: to what followed the end of the
// message. It waits for one as long as a server that is not busy takes.
func (s *session) unasked() (a answer, came bool) {
	step := orElse(s.o.StepTimeout, DefaultStep)
	if s.w.conn.SetReadDeadline(time.Now().Add(s.left(min(orElse(s.o.unasked, time.Second), step)))) != nil {
		return a, false
	}
	if _, err := s.w.r.Peek(1); err != nil {
		return a, false
	}
	if s.w.conn.SetReadDeadline(time.Now().Add(s.left(step))) != nil {
		return a, false
	}
	a, err := s.w.read()
	return a, err == nil
}

// restOfSession ends the session with RSET and QUIT and returns all that is answered, up to
// the answer to QUIT. The error is why it did not come to that.
func (s *session) restOfSession() (all []answer, err error) {
	const most = 16
	if err := s.w.conn.SetDeadline(time.Now().Add(s.left(orElse(s.o.StepTimeout, DefaultStep)))); err != nil {
		return nil, err
	}
	for _, command := range []string{"RSET", "QUIT"} {
		if err := s.w.send(command, ""); err != nil {
			return all, err
		}
		a, err := s.w.read()
		if err != nil {
			return all, err
		}
		all = append(all, a)
	}
	// A server whose answers lag behind has not come to QUIT.
	for len(all) < most && (all[len(all)-1].code != 221 || s.w.r.Buffered() > 0) {
		a, err := s.w.read()
		if err != nil {
			return all, err
		}
		all = append(all, a)
	}
	return all, nil
}

// aboutLineEnds reports whether a refusal is of a bare line feed or carriage return.
func aboutLineEnds(reply string) bool {
	reply = strings.ToLower(reply)
	return slices.ContainsFunc([]string{"bare", "newline", "line feed", "linefeed", "line ending", "<lf>", "<cr>", " 5.5.2 "}, func(word string) bool { return strings.Contains(reply, word) })
}

// smuggling judges the ends of data.
func (s *sheet) smuggling() {
	if s.o.SmugglingTo == "" {
		return
	}
	e := s.e
	var taken, open []string
	for _, d := range e.EndsOfData {
		switch {
		case d.Taken == nil:
			open = append(open, d.Sent+" ("+show.Cut(d.Detail, 120)+")")
		case *d.Taken:
			taken = append(taken, d.Sent)
		}
	}
	switch {
	case len(e.EndsOfData) == 0:
		open = []string{"any of them (the session ended before that could be tried)"}
	case len(taken) > 0:
		s.add("smtp-smuggling-proved", "", fmt.Sprintf("%s takes %s for the end of a message: what followed was answered as a command. No second message was sent.", s.subject, show.Listed(taken, 5)))
	case len(open) == 0:
		s.Decided("smtp-smuggling-proved")
	}
	if len(open) > 0 {
		s.Undecided("smtp-smuggling-proved")
		s.unknown(finding.Error, fmt.Sprintf("%s: whether it takes %s for the end of a message is not known.", s.subject, show.Listed(open, 2)))
	}
}
