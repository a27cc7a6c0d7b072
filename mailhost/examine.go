package mailhost

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// Bounds on what one examination asks.
const (
	maxExchanges = 50
	maxPTRNames  = 10
	// maxEnvelopeHosts is how many MX hosts of an envelope domain are looked at.
	maxEnvelopeHosts = 5
)

// alone is a batch for one examination, which asks nothing twice.
func alone(ctx context.Context, r resolver.Resolver) *resolver.Batch {
	return resolver.NewBatch(ctx, resolver.NewSession(r, 0))
}

// outcome is the answer to one question.
type outcome struct {
	answer *resolver.Answer
	err    error
}

// ask puts the question; the outcome is there when the part of the batch is over.
func (o *outcome) ask(b *resolver.Batch, name string, t resolver.Type) { b.Ask(name, t, o.take) }

func (o *outcome) take(a *resolver.Answer, err error) { o.answer, o.err = a, err }

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

// addTo adds the addresses to those of the other family, each once and in order.
func (o *outcome) addTo(addrs []netip.Addr) []netip.Addr {
	if o.err != nil {
		return addrs
	}
	others := len(addrs)
	for i := range o.answer.Records {
		if a := o.answer.Records[i].Addr; a.IsValid() && !slices.Contains(addrs[others:], a) {
			addrs = append(addrs, a)
		}
	}
	slices.SortFunc(addrs[others:], netip.Addr.Compare)
	return addrs
}

// found is how many records there are.
func (o *outcome) found() int {
	if o.err != nil {
		return 0
	}
	return len(o.answer.Records)
}

// hostOutcomes are the two questions about a host.
type hostOutcomes struct{ v4, v6 outcome }

func (h *hostOutcomes) ask(b *resolver.Batch, name string) {
	h.v4.ask(b, name, resolver.TypeA)
	h.v6.ask(b, name, resolver.TypeAAAA)
}

func (h *hostOutcomes) facts(name string) Host {
	f := Host{Name: name, Addresses: make([]netip.Addr, 0, h.v4.found()+h.v6.found()),
		Evidence: []finding.Evidence{h.v4.evidence(), h.v6.evidence()}}
	f.Addresses = h.v6.addTo(h.v4.addTo(f.Addresses))
	four, six := h.v4.presence(), h.v6.presence()
	switch {
	case four == Present || six == Present:
		f.Resolves = Present
	case four == Absent && six == Absent:
		f.Resolves = Absent
	default:
		f.Resolves = Unknown
	}
	for _, o := range [...]*outcome{&h.v4, &h.v6} {
		if o.presence() == Unknown {
			f.silent++
		}
	}
	for _, o := range [...]*outcome{&h.v4, &h.v6} {
		// A zone file may say that the host is an alias, and not where that leads.
		if o.err != nil {
			f.CNAMEs = resolver.AsError(o.err).CNAMEs
		} else {
			f.CNAMEs = o.answer.CNAMEs
		}
		if len(f.CNAMEs) > 0 {
			break
		}
	}
	return f
}

// authorityOutcomes are the questions about the zone of a domain.
type authorityOutcomes struct {
	domain, organizational string
	own                    outcome
	// org is asked if the organizational domain is another one.
	org outcome
}

func (a *authorityOutcomes) ask(b *resolver.Batch, domain string) {
	a.domain, a.organizational = domain, resolver.Registrable(domain)
	a.own.ask(b, domain, resolver.TypeSOA)
	if a.organizational != domain {
		a.org.ask(b, a.organizational, resolver.TypeSOA)
	}
}

