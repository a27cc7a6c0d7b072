package audit

import (
	"context"
	"slices"
	"strings"

	"mailworthy/dkim"
	"mailworthy/dmarc"
	"mailworthy/resolver"
)

// mostKin bounds the domains of the same organization that are asked for keys.
const mostKin = 3

// mostListed bounds the names of a loaded zone among which keys are looked for.
const mostListed = 1000

// askKin looks for the keys of other domains of the organization if one has none of its own:
// those above it, and the envelope domains. Under relaxed alignment a signature of theirs
// aligns with it (RFC 9989, 4.4.1). Who signs may have been stated; then nothing is asked.
func (a *run) askKin(ctx context.Context, b *resolver.Batch) {
	d := a.result.DMARC
	a.askEnvelopeKeys(ctx, b)
	if len(a.target.DKIMDomains) > 0 || a.hasOwnKey() || d.Exists != nil && !*d.Exists || d.Alignment("dkim") == dmarc.Strict {
		return
	}
	org, kin := d.OrganizationalDomain, &dkim.Kin{}
	switch {
	case org == "" && d.RFC7489 != nil:
		org, kin.Open = d.RFC7489.OrganizationalDomain, d.Undecided.OrganizationalDomain+"."
	case d.Alignment("dkim") == "":
		kin.Open = d.Undecided.Policy + "."
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
	for _, e := range slices.Concat(a.target.MailFrom, envelopeDomains(a.result.Examined.Envelopes)) {
		if e != a.target.Domain && resolver.Within(e, org) && !slices.Contains(domains, e) {
			domains = append(domains, e)
		}
	}
	domains = domains[:min(mostKin, len(domains))]
	if len(domains) == 0 {
		return
	}
	kin.Domains = make([]*dkim.Discovery, len(domains))
	a.kin = kin
	for i, domain := range domains {
		dkim.Begin(b, domain, dkim.Options{Selectors: a.target.Selectors, Catalogue: a.options.Selectors, Hints: a.hints(ctx), Names: a.names},
			func(d *dkim.Discovery) { kin.Domains[i] = d })
	}
}

// askEnvelopeKeys looks at the keys that a loaded zone has for the envelope domains of services
// that it shows: their mail is signed with these, whatever the domain itself has.
func (a *run) askEnvelopeKeys(ctx context.Context, b *resolver.Batch) {
	if a.names == nil {
		return
	}
	var domains []string
	for _, e := range envelopeDomains(a.result.Examined.Envelopes) {
		below := append(a.names(e, mostListed), a.names("_domainkey."+e+"."+resolver.Registrable(e), 1)...)
		if e != a.target.Domain && len(domains) < mostKin && slices.ContainsFunc(below, func(name string) bool { return strings.Contains(name, "domainkey") }) {
			domains = append(domains, e)
		}
	}
	a.envelopeKeys = make([]*dkim.Discovery, len(domains))
	for i, domain := range domains {
		dkim.Begin(b, domain, dkim.Options{Catalogue: a.options.Selectors, Hints: a.hints(ctx), Names: a.names}, func(d *dkim.Discovery) { a.envelopeKeys[i] = d })
	}
}

func envelopeDomains(envelopes []EnvelopeOf) []string {
	out := make([]string, len(envelopes))
	for i := range envelopes {
		out[i] = envelopes[i].Domain
	}
	return out
}

// hasOwnKey reports whether a usable key of the domain itself was found.
func (a *run) hasOwnKey() bool {
	return a.result.DKIM != nil && slices.ContainsFunc(a.result.DKIM.Keys, func(k dkim.PublishedKey) bool {
		return k.Domain == a.result.Domain && k.Live()
	})
}

// hasDKIM reports whether there is a usable key whose signatures align: of the domain, or of
// another of its organization; nil: not known.
func (a *run) hasDKIM() *bool {
	d := a.result.DKIM
	switch {
	case d == nil:
		return nil
	case a.hasOwnKey() || a.kin.Live() != nil:
		return answer(true)
	// A key at a wrong name is one that the owner has and signs with: that it is not found
	// is said of it, and is no second fault.
	case d.Proof == dkim.ProofAbsent && len(d.Mislaid) == 0 && a.kin.Absent():
		return answer(false)
	}
	return nil
}
