package bounce

import (
	"bytes"
	"strings"

	"mailworthy/internal/lazyre"
	"mailworthy/smtp/reply"
)

// MaxMessages is how many messages Split returns at most.
const MaxMessages = 100000

var mboxRE = lazyre.New(`(?m)^From \S+ .*\d{2}:\d{2}.*$`)

// Split cuts an mbox file into its messages. Anything else is returned whole.
func Split(data []byte) [][]byte {
	if !bytes.HasPrefix(data, []byte("From ")) {
		return [][]byte{data}
	}
	data = lines(data)
	var out [][]byte
	start := 0
	for _, m := range mboxRE.FindAllIndex(data, MaxMessages) {
		if m[0] > 1 && (data[m[0]-2] == '\n' || fieldRE.Match(data[min(m[1]+1, len(data)):min(m[1]+80, len(data))])) {
			out = append(out, data[start:m[0]])
			start = m[0]
		}
	}
	return append(out, data[start:])
}

// Parse reads one mail. It never fails: a mail that is about no delivery has the kind
// KindNotBounce and no recipients.
func Parse(data []byte, k *reply.Knowledge) *Message { return parse(data, k, 0) }

// parse is Parse at a depth of messages in messages.
func parse(data []byte, k *reply.Knowledge, depth int) *Message {
	r := &reader{}
	if len(data) > MaxSize {
		data = data[:MaxSize]
		r.limit("the message was longer than 16 MB")
	}
	data = bytes.TrimLeft(lines(data), "\n")
	h, body := r.split(data)
	r.walk(h, body, 0)
	m := &Message{
		Kind: KindNotBounce, From: decodeWords(h.get("from")), To: decodeWords(h.get("to")),
		Subject: decodeWords(h.get("subject")), MessageID: strings.Trim(h.get("message-id"), "<> "),
	}
	if p := strings.ReplaceAll(h.get("return-path"), " ", ""); p == "<>" || strings.HasPrefix(strings.ToUpper(p), "<MAILER-DAEMON") {
		m.NullSender = true
	}
	c := r.sort(h)
	m.Original = originalOf(c.original)
	switch {
	case c.feedback != nil || complaintBySubject(m, c):
		m.complaint(c)
	case len(c.status) > 0:
		m.report(r, c, k)
		if c.inText && len(m.Recipients) == 0 {
			m.Kind = KindNotBounce
		}
	case h.get("x-apple-unsubscribe") != "":
		m.complaint(c)
		m.Complaint.Type = "opt-out"
		m.Complaint.Recipients = []string{lastAddress(m.From)}
		m.Recipients = m.Recipients[:1]
		m.Recipients[0].Address = lastAddress(m.From)
	}
	if m.Kind == KindNotBounce || (m.Kind == KindBounce && len(m.Recipients) == 0) {
		switch {
		case m.amazon(c, k):
		case autoReply(h, m) && !m.looksReturned(h, c):
			m.autoReply(c)
		case m.looksReturned(h, c):
			m.fromText(h, c, k)
		case m.Kind == KindBounce:
			m.fromText(h, c, k)
		}
	}
	m.Limits = r.limits
	if c.copyBody != nil && m.Kind == KindBounce && depth < 2 && m.mute() {
		// A bounce of a bounce, or one that a gateway wrapped: the inner one tells.
		if inner := parse(c.copyBody, k, depth+1); inner.Kind == KindBounce && !inner.mute() {
			return inner
		}
	}
	return m
}

// mute reports whether a bounce does not say why.
func (m *Message) mute() bool {
	for i := range m.Recipients {
		e := &m.Recipients[i].Explanation
		if e.Code != 0 || e.Enhanced != "" || e.Evidence == "text" && e.Marker != "" && m.Recipients[i].Text != "" && len(m.Recipients) > 1 {
			return false
		}
	}
	return true
}

// content is the parts of a mail by what they are.
type content struct {
	// said is the text for people, original the header of the returned message.
	said     string
	status   []*part
	feedback *part
	original header
	hasCopy  bool
	copyBody []byte
	// copied is a copy of the message in a mail without parts.
	copied string
	// inText: status are fields found in a text.
	inText bool
	// report: the mail calls itself a report of this type.
	report string
}

