package policy

import (
	"net/netip"

	"mailworthy/finding"
	"mailworthy/spf"
)

// Status says what the DNS holds at a name.
type Status string

const (
	// StatusFound: what was looked for, an SPF record or addresses.
	StatusFound Status = "found"
	// StatusNone: the name exists, without what was looked for.
	StatusNone Status = "none"
	// StatusMultiple: two SPF records or more, which is a permerror (RFC 7208, 4.5).
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

// absent reports whether the DNS said that there is nothing.
func (s Status) absent() bool { return s == StatusNone || s == StatusNXDomain }

// unknown reports whether there was no answer.
func (s Status) unknown() bool { return s == StatusUnresolved || s == StatusNotAsked }

// Policy is everything that a domain publishes for SPF, as facts.
type Policy struct {
	Domain string `json:"domain"`
	Status Status `json:"status"`
	// Record is the tree, with the domain's own name at its root.
	Record *Record `json:"record"`
	// Lookups is the static worst case: the terms that count towards the limit
	// of ten when no term matches (RFC 7208, 4.6.4). If LookupsExact is false
	// it is a lower bound, and Uncountable has the terms that made it one.
	Lookups      int     `json:"lookups"`
	LookupsExact bool    `json:"lookups_exact"`
	Uncountable  []Place `json:"uncountable"`
	// Voids is how many terms find nothing for any client, VoidLookups those
	// terms. For a client of one family they may be more: then a name has
	// addresses of the other family alone.
	Voids       int    `json:"voids"`
	VoidsIPv4   int    `json:"voids_ipv4"`
	VoidsIPv6   int    `json:"voids_ipv6"`
	VoidLookups []Void `json:"void_lookups"`
	// Addresses accounts for what is authorised.
	Addresses Accounting `json:"addresses"`
	// Absent are the targets that do not exist, with the domains to register for
	// them. Names that nobody can register, such as those of .local, are not here.
	Absent []AbsentTarget `json:"absent_targets"`
	// Questions is how many the examination asked. Cut says that it stopped at
	// its bound, so that the tree is not complete.
	Questions int  `json:"questions"`
	Cut       bool `json:"cut"`

	// answers are what the examination learnt, pass the addresses authorised.
	answers *answers
	pass    addresses
	// crowded says for which clients void lookups end evaluations that should not.
	crowded families
}

// Record is one name of the tree: what is published there and what its terms
// lead to.
type Record struct {
	Domain string `json:"domain"`
	Status Status `json:"status"`
	// Text is the SPF record if there is exactly one.
	Text string `json:"text" empty:"null"`
	// Published are all TXT records at the name. Octets is the size of the name
	// and of their texts together (RFC 7208, 3.4).
	Published []Published `json:"published"`
	Octets    int         `json:"octets"`
	Terms     []Term      `json:"terms"`
	// LeftOut is how many terms the record has beyond those in Terms: no record of
	// honest size has so many.
	LeftOut int `json:"terms_left_out"`
	// Error is why a receiver that comes to this record ends in permerror,
	// because of the record itself.
	Error string `json:"error" empty:"null"`
	// Lookups is the cost of the terms in it and below it.
	Lookups      int  `json:"lookups"`
	LookupsExact bool `json:"lookups_exact"`
	// Loop says that the name is one of those that led here; Repeated that it
	// stands earlier in the tree. Neither shows its terms again.
	Loop     bool             `json:"loop"`
	Repeated bool             `json:"repeated"`
	Evidence finding.Evidence `json:"evidence"`

	facts   *recordFacts
	crowded families // that of the policy, for the domain's own records
}

// Published is one TXT record as it stands in the DNS.
type Published struct {
	Strings []string `json:"strings"`
	Octets  int      `json:"octets"`
	// SPF says that a receiver selects it as an SPF record.
	SPF bool `json:"spf"`
}

// Text is the record with its strings joined (RFC 7208, 3.3).
func (p *Published) Text() string {
	s := ""
	for _, x := range p.Strings {
		s += x
	}
	return s
}

// Term is one term of a record and what it leads to.
type Term struct {
	Text string `json:"text"`
	// Offset is that of the text in the record, in bytes.
	Offset int      `json:"offset"`
	Kind   spf.Kind `json:"kind"`
	// Qualifier is the sign, "+" if none is written; empty for modifiers.
	Qualifier string `json:"qualifier" empty:"null"`
	// Value is what stands behind the colon or the equals sign.
	Value string `json:"value" empty:"null"`
	// Error is what is wrong with the term, Meant what was probably meant.
	Error string `json:"error" empty:"null"`
	Meant string `json:"meant" empty:"null"`
	// Ignored says why no receiver reads the term: "after_all" or
	// "redirect_with_all" (RFC 7208, 5.1).
	Ignored string `json:"ignored" empty:"null"`
	// Target is the name that is asked. If it depends on the client, it is
	// empty and Unknown says on what.
	Target  string `json:"target" empty:"null"`
	Unknown string `json:"unknown" empty:"null"`
	// Status is what the DNS holds at the target.
	Status Status `json:"status" empty:"null"`
	// Cost counts towards the limit of ten, with all terms below.
	Cost      int  `json:"cost"`
	CostExact bool `json:"cost_exact"`
	exact     bool // match is all that it matches
	// Void says that the question finds nothing, VoidFor that it finds nothing
	// for clients of one family: "ipv4" or "ipv6".
	Void    bool   `json:"void"`
	VoidFor string `json:"void_for" empty:"null"`
	// Hosts are those of an mx; NullMX says that the domain takes no mail (RFC
	// 7505).
	Hosts  []Host `json:"hosts"`
	NullMX bool   `json:"null_mx"`
	// Prefixes are the addresses that ip4, ip6, a and mx match.
	Prefixes []netip.Prefix `json:"prefixes"`
	// Explanation is the text of an exp, ExplanationError why receivers use none.
	Explanation      string             `json:"explanation" empty:"null"`
	ExplanationError string             `json:"explanation_error" empty:"null"`
	Record           *Record            `json:"record"`
	Evidence         []finding.Evidence `json:"evidence"`

	parsed *spf.Term
	match  addresses // what it matches, if that does not depend on the client
}

// Host is one mail exchanger of an mx term.
type Host struct {
	Name      string       `json:"name"`
	Status    Status       `json:"status"`
	Addresses []netip.Addr `json:"addresses"`
}

// Place is a term and the domain of its record.
type Place struct {
	In   string `json:"in"`
	Term string `json:"term"`
	// Why says what is the matter with it.
	Why string `json:"why" empty:"null"`
}

// Void is a term whose question finds nothing (RFC 7208, 4.6.4).
type Void struct {
	In     string `json:"in"`
	Term   string `json:"term"`
	Name   string `json:"name"`
	Status Status `json:"status"`
}

// AbsentTarget is a target that does not exist, though its domain could be had.
type AbsentTarget struct {
	In     string `json:"in"`
	Term   string `json:"term"`
	Target string `json:"target"`
	// Name is what does not exist if the target is an alias: the end of the
	// chain.
	Name string `json:"name" empty:"null"`
	// Registrable is the domain one would register to own that name, and Status
	// what the DNS says of it: nxdomain, found (it has an owner) or unresolved.
	Registrable string           `json:"registrable_domain"`
	Status      Status           `json:"registrable_status"`
	Evidence    finding.Evidence `json:"evidence"`

	asked finding.Evidence // the question for the target
}

// Accounting is what a policy authorises. Numbers are decimal strings: there are
// more IPv6 addresses than a JSON number can hold.
type Accounting struct {
	IPv4 string `json:"ipv4"`
	IPv6 string `json:"ipv6"`
	// Exact is false if something that cannot be counted may authorise more:
	// macros, ptr, names that did not resolve.
	Exact bool `json:"exact"`
	// ByTerm are the terms of the domain's own record.
	ByTerm []Share `json:"by_term"`
	// Overlaps are ranges inside others, Broad those that are wide, Special those
	// that no mail can come from. The first hundred each.
	Overlaps []Overlap `json:"overlaps"`
	Broad    []Range   `json:"broad"`
	Special  []Range   `json:"special"`

	v4 uint64
}

// Share is what one term of the domain's own record authorises.
type Share struct {
	Term  string `json:"term"`
	IPv4  string `json:"ipv4"`
	IPv6  string `json:"ipv6"`
	Exact bool   `json:"exact"`

	v4 uint64
}

// Range is one authorised range and where it stands.
type Range struct {
	Prefix netip.Prefix `json:"prefix"`
	In     string       `json:"in"`
	Term   string       `json:"term"`
	// Kind says what is special: "private", "loopback", ….
	Kind string `json:"kind" empty:"null"`
	// Own says that it stands in the domain's own record.
	Own bool `json:"own"`

	at int // index of the term in its record
}

// Overlap is a range that lies inside another.
type Overlap struct {
	Range
	Within Range `json:"within"`
}