func (a *authorityOutcomes) facts() Authority {
	f := Authority{Domain: a.domain, Organizational: a.organizational, Exists: a.own.exists(), SOA: a.own.presence(),
		Evidence: []finding.Evidence{a.own.evidence()}}
	if a.organizational == a.domain {
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

// ExamineDomain is BeginDomain for a caller that waits.
func ExamineDomain(ctx context.Context, r resolver.Resolver, domain string) *Domain {
	var out *Domain
	b := alone(ctx, r)
	BeginDomain(b, domain, func(d *Domain) { out = d })
	b.Run()
	return out
}

// BeginDomain asks for the MX records of the domain and all they lead to. It takes
// two rounds: the domain itself, then its MX hosts. A host without address that looks
// misspelt takes a third one, for the name that was probably meant.
func BeginDomain(b *resolver.Batch, domain string, done func(*Domain)) {
	q := &domainOutcomes{}
	d := &Domain{Name: canonical(domain), Exchanges: []Exchange{}}
	b.Part(func(b *resolver.Batch) {
		b.Ask(d.Name, resolver.TypeMX, func(a *resolver.Answer, err error) {
			q.mx.take(a, err)
			d.MX = d.exchanges(&q.mx)
			q.hosts = make([]exchangeOutcomes, len(d.Exchanges))
			for i := range d.Exchanges {
				if e := &d.Exchanges[i]; e.isHost() {
					q.hosts[i].begin(b, e.Name, e.meant(d.Name, q.authority.organizational), d.Name)
				}
				if addr := d.Exchanges[i].written(d.Name, q.authority.organizational); addr.IsValid() && notPublic(addr) == "" {
					q.hosts[i].named(b, addr, q.authority.organizational)
				}
			}
		})
		q.own.ask(b, d.Name)
		q.authority.ask(b, d.Name)
	}, func() {
		d.read(q)
		foreign, lost := d.nowhere(q), d.lostDots(q)
		if len(foreign)+len(lost) == 0 {
			done(d)
			return
		}
		b.Part(func(b *resolver.Batch) {
			registration(b, foreign)
			for i := range lost {
				lost[i].ask(b)
			}
		}, func() {
			for i := range lost {
				lost[i].read()
			}
			done(d)
		})
	})
}

// domainOutcomes are the questions about a domain, those about its hosts in the
// order of the exchanges.
type domainOutcomes struct {
	mx        outcome
	own       hostOutcomes
	authority authorityOutcomes
	hosts     []exchangeOutcomes
}

// exchangeOutcomes are the questions about an MX host, and about the one that its
// record was probably meant to name.
type exchangeOutcomes struct {
	hostOutcomes
	meant      string
	meantAsked bool
	meantHost  hostOutcomes
	// beside is a host that nobody published, beside one whose name has the domain in it twice:
	// what answers alike for both is a wildcard on the network.
	beside *hostOutcomes
}

// begin asks for the host. The other name is asked for if the host has no address, or
// cannot have one.
func (x *exchangeOutcomes) begin(b *resolver.Batch, name, meant, domain string) {
	if x.meant = meant; meant == "" {
		x.ask(b, name)
		return
	}
	first, parent, _ := strings.Cut(name, ".")
	b.Part(func(b *resolver.Batch) {
		b.Part(func(b *resolver.Batch) { x.ask(b, name) }, func() {
			undotted := name == meant+"."+domain || resolver.Within(meant, resolver.Registrable(domain)) && strings.HasPrefix(name, meant+".")
			if nobodys := resolver.Guards(parent)[0]; undotted && x.v4.found()+x.v6.found() > 0 && !x.ofWildcard() && first != nobodys {
				x.beside = &hostOutcomes{}
				x.beside.ask(b, nobodys+"."+parent)
			}
		})
	}, func() {
		no := func(p Presence) bool { return p == Absent || p == Unknown && impossible(name) != "" }
		if x.meantAsked = no(x.v4.presence()) && no(x.v6.presence()) || x.ofWildcard(); x.meantAsked {
			x.meantHost.ask(b, meant)
		}
	})
}

// ofWildcard reports whether a wildcard has answered for the host: of a loaded zone, or on the network.
func (x *exchangeOutcomes) ofWildcard() bool {
	if x.beside != nil {
		is, nobodys := x.facts(""), x.beside.facts("")
		return is.silent+nobodys.silent == 0 && slices.Equal(is.Addresses, nobodys.Addresses) && slices.Equal(is.CNAMEs, nobodys.CNAMEs)
	}
	return x.v4.answer != nil && x.v4.answer.Wildcard != "" || x.v6.answer != nil && x.v6.answer.Wildcard != ""
}

// named asks which host of the domain has the address that an MX record names: its PTR
// says so, and the host leads back to it.
func (x *exchangeOutcomes) named(b *resolver.Batch, addr netip.Addr, organizational string) {
	if x.meant != "" {
		return
	}
	b.Ask(resolver.ReverseName(addr), resolver.TypePTR, func(a *resolver.Answer, err error) {
		ptr := &outcome{a, err}
		if ptr.presence() != Present || len(ptr.answer.Records) != 1 {
			return
		}
		if name := ptr.answer.Records[0].Host; resolver.Within(name, organizational) {
			x.meant, x.meantAsked = name, true
			x.meantHost.ask(b, name)
		}
	})
}

// read turns the outcomes into facts; what the MX records are is known.
func (d *Domain) read(q *domainOutcomes) {
	d.Own, d.Authority, d.Evidence = q.own.facts(d.Name), q.authority.facts(), []finding.Evidence{q.mx.evidence()}
	d.Exists = Unknown
	for _, o := range [...]*outcome{&q.mx, &q.own.v4, &q.own.v6, &q.authority.own} {
		// One answer is enough: NXDOMAIN is about the name, whatever the type.
		if e := o.exists(); e != Unknown {
			d.Exists = e
			break
		}
	}
	for i := range d.Exchanges {
		e := &d.Exchanges[i]
		x := &q.hosts[i]
		// A wildcard answers for what a name without its final dot became as well.
		astray := x.ofWildcard()
		if x.meantAsked {
			private := func(a netip.Addr) bool { return !isPublic(a) }
			meant := x.meantHost.facts(x.meant)
			if e.Name == x.meant+"."+d.Name || e.Name == x.meant+"."+q.authority.organizational {
				e.undotted = x.meant
			}
			astray = astray && e.undotted != "" && certainly(&meant, q.authority.organizational)
			switch {
			case x.ofWildcard() && !astray:
			case e.undotted != "" && !certainly(&meant, q.authority.organizational):
			case len(meant.Addresses) > 0 && !slices.ContainsFunc(meant.Addresses, private) && len(meant.CNAMEs) == 0,
				// What a service takes mail at is known without its address, and so is a name
				// with something around it.
				meant.Resolves == Unknown && (GatewayOf(x.meant) != nil && (e.undotted != "" || impossible(e.Name) != "") ||
					x.meant == withoutURL(e.Name) && !strings.Contains(e.Name, "@") && impossible(x.meant) == ""):
				e.Meant = &meant
			}
		}
		if !e.isHost() {
			continue
		}
		e.Host = x.facts(e.Name)
		if astray && e.Meant != nil {
			e.wildcard, e.Resolves, e.Addresses, e.CNAMEs = true, Absent, nil, nil
		}
		g := GatewayOf(e.Name)
		for n := len(e.CNAMEs) - 1; g == nil && n >= 0; n-- {
			g = GatewayOf(e.CNAMEs[n])
		}
		if g != nil {
			e.Gateway, e.mailboxes = g.Service, g.Mailboxes
		}
	}
}

// exchanges reads the MX records and says what they amount to.
func (d *Domain) exchanges(mx *outcome) MXState {
	switch mx.presence() {
	case Unknown:
		return MXUnknown
	case Absent:
		return MXNone
	}
	d.Exchanges = make([]Exchange, 0, len(mx.answer.Records))
	for i := range mx.answer.Records {
		record := &mx.answer.Records[i]
		e := Exchange{Preference: record.Preference, Host: Host{Name: record.Host, Resolves: Absent, Addresses: []netip.Addr{}}}
		switch {
		case record.Host == "." || record.Host == "":
			e.Name, e.Null = ".", true
		case literal(withoutURL(record.Host)).IsValid():
			e.Literal = true
		default:
			e.Validation = validation(record.Host)
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

// literal reads 192.0.2.1, [192.0.2.1] and [IPv6:2001:db8::1] (RFC 5321, 4.1.3).
func literal(host string) netip.Addr {
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if len(host) > 5 && strings.EqualFold(host[:5], "ipv6:") {
		host = host[5:]
	}
	// The error that most names would be is not for free.
	if host == "" || (host[0] < '0' || host[0] > '9') && !strings.Contains(host, ":") {
		return netip.Addr{}
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	return a
}

// ExamineHELO is BeginHELO for a caller that waits.
func ExamineHELO(ctx context.Context, r resolver.Resolver, names []string) []HELO {
	var out []HELO
	b := alone(ctx, r)
	BeginHELO(b, names, func(all []HELO) { out = all })
	b.Run()
	return out
}

// BeginHELO asks for the addresses of each name.
func BeginHELO(b *resolver.Batch, names []string, done func([]HELO)) {
	out := make([]HELO, len(names))
	asked := make([]hostOutcomes, len(names))
	b.Part(func(b *resolver.Batch) {
		for i, name := range names {
			name = canonical(name)
			if addr := literal(name); addr.IsValid() {
				out[i] = HELO{Literal: true, Host: Host{Name: name, Resolves: Absent, Addresses: []netip.Addr{addr}}}
				continue
			}
			out[i].Name = name
			asked[i].ask(b, name)
		}
	}, func() {
		for i := range out {
			if !out[i].Literal {
				out[i].Host = asked[i].facts(out[i].Name)
			}
		}
		done(out)
	})
}

// ExamineSOA is BeginSOA for a caller that waits.
func ExamineSOA(ctx context.Context, r resolver.Resolver, domains []string) []Authority {
	var out []Authority
	b := alone(ctx, r)
	BeginSOA(b, domains, func(all []Authority) { out = all })
	b.Run()
	return out
}

// BeginSOA asks of each envelope domain whether it, or its organizational domain,
// has an SOA, and whether it takes mail at all: the addresses of its MX hosts, or its own.
func BeginSOA(b *resolver.Batch, domains []string, done func([]Authority)) {
	asked := make([]envelopeOutcomes, len(domains))
	b.Part(func(b *resolver.Batch) {
		for i, domain := range domains {
			asked[i].ask(b, canonical(domain))
		}
	}, func() {
		out := make([]Authority, len(domains))
		for i := range out {
			out[i] = asked[i].facts()
		}
		done(out)
	})
}

// envelopeOutcomes are the questions about an envelope domain, those about the hosts that
// take its mail in their order.
type envelopeOutcomes struct {
	authority authorityOutcomes
	mx        outcome
	domain    Domain
	names     []string
	hosts     []hostOutcomes
}

func (q *envelopeOutcomes) ask(b *resolver.Batch, domain string) {
	q.authority.ask(b, domain)
	b.Ask(domain, resolver.TypeMX, func(a *resolver.Answer, err error) {
		q.mx.take(a, err)
		switch q.domain.MX = q.domain.exchanges(&q.mx); q.domain.MX {
		case MXNone:
			if q.mx.exists() == Present {
				q.names = []string{domain}
			}
		case MXPresent:
			for i := range q.domain.Exchanges {
				if e := &q.domain.Exchanges[i]; (e.isHost() || e.Literal) && len(q.names) < maxEnvelopeHosts && !slices.Contains(q.names, e.Name) {
					q.names = append(q.names, e.Name)
				}
			}
		}
		q.hosts = make([]hostOutcomes, len(q.names))
		for i, name := range q.names {
			q.hosts[i].ask(b, name)
		}
	})
}

func (q *envelopeOutcomes) facts() Authority {
	a := q.authority.facts()
	a.MX = q.domain.MX
	a.Evidence = append(a.Evidence, q.mx.evidence())
	if a.Exists == Unknown {
		a.Exists = q.mx.exists()
	}
	for i, name := range q.names {
		h := q.hosts[i].facts(name)
		if h.Resolves == Unknown && impossible(name) != "" {
			h.Resolves = Absent
		}
		a.Hosts = append(a.Hosts, h)
	}
	return a
}

// canonical is a name in lower case, without the final dot.
func canonical(name string) string {
	return strings.ToLower(strings.TrimSuffix(strings.TrimSpace(name), "."))
}
