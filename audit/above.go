package audit

import (
	"context"
	"slices"

	"mailworthy/dkim"
	"mailworthy/dmarc"
	"mailworthy/resolver"
)

// mostAbove bounds the domains above that are asked for keys.
const mostAbove = 3

// askAbove looks for the keys of the domains above one that has none of its own, up to its
// organizational domain: under relaxed alignment a signature of theirs aligns with it
// (RFC 9989, 4.4.1). Who signs may have been stated; then nothing is asked.
func (a *run) askAbove(ctx context.Context, b *resolver.Batch) {
	d := a.result.DMARC
	if len(a.target.DKIMDomains) > 0 || a.hasOwnKey() || d.Exists != nil && !*d.Exists || d.Alignment("dkim") == dmarc.Strict {
		return
	}
	org, above := d.OrganizationalDomain, &dkim.Above{}
	switch {
	case org == "" && d.RFC7489 != nil:
		org, above.Open = d.RFC7489.OrganizationalDomain, d.Undecided.OrganizationalDomain+"."
	case d.Alignment("dkim") == "":
		above.Open = d.Undecided.Policy + "."
	case d.Record == nil && d.RFC7489 != nil:
		// Without a record anywhere the walk has nothing to go by.
		org = d.RFC7489.OrganizationalDomain
	}
	var domains []string
	for i := range d.Walk {
		if s := &d.Walk[i]; s.Domain != a.target.Domain && resolver.Within(s.Domain, org) && !s.Suffix {
			domains = append(domains, s.Domain)
		}
	}
	slices.Reverse(domains) // the organizational domain first
	domains = domains[:min(mostAbove, len(domains))]
	if len(domains) == 0 {
		return
	}
	above.Domains = make([]*dkim.Discovery, len(domains))
	a.above = above
	for i, domain := range domains {
		dkim.Begin(b, domain, dkim.Options{Selectors: a.target.Selectors, Catalogue: a.options.Selectors, Hints: a.hints(ctx), Names: a.names},
			func(d *dkim.Discovery) { above.Domains[i] = d })
	}
}

// hasOwnKey reports whether a usable key of the domain itself was found.
func (a *run) hasOwnKey() bool {
	return a.result.DKIM != nil && slices.ContainsFunc(a.result.DKIM.Keys, func(k dkim.PublishedKey) bool {
		return k.Domain == a.result.Domain && k.Live()
	})
}

// hasDKIM reports whether there is a usable key whose signatures align: of the domain, or of
// one above it; nil: not known.
func (a *run) hasDKIM() *bool {
	d := a.result.DKIM
	switch {
	case d == nil:
		return nil
	case a.hasOwnKey() || a.above.Live() != nil:
		return answer(true)
	// A key at a wrong name is one that the owner has and signs with: that it is not found
	// is said of it, and is no second fault.
	case d.Proof == dkim.ProofAbsent && len(d.Mislaid) == 0 && a.above.Absent():
		return answer(false)
	}
	return nil
}
