package bounce

import (
	"strings"

	"mailworthy/smtp/reply"
)

// Kind is what an input is.
type Kind string

const (
	// KindReply is an SMTP reply: it begins with a reply code.
	KindReply Kind = "reply"
	// KindText is any other text, such as a sentence out of a bounce.
	KindText Kind = "text"
	// KindLog is lines of a mail log.
	KindLog Kind = "log"
	// KindBounce is a mail about the delivery of another.
	KindBounce Kind = "bounce"
	// KindComplaint is a report of a recipient's complaint (RFC 5965).
	KindComplaint Kind = "complaint"
	// KindAutoReply is an automatic answer (RFC 3834).
	KindAutoReply Kind = "auto-reply"
	// KindNotBounce is a mail that is none of these.
	KindNotBounce Kind = "not-a-bounce"
)

// Action is what became of the message for one recipient (RFC 3464, section 2.3.3).
type Action string

const (
	Failed    Action = "failed"
	Delayed   Action = "delayed"
	Delivered Action = "delivered"
	// Relayed: handed to a system that reports nothing more.
	Relayed Action = "relayed"
	// Expanded: delivered to a list and sent on from there.
	Expanded Action = "expanded"
)

// Message is one mail, read.
type Message struct {
	Kind Kind
	// From, To and Subject of the report itself, decoded.
	From, To, Subject string
	MessageID         string
	// NullSender: its Return-Path is <>, as that of a bounce is.
	NullSender bool
	// ReportingMTA is the host that wrote the report, as it names itself.
	ReportingMTA string
	Recipients   []Recipient
	// Original is what the report returns of the message that it is about.
	Original  Original
	Complaint *Complaint
	// Limits names what was not read because it was too much; empty usually.
	Limits []string
}

// Recipient is one recipient of the original message, and what became of it.
type Recipient struct {
	// Address failed; Given is the address that the sender wrote, if it differs.
	Address, Given string
	Action         Action
	// Status of the report's field, "" if there is none.
	Status string
	// RemoteHost and RemoteIP are the other side, as far as the report names it.
	RemoteHost, RemoteIP string
	// Text is what was said, as it was said.
	Text string
	// RetryUntil is the Will-Retry-Until field.
	RetryUntil string
	// Explanation of Text.
	Explanation reply.Explanation
}

// Signature is the domain and selector of a DKIM signature.
type Signature struct{ Domain, Selector string }

// Original is what is known of the message that a report is about.
type Original struct {
	MessageID string
	Subject   string
	// From is the address of the author, EnvelopeFrom that of the envelope.
	From, EnvelopeFrom string
	To                 []string
	DKIM               []Signature
	// ClientIP and HELO of the server that sent the message to the reporting one, if a
	// Received field of it shows them.
	ClientIP, HELO string
	// Date as written.
	Date string
	// Found: the report returned at least some of the header.
	Found bool
}

// Complaint is a feedback report.
type Complaint struct {
	// Type is abuse, fraud, virus, not-spam, opt-out, auth-failure or another word.
	Type       string
	UserAgent  string
	SourceIP   string
	MailFrom   string
	Recipients []string
	Domains    []string
	Arrival    string
	// AuthResults are the Authentication-Results of the report, AuthFailure what failed
	// (RFC 6591).
	AuthResults string
	AuthFailure string
}

// Origin says whether a returned message was sent by these domains.
type Origin string

const (
	// Own: it has a valid-looking mark of one of the domains.
	Own Origin = "own"
	// Backscatter: it carries the domains in its From or envelope only, and its
	// Message-ID and signatures are of others: somebody forged it.
	Backscatter Origin = "backscatter"
	// Foreign: it does not name the domains at all.
	Foreign Origin = "foreign"
	// OriginUnknown: the report does not return enough of it.
	OriginUnknown Origin = "unknown"
)

// SentBy says whether the returned message was sent by the domains, with the facts as
// a sentence. A DKIM signature of a domain at or below one of them is a mark of it
// (nobody verifies it here: its keys may be gone), the Message-ID a weaker one. The
// From and envelope addresses prove nothing: they are what a forger writes.
func (o *Original) SentBy(domains ...string) (Origin, string) {
	under := func(name string) bool {
		name = strings.ToLower(strings.Trim(name, ".<> "))
		for _, d := range domains {
			d = strings.ToLower(strings.Trim(d, "."))
			if d != "" && (name == d || strings.HasSuffix(name, "."+d)) {
				return true
			}
		}
		return false
	}
	if !o.Found {
		return OriginUnknown, "The report returns nothing of the message."
	}
	for _, s := range o.DKIM {
		if under(s.Domain) {
			return Own, "The returned message has a DKIM signature of " + s.Domain + "."
		}
	}
	id := domainPart(o.MessageID)
	if under(id) {
		return Own, "The Message-ID of the returned message is of " + id + "."
	}
	if !under(domainPart(o.From)) && !under(domainPart(o.EnvelopeFrom)) {
		if o.From == "" && o.EnvelopeFrom == "" {
			return OriginUnknown, "The report does not return the sender of the message."
		}
		return Foreign, "Neither From nor envelope of the returned message is of these domains."
	}
	switch {
	case len(o.DKIM) > 0:
		return Backscatter, "The returned message is signed by " + o.DKIM[0].Domain + " only, not by these domains."
	case id != "":
		return Backscatter, "The returned message is not signed, and its Message-ID is of " + id + "."
	}
	return OriginUnknown, "The returned message has neither a signature nor a Message-ID with a domain."
}

func domainPart(address string) string {
	if i := strings.LastIndexByte(address, '@'); i >= 0 {
		return strings.ToLower(strings.Trim(address[i+1:], "<>. "))
	}
	return ""
}
