package mailhost

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
	"golang.org/x/sync/errgroup"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// Bounds on what one examination asks.
const (
	maxExchanges = 50
	maxPTRNames  = 10
	maxInFlight  = 256
)

// outcome is the answer to one question.
type outcome struct {
	answer *resolver.Answer
	err    error
}

func (o *outcome) evidence() finding.Evidence { return resolver.Outcome(o.answer, o.err) }

// presence of the records asked for. A name that cannot be asked cannot be there.
func (o *outcome) presence() Presence {
	switch {
	case o.err != nil && resolver.AsError(o.err).Reason == resolver.BadName:
		return Absent
	case o.err != nil:
		return Unknown
	case o.answer.Absent():
		return Absent
	}
	return Present
}

// exists is whether the name asked for exists: NXDOMAIN behind an alias is about
// the end of the chain.
func (o *outcome) exists() Presence {
	switch {
	case o.err != nil:
		return Unknown
	case o.answer.Status == resolver.NXDomain && len(o.answer.CNAMEs) == 0:
		return Absent
	}
	return Present
}

func (o *outcome) addrs() []netip.Addr {
	out := []netip.Addr{}
	if o.err == nil {
		for i := range o.answer.Records {
			if a := o.answer.Records[i].Addr; a.IsValid() && !slices.Contains(out, a) {
				out = append(out, a)
			}
		}
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return out
}

// questions asks several at once.
type questions struct {
	ctx   context.Context
	r     resolver.Resolver
	group errgroup.Group
}

func newQuestions(ctx context.Context, r resolver.Resolver) *questions {
	q := &questions{ctx: ctx, r: r}
	q.group.SetLimit(maxInFlight)
	return q
}

// ask starts a question; the outcome is there after wait.
func (q *questions) ask(name string, t resolver.Type) *outcome {
	o := &outcome{}
	q.group.Go(func() error {
		o.answer, o.err = q.r.Lookup(q.ctx, name, t)
		return nil
	})
	return o
}

func (q *questions) wait() { q.group.Wait() }

// hostOutcomes are the two questions about a host.
type hostOutcomes struct {
	name   string
	v4, v6 *outcome
}

func (q *questions) host(name string) hostOutcomes {
	return hostOutcomes{name, q.ask(name, resolver.TypeA), q.ask(name, resolver.TypeAAAA)}
}

func (h hostOutcomes) facts() Host {
	f := Host{Name: h.name, Addresses: append(h.v4.addrs(), h.v6.addrs()...),
		Evidence: []finding.Evidence{h.v4.evidence(), h.v6.evidence()}}
	four, six := h.v4.presence(), h.v6.presence()
	switch {
	case four == Present || six == Present:
		f.Resolves = Present
	case four == Absent && six == Absent:
		f.Resolves = Absent
	default:
		f.Resolves = Unknown
	}
	for _, o := range []*outcome{h.v4, h.v6} {
		if o.presence() == Unknown {
			f.silent++
		}
	}
	for _, o := range []*outcome{h.v4, h.v6} {
		if o.err == nil && len(o.answer.CNAMEs) > 0 {
			f.CNAMEs = o.answer.CNAMEs
			break
		}
	}
	return f
}

// authorityOutcomes are the questions about the zone of a domain.
type authorityOutcomes struct {
	domain, organizational string
	own, org               *outcome
}

func (q *questions) authority(domain string) authorityOutcomes {
	a := authorityOutcomes{domain: domain, organizational: organizational(domain), own: q.ask(domain, resolver.TypeSOA)}
	if a.organizational != domain {
		a.org = q.ask(a.organizational, resolver.TypeSOA)
	}
	return a
}

func (a authorityOutcomes) facts() Authority {
	f := Authority{Domain: a.domain, Organizational: a.organizational, Exists: a.own.exists(), SOA: a.own.presence(),
		Evidence: []finding.Evidence{a.own.evidence()}}
	if a.org == nil {
		return f
	}
	f.Evidence = append(f.Evidence, a.org.evidence())
	if f.SOA == Present {
		return f
	}
	switch org := a.org.presence(); {
	case org == Present:
		f.SOA = Present
	case org == Unknown:
		f.SOA = Unknown
	}
	return f
}

// organizational is the domain that one would register to own the name, by the
// public suffix list; of a public suffix it is the name itself.
func organizational(domain string) string {
	if d, err := publicsuffix.EffectiveTLDPlusOne(domain); err == nil {
		return d
	}
	return domain
}

// ExamineDomain asks for the MX records of the domain and all they lead to. It
// takes two rounds: the domain itself, then its MX hosts.
func ExamineDomain(ctx context.Context, r resolver.Resolver, domain string) *Domain {
	domain = canonical(domain)
	first := newQuestions(ctx, r)
	mx, own, authority := first.ask(domain, resolver.TypeMX), first.host(domain), first.authority(domain)
	first.wait()
	d := &Domain{Name: domain, Exchanges: []Exchange{}, Own: own.facts(), Authority: authority.facts(),
		Evidence: []finding.Evidence{mx.evidence()}}
	d.Exists = Unknown
	for _, o := range []*outcome{mx, own.v4, own.v6, authority.own} {
		// One answer is enough: NXDOMAIN is about the name, whatever the type.
		if e := o.exists(); e != Unknown {
			d.Exists = e
			break
		}
	}
	d.MX = d.exchanges(mx)
	second := newQuestions(ctx, r)
	asked := make(map[string]hostOutcomes)
	for _, name := range d.MXHosts() {
		asked[name] = second.host(name)
	}
	second.wait()
	for i := range d.Exchanges {
		if e := &d.Exchanges[i]; e.isHost() {
			e.Host = asked[e.Name].facts()
		}
	}
	return d
}

// exchanges reads the MX records and says what they amount to.
func (d *Domain) exchanges(mx *outcome) MXState {
	switch mx.presence() {
	case Unknown:
		return MXUnknown
	case Absent:
		return MXNone
	}
	for i := range mx.answer.Records {
		record := &mx.answer.Records[i]
		e := Exchange{Preference: record.Preference, Host: Host{Name: record.Host, Resolves: Absent, Addresses: []netip.Addr{}}}
		switch {
		case record.Host == "." || record.Host == "":
			e.Name, e.Null = ".", true
		case isLiteral(record.Host):
			e.Literal = true
		}
		d.Exchanges = append(d.Exchanges, e)
	}
	slices.SortStableFunc(d.Exchanges, func(a, b Exchange) int {
		if a.Preference != b.Preference {
			return int(a.Preference) - int(b.Preference)
		}
		return strings.Compare(a.Name, b.Name)
	})
	if n := len(d.Exchanges) - maxExchanges; n > 0 {
		d.Exchanges, d.ExchangesLeftOut = d.Exchanges[:maxExchanges], n
	}
	if !slices.ContainsFunc(d.Exchanges, func(e Exchange) bool { return !e.Null }) {
		return MXNull
	}
	return MXPresent
}

// isLiteral reports whether a host is written as an address.
func isLiteral(host string) bool {
	return literal(host).IsValid()
}

// literal reads 192.0.2.1, [192.0.2.1] and [IPv6:2001:db8::1] (RFC 5321, 4.1.3).
func literal(host string) netip.Addr {
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if len(host) > 5 && strings.EqualFold(host[:5], "ipv6:") {
		host = host[5:]
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	return a
}

// ExamineHELO asks for the addresses of each name.
func ExamineHELO(ctx context.Context, r resolver.Resolver, names []string) []HELO {
	q := newQuestions(ctx, r)
	out := make([]HELO, len(names))
	asked := make([]hostOutcomes, len(names))
	for i, name := range names {
		name = canonical(name)
		if addr := literal(name); addr.IsValid() {
			out[i] = HELO{Literal: true, Host: Host{Name: name, Resolves: Absent, Addresses: []netip.Addr{addr}}}
			continue
		}
		asked[i] = q.host(name)
	}
	q.wait()
	for i := range out {
		if !out[i].Literal {
			out[i].Host = asked[i].facts()
		}
	}
	return out
}

// ExamineSOA asks of each envelope domain whether it, or its organizational
// domain, has an SOA, and whether it takes mail at all.
func ExamineSOA(ctx context.Context, r resolver.Resolver, domains []string) []Authority {
	q := newQuestions(ctx, r)
	asked := make([]authorityOutcomes, len(domains))
	mx := make([]*outcome, len(domains))
	for i, d := range domains {
		d = canonical(d)
		asked[i], mx[i] = q.authority(d), q.ask(d, resolver.TypeMX)
	}
	q.wait()
	out := make([]Authority, len(domains))
	for i := range out {
		out[i] = asked[i].facts()
		d := Domain{}
		out[i].MX = d.exchanges(mx[i])
		out[i].Evidence = append(out[i].Evidence, mx[i].evidence())
		if out[i].Exists == Unknown {
			out[i].Exists = mx[i].exists()
		}
	}
	return out
}

// canonical is a name in lower case, without the final dot.
func canonical(name string) string {
	return strings.ToLower(strings.TrimSuffix(strings.TrimSpace(name), "."))
}
