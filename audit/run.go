// Package audit asks everything that a receiving mail server asks about a domain,
// at once, and draws the findings from what came back.
//
// The audit is a graph of questions. What depends on no answer is asked in the
// first round: MX, SPF, the DMARC walk, DKIM selectors, the health of the block
// lists. Addresses, once known, bring PTR and listings. So an audit takes the
// longest chain of dependent questions times the round trip, and little more.
package audit

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"mailworthy/dkim"
	"mailworthy/dmarc"
	"mailworthy/finding"
	"mailworthy/mailhost"
	"mailworthy/rbl"
	"mailworthy/resolver"
	"mailworthy/spf"
	spfpolicy "mailworthy/spf/policy"
	"mailworthy/transport"
)

// Options are the same for every domain of a run.
type Options struct {
	// MaxQueries bounds the distinct questions of one audit; zero: 500.
	MaxQueries int
	// Deadline bounds the time of one audit; zero: none but the context's.
	Deadline time.Duration
	// MaxIPs bounds the sending addresses that are examined; zero: 32.
	MaxIPs int
	// Selectors is how DKIM selectors are guessed; empty: the common ones.
	Selectors dkim.Mode
	// Catalogue of block lists; nil: the built-in one.
	Catalogue *rbl.Catalogue
	// Health of the block lists, shared by the audits of one run; nil: not shared.
	Health *rbl.Health
	// Volume restricts the receivers' requirements to "bulk" or "low"; empty: both.
	Volume string
	// Authoritative makes a resolver that asks one authoritative server, so that
	// the servers of the domain are compared; nil: they are not.
	Authoritative func(server netip.Addr) resolver.Resolver
	// Now is the time to judge expiry by; zero: the time of the call.
	Now time.Time
	// Transport are the tools of the section Transport, which an audit has if its target
	// asks for it.
	Transport transport.Tools
	// Like is an audit of the same domain whose profile, senders and DKIM selectors
	// are kept, for judging a proposal: what it changes in the records must not
	// change what they are judged by. Nil: all of that is found out.
	Like *Result
	// Detail is how much of what is found the result has.
	Detail Detail
}

// The bounds on one audit if Options say nothing.
const (
	DefaultMaxQueries = 500
	DefaultMaxIPs     = 32
)

// run is one audit under way.
type run struct {
	target  Target
	options Options
	session *resolver.Session
	// resolver is what the session asks.
	resolver resolver.Resolver
	// doubt says how the resolver was found out not to see the public DNS.
	doubt  *doubt
	result *Result
	// names lists names of the zones that were loaded.
	names func(name string, most int) []string
	// envelopeKeys are the keys of envelope domains that a loaded zone has.
	envelopeKeys []*dkim.Discovery

	// The facts that others wait for.
	mx, spf, senders fact
	// keys and policy: what the protocols of the domain itself found.
	keys, policy fact
	// kin are the keys of the domains that may sign for one without a key; nil: none may.
	kin *dkim.Kin
	// returnPaths are those of services that a loaded zone has, misread.
	returnPaths []returnPath
	// needed is what stated services miss.
	needed    []finding.Finding
	domain    *mailhost.Domain
	evaluated map[envelope]spf.Evaluation
	// spfSheets are what was found about each of the policies.
	spfSheets []*finding.Sheet
}

// Run audits one domain. It never fails: what the DNS does not say is in the
// result as unknown. The domain must be one that ParseDomain returned.
func Run(ctx context.Context, r resolver.Resolver, target Target, o Options) *Result {
	started := time.Now()
	if o.Deadline > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.Deadline)
		defer cancel()
	}
	if o.Now.IsZero() {
		o.Now = started
	}
	a := newRun(r, target, o)
	a.ask(ctx)
	if why := a.doubts(ctx); why != nil {
		a = a.unbelieved(ctx, why)
	} else if c := a.contradicted(ctx); c != nil {
		a = a.again(a.options, c)
		a.ask(ctx)
	}
	a.noteQuestions()
	a.judge()
	if a.standsItself(ctx) {
		a.noteQuestions()
	}
	a.result.Duration = time.Since(started)
	return a.result
}

// noteQuestions takes what was asked into the result.
func (a *run) noteQuestions() {
	a.result.Queries = a.session.Queries()
	if a.result.RBL != nil {
		a.result.Queries += a.result.RBL.OthersAsked // as if the audit were alone
	}
	a.result.Trace = a.session.Trace()
	if c := a.options.Catalogue; c != nil && c.HasKeys() {
		// The names of lists that one pays for hold the key.
		for i := range a.result.Trace {
			a.result.Trace[i].Name = c.Redact(a.result.Trace[i].Name)
		}
	}
}

// newRun returns an audit that has asked nothing yet, with the limits that o leaves
// out at their defaults.
func newRun(r resolver.Resolver, target Target, o Options) *run {
	if o.MaxQueries == 0 {
		o.MaxQueries = DefaultMaxQueries
	}
	if o.MaxIPs == 0 {
		o.MaxIPs = DefaultMaxIPs
	}
	return &run{
		target: target, options: o,
		resolver: r, session: resolver.NewSession(r, o.MaxQueries).LoopsEnd(),
		result: &Result{Domain: target.Domain, Unicode: Unicode(target.Domain), Started: o.Now,
			Examined: examined(target), Detail: o.Detail},
		names: func(name string, most int) []string { return dkim.NamesBelow(r, name, most) },
	}
}

