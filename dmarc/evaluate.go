package dmarc

import (
	"context"

	"mailworthy/resolver"
)

// Identity is a domain with the result of its check.
type Identity struct {
	Domain string `json:"domain"`
	// Result is that of SPF or DKIM: "pass" counts.
	Result string `json:"result"`
}

// Identities are what DMARC needs to know about a message.
type Identities struct {
	// From is the Author Domain: the domain of the From header.
	From string
	SPF  []Identity
	DKIM []Identity
}

// Result is the DMARC result of a message (RFC 9989, 9.2).
type Result string

const (
	ResultPass      Result = "pass"
	ResultFail      Result = "fail"
	ResultNone      Result = "none"
	ResultTempError Result = "temperror"
	ResultPermError Result = "permerror"
)

// Verdict is what a receiver concludes.
type Verdict struct {
	Result               Result  `json:"result"`
	Domain               string  `json:"domain"`
	PolicyDomain         *string `json:"policy_domain"`
	OrganizationalDomain *string `json:"organizational_domain"`
	// Policy applies to this Author Domain (from p, sp or np); EffectivePolicy
	// is the same after t.
	Policy          *Policy `json:"policy"`
	EffectivePolicy *Policy `json:"effective_policy"`
	// Tag is where Policy comes from.
	Tag   *string `json:"tag"`
	ADKIM *Mode   `json:"adkim"`
	ASPF  *Mode   `json:"aspf"`
	// SPFAligned and DKIMAligned: an identity that passed is aligned. Null: not known.
	SPFAligned  *bool `json:"spf_aligned"`
	DKIMAligned *bool `json:"dkim_aligned"`
	// Queries are the names of the Author Domain's walk in order.
	Queries     []string           `json:"queries"`
	Identifiers []IdentityAlignment `json:"identifiers"`
	Error       string             `json:"error,omitempty"`
}

// IdentityAlignment is one identity with how it was judged.
type IdentityAlignment struct {
	Result string `json:"result"`
	Alignment
}

// Evaluate applies DMARC to the identities of a message (RFC 9989, 5.3).
func Evaluate(ctx context.Context, r resolver.Resolver, id Identities) Verdict { return Verdict{} }
