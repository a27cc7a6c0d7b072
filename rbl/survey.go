package rbl

import (
	"context"
	"net/netip"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// Verdict is what a list says about a subject.
type Verdict string

const (
	// Listed: the list passed its test and has an entry.
	Listed Verdict = "listed"
	// Clean: the list passed its test and has no entry.
	Clean Verdict = "clean"
	// Unknown: no answer, or none to be believed.
	Unknown Verdict = "unknown"
	// Blocked: the list says that it does not answer us.
	Blocked Verdict = "blocked"
	// Dead: the list was closed.
	Dead Verdict = "dead"
)

// Subject is a domain to ask about, and what the domain is for.
type Subject struct {
	Name string `json:"name"`
	// Role is a phrase: "author domain", "envelope domain", "DKIM domain".
	Role string `json:"role"`
}

// Options say what to ask.
type Options struct {
	// Catalogue; nil: the default one.
	Catalogue *Catalogue
	// Lists restricts the survey to these zones, dead ones included; empty: the
	// lists asked by default. Zones that the catalogue does not have are left
	// out: Catalogue.Select names them.
	Lists   []string
	Domains []Subject
	// Addresses returns the addresses to ask about and may block until they are
	// known; nil: none. It is called once.
	Addresses func(context.Context) []netip.Addr
	// Health is shared by the examinations of a run; nil: its own.
	Health *Health
	// AbsentName is a name that does not exist; empty: a random one.
	AbsentName string
}

// Survey is what the lists said.
type Survey struct {
	Addresses []netip.Addr `json:"addresses"`
	// AddressesAsked: the caller had a source of addresses, even if it gave none.
	AddressesAsked bool      `json:"-"`
	Domains        []Subject `json:"domains"`
	// Lists are the lists asked, with their health.
	Lists []ListHealth `json:"lists"`
	// Listings are the verdicts, by subject and then in the order of the lists.
	Listings []Listing `json:"listings"`
	// Resolver says whether the resolver invents answers for absent names.
	Resolver Rewriting `json:"resolver"`

	lists map[string]*List
}

// Listing is the verdict of one list about one subject.
type Listing struct {
	// Subject is the address or the domain.
	Subject string  `json:"subject"`
	Kind    Kind    `json:"kind"`
	List    string  `json:"list"`
	Verdict Verdict `json:"verdict"`
	// Allow: the list is an allow list, an entry speaks for the subject.
	Allow bool `json:"allow,omitempty"`
	// Answers are the addresses returned.
	Answers []string `json:"answers,omitempty"`
	// Codes explain them, in the same order; of a Mask list one a bit.
	Codes []Code `json:"codes,omitempty"`
	// Weight is the worst of the codes.
	Weight finding.Severity `json:"weight,omitempty"`
	// Reasons are the texts that the list publishes for the entry.
	Reasons []string `json:"reasons,omitempty"`
	// Why says why the verdict is unknown, blocked or dead.
	Why      string             `json:"why,omitempty"`
	Evidence []finding.Evidence `json:"evidence,omitempty"`
}

// Examine asks each list about each subject. It returns when all answers are in
// or the context ends; what was not answered by then is unknown.
func Examine(ctx context.Context, r resolver.Resolver, o Options) *Survey { return &Survey{} }

// Context is what the checks need to know beside the survey.
type Context struct {
	Profile finding.Profile
	// AddressesUnknown: the DNS did not say which addresses send.
	AddressesUnknown bool
}

// Check turns a survey into findings.
func Check(s *Survey, c Context) []finding.Finding { return nil }

// Checks are the checks of the section "reputation".
var Checks []finding.Check

// ParseSubjects reads arguments: addresses, ranges (IPv4 up to /24, IPv6 up to
// /120) and domains. The error names the first that is none of these.
func ParseSubjects(args []string) (addrs []netip.Addr, domains []string, err error) {
	return nil, nil, nil
}
