package explain

import (
	"fmt"
	"time"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/smtp/bounce"
	"mailworthy/smtp/proof"
	"mailworthy/smtp/reply"
)

// Schema names the JSON contract of a Report. Keys are added to it, never renamed.
const Schema = "mailworthy/explain/1"

// Report is what all inputs say.
type Report struct {
	Schema string  `json:"schema"`
	Inputs []Input `json:"inputs"`
	// OthersLeftOut is how many inputs that are mails about no delivery are not listed, beside the first.
	OthersLeftOut int `json:"others_left_out"`
}

// Short is the report with the first of the inputs that are about no delivery, and all others.
func (r *Report) Short() *Report {
	out := &Report{Schema: r.Schema, Inputs: []Input{}, OthersLeftOut: r.OthersLeftOut}
	others := 0
	for i := range r.Inputs {
		if r.Inputs[i].Kind == bounce.KindNotBounce {
			if others++; others > maxOthers {
				out.OthersLeftOut++
				continue
			}
		}
		out.Inputs = append(out.Inputs, r.Inputs[i])
	}
	return out
}

// Input is one mail, text, reply or log.
type Input struct {
	// Name is that of the file, "-" for standard input, "text" for --text; of an mbox
	// file with the number of the mail in it, "box:3".
	Name  string      `json:"name"`
	Kind  bounce.Kind `json:"kind"`
	Items []Item      `json:"items"`
	// Notes are sentences about the input as a whole.
	Notes []string `json:"notes"`
	// ReportingMTA is the server that wrote a bounce.
	ReportingMTA *string `json:"reporting_mta"`
	// Original is what a bounce or complaint returns of the message.
	Original *Original `json:"original"`
	// Origin says whether the message was sent by the domain at all; null if it was not
	// looked at.
	Origin *Origin `json:"origin"`
	// Complaint of an abuse report.
	Complaint *Complaint `json:"complaint"`
	// Code explains a code that stands alone.
	Code *Code `json:"code"`
}

// Item is what became of the message for one recipient.
type Item struct {
	Recipient  *string       `json:"recipient"`
	Action     *string       `json:"action"`
	SaidBy     reply.Speaker `json:"said_by"`
	Receiver   *string       `json:"receiver"`
	RemoteHost *string       `json:"remote_host"`
	// Submission: the server that spoke is the one that the user hands mail to, and no
	// receiver's.
	Submission   bool         `json:"-"`
	ReplyCode    *int         `json:"reply_code"`
	EnhancedCode *string      `json:"enhanced_code"`
	Stage        *string      `json:"stage"`
	Reason       reply.Reason `json:"reason"`
	Permanent    *bool        `json:"permanent"`
	Who          reply.Who    `json:"who"`
	Meaning      string       `json:"meaning"`
	Next         []string     `json:"next"`
	RetryAfterS  *int64       `json:"retry_after_s"`
	Text         string       `json:"text"`
	Reference    *string      `json:"reference"`
	Identities   Identities   `json:"identities"`
	Proof        Proof        `json:"proof"`

	// Explanation is what the item was made of.
	Explanation reply.Explanation `json:"-"`
	request     proof.Request
}

// Identities are the parties of the message as far as they are known.
type Identities struct {
	ClientIP        *string     `json:"client_ip"`
	HELO            *string     `json:"helo"`
	AuthorDomain    *string     `json:"author_domain"`
	EnvelopeDomain  *string     `json:"envelope_domain"`
	DKIM            []Signature `json:"dkim"`
	RecipientDomain *string     `json:"recipient_domain"`
	List            *string     `json:"block_list"`
}

// Signature is the domain of a DKIM signature and its selector.
type Signature struct {
	Domain   string  `json:"domain"`
	Selector *string `json:"selector"`
}

// Proof is what the DNS says about the cause.
type Proof struct {
	Command  *string            `json:"command"`
	Checks   []string           `json:"checks"`
	Outcome  proof.Outcome      `json:"outcome"`
	Why      string             `json:"why"`
	Findings []finding.Finding  `json:"findings"`
	Seen     []finding.Evidence `json:"seen"`
	At       *time.Time         `json:"at"`
}

// Original is the message that a report is about.
type Original struct {
	MessageID    *string     `json:"message_id"`
	From         *string     `json:"from"`
	EnvelopeFrom *string     `json:"envelope_from"`
	Subject      *string     `json:"subject"`
	Date         *string     `json:"date"`
	DKIM         []Signature `json:"dkim"`
}

// Origin says whose the returned message is.
type Origin struct {
	Verdict bounce.Origin `json:"verdict"`
	Why     string        `json:"why"`
}

// Complaint is what a feedback report says besides.
type Complaint struct {
	Type        *string `json:"type"`
	SourceIP    *string `json:"source_ip"`
	AuthFailure *string `json:"auth_failure"`
	UserAgent   *string `json:"user_agent"`
}

// Code explains a code alone.
type Code struct {
	Asked string `json:"asked"`
	Class string `json:"class"`
	// Codes are the reply code and the enhanced code.
	Codes []CodeMeaning `json:"codes"`
	// Receivers use the code in ways of their own.
	Receivers []ReceiverMeaning `json:"receivers"`
}

// CodeMeaning is one code as the standards have it.
type CodeMeaning struct {
	Code      string `json:"code"`
	Title     string `json:"title"`
	Meaning   string `json:"meaning"`
	Reference string `json:"reference"`
}

// ReceiverMeaning is what receivers mean by the code.
type ReceiverMeaning struct {
	Receivers []string     `json:"receivers"`
	Reason    reply.Reason `json:"reason"`
	Meaning   string       `json:"meaning"`
}

// text is a pointer to a text, nil for the empty one.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// Failed reports whether a recipient failed for good.
func (r *Report) Failed() bool {
	for i := range r.Inputs {
		if r.Inputs[i].Code != nil {
			continue // a code alone is of no recipient
		}
		for j := range r.Inputs[i].Items {
			if a := r.Inputs[i].Items[j].Action; a != nil && *a == string(bounce.Failed) {
				return true
			}
		}
	}
	return false
}

// maxOthers is how many of the inputs are named that are about no delivery.
const maxOthers = 10

// Others returns how many inputs are mails about no delivery, and a line for each of the
// first and for the rest.
func (r *Report) Others() (n int, lines []string) {
	for i := range r.Inputs {
		if r.Inputs[i].Kind != bounce.KindNotBounce {
			continue
		}
		if n++; n <= maxOthers {
			lines = append(lines, r.Inputs[i].Name+": a mail that is neither a bounce nor a complaint nor an automatic answer")
		}
	}
	if n > maxOthers {
		lines = append(lines, fmt.Sprintf("%s more that are neither", show.Counted(n-maxOthers, "mail")))
	}
	return n, lines
}

// Readable reports whether any input was about the delivery of a message.
func (r *Report) Readable() bool {
	for i := range r.Inputs {
		if r.Inputs[i].Kind != bounce.KindNotBounce {
			return true
		}
	}
	return false
}
