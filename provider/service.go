package provider

import (
	"iter"
	"slices"
	"strings"
)

// Kind says what a service does for its customers.
type Kind string

const (
	// Relay takes mail of programs, over SMTP or an API.
	Relay Kind = "relay"
	// Mailbox has mailboxes that people read and send from.
	Mailbox Kind = "mailbox"
	// Marketing sends what is written on its own pages.
	Marketing Kind = "marketing"
	// Other is what the catalogue only recognises.
	Other Kind = ""
)

// Confidence says where the selectors and names of an entry come from.
type Confidence string

const (
	// Documented: in the service's own instructions.
	Documented Confidence = "documented"
	// Observed: seen in public zones or messages.
	Observed Confidence = "observed"
	// Memory: commonly said, not verified. A hint, never the ground of an error.
	Memory Confidence = "memory"
)

// Service is one service or program.
type Service struct {
	// ID is what a person types, in lower case with hyphens; Name is how it is
	// written; Also are other names of it.
	ID, Name string
	Also     []string
	Kind     Kind

	// Selectors are the DKIM selectors that customers publish, patterns as written:
	// {yyyy} is a year, {mmyy} a month and year, {label} the first label of the name
	// that the customer's SPF record includes.
	Selectors []string
	// MX, SPF and CNAME are name suffixes: of the MX hosts of customers, of the names
	// that their SPF records include, of the targets of their selectors.
	MX, SPF, CNAME []string
	// Shared says what customers who include its SPF names have in common: they share
	// its addresses and could, as published, send in each other's names; empty if not.
	Shared string
	// Targets are the aliases of selectors that are the same for all customers or follow
	// from the domain, as selector=target.
	Targets []string
	// Shapes are the forms of placeholders, as KEY=PATTERN with the patterns of Like.
	Shapes     []string
	Confidence Confidence
	// Software: a program and not a service; nothing in the DNS points to it.
	Software bool
	// Standby: keys come in pairs of which one is alive; the target of the other is
	// absent until the next rotation.
	Standby bool
	Note    string

	// Inbound are patterns of MX hosts that only receive; InboundAs is the service's
	// name as owner of them, if it is another one. Mailboxes: people send from mailboxes
	// at the service, with their own domain in MAIL FROM.
	Inbound   []string
	InboundAs string
	Mailboxes bool
	// OwnEnvelope: MAIL FROM has the service's domain or a host of its own below the
	// customer's, and SPF is checked there. Envelope are patterns of where the CNAME or
	// MX of such a host leads to.
	OwnEnvelope bool
	Envelope    []string

	// Align has "spf" and "dkim" as far as mail aligns by it with the records in place.
	Align []string
	// Regions are alternatives that differ in names; the first is the usual one.
	Regions []Region
	// Ways are alternative sets of records; the first is the one that the service
	// recommends. A service with nothing to publish has none.
	Ways []Way
	// ReturnPaths are names for the envelope host below the domain, the first being the
	// one that the service proposes; "@" is the domain itself. FromMemory: the proposal
	// is not verified.
	ReturnPaths          []string
	ReturnPathFromMemory bool
	// SwitchOn is what to do on the service's page once the records are published.
	SwitchOn string
	SMTP     *SMTP
	// Limits are bounds on what it takes, Traps what goes wrong for no visible reason.
	Limits, Traps []string
	// Source says where the records come from, Date when they were read (2026-08).
	Source, Date string
	// User: the entry comes from a file of the user.
	User bool
}

// Region is one of the places that a service runs in, with the values that differ.
type Region struct {
	// Name may be a placeholder: then one of the others must be stated.
	Name string
	Vars map[string]string
}

// Way is one set of records that makes a service work.
type Way struct {
	Name    string
	Records []Record
}

// Purpose says what a record is for.
type Purpose string

const (
	SPF          Purpose = "spf"
	DKIM         Purpose = "dkim"
	ReturnPath   Purpose = "return-path"
	Verification Purpose = "verification"
	DMARC        Purpose = "dmarc"
	MX           Purpose = "mx"
	Tracking     Purpose = "tracking"
)

