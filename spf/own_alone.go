package spf

import (
	"context"

	"mailworthy/resolver"
)

// ExamineOwn finds what the domain's own record authorises directly, and asks no
// more than that needs. It is to go when the audit has Begin.
func ExamineOwn(ctx context.Context, r resolver.Resolver, domain string) *Policy {
	name, ok := asciiDomain(domain)
	if !ok || !checkable(name) {
		return Examine(ctx, r, domain)
	}
	b := resolver.NewBatch(ctx, r)
	x := &examiner{put: b.Ask, alone: true, answers: newAnswers(name)}
	x.ask(name, resolver.TypeTXT, asRecord|asOwn)
	b.Run()
	p := assemble(x.answers)
	p.ownFacts = x.own()
	return p
}

// SendingAddresses are those of the domain's own record.
func (p *Policy) SendingAddresses() []Source {
	if p.ownFacts == nil {
		return nil
	}
	return p.ownFacts.Addresses
}
