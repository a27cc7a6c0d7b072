package maillog

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"
)

// MTA is a mail server program.
type MTA string

// The programs whose logs are read.
const (
	Postfix   MTA = "postfix"
	Exim      MTA = "exim"
	Sendmail  MTA = "sendmail"
	OpenSMTPD MTA = "opensmtpd"
	Qmail     MTA = "qmail"
	Mox       MTA = "mox"
)

// MTAs returns the programs whose logs are read.
func MTAs() []MTA { return []MTA{Postfix, Exim, Sendmail, OpenSMTPD, Qmail, Mox} }

// Kind is what an event says.
type Kind string

// The kinds of events.
const (
	// Received: the message came into the queue.
	Received Kind = "received"
	// Attempt: one host of several was tried; the outcome for the recipient follows.
	Attempt Kind = "attempt"
	// Deferred: the recipient stays in the queue.
	Deferred Kind = "deferred"
	// Delivered: the next hop took the message (see Event.Handover).
	Delivered Kind = "delivered"
	// Bounced: the recipient failed for good.
	Bounced Kind = "bounced"
	// Expired: the message was too long in the queue.
	Expired Kind = "expired"
	// Rejected: this server refused mail of another.
	Rejected Kind = "rejected"
	// Other: understood, and nothing of the above.
	Other Kind = "other"
)

// Event is what one line says of one recipient. Empty fields are not stated by the
// log; for Sender, which may be empty, HasSender says so.
type Event struct {
	// Time is zero if the line has none (journalctl -o cat).
	Time    time.Time
	Host    string
	MTA     MTA
	Program string
	// QueueID is the message's name in the queue of Host; qmail and short ids of
	// Postfix are used again for later messages.
	QueueID   string
	MessageID string
	Kind      Kind
	Sender    string
	HasSender bool
	// Recipient is the address without angle brackets.
	Recipient string
	// Relay is the name of the next hop, RelayIP its address.
	Relay, RelayIP string
	// ReplyCode is 0 and EnhancedCode empty if the text has none.
	ReplyCode    int
	EnhancedCode string
	// Delay is the time since the message arrived, in seconds; negative if not known.
	Delay float64
	// TLS is the security level (Postfix 3.11) or the protocol version.
	TLS string
	// Reason is an id of package reply, for everything that failed.
	Reason string
	// Receiver is an id of package reply, "" if none is known.
	Receiver string
	// Text is what was said, with the words that the server put around it.
	Text string
	// Handover: the next hop is on this machine (a filter, LMTP, another instance).
	Handover bool
	// Untried: a deferral without an attempt, because it is not yet time for one.
	Untried bool
}

// eventJSON is the contract of an event: every key is always there.
type eventJSON struct {
	Time         *string  `json:"time"`
	Host         *string  `json:"host"`
	MTA          *string  `json:"mta"`
	Program      *string  `json:"program"`
	QueueID      *string  `json:"queue_id"`
	MessageID    *string  `json:"message_id"`
	Event        Kind     `json:"event"`
	Sender       *string  `json:"sender"`
	Recipient    *string  `json:"recipient"`
	Relay        *string  `json:"relay"`
	RelayIP      *string  `json:"relay_ip"`
	ReplyCode    *int     `json:"reply_code"`
	EnhancedCode *string  `json:"enhanced_code"`
	DelayS       *float64 `json:"delay_s"`
	TLS          *string  `json:"tls"`
	Reason       *string  `json:"reason"`
	Receiver     *string  `json:"receiver"`
	Text         *string  `json:"text"`
	Handover     bool     `json:"handover"`
	Untried      bool     `json:"untried"`
}

// MarshalJSON writes every key; what the log does not state is null.
func (e *Event) MarshalJSON() ([]byte, error) {
	j := eventJSON{
		Time: stamp(e.Time), Host: said(e.Host), MTA: said(string(e.MTA)), Program: said(e.Program),
		QueueID: said(e.QueueID), MessageID: said(e.MessageID), Event: e.Kind, Recipient: said(e.Recipient),
		Relay: said(e.Relay), RelayIP: said(e.RelayIP), EnhancedCode: said(e.EnhancedCode), TLS: said(e.TLS),
		Reason: said(e.Reason), Receiver: said(e.Receiver), Text: said(e.Text), Handover: e.Handover, Untried: e.Untried,
	}
	if e.HasSender {
		s := clean(e.Sender)
		j.Sender = &s
	}
	if e.ReplyCode != 0 {
		j.ReplyCode = &e.ReplyCode
	}
	if e.Delay >= 0 {
		j.DelayS = &e.Delay
	}
	// No < or > is escaped: addresses and replies are full of them.
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(j)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// said returns a text for JSON, nil if it is not stated.
func said(s string) *string {
	if s == "" {
		return nil
	}
	s = clean(s)
	return &s
}

func clean(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// stamp returns a time for JSON, nil if there is none.
func stamp(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := t.Format(time.RFC3339Nano)
	return &s
}

// Failed reports whether a recipient was put off or failed for good.
func (e *Event) Failed() bool { return e.Kind == Deferred || e.Kind == Bounced || e.Kind == Expired }