// sort gives each part its place.
func (r *reader) sort(h header) *content {
	c := &content{}
	media, params := mediaType(h.get("content-type"))
	if media == "multipart/report" {
		c.report = strings.ToLower(params["report-type"])
	}
	var plainText, htmlText strings.Builder
	for i := range r.parts {
		p := &r.parts[i]
		switch p.media {
		case "message/delivery-status", "message/global-delivery-status":
			c.status = append(c.status, p)
		case "message/feedback-report":
			if c.feedback == nil {
				c.feedback = p
			}
		case "message/rfc822", "message/global", "text/rfc822-headers", "text/rfc822", "message/rfc822-headers", "message/global-headers", "message/partial":
			if !c.hasCopy {
				c.copyBody = p.body
				oh, _ := r.split(bytes.TrimLeft(lines(p.body), "\n"))
				c.original, c.hasCopy = oh, true
			}
		case "text/html":
			if htmlText.Len() < maxText {
				htmlText.WriteString(plain(p.text()) + "\n")
			}
		default:
			if strings.HasPrefix(p.media, "text/") || p.media == "application/json" {
				if plainText.Len() < maxText && !c.hasCopy {
					plainText.WriteString(p.text() + "\n")
				}
			}
		}
	}
	c.said = plainText.String()
	if strings.TrimSpace(c.said) == "" {
		c.said = htmlText.String()
	}
	if len(c.status) == 0 {
		if fields := statusInText(c.said); fields != nil {
			c.status = append(c.status, &part{media: "message/delivery-status", body: fields})
			c.inText = true
		}
	}
	said, copied := cutCopy(c.said)
	c.said, c.copied = said, copied
	if copied != "" && !c.hasCopy {
		copied = strings.TrimLeft(copied, "\n \t-_*=#>|")
		// Systems indent or quote the copy.
		c.original, _ = r.split([]byte(unquote(copied)))
		c.hasCopy = len(c.original) > 0
	}
	return c
}

// unquote removes the "> " or the spaces that every line of a copy begins with.
func unquote(s string) string {
	for _, prefix := range []string{"> ", ">", "| ", "    "} {
		if strings.HasPrefix(s, prefix) {
			var b strings.Builder
			for l := range strings.SplitSeq(s, "\n") {
				b.WriteString(strings.TrimPrefix(l, prefix))
				b.WriteByte('\n')
			}
			return b.String()
		}
	}
	return s
}

// report reads the delivery-status parts of a report.
func (m *Message) report(r *reader, c *content, k *reply.Knowledge) {
	var reporting string
	for _, p := range c.status {
		for _, g := range r.groups(bytes.TrimLeft(p.body, "\n")) {
			if v := g.get("reporting-mta"); v != "" && reporting == "" {
				host, ip := remote(v)
				if reporting = host; host == "" {
					reporting = ip
				}
			}
			if m.Original.EnvelopeFrom == "" {
				for _, name := range []string{"x-postfix-sender", "original-envelope-from", "x-originating-sender"} {
					if a := addressInRE.FindString(g.get(name)); a != "" {
						m.Original.EnvelopeFrom = a
						break
					}
				}
			}
			if !about(g) {
				continue
			}
			if len(m.Recipients) >= maxRecipients {
				r.limit("more than 1000 recipients")
				break
			}
			m.Recipients = append(m.Recipients, recipientOf(g))
		}
	}
	m.Kind, m.ReportingMTA = KindBounce, reporting
	var known []string
	for i := range m.Recipients {
		if strings.Index(m.Recipients[i].Address, "@") > 0 {
			known = append(known, m.Recipients[i].Address)
		}
	}
	if len(known) < len(m.Recipients) {
		// The report names no recipient in full: the text does, or the failed list.
		if ps := pieces(c.said, nil, m.own); len(ps) == 1 && len(m.Recipients) == 1 {
			m.Recipients[0].Address = ps[0].address
			known = append(known, ps[0].address)
		}
	}
	human := map[string]string{}
	if len(known) <= 200 {
		for _, p := range pieces(c.said, known, m.own) {
			human[strings.ToLower(p.address)] = p.text
		}
	}
	for i := range m.Recipients {
		rc := &m.Recipients[i]
		said := human[strings.ToLower(rc.Address)]
		if said == "" && len(m.Recipients) == 1 {
			said = c.said
		}
		m.explain(rc, said, c.said, k)
	}
}

