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
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"mailworthy/dkim"
	"mailworthy/dmarc"
	"mailworthy/finding"
	"mailworthy/mailhost"
	"mailworthy/rbl"
	"mailworthy/resolver"
	"mailworthy/spf"
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
}

// The bounds on one audit where Options say nothing.
const (
	DefaultMaxQueries = 500
	DefaultMaxIPs     = 32
)

// run is one audit under way.
type run struct {
	target  Target
	options Options
	session *resolver.Session
	result  *Result

	// Closed when the facts that others wait for are there.
	mxKnown, spfKnown, sendersKnown chan struct{}
	domain                          *mailhost.Domain
	// spfSheets are what was found about each of the policies.
	spfSheets []*finding.Sheet
}

// Run audits one domain. It never fails: what the DNS does not say is in the
// result as unknown. The domain must be one that ParseDomain returned.
func Run(ctx context.Context, r resolver.Resolver, target Target, o Options) *Result {
	started := time.Now()
	if o.MaxQueries == 0 {
		o.MaxQueries = DefaultMaxQueries
	}
	if o.MaxIPs == 0 {
		o.MaxIPs = DefaultMaxIPs
	}
	if o.Now.IsZero() {
		o.Now = started
	}
	if o.Deadline > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.Deadline)
		defer cancel()
	}
	a := &run{
		target: target, options: o,
		session: resolver.NewSession(r, o.MaxQueries),
		result: &Result{Domain: target.Domain, Unicode: Unicode(target.Domain), Started: o.Now,
			Examined: examined(target)},
		mxKnown: make(chan struct{}), spfKnown: make(chan struct{}), sendersKnown: make(chan struct{}),
	}
	a.ask(ctx)
	a.judge()
	a.result.Queries = a.session.Queries()
	a.result.Trace = a.session.Trace()
	if c := o.Catalogue; c != nil {
		// The names of lists that one pays for hold the key.
		for i := range a.result.Trace {
			a.result.Trace[i].Name = c.Redact(a.result.Trace[i].Name)
		}
	}
	a.result.Duration = time.Since(started)
	return a.result
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
		e.Sections = []finding.Section{finding.SPF, finding.DKIM, finding.DMARC, finding.Reputation, finding.Hosts}
	}
	return e
}

// wants reports whether the section is part of the audit.
func (a *run) wants(s finding.Section) bool { return slices.Contains(a.result.Examined.Sections, s) }

// ask runs the graph of questions. Each goroutine owns the facts that it writes;
// others read them after the channel that says they are there has been closed.
func (a *run) ask(ctx context.Context) {
	var g errgroup.Group
	t, res := a.target, a.result
	res.Hosts = &mailhost.Facts{}
	g.Go(func() error {
		defer close(a.mxKnown)
		a.domain = mailhost.ExamineDomain(ctx, a.session, t.Domain)
		res.Hosts.Domain = a.domain
		return nil
	})
	g.Go(func() error {
		defer close(a.spfKnown)
		res.SPF = spf.Examine(ctx, a.session, t.Domain)
		return nil
	})
	envelope := a.otherEnvelopeDomains()
	res.Envelope = make([]*spf.Policy, len(envelope))
	if a.wants(finding.SPF) {
		for i, d := range envelope {
			g.Go(func() error {
				res.Envelope[i] = spf.Examine(ctx, a.session, d)
				return nil
			})
		}
	}
	if a.wants(finding.DKIM) {
		g.Go(func() error {
			res.DKIM = dkim.Examine(ctx, a.session, t.Domain, dkim.Options{Selectors: t.Selectors,
				Catalogue: a.options.Selectors, DKIMDomains: t.DKIMDomains, Hints: func(then func(dkim.Hints)) { then(a.hints(ctx)) }})
			return nil
		})
	}
	if a.wants(finding.DMARC) || a.wants(finding.SPF) {
		g.Go(func() error {
			res.DMARC, res.Alignments = dmarc.DiscoverAligned(ctx, a.session, t.Domain, t.MailFrom, t.DKIMDomains)
			return nil
		})
	}
	g.Go(func() error {
		defer close(a.sendersKnown)
		a.findSenders(ctx)
		return nil
	})
	if a.wants(finding.Reputation) {
		g.Go(func() error {
			res.RBL = rbl.Examine(ctx, a.session, rbl.Options{Catalogue: a.options.Catalogue, Health: a.options.Health,
				Domains: a.listedDomains(), Addresses: a.addresses})
			return nil
		})
	}
	if a.wants(finding.Hosts) {
		g.Go(func() error {
			res.Hosts.Addresses = mailhost.ExamineAddresses(ctx, a.session, a.addresses(ctx))
			return nil
		})
		if at := a.options.Authoritative; at != nil {
			g.Go(func() error {
				res.Hosts.Authoritative = mailhost.ExamineAuthoritative(ctx, a.session, t.Domain, at)
				return nil
			})
		}
		g.Go(func() error {
			res.Hosts.HELO = mailhost.ExamineHELO(ctx, a.session, t.HELO)
			return nil
		})
		g.Go(func() error {
			res.Hosts.Envelope = mailhost.ExamineSOA(ctx, a.session, envelope)
			return nil
		})
	}
	_ = g.Wait()
	a.evaluate(ctx)
}

