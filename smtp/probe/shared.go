package probe

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// Shared probes the MX hosts of many domains in one run: each distinct address is
// connected to once, however many domains lead to it, and no more than a few at a time.
// Several goroutines may use it.
type Shared struct {
	o      Options
	ctx    context.Context
	cancel context.CancelFunc
	all    sync.WaitGroup
	places chan struct{}
	p      *prober

	mu sync.Mutex
	// byAddr are the sessions that were had, or are under way.
	byAddr map[netip.AddrPort]*once
	// silent is how many addresses did not answer at all, answered whether one did.
	silent   int
	answered bool
}

// once is the session with an address, and when it is over.
type once struct {
	done chan struct{}
	e    Endpoint
}

// blockedAfter is how many addresses may be silent on a port, if none answers, until the
// network here is taken for the cause and no other is waited for.
const blockedAfter = 5

// NewShared returns what probes with the options, until it is closed. Sessions end with the
// context, and not with that of the domain that asked for them first: others wait for
// them, too.
func NewShared(ctx context.Context, o Options) *Shared {
	s := &Shared{o: o, places: make(chan struct{}, atOnce), byAddr: map[netip.AddrPort]*once{}}
	s.ctx, s.cancel = context.WithCancel(ctx)
	s.p = newProber(&s.o)
	return s
}

// Close ends the sessions that are under way.
func (s *Shared) Close() {
	s.cancel()
	s.all.Wait()
}

// Domain returns what was found about the MX hosts of a domain, which r resolves.
func (s *Shared) Domain(ctx context.Context, r resolver.Resolver, domain string) []finding.Finding {
	o := s.o
	o.Resolver = r
	p := newProber(&o)
	t := Target{Target: domain, Endpoints: []Endpoint{}, domain: domain}
	hosts, err := p.mx(ctx, domain, &t)
	switch {
	case err != nil:
		t.unknown = "the MX records of " + domain + " cannot be known: " + err.Error()
	case !t.nullMX && len(hosts) == 0:
		hosts = []string{domain} // RFC 5321, 5.1
	}
	ports := o.Ports
	if len(ports) == 0 {
		ports = []uint16{25}
	}
	for _, host := range hosts {
		t.Endpoints = append(t.Endpoints, p.endpoints(ctx, host, netip.Addr{}, ports, false)...)
	}
	var all sync.WaitGroup
	if o.Validator != nil && len(t.Endpoints) > 0 {
		all.Go(func() { t.demands = p.demanded(ctx, domain) })
	}
	for i := range t.Endpoints {
		all.Go(func() { s.session(ctx, &t.Endpoints[i]) })
	}
	all.Wait()
	rep := &Report{Targets: []Target{t}}
	s.mu.Lock()
	answered := s.answered
	s.mu.Unlock()
	judge(rep, &o, answered)
	return rep.Targets[0].Findings
}

// session has the session of an endpoint, or takes over the one that another domain had
// with its address.
func (s *Shared) session(ctx context.Context, e *Endpoint) {
	if !e.addr.IsValid() {
		s.p.session(ctx, e, time.Now())
		return
	}
	key := netip.AddrPortFrom(e.addr, e.Port)
	s.mu.Lock()
	had := s.byAddr[key]
	blocked := !s.answered && s.silent >= blockedAfter
	mine := had == nil
	if mine {
		had = &once{done: make(chan struct{}), e: *e}
		s.byAddr[key] = had
	}
	s.mu.Unlock()
	if mine {
		s.all.Go(func() {
			defer close(had.done)
			s.have(&had.e, blocked)
		})
	}
	select {
	case <-had.done:
	case <-ctx.Done():
		s.untried(e, "the time for the domain was over")
		return
	}
	s.take(e, &had.e)
}

// untried makes an endpoint one that was not connected to.
func (s *Shared) untried(e *Endpoint, why string) {
	have := &session{o: &s.o, e: e}
	have.plan(false)
	have.at(StepConnect).Detail = why
}

// have makes the connection, or says why none is made.
func (s *Shared) have(e *Endpoint, blocked bool) {
	if blocked {
		s.untried(e, "no address has answered on this port: the network here seems to block it")
		return
	}
	select {
	case s.places <- struct{}{}:
		defer func() { <-s.places }()
	case <-s.ctx.Done():
	}
	end := time.Now().Add(orElse(s.o.Deadline, DefaultDeadline))
	ctx, cancel := context.WithDeadline(s.ctx, end)
	defer cancel()
	s.p.session(ctx, e, end)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch c := e.step(StepConnect); {
	case c == nil || c.Outcome == NotTried:
	case c.Outcome == OK, c.Outcome == Refused, c.Outcome == Reset:
		s.answered = true
	case !e.noIPv6:
		s.silent++
	}
}

// take makes a session with an address that of an endpoint with the same address. What
// was shown may have been chosen by the name that was asked for: a certificate for another
// name proves nothing about this one.
func (s *Shared) take(e, had *Endpoint) {
	host, resolve := e.Host, e.Steps[0]
	*e = *had
	e.Host = host
	e.Steps = slices.Clone(had.Steps)
	e.Steps[0] = resolve
	if had.Host == host || e.Certificate == nil {
		return
	}
	e.Certificate = describe(e.chain, host, s.o.Roots, s.o.Now)
	if e.Certificate != nil && !e.Certificate.NameMatches {
		e.askedFor, e.Certificate.Verified = had.Host, nil
	}
}
