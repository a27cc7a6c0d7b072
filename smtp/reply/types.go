package reply

import "time"

// Reason is why a message was refused, delayed or reported. The set is closed.
type Reason string

// The reasons. What each means and who acts on it is in data/reasons.txt.
const (
	AuthFailure        Reason = "auth-failure"
	PTRRequired        Reason = "ptr-required"
	IPListed           Reason = "ip-listed"
	Reputation         Reason = "reputation"
	SenderRejected     Reason = "sender-rejected"
	DomainUnknown      Reason = "domain-unknown"
	NullMX             Reason = "null-mx"
	NotAccepting       Reason = "not-accepting"
	Network            Reason = "network"
	DNS                Reason = "dns"
	Expired            Reason = "expired"
	TLSFailure         Reason = "tls-failure"
	LoginFailure       Reason = "login-failure"
	LoginRequired      Reason = "login-required"
	RelayDenied        Reason = "relay-denied"
	TooManyConnections Reason = "too-many-connections"
	RateLimited        Reason = "rate-limited"
	Greylisted         Reason = "greylisted"
	UserUnknown        Reason = "user-unknown"
	MailboxDisabled    Reason = "mailbox-disabled"
	MailboxMoved       Reason = "mailbox-moved"
	MailboxFull        Reason = "mailbox-full"
	Filtered           Reason = "filtered"
	RecipientPolicy    Reason = "recipient-policy"
	Spam               Reason = "spam"
	Content            Reason = "content"
	Virus              Reason = "virus"
	Policy             Reason = "policy"
	NotCompliant       Reason = "not-compliant"
	MessageTooBig      Reason = "message-too-big"
	SystemFull         Reason = "system-full"
	SystemError        Reason = "system-error"
	Syntax             Reason = "syntax"
	Loop               Reason = "loop"
	Suppressed         Reason = "suppressed"
	Complaint          Reason = "complaint"
	AutoReply          Reason = "auto-reply"
	Delivered          Reason = "delivered"
	Unknown            Reason = "unknown"
)

// Who is the party that must act.
type Who string

const (
	WhoSender    Who = "sender"
	WhoRecipient Who = "recipient"
	WhoListOwner Who = "list-owner"
	WhoOwnServer Who = "own-server"
	WhoNetwork   Who = "network"
	WhoProvider  Who = "provider"
	WhoUnknown   Who = "unknown"
)

// Speaker is who wrote the reply.
type Speaker string

const (
	// Remote is the server that the message was sent to.
	Remote Speaker = "remote"
	// Local is the sending server itself; its codes are no verdict of a receiver.
	Local Speaker = "local"
	// SpeakerUnknown: the text does not show it.
	SpeakerUnknown Speaker = "unknown"
)

// Stage is the step of the SMTP session that was answered; empty if not stated.
type Stage string

const (
	StageConnect   Stage = "connect"
	StageBanner    Stage = "banner"
	StageEHLO      Stage = "ehlo"
	StageSTARTTLS  Stage = "starttls"
	StageAuth      Stage = "auth"
	StageMail      Stage = "mail"
	StageRcpt      Stage = "rcpt"
	StageData      Stage = "data"
	StageEndOfData Stage = "end-of-data"
	StageQuit      Stage = "quit"
)

// Proof names an audit that shows a cause, or rules it out.
type Proof string

const (
	// ProofSPF evaluates SPF for the client address and the envelope domain.
	ProofSPF Proof = "spf"
	// ProofDKIM looks at the keys of the signing domain.
	ProofDKIM Proof = "dkim"
	// ProofDMARC looks at the policy and the alignment of the author domain.
	ProofDMARC Proof = "dmarc"
	// ProofPTR makes the PTR round trip of the client address.
	ProofPTR Proof = "ptr"
	// ProofHELO resolves the name that the client greeted with.
	ProofHELO Proof = "helo"
	// ProofRBL asks block lists: Identities.Zone alone if it is set.
	ProofRBL Proof = "rbl"
	// ProofMailFrom asks MX, A, AAAA and SOA of the envelope domain.
	ProofMailFrom Proof = "mail-from"
	// ProofRecipientMX asks MX and addresses of the recipient's domain.
	ProofRecipientMX Proof = "recipient-mx"
	// ProofMTASTS and ProofDANE look at what the recipient's domain demands of TLS.
	ProofMTASTS Proof = "mta-sts"
	ProofDANE   Proof = "dane"
	// ProofMessage needs the message itself (the message command).
	ProofMessage Proof = "message"
	// ProofSubmission needs the set-up of the sending service, not the DNS.
	ProofSubmission Proof = "submission"
)

// Reply is a text taken apart, not yet explained.
type Reply struct {
	// Text is what was said: lines joined, prefixes and wrapping removed.
	Text string
	// Code is the reply code; 0 if the text has none.
	Code int
	// Enhanced is the enhanced status code, "" if the text has none.
	Enhanced string
	Stage    Stage
	Speaker  Speaker
	// RemoteHost and RemoteIP are the server that the text names as the other side.
	RemoteHost string
	RemoteIP   string
	// Whole is the input with its lines joined, wrapping included.
	Whole string
	// wrapped: the words around the reply are known, and not the receiver's.
	wrapped bool
}

// Context is what is known of a reply besides its text. All of it is optional.
type Context struct {
	// Recipient is the address that the reply is about.
	Recipient string
	// RemoteHost is the server that spoke, as a report's Remote-MTA names it.
	RemoteHost string
	// Stage, if the text does not state it.
	Stage Stage
	// Code and Enhanced, if the text does not state them.
	Code     int
	Enhanced string
	// Speaker, if the caller knows it (Remote-MTA is present: Remote).
	Speaker Speaker
	// Delayed: the sender still tries, so nothing is final (RFC 3464, 2.3.3).
	Delayed bool
	// Final: the sender has given up, so that a 4xx is final.
	Final bool
}

// Identities are what a text states of the parties: the input of a proof.
type Identities struct {
	ClientIP        string
	HELO            string
	AuthorDomain    string
	EnvelopeDomain  string
	DKIMDomain      string
	DKIMSelector    string
	RecipientDomain string
	// Zone is the block list that the text names, such as zen.spamhaus.org.
	Zone string
	// ZoneSubject is "ip" or "domain": what is listed; "" if not stated.
	ZoneSubject string
}

// Explanation is a reply with what it means.
type Explanation struct {
	Reply
	// Receiver is an id such as "gmail"; "" if none is recognised.
	Receiver string
	Reason   Reason
	// Permanent is nil if it cannot be told, or if nothing failed.
	Permanent *bool
	Who       Who
	// Meaning is a sentence, Next are the steps to take.
	Meaning string
	Next    []string
	// RetryAfter is how long the text says to wait; 0 if it does not.
	RetryAfter time.Duration
	// Proofs are the audits that show the cause; none if the DNS cannot.
	Proofs     []Proof
	Identities Identities
	// Reference is where the cause is documented.
	Reference string
	// Evidence is what decided: "text", "enhanced-code", "reply-code" or "".
	Evidence string
	// Marker is the text of the rule that matched, if Evidence is "text".
	Marker string
}
