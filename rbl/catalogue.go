package rbl

import (
	"mailworthy/finding"
)

// Kind is what a list can be asked about.
type Kind string

const (
	// IPv4 addresses, octets reversed (RFC 5782, 2.1).
	IPv4 Kind = "ipv4"
	// IPv6 addresses, 32 nibbles reversed (RFC 5782, 2.4).
	IPv6 Kind = "ipv6"
	// Domain names, prepended as they are (RFC 5782, 3).
	Domain Kind = "domain"
	// Allow marks a list whose entries speak for the subject (RFC 5782, 2.2).
	Allow Kind = "allow"
)

// Access says who may ask a list.
type Access string

const (
	// Open to everyone, within the operator's limits.
	Open Access = "open"
	// Key: only below a name that holds the subscriber's key.
	Key Access = "key"
	// Registration: the operator must know the resolver's address.
	Registration Access = "registration"
)

// Catalogue is a set of lists.
type Catalogue struct {
	Lists []*List `json:"lists"`
}

// List is one block or allow list.
type List struct {
	// Zone is the name of the list as shown: a key in it is written "<key>".
	Zone  string `json:"zone"`
	Name  string `json:"name"`
	Kinds []Kind `json:"kinds"`
	// Weight is the severity of a listing whose code has no weight of its own.
	Weight finding.Severity `json:"weight"`
	// Default: asked when the user names no lists.
	Default bool   `json:"default"`
	Access  Access `json:"access"`
	// KeyZone is the zone to ask with a key, "<key>" standing for it.
	KeyZone string `json:"key_zone,omitempty"`
	// HasKey: a key was supplied.
	HasKey bool `json:"has_key"`
	// Registrable: the list holds registrable domains only, so that is what to ask.
	Registrable bool `json:"registrable,omitempty"`
	// Mask: the last octet is a sum of bits, one a sub-list (RFC 5782, 2.3).
	Mask  bool   `json:"mask,omitempty"`
	Codes []Code `json:"codes,omitempty"`
	// Refusals are answers that say "not for you", beside those that are refusals of every list.
	Refusals []Refusal `json:"refusals,omitempty"`
	// TestListed are entries of which one must be listed; TestClean must not be.
	// Empty: the entries of RFC 5782, 5.
	TestListed []string  `json:"test_listed,omitempty"`
	TestClean  string    `json:"test_clean,omitempty"`
	Delisting  Delisting `json:"delisting"`
	// Dead is when the list was closed, "2024-06-05" or as much of it as is known.
	Dead string `json:"dead,omitempty"`
	Note string `json:"note,omitempty"`
	// Stated: the list comes from the user's file.
	Stated bool `json:"stated,omitempty"`

	secret *secret
}

// secret holds what must not be shown. It is a pointer so that no formatting of
// a List prints it.
type secret struct {
	// zone is the name to ask, key included.
	zone string
	// keys are the texts to redact wherever they turn up.
	keys []string
}

// Code explains an answer of a list.
type Code struct {
	// Answer is an address; an octet may be a range "10-12" or "*". Of a Mask
	// list it is the bit as an address: 127.0.0.8.
	Answer  string `json:"answer"`
	Sublist string `json:"sublist,omitempty"`
	Meaning string `json:"meaning"`
	// Weight replaces the list's weight.
	Weight finding.Severity `json:"weight,omitempty"`
	// Effect is "" for a listing, "neutral" or "credit".
	Effect    Effect     `json:"effect,omitempty"`
	Delisting *Delisting `json:"delisting,omitempty"`
}

// Effect is what a code does to its subject.
type Effect string

const (
	// Listed is the effect of a code that states none.
	Lists Effect = ""
	// Neutral: an entry that says nothing against the subject.
	Neutral Effect = "neutral"
	// Credit: an entry that speaks for the subject.
	Credit Effect = "credit"
)

// Refusal is an answer that is no entry.
type Refusal struct {
	Answer  string `json:"answer"`
	Meaning string `json:"meaning"`
	// Advice says how to get an answer.
	Advice string `json:"advice,omitempty"`
}

// Delisting is how to leave a list.
type Delisting struct {
	URL   string `json:"url,omitempty"`
	Steps string `json:"steps,omitempty"`
}

// DefaultCatalogue returns the lists that this program knows, dead ones included.
func DefaultCatalogue() *Catalogue { return &Catalogue{} }

// LoadCatalogue returns the default catalogue as changed by the user's file.
// Texts such as ${NAME} in zones and keys are replaced by env("NAME"). Errors
// give the line, and never a key.
func LoadCatalogue(file string, env func(string) string) (*Catalogue, error) {
	return DefaultCatalogue(), nil
}

// Find returns the list of that zone, or nil.
func (c *Catalogue) Find(zone string) *List { return nil }

// Select returns the lists of those zones; an unknown zone is an error that
// names it. No zones: those asked by default.
func (c *Catalogue) Select(zones []string) ([]*List, error) { return nil, nil }

// Redact replaces every key of the catalogue in a text by "<key>".
func (c *Catalogue) Redact(text string) string { return text }