// examined says what the target states, before anything is found out.
func examined(t Target) Examined {
	e := Examined{
		Senders: []Sender{}, SenderRanges: []string{}, NotSenders: []string{},
		MailFrom: slices.Clone(t.MailFrom), DKIMDomains: slices.Clone(t.DKIMDomains),
		Selectors: append([]string{}, t.Selectors...), HELO: append([]string{}, t.HELO...),
		Sections: slices.Clone(t.Sections),
	}
	if len(e.MailFrom) == 0 {
		e.MailFrom = []string{t.Domain}
	}
	if len(e.DKIMDomains) == 0 {
		e.DKIMDomains = []string{t.Domain}
	}
	if len(e.Sections) == 0 {
		e.Sections = slices.Clone(finding.Audited)
	}
	return e
}

// wants reports whether the section is part of the audit.
func (a *run) wants(s finding.Section) bool { return slices.Contains(a.result.Examined.Sections, s) }

// fact is something that the audit learns, and that others wait for.
type fact struct {
	known bool
	then  []func()
}

// when calls then once the fact is known, which may be now.
func (f *fact) when(then func()) {
	if f.known {
		then()
		return
	}
	f.then = append(f.then, then)
}

// tell marks the fact as known and calls who waits for it.
func (f *fact) tell() {
	f.known = true
	for _, then := range f.then {
		then()
	}
	f.then = nil
}

// ask runs the graph of questions, all of it in this goroutine: what depends on
// an answer is asked when the answer is there.
func (a *run) ask(ctx context.Context) {
	b := resolver.NewBatch(ctx, a.session)
	t, res := a.target, a.result
	res.Hosts = &mailhost.Facts{}
	mailhost.BeginDomain(b, t.Domain, func(d *mailhost.Domain) {
		a.domain, res.Hosts.Domain = d, d
		a.mx.tell()
	})
	a.noteEnvelopes(a.session)
	a.findSenders(b)
	envelope := a.otherEnvelopeDomains()
	res.Envelope = make([]*spfpolicy.Policy, len(envelope))
	if a.wants(finding.SPF) {
		for i, d := range envelope {
			spfpolicy.Begin(b, d, nil, func(p *spfpolicy.Policy) { res.Envelope[i] = p })
		}
	}
	if a.wants(finding.DKIM) {
		dkim.Begin(b, t.Domain, dkim.Options{Selectors: t.Selectors, Catalogue: a.options.Selectors,
			DKIMDomains: t.DKIMDomains, Hints: a.hints(ctx), Names: a.names}, func(d *dkim.Discovery) {
			res.DKIM = d
			a.keys.tell()
		})
		a.keys.when(func() { a.policy.when(func() { a.askKin(ctx, b) }) })
	}
	if a.wants(finding.DMARC) || a.wants(finding.SPF) || a.wants(finding.DKIM) && resolver.Registrable(t.Domain) != t.Domain {
		dmarc.Begin(b, t.Domain, a.names, t.MailFrom, t.DKIMDomains, func(d *dmarc.Discovery, aligned []dmarc.Alignment) {
			res.DMARC, res.Alignments = d, aligned
			a.policy.tell()
		})
	}
	if a.wants(finding.Reputation) {
		rbl.Begin(b, rbl.Options{Catalogue: a.options.Catalogue, Health: a.options.Health, Domains: a.listedDomains(),
			Addresses: a.addresses}, func(s *rbl.Survey) { res.RBL = s })
	}
	if a.wants(finding.Hosts) {
		a.addresses(func(addrs []netip.Addr) {
			mailhost.BeginAddresses(b, addrs, func(f []mailhost.Address) { res.Hosts.Addresses = f })
		})
		if at := a.options.Authoritative; at != nil {
			mailhost.BeginAuthoritative(b, t.Domain, at, func(f *mailhost.Authoritative) { res.Hosts.Authoritative = f })
		}
		mailhost.BeginHELO(b, t.HELO, func(f []mailhost.HELO) { res.Hosts.HELO = f })
		mailhost.BeginSOA(b, envelope, func(f []mailhost.Authority) { res.Hosts.Envelope = f })
	}
	if a.wants(finding.Transport) {
		tools := a.options.Transport
		tools.Names = a.names
		tools.TLSANames = func(name string) (names []string) {
			for _, record := range resolver.Below(a.resolver, name, resolver.TypeTLSA) {
				names = append(names, record.Name)
			}
			return names
		}
		transport.Begin(b, tools, t.Domain, func(f *transport.Facts) { res.Transport = f })
	}
	b.Run()
	a.evaluate(ctx)
	a.checkProviders(ctx)
}

// otherEnvelopeDomains are the envelope domains, stated or found in a loaded zone,
// apart from the domain itself.
func (a *run) otherEnvelopeDomains() []string {
	var other []string
	for _, d := range a.result.Examined.MailFrom {
		if d != a.target.Domain && !slices.Contains(other, d) {
			other = append(other, d)
		}
	}
	return other
}

