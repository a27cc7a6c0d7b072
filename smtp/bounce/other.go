package bounce

import (
	"encoding/json"
	"strings"

	"mailworthy/internal/lazyre"

	"mailworthy/smtp/reply"
)

// complaint reads an ARF report (RFC 5965), and those of systems that send the message
// back under a subject that says so.
func (m *Message) complaint(c *content) {
	m.Kind = KindComplaint
	comp := &Complaint{Type: "abuse"}
	m.Complaint = comp
	if c.feedback != nil {
		r := &reader{}
		var g header
		rest := c.feedback.body
		for len(rest) > 0 && len(g) < maxFields {
			h, after := r.split(rest)
			if len(after) == len(rest) {
				_, after, _ = cutLine(rest)
			}
			g = append(g, h...)
			rest = after
		}
		if t := strings.ToLower(g.get("feedback-type")); t != "" {
			comp.Type = t
		}
		comp.UserAgent = g.get("user-agent")
		comp.SourceIP = strings.Trim(g.get("source-ip"), "[] ")
		comp.MailFrom = addressInRE.FindString(g.get("original-mail-from"))
		comp.Arrival = g.get("arrival-date")
		if comp.Arrival == "" {
			comp.Arrival = g.get("received-date")
		}
		comp.AuthFailure = g.get("auth-failure")
		comp.AuthResults = g.get("authentication-results")
		for _, name := range []string{"original-rcpt-to", "removal-recipient", "redacted-address"} {
			for _, v := range g.all(name) {
				a := addressInRE.FindString(v)
				if a == "" {
					a = strings.Trim(v, "<> ")
				}
				if len(comp.Recipients) < maxRecipients && a != "" {
					comp.Recipients = append(comp.Recipients, a)
				}
			}
			if len(comp.Recipients) > 0 {
				break
			}
		}
		if len(comp.Recipients) > 0 && !strings.Contains(comp.Recipients[0], ".") {
			// Redacted: one complaint, of somebody.
			comp.Recipients = comp.Recipients[:1]
		}
		comp.Domains = g.all("reported-domain")
		m.ReportingMTA, _ = remote(g.get("reporting-mta"))
	}
	if len(comp.Recipients) == 0 {
		comp.Recipients = m.Original.To[:min(len(m.Original.To), 20)]
	}
	if len(comp.Recipients) == 0 {
		comp.Recipients = []string{""}
	}
	e := said(reply.Complaint, m)
	switch comp.Type {
	case "auth-failure":
		e.Who, e.Meaning = reply.WhoSender, "A receiver reports that a message of this domain did not pass its authentication (RFC 6591)."
		e.Next = []string{"Look at the address that sent it: if it is a server of yours, correct SPF, DKIM or the alignment; if it is not, somebody forges the domain."}
	case "not-spam":
		e.Who, e.Meaning = reply.WhoUnknown, "The recipient says that the message is no spam (RFC 6430)."
		e.Next = []string{"Nothing to do."}
	case "fraud":
		e.Who, e.Meaning = reply.WhoSender, "The recipient reports the message as fraud or phishing."
		e.Next = []string{"Find out who sent it: an account or a form of yours may be in the hands of somebody else."}
	case "virus":
		e.Who, e.Meaning = reply.WhoSender, "The recipient reports a virus in the message."
		e.Next = []string{"Find out who sent it, and look for the virus there."}
	}
	e.Identities.ClientIP = comp.SourceIP
	for _, a := range comp.Recipients {
		e := e
		e.Identities.RecipientDomain = domainPart(a)
		m.Recipients = append(m.Recipients, Recipient{Address: a, Action: Delivered, Text: strings.TrimSpace(useful(c.said)), Explanation: e})
	}
}

// said returns an explanation for a reason that needs no reply.
func said(r reply.Reason, m *Message) reply.Explanation {
	k := reply.Default()
	e := reply.Explanation{Reason: r, Who: reply.WhoUnknown}
	if r == reply.Complaint {
		e.Who = reply.WhoListOwner
	}
	e.Speaker = reply.Remote
	e.Meaning, e.Next = k.Meaning(r)
	m.identities(&e)
	return e
}

