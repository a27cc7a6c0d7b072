package spf

import (
	"net/netip"

	"mailworthy/finding"
)

// Status says what the DNS holds at a name that should have an SPF record.
type Status string

const (
	// StatusFound: one record.
	StatusFound Status = "found"
	// StatusNone: the name exists or may exist, without an SPF record.
	StatusNone Status = "none"
	// StatusMultiple: two or more, which is a permerror (RFC 7208, 4.5).
	StatusMultiple Status = "multiple"
	// StatusNXDomain: the name does not exist.
	StatusNXDomain Status = "nxdomain"
	// StatusUnresolved: the DNS did not say.
	StatusUnresolved Status = "unresolved"
	// StatusInvalid: the name cannot be asked.
	StatusInvalid Status = "invalid"
	// StatusNotAsked: the bound on the examination was reached before.
	StatusNotAsked Status = "not_asked"
)

// Policy is everything that a domain publishes for SPF, as facts.
type Policy struct {
	Domain string `json:"domain"`
	Status Status `json:"status"`
	// Record is the tree, with the domain's own name at its root.
	Record *Record `json:"record"`
	// Lookups is the static worst case: the terms that count towards the limit
	// of ten when no term matches. LookupsExact is false where it cannot be
	// known; then Uncountable has the reasons and Lookups is a lower bound.
	Lookups      int      `json:"lookups"`
	LookupsExact bool     `json:"lookups_exact"`
	Uncountable  []string `json:"uncountable,omitempty"`
	// VoidLookups are the terms that find nothing for any client.
	VoidLookups []Void `json:"void_lookups,omitempty"`
	// Addresses accounts for what is authorised.
	Addresses Accounting `json:"addresses"`
	// Absent are the targets that do not exist, with their registrable domains.
	Absent []AbsentTarget `json:"absent_targets,omitempty"`
	// Questions is how many the examination asked; Cut says that it stopped at
	// its bound, so that the tree is incomplete.
	Questions int  `json:"questions"`
	Cut       bool `json:"cut,omitempty"`
	// Mail is what the domain's MX records say, where they were asked.
	own *Record
}

// Record is one name of the tree: what is published there and what its terms
// lead to.
type Record struct {
	Domain string `json:"domain"`
	Status Status `json:"status"`
	// Text is the SPF record where there is exactly one.
	Text string `json:"text,omitempty"`
	// Published are all TXT records at the name; Octets is their size with the
	// name (RFC 7208, 3.4).
	Published []Published `json:"published,omitempty"`
	Octets    int         `json:"octets,omitempty"`
	Terms     []Term      `json:"terms,omitempty"`
	// Error is the first error of the record itself: a receiver's permerror.
	Error string `json:"error,omitempty"`
	// Lookups is the cost of the terms in it and below it.
	Lookups      int  `json:"lookups"`
	LookupsExact bool `json:"lookups_exact"`
	// Loop says that the name is among its own ancestors; Repeated that it was
	// shown earlier in the tree. Neither shows its terms again.
	Loop     bool             `json:"loop,omitempty"`
	Repeated bool             `json:"repeated,omitempty"`
	Evidence finding.Evidence `json:"evidence"`
}

// Published is one TXT record as it stands in the DNS.
type Published struct {
	Strings []string `json:"strings"`
	Octets  int      `json:"octets"`
	// SPF says that a receiver selects it as an SPF record.
	SPF bool `json:"spf"`
}

// Void is a term whose question has no answer (RFC 7208, 4.6.4).
type Void struct {
	In     string `json:"in"`
	Term   string `json:"term"`
	Name   string `json:"name"`
	Status Status `json:"status"`
}

// AbsentTarget is a target that does not exist.
type AbsentTarget struct {
	In     string `json:"in"`
	Term   string `json:"term"`
	Target string `json:"target"`
	// Registrable is the domain one would register to own the target; Status
	// what the DNS says of it: nxdomain, found, unresolved.
	Registrable string           `json:"registrable_domain"`
	Status      Status           `json:"registrable_status"`
	Evidence    finding.Evidence `json:"evidence"`
}

// Source is an address that the domain's own record authorises directly.
type Source struct {
	Addr netip.Addr `json:"addr"`
	// From is the term that names it.
	From string `json:"from"`
}