// listedDomains are the domains to look up on domain block lists, with their roles.
func (a *run) listedDomains() []rbl.Subject {
	subjects := []rbl.Subject{{Name: a.target.Domain, Role: "author domain"}}
	add := func(domains []string, role string) {
		for _, d := range domains {
			if !slices.ContainsFunc(subjects, func(s rbl.Subject) bool { return s.Name == d }) {
				subjects = append(subjects, rbl.Subject{Name: d, Role: role})
			}
		}
	}
	add(a.target.MailFrom, "envelope domain")
	add(a.target.DKIMDomains, "DKIM domain")
	return subjects
}

// hints says, once MX and SPF are known, which names in them point to providers.
func (a *run) hints(ctx context.Context) func(then func(dkim.Hints)) {
	if like := a.options.Like; like != nil && like.DKIM != nil {
		return func(then func(dkim.Hints)) {
			then(dkim.Hints{MXHosts: like.Hosts.Domain.MXHosts(), SPFTargets: like.SPF.Targets(), Incomplete: like.DKIM.HintsIncomplete})
		}
	}
	return func(then func(dkim.Hints)) {
		a.mx.when(func() {
			a.spf.when(func() {
				then(dkim.Hints{MXHosts: a.domain.MXHosts(), SPFTargets: a.result.SPF.Targets(), Incomplete: ctx.Err() != nil})
			})
		})
	}
}

// addresses hands on the sending addresses once they are known.
func (a *run) addresses(then func([]netip.Addr)) {
	a.senders.when(func() {
		addrs := make([]netip.Addr, len(a.result.Examined.Senders))
		for i, s := range a.result.Examined.Senders {
			addrs[i] = s.Addr
		}
		then(addrs)
	})
}

// envelope is an address that sends with an envelope domain.
type envelope struct {
	ip     netip.Addr
	domain string
}

// evaluate runs check_host() for every sending address and envelope domain.
func (a *run) evaluate(ctx context.Context) {
	if !a.wants(finding.SPF) {
		return
	}
	senders, domains := a.result.Examined.Senders, a.result.Examined.MailFrom
	clients := make([]envelope, 0, len(senders)*len(domains))
	for _, s := range senders {
		for _, d := range domains {
			clients = append(clients, envelope{s.Addr, d})
		}
	}
	b := resolver.NewBatch(ctx, a.session)
	a.checkHosts(b, clients, func(e []spf.Evaluation) {
		for i := range e {
			e[i].Steps = fewSteps(e[i].Steps)
		}
		a.result.Evaluations = e
	})
	b.Run()
}

// maxSteps bounds the steps of an evaluation that a result keeps: those of a record
// of 64 KB, for each of 32 senders, would be most of the report.
const maxSteps = 60

// fewSteps keeps the first steps and the last, which end in the match.
func fewSteps(steps []spf.Step) []spf.Step {
	if len(steps) <= maxSteps {
		return steps
	}
	left := spf.Step{Domain: steps[maxSteps/2].Domain, Term: "…", Outcome: "no match", Note: fmt.Sprintf("%d steps left out", len(steps)-maxSteps)}
	return slices.Concat(steps[:maxSteps/2], []spf.Step{left}, steps[len(steps)-maxSteps/2:])
}

// checkHosts evaluates SPF as receivers do. The examination has asked nearly all
// that this needs; an evaluation that comes to something else, such as a name with
// the address in it, waits for that beside the others.
func (a *run) checkHosts(b *resolver.Batch, clients []envelope, then func([]spf.Evaluation)) {
	out := make([]spf.Evaluation, len(clients))
	b.Part(func(b *resolver.Batch) {
		for i, c := range clients {
			if e, ok := a.evaluated[c]; ok {
				out[i] = e
				continue
			}
			known := a.session.Known()
			if out[i] = a.checkHost(b.Context(), known, c); known.Missed {
				b.Go(func() { out[i] = a.checkHost(b.Context(), a.session, c) }, func() {})
			}
		}
	}, func() {
		if a.evaluated == nil {
			a.evaluated = make(map[envelope]spf.Evaluation, len(clients))
		}
		for i, c := range clients {
			a.evaluated[c] = out[i]
		}
		then(out)
	})
}

// checkHost evaluates SPF for one client.
func (a *run) checkHost(ctx context.Context, r resolver.Resolver, c envelope) spf.Evaluation {
	helo := a.target.Domain
	if len(a.target.HELO) > 0 {
		helo = a.target.HELO[0]
	}
	local, stated := a.target.LocalParts[c.domain]
	if !stated {
		local = "postmaster"
	}
	return spf.CheckHost(ctx, r, spf.Client{IP: c.ip, HELO: helo, MailFrom: local + "@" + c.domain, Now: a.options.Now,
		Assumed: spf.Assumed{HELO: len(a.target.HELO) == 0, LocalPart: !stated, Names: true}, MaxQuestions: spf.EveryQuestion,
		WithoutSteps: a.options.Detail == ForRow})
}