// Need says how much a service depends on a record.
type Need string

const (
	// Needed: without it the service does not send, or its mail fails.
	Needed Need = "needed"
	// Advised: the service asks for it, and sends without.
	Advised Need = "advised"
	// Optional: for a feature that not every customer uses.
	Optional Need = "optional"
	// Once: until the service has verified the domain.
	Once Need = "once"
	// Receive: only if the service is to receive the domain's mail.
	Receive Need = "receive"
	// Unwanted: it was asked for once and is not any more.
	Unwanted Need = "unwanted"
	// Unverified: known from memory alone.
	Unverified Need = "memory"
)

// Record is a record to publish, as a template. {domain}, {dashed} (the domain with
// hyphens for dots), {return-path}, {selector} and the names of a region's values are
// filled in; <key: what it is> is a place that only the service's page can fill, and
// <key> the same place again.
type Record struct {
	Purpose Purpose
	Need    Need
	// Name and Value are templates, Value of an SPF record being one term.
	Name, Type, Value string
	// Accept are patterns of values that do as well; with some, a value that has a
	// placeholder must match one of them.
	Accept []string
	// Match is a pattern of the name, Try are labels for its first placeholder.
	Match string
	Try   []string
	// All is the sign that the service demands before the all of the SPF record.
	All string
	// Literal: the term must be in the record itself, and not in one that it includes.
	Literal bool
	// Alone: no other record of the type may be at the name.
	Alone bool
	// Why is more about the need, as part of a sentence.
	Why string
}

// Includes reports whether it is of an SPF record, and about the include of a name.
func (r *Record) Includes(name string) bool {
	return r.Purpose == SPF && slices.Contains(append([]string{r.Value}, r.Accept...), "include:"+strings.ToLower(name))
}

// Port is a port for handing mail in.
type Port struct {
	Number int
	// Implicit: TLS from the first byte; else STARTTLS.
	Implicit bool
}

// SMTP is how programs hand mail to a service.
type SMTP struct {
	// Host may be a template.
	Host  string
	Ports []Port
	// User and Password say what to log in with.
	User, Password string
	// TLS is the lowest version that is accepted; empty: 1.2 is recommended, nothing is
	// documented.
	TLS string
	// Relay is a second host for servers, with ports of its own.
	Relay      string
	RelayPorts []Port
	// FromMemory names what is not verified; empty: nothing.
	FromMemory string
}

// NeedsRecords reports whether the service is known to need records.
func (s *Service) NeedsRecords() bool { return len(s.Ways) > 0 }

// Records are those of all ways, each way's in its order. They are shared.
func (s *Service) Records() iter.Seq[*Record] {
	return func(yield func(*Record) bool) {
		for i := range s.Ways {
			for k := range s.Ways[i].Records {
				if !yield(&s.Ways[i].Records[k]) {
					return
				}
			}
		}
	}
}

// AlignsBy reports whether mail of the service aligns by "spf" or "dkim".
func (s *Service) AlignsBy(what string) bool { return slices.Contains(s.Align, what) }

// NoLongerWants returns why the service has no use for a name in an SPF record that
// once was asked for; ok is false if it has.
func (s *Service) NoLongerWants(include string) (why string, ok bool) {
	for r := range s.Records() {
		if r.Need == Unwanted && r.Includes(include) {
			return r.Why, true
		}
	}
	return "", false
}

// Region returns the region of a name.
func (s *Service) Region(name string) (Region, bool) {
	for _, r := range s.Regions {
		if strings.EqualFold(r.Name, name) {
			return r, true
		}
	}
	return Region{}, false
}

// RegionNames are the regions that can be stated.
func (s *Service) RegionNames() []string {
	var out []string
	for _, r := range s.Regions {
		if !strings.HasPrefix(r.Name, "<") {
			out = append(out, r.Name)
		}
	}
	return out
}
