package policy

import (
	"context"
	"net/netip"

	"mailworthy/resolver"
	"mailworthy/spf"
)

// try evaluates the policy for a client as a receiver would, on what the
// examination learnt, with another text for the record of one of its domains; ""
// changes nothing. Names that depend on the client match nothing and are not void,
// and other names that were not asked are not known.
func (p *Policy) try(domain, text string, ip netip.Addr) spf.Evaluation {
	return p.tryAgain(domain, text, spf.Evaluation{IP: ip}, spf.Assumed{})
}

// tryAgain is try for a client that was evaluated before: what it found void is
// so again.
func (p *Policy) tryAgain(domain, text string, e spf.Evaluation, assumed spf.Assumed) spf.Evaluation {
	m := &memory{answers: p.answers, lenient: true}
	for _, s := range e.Steps {
		if s.Void {
			// That of a ptr is the client's reverse name, whatever its target.
			m.void = append(m.void, s.Target, resolver.ReverseName(e.IP))
		}
	}
	if domain != "" {
		m.records = map[string]string{domain: text}
	}
	l := spf.Limits{Lookups: spf.MaxLookups, Voids: spf.MaxVoidLookups, Questions: spf.EveryQuestion}
	return l.CheckHost(context.Background(), m, spf.Client{IP: e.IP, HELO: p.Domain, MailFrom: "postmaster@" + p.Domain, Assumed: assumed})
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
	// From both ends: IPv4 stands before IPv6.
	for i, j := 0, len(p.pass)-1; i <= j && len(out) < maxTries; i, j = i+1, j-1 {
		out = append(out, p.pass[i].from)
		if i < j {
			out = append(out, p.pass[j].from)
		}
	}
	return out
}

// works reports whether a proposal for the record of a domain leads no client to
// permerror.
func (p *Policy) works(domain, text string) bool {
	for _, a := range p.clients() {
		if p.try(domain, text, a).Result == spf.PermError {
			return false
		}
	}
	return true
}