var (
	complaintRE = lazyre.New(`(?i)^\s*(?:complaint about message from|email feedback report for|abuse report|spam report|\[?feedback loop)`)
	autoSubject = lazyre.New(`(?i)^\s*(?:(?:re|aw|sv): *)?(?:auto(?:matic|mated)?[ _-]?(?:reply|response|answer|svar)|autoreply|auto:|out of (?:the )?office|vacation|away (?:from|until)|abwesenheit|automatische antwort|r[ée]ponse automatique|respuesta autom[áa]tica|risposta automatica|automatisch antwoord|resposta autom|自動返信|自動応答|不在)`)
	// answerRE finds the subject of a person's answer, in the words of the usual clients.
	answerRE   = lazyre.New(`(?i)^\s*(?:re|aw|sv|vs|antw|odp|ynt|rép|rif|res|回复|答复|回覆)\s*(?:\[\d+\])?\s*[:：]`)
	daemonRE   = lazyre.New(`(?i)mailer[ -]?daemon|post[-_]?master|mail ?delivery|delivery sub-?system|mail ?administrator|system administrator|mail deliver system|mail subsystem|bounce|mail server|mail system|no-?reply@sns|delivery status|daemon@`)
	returnedRE = lazyre.New(`(?i)undeliver|non-?deliver|not deliver|deliver(?:y|able).*?(?:fail|status|problem|error|report|notification|delay|incomplete)|fail(?:ed|ure).*?(?:deliver|notice|mail)|returned (?:mail|e-?mail|to sender)|mail (?:system )?error|returned|could not send|cannot send|couldn't be delivered|was not delivered|wasn't delivered|delayed mail|mail delivery|returning message|message (?:status|rejected|blocked)|unable to deliver|bounced|permanent error|unzustellbar|nicht zugestellt|non remis|no se pudo entregar|nedoru|メールエラー|エラー通知|エラーメール|errors from|недостав|配信|送信(?:エラー|でき)|届け|not member|are not member`)
	phraseRE   = lazyre.New(`(?i)(?:could|can|was|were|is|been|did) ?n[o']t (?:be )?(?:able to )?(?:deliver|reach|send|sent)|undeliver|unable to (?:deliver|send)|not (?:been )?delivered|delivery (?:to|of|has|failed|status|attempt|failure|problem|error|report)|failed to (?:deliver|send)|(?:was|been) (?:rejected|blocked|returned|delayed)|returned to|wasn't able to deliver|had delivery|permanent(?: fatal)? error|undeliverable|unknown user|user unknown|user mailbox|mailbox full|not a member of|not listed in|failure|final delivery userid|could not send|response:|error message|no such user|invalid user|rejected|transcript of session|送信でき|送信に失敗|配送`)
	codeInRE   = lazyre.New(`(?m)(?:^|\s)[45]\d\d[ -]{1,3}[A-Za-z<#(\d]|\b[45]\.\d\.\d{1,3}\b`)
)

func complaintBySubject(m *Message, c *content) bool {
	return c.hasCopy && len(c.status) == 0 && complaintRE.MatchString(m.Subject)
}

// autoReply reports whether a mail is an automatic answer (RFC 3834, section 5).
func autoReply(h header, m *Message) bool {
	auto := strings.ToLower(h.get("auto-submitted"))
	switch {
	case strings.HasPrefix(auto, "auto-replied"):
	case h.get("x-autoreply") != "" || h.get("x-autorespond") != "" || h.get("x-autoresponder") != "" || h.get("x-auto-response-suppress") != "" && autoSubject.MatchString(m.Subject):
	case strings.EqualFold(h.get("precedence"), "auto_reply"), strings.EqualFold(h.get("x-precedence"), "auto_reply"):
	case strings.EqualFold(h.get("x-apple-action"), "vacation"):
	case autoSubject.MatchString(m.Subject):
	case strings.HasPrefix(auto, "auto-generated") && autoSubject.MatchString(m.Subject):
	default:
		return false
	}
	return true
}

func (m *Message) autoReply(c *content) {
	m.Kind = KindAutoReply
	e := said(reply.AutoReply, m)
	a := lastAddress(m.From)
	e.Identities.RecipientDomain = domainPart(a)
	m.Recipients = []Recipient{{Address: a, Action: Delivered, Text: strings.TrimSpace(c.said), Explanation: e}}
}

// looksReturned reports whether a mail is about the delivery of another, by signs that
// are independent: who sent it, under which subject, in which words.
func (m *Message) looksReturned(h header, c *content) bool {
	if h.get("x-failed-recipients") != "" || c.report == "delivery-status" || len(c.status) > 0 {
		return true
	}
	words := phraseRE.MatchString(c.said) || codeInRE.MatchString(c.said)
	daemon := daemonRE.MatchString(m.From)
	subject := returnedRE.MatchString(m.Subject) && !answerRE.MatchString(m.Subject)
	signs := 0
	for _, s := range []bool{daemon, subject, m.NullSender, words} {
		if s {
			signs++
		}
	}
	if autoSubject.MatchString(m.Subject) && !subject {
		return false
	}
	return words && signs >= 2 || daemon && subject
}