// fromText reads a bounce that has no part for programs.
func (m *Message) fromText(h header, c *content, k *reply.Knowledge) {
	m.Kind = KindBounce
	delayed := delayRE.MatchString(m.Subject) || delayRE.MatchString(c.said)
	ps := m.recipients(h, c)
	for _, p := range ps[:min(len(ps), maxRecipients)] {
		rc := Recipient{Address: p.address, Text: strings.TrimSpace(useful(p.text))}
		if delayed && !finalRE.MatchString(c.said) {
			rc.Action = Delayed
		}
		e := m.reason(&rc, c, k, len(ps) == 1)
		if rc.Action == "" {
			rc.Action = actionBy(&e)
			if rc.Action == Delayed && (finalRE.MatchString(c.said) || !delayed) {
				// The mail came back: the sender has given up, whatever the code.
				rc.Action = Failed
			}
		}
		answered(&e)
		success(&rc, &e, k)
		rc.RemoteHost, rc.RemoteIP = e.RemoteHost, e.RemoteIP
		m.identities(&e)
		rc.Explanation = e
		m.Recipients = append(m.Recipients, rc)
	}
	if m.ReportingMTA == "" {
		if mm := programRE.FindStringSubmatch(c.said); mm != nil {
			m.ReportingMTA = strings.ToLower(strings.TrimRight(mm[1], "."))
		}
	}
}

// recipients returns the recipients that a bounce names, in its header, its text or what it
// returns, each with the text about it; one without an address if it names none.
func (m *Message) recipients(h header, c *content) []piece {
	var known []string
	for _, name := range []string{"x-failed-recipients", "x-failed-recipient"} {
		for _, v := range h.all(name) {
			known = append(known, addressInRE.FindAllString(v, maxRecipients)...)
		}
	}
	ps := pieces(c.said, known, m.own)
	found := map[string]bool{}
	for _, p := range ps {
		found[strings.ToLower(p.address)] = true
	}
	for _, a := range known {
		if !found[strings.ToLower(a)] {
			ps = append(ps, piece{a, c.said})
			found[strings.ToLower(a)] = true
		}
	}
	if len(ps) == 0 {
		for _, a := range m.Original.To {
			if !m.own(a) || len(m.Original.To) == 1 {
				ps = append(ps, piece{a, c.said})
			}
		}
	}
	if len(ps) == 0 {
		ps = []piece{{addressInRE.FindString(m.Subject), c.said}}
	}
	return ps
}

// reason explains the text about a recipient; if it says nothing, the whole text, which
// then is the recipient's, and last the subject. only: there is no other recipient.
func (m *Message) reason(rc *Recipient, c *content, k *reply.Knowledge, only bool) reply.Explanation {
	ctx := reply.Context{Recipient: rc.Address, Delayed: rc.Action == Delayed, Final: rc.Action != Delayed}
	e := k.Explain(rc.Text, ctx)
	if e.Reason == reply.Unknown || (e.Code == 0 && e.Enhanced == "") {
		all := k.Explain(useful(c.said), ctx)
		switch {
		case e.Reason == reply.Unknown && all.Reason != reply.Unknown:
			e = all
			rc.Text = strings.TrimSpace(useful(c.said))
		case e.Code == 0 && all.Code != 0 && only:
			e.Code, e.Enhanced = all.Code, all.Enhanced
			if e.Reason == reply.Unknown || all.Evidence == "text" && e.Evidence != "text" {
				e = all
			}
		}
	}
	if e.Reason == reply.Unknown {
		if s := k.Explain(m.Subject, ctx); s.Reason != reply.Unknown {
			s.Code, s.Enhanced = pick(e, s)
			e = s
		}
	}
	return e
}

var (
	delayRE   = lazyre.New(`(?i)has been delayed|delivery (?:is )?delayed|delayed mail|delivery incomplete|delivery delayed|warning message only|do not need to resend|not need to resend|will (?:be retried|retry|keep trying|continue)|could not send (?:message|mail) for past|not yet been delivered|attempts will continue|warning: could not`)
	finalRE   = lazyre.New(`(?i)permanent(?:ly)?(?: error| fail|ly)|i've given up|failed permanently|final notification|giving up`)
	programRE = lazyre.New(`(?i)(?:qmail-send program at|mail system at host|generating server:|delivery status notification from|message from) ([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)`)
)