// otherEnvelopeDomains are the stated envelope domains apart from the domain itself.
func (a *run) otherEnvelopeDomains() []string {
	var other []string
	for _, d := range a.target.MailFrom {
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

// hints waits for MX and SPF and says which names in them point to providers.
func (a *run) hints(ctx context.Context) dkim.Hints {
	if !wait(ctx, a.mxKnown) || !wait(ctx, a.spfKnown) {
		return dkim.Hints{Incomplete: true}
	}
	return dkim.Hints{MXHosts: a.domain.MXHosts(), SPFTargets: a.result.SPF.Targets()}
}

// addresses waits until the sending addresses are known.
func (a *run) addresses(ctx context.Context) []netip.Addr {
	if !wait(ctx, a.sendersKnown) {
		return nil
	}
	addrs := make([]netip.Addr, len(a.result.Examined.Senders))
	for i, s := range a.result.Examined.Senders {
		addrs[i] = s.Addr
	}
	return addrs
}

// wait blocks until done is closed, and reports false where ctx ends before.
func wait(ctx context.Context, done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	case <-ctx.Done():
		// Both may be ready: what is known is used.
		select {
		case <-done:
			return true
		default:
			return false
		}
	}
}

// evaluate runs check_host() for every sending address and envelope domain. The
// examination before has asked nearly all that it needs.
func (a *run) evaluate(ctx context.Context) {
	if !a.wants(finding.SPF) {
		return
	}
	senders, domains := a.result.Examined.Senders, a.result.Examined.MailFrom
	evaluations := make([]spf.Evaluation, len(senders)*len(domains))
	var g errgroup.Group
	g.SetLimit(8)
	for i, s := range senders {
		for j, d := range domains {
			g.Go(func() error {
				evaluations[i*len(domains)+j] = a.checkHost(ctx, s.Addr, d)
				return nil
			})
		}
	}
	_ = g.Wait()
	a.result.Evaluations = evaluations
}

// checkHost evaluates SPF for one address as the envelope domain's receivers do.
func (a *run) checkHost(ctx context.Context, ip netip.Addr, domain string) spf.Evaluation {
	helo := a.target.Domain
	if len(a.target.HELO) > 0 {
		helo = a.target.HELO[0]
	}
	return spf.CheckHost(ctx, a.session, spf.Client{IP: ip, HELO: helo, MailFrom: "postmaster@" + domain, Now: a.options.Now,
		MaxQuestions: spf.EveryQuestion}) // nearly all of them have been asked
}