// sesNotice is a notification of Amazon SES, bare or in one of Amazon SNS.
type sesNotice struct {
	Type, Message    string
	NotificationType string `json:"notificationType"`
	EventType        string `json:"eventType"`
	Bounce           *sesBounce
	Complaint        *sesComplaint
	Delivery         *sesDelivery
	Mail             sesMail
	DeliveryDelay    *sesBounce `json:"deliveryDelay"`
}

type sesBounce struct {
	BounceType        string         `json:"bounceType"`
	ReportingMTA      string         `json:"reportingMTA"`
	BouncedRecipients []sesRecipient `json:"bouncedRecipients"`
	DelayedRecipients []sesRecipient `json:"delayedRecipients"`
}

type sesRecipient struct {
	EmailAddress   string `json:"emailAddress"`
	Action, Status string
	DiagnosticCode string `json:"diagnosticCode"`
}

type sesComplaint struct {
	ComplainedRecipients []sesRecipient `json:"complainedRecipients"`
	Type                 string         `json:"complaintFeedbackType"`
	UserAgent            string         `json:"userAgent"`
	ArrivalDate          string         `json:"arrivalDate"`
}

type sesDelivery struct {
	Recipients   []string
	SMTPResponse string `json:"smtpResponse"`
	ReportingMTA string `json:"reportingMTA"`
	RemoteMTAIP  string `json:"remoteMtaIp"`
}

type sesMail struct {
	Source      string
	MessageID   string `json:"messageId"`
	SourceIP    string `json:"sourceIp"`
	Destination []string
}

// amazon reads a notification of Amazon SES in the body of a mail. It reports false
// if there is none.
func (m *Message) amazon(c *content, k *reply.Knowledge) bool {
	text := strings.TrimSpace(c.said)
	if !strings.HasPrefix(text, "{") {
		return false
	}
	var n sesNotice
	// The mail wraps the object at any place.
	text = strings.ReplaceAll(text, "\n", "")
	if json.NewDecoder(strings.NewReader(text)).Decode(&n) != nil {
		return false
	}
	if n.Message != "" && n.NotificationType == "" {
		if json.Unmarshal([]byte(n.Message), &n) != nil {
			return false
		}
	}
	o := &m.Original
	o.MessageID, o.EnvelopeFrom, o.To, o.Found = n.Mail.MessageID, addressInRE.FindString(n.Mail.Source), n.Mail.Destination, n.Mail.MessageID != ""
	o.From = o.EnvelopeFrom
	bounced := n.Bounce
	if bounced == nil {
		bounced = n.DeliveryDelay
	}
	switch {
	case bounced != nil:
		m.Kind = KindBounce
		m.ReportingMTA, _ = remote(bounced.ReportingMTA)
		list := bounced.BouncedRecipients
		if n.DeliveryDelay != nil {
			list = bounced.DelayedRecipients
		}
		for _, r := range list[:min(len(list), maxRecipients)] {
			kind, t := typed(r.DiagnosticCode)
			if kind != "smtp" {
				t = r.DiagnosticCode
			}
			rc := Recipient{Address: addressInRE.FindString(r.EmailAddress), Action: actionOf(r.Action), Status: statusRE.FindString(r.Status), Text: t}
			if n.DeliveryDelay != nil {
				rc.Action = Delayed
			} else if rc.Action == "" {
				rc.Action = Failed
			}
			m.explain(&rc, "", "", k)
			m.Recipients = append(m.Recipients, rc)
		}
	case n.Complaint != nil:
		m.Kind = KindComplaint
		m.Complaint = &Complaint{Type: n.Complaint.Type, UserAgent: n.Complaint.UserAgent, SourceIP: n.Mail.SourceIP, MailFrom: o.EnvelopeFrom, Arrival: n.Complaint.ArrivalDate}
		if m.Complaint.Type == "" {
			m.Complaint.Type = "abuse"
		}
		for _, r := range n.Complaint.ComplainedRecipients[:min(len(n.Complaint.ComplainedRecipients), maxRecipients)] {
			m.Complaint.Recipients = append(m.Complaint.Recipients, r.EmailAddress)
			e := said(reply.Complaint, m)
			e.Identities.RecipientDomain = domainPart(r.EmailAddress)
			m.Recipients = append(m.Recipients, Recipient{Address: r.EmailAddress, Action: Delivered, Explanation: e})
		}
	case n.Delivery != nil:
		m.Kind = KindBounce
		m.ReportingMTA, _ = remote(n.Delivery.ReportingMTA)
		for _, a := range n.Delivery.Recipients[:min(len(n.Delivery.Recipients), maxRecipients)] {
			rc := Recipient{Address: a, Action: Delivered, Text: n.Delivery.SMTPResponse, RemoteIP: n.Delivery.RemoteMTAIP}
			m.explain(&rc, "", "", k)
			m.Recipients = append(m.Recipients, rc)
		}
	default:
		return false
	}
	return true
}
