package proof

import (
	"net/netip"
	"time"

	"mailworthy/finding"
	"mailworthy/smtp/reply"
)

// Outcome is what a proof comes to.
type Outcome string

const (
	// Proved: the DNS shows the cause.
	Proved Outcome = "proved"
	// RuledOut: the DNS is right now.
	RuledOut Outcome = "ruled-out"
	// Unknown: the DNS did not say, or something must be stated first.
	Unknown Outcome = "unknown"
	// NotRun: nothing was asked, on purpose or because the DNS cannot show the cause.
	NotRun Outcome = "not-run"
)

// Proof is what the DNS says about a cause.
type Proof struct {
	// Command repeats the proof; empty if there is none to run.
	Command string
	// Checks are the protocols and records that it looks at, such as "spf" and "ptr".
	Checks  []string
	Outcome Outcome
	// Why is what was seen, in full sentences.
	Why string
	// Findings show the cause, with their fixes.
	Findings []finding.Finding
	// Seen are the records that the outcome rests on, with their TTL.
	Seen []finding.Evidence
	// At is when the DNS was asked; zero if it was not.
	At time.Time
}

// Identities are the parties of a message, as far as they are known.
type Identities struct {
	// ClientIP is the address that sent; not valid if it is not known.
	ClientIP netip.Addr
	// IPStated: the user says that the address is a sender of the domain.
	IPStated bool
	HELO     string
	// Author is the domain in From, Envelope that of MAIL FROM.
	Author, Envelope string
	// EnvelopeAssumed: nobody states the envelope domain, it is taken to be the author's.
	EnvelopeAssumed bool
	DKIM            []Signature
	Recipient       string
	// RemoteHost is the server that answered.
	RemoteHost string
	// Zone is the block list that the text names, ZoneSubject "ip" or "domain".
	Zone, ZoneSubject string
}

// Signature is where the key of a DKIM signature stands. The selector may be empty.
type Signature struct{ Domain, Selector string }

// Request is a cause to prove.
type Request struct {
	Reason   reply.Reason
	Proofs   []reply.Proof
	Receiver string
	Enhanced string
	// Text is what was said; it decides whether one of SPF and DKIM would have sufficed.
	Text       string
	Identities Identities
	// Forged: the message was not sent by the domain (backscatter), so that nothing of
	// the domain is to be corrected.
	Forged bool
}
