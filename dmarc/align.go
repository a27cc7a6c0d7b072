package dmarc

import (
	"context"

	"mailworthy/resolver"
)

// Organization is the Organizational Domain of a domain and how it was found.
type Organization struct {
	Domain string `json:"domain"`
	// OrganizationalDomain is empty when undecided.
	OrganizationalDomain string   `json:"organizational_domain,omitempty"`
	Undecided            string   `json:"undecided,omitempty"`
	Queries              []string `json:"queries"`
	Walk                 []Step   `json:"walk"`
}

// OrganizationalDomain walks from domain (RFC 9989, 4.10.2).
func OrganizationalDomain(ctx context.Context, r resolver.Resolver, domain string) *Organization {
	return &Organization{Domain: domain}
}

// Alignment is one authenticated identifier judged against the Author Domain.
type Alignment struct {
	// Kind is "spf" for an envelope domain, "dkim" for a signing domain.
	Kind   string `json:"kind"`
	Domain string `json:"domain"`
	// OrganizationalDomain of Domain, empty when undecided or not needed.
	OrganizationalDomain string `json:"organizational_domain,omitempty"`
	// Mode is the one in force; empty where the record is not known.
	Mode Mode `json:"mode,omitempty"`
	// Relaxed and Strict say whether it would align in that mode; Aligned is
	// the answer in the mode in force. Nil is not known.
	Relaxed *bool `json:"relaxed"`
	Strict  bool  `json:"strict"`
	Aligned *bool `json:"aligned"`
	// Why is a sentence.
	Why     string   `json:"why"`
	Queries []string `json:"queries,omitempty"`
	Walk    []Step   `json:"walk,omitempty"`
}

// Align judges identifiers of a kind ("spf": envelope domains, "dkim": d=
// domains) against the domain of d, all at once.
func Align(ctx context.Context, r resolver.Resolver, d *Discovery, kind string, domains []string) []Alignment {
	return nil
}
