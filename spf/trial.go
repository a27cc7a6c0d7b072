package spf

import (
	"context"
	"net/netip"
)

// try evaluates the policy for a client as a receiver would, on what the
// examination learnt, with another text for the record of one of its domains; ""
// changes nothing. Names that depend on the client match nothing and are not void,
// and other names that were not asked are not known.
func (p *Policy) try(domain, text string, ip netip.Addr) Evaluation {
	m := &memory{answers: p.answers, lenient: true}
	if domain != "" {
		m.records = map[string]string{domain: text}
	}
	return checkHost(context.Background(), m, Client{IP: ip, HELO: p.Domain, MailFrom: "postmaster@" + p.Domain},
		limits{maxLookups, maxVoid, EveryQuestion})
}

// maxTries bounds the addresses that a proposal is tried with.
const maxTries = 20

// clients are addresses of both families that are authorised, and some that are
// probably not.
func (p *Policy) clients() []netip.Addr {
	var out []netip.Addr
	for i := range worlds {
		out = append(out, worlds[i].samples[0])
	}
	for _, s := range p.pass {
		if len(out) >= maxTries {
			break
		}
		out = append(out, s.from)
	}
	return out
}

// works reports whether a proposal for the record of a domain leads no client to
// permerror.
func (p *Policy) works(domain, text string) bool {
	for _, a := range p.clients() {
		if p.try(domain, text, a).Result == PermError {
			return false
		}
	}
	return true
}
