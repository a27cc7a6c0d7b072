package audit

import (
	"net/netip"
	"time"

	"mailworthy/dkim"
	"mailworthy/dmarc"
	"mailworthy/finding"
	"mailworthy/mailhost"
	"mailworthy/rbl"
	"mailworthy/receiver"
	"mailworthy/resolver"
	"mailworthy/spf"
	spfpolicy "mailworthy/spf/policy"
	"mailworthy/transport"
)

// Target is what to audit: a domain, and what its owner states about the mail
// that will leave under its name. What is not stated is found out where the DNS
// can say, and reported as found out.
type Target struct {
	// Domain is the author domain: the one in From.
	Domain string
	// MailFrom are envelope domains (RFC5321.MailFrom); none: the domain itself.
	MailFrom []string
	// LocalParts are those of envelope addresses that were stated whole, by their domain:
	// SPF records may ask for them (RFC 7208, 7.2, letters l and s).
	LocalParts map[string]string
	// Selectors are DKIM selectors that are in use.
	Selectors []string
	// DKIMDomains are signing domains (d=); none: the domain itself.
	DKIMDomains []string
	// IPs are the sending addresses.
	IPs []netip.Addr
	// HELO are the names that the sending hosts greet with.
	HELO []string
	// Providers are IDs of services that send for the domain: the records that they need
	// are part of the audit.
	Providers []string
	// Profile is what the domain is for; empty: guessed from what it publishes.
	Profile finding.Profile
	// Sections restricts the audit; empty: all.
	Sections []finding.Section
}

// Sender is an address that mail is expected from, and why it was examined.
type Sender struct {
	Addr netip.Addr `json:"ip"`
	// From says where the address comes from: "stated", "mx host mx1.acme.example",
	// "spf ip4:192.0.2.10".
	From []string `json:"from"`
}

// Examined says what the audit looked at besides the domain, and why.
type Examined struct {
	Senders []Sender `json:"senders"`
	// SendersUnknown: questions that could have named addresses were not answered.
	SendersUnknown bool `json:"senders_unknown"`
	// LeftOut counts addresses found but not examined because of the bound.
	LeftOut int `json:"senders_left_out"`
	// NotSenders are MX hosts that receive only, and are not examined as senders: those
	// of gateways, and others of another organization that the SPF record does not let
	// send by a term of its own.
	NotSenders []string `json:"mx_not_senders"`
	// SenderRanges are SPF targets and wide ranges named but not swept.
	SenderRanges []string `json:"sender_ranges_not_swept"`
	MailFrom     []string `json:"mail_from"`
	// Envelopes are those of MailFrom that were recognised in a loaded zone.
	Envelopes   []EnvelopeOf      `json:"envelopes"`
	DKIMDomains []string          `json:"dkim_domains"`
	Selectors   []string          `json:"selectors"`
	HELO        []string          `json:"helo"`
	Sections    []finding.Section `json:"sections"`
}

// Detail is how much of what an audit finds its result has. What it has is the same at
// each: verdict, score and row do not hang on it.
type Detail int

const (
	// Whole: all.
	Whole Detail = iota
	// WithoutPasses: there are no findings for what passed; Result.Passes names it.
	WithoutPasses
	// ForRow: neither are there the steps of evaluations nor the next stage of DMARC,
	// which no row shows.
	ForRow
)

// Result is all that one audit found: the facts of each protocol and the
// findings drawn from them.
type Result struct {
	Domain string `json:"domain"`
	// Unicode is the domain as a person writes it, if that differs.
	Unicode string          `json:"domain_unicode" empty:"null"`
	Profile finding.Profile `json:"profile"`
	// ProfileWhy says whether the profile was stated or what it was guessed from.
	ProfileWhy string            `json:"profile_why"`
	Examined   Examined          `json:"examined"`
	Findings   []finding.Finding `json:"findings"`
	// Detail is how much there is. Passes are the checks that passed if Findings have none
	// that did.
	Detail Detail           `json:"-"`
	Passes []finding.Passes `json:"-"`

	// Services are those that send or receive for the domain, as its records say.
	Services []Service `json:"services"`

	SPF *spfpolicy.Policy `json:"spf"`
	// Envelope holds the SPF policies of stated envelope domains other than the domain.
	Envelope []*spfpolicy.Policy `json:"spf_envelope"`
	// Evaluations are check_host() for each sending address and envelope domain.
	Evaluations []spf.Evaluation  `json:"spf_evaluations"`
	DKIM        *dkim.Discovery   `json:"dkim"`
	DMARC       *dmarc.Discovery  `json:"dmarc"`
	Alignments  []dmarc.Alignment `json:"alignments"`
	// NextDMARC is the next step of the staged plan towards p=reject.
	NextDMARC *dmarc.Stage    `json:"dmarc_next"`
	RBL       *rbl.Survey     `json:"rbl"`
	Hosts     *mailhost.Facts `json:"hosts"`
	// Transport is what there is of MTA-STS, TLS reporting, DNSSEC, DANE and BIMI; nil if the
	// audit does not cover it.
	Transport *transport.Facts `json:"transport"`
	// Receivers say what the big receivers' own requirements make of the facts.
	Receivers []receiver.Verdict `json:"receivers"`
	Trace     []resolver.Trace   `json:"-"`

	// Queries is the number of distinct questions that the audit asked, those included that
	// audits of a run ask once for all.
	Queries int `json:"queries"`
	// Started is when the audit began.
	Started time.Time `json:"started"`
	// Duration is the wall time.
	Duration time.Duration `json:"-"`
}
