package dkim

import (
	"context"

	"mailworthy/resolver"
)

// Hints are names found elsewhere in the audit that point to providers.
type Hints struct {
	// MXHosts are the domain's mail exchangers.
	MXHosts []string
	// SPFTargets are the domains that its SPF record includes or redirects to,
	// nested ones too.
	SPFTargets []string
	// Incomplete: a question that could have named more was not answered.
	Incomplete bool
}

// Options say what to look for. The zero value guesses the common selectors.
type Options struct {
	// Selectors are stated to be in use: always asked.
	Selectors []string
	// Catalogue chooses the guesses; empty: Common.
	Catalogue Mode
	// MaxQuestions bounds the questions in all, guesses cut first; zero: 60, or no
	// bound but the catalogue's size with All.
	MaxQuestions int
	// Hints returns what MX and SPF say. It may block until that is known or ctx
	// ends; nil: nothing is known.
	Hints func(context.Context) Hints
	// DKIMDomains are other signing domains (d=): the stated selectors are asked there too.
	DKIMDomains []string
}

// Examine looks for the DKIM keys of a domain. Whatever does not depend on an
// answer is asked at once: _domainkey.<domain>, two selectors that nobody
// publishes (against wildcards), the stated and the most common selectors; then,
// when Hints has returned, the selectors of the providers inferred. It never
// fails: what the DNS does not say is in the facts.
func Examine(ctx context.Context, r resolver.Resolver, domain string, o Options) *Discovery {
	return &Discovery{Domain: domain}
}
