package probe

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/idna"

	"mailworthy/dial"
	"mailworthy/finding"
	"mailworthy/internal/redact"
	"mailworthy/internal/show"
	"mailworthy/resolver"
)

// Bounds on what one target leads to.
const (
	maxHosts     = 16
	maxAddresses = 8
	atOnce       = 8
)

// Spec is a target as somebody wrote it.
type Spec struct {
	// Text is what was written.
	Text string
	// Host is a name in ASCII without a final dot, or an address.
	Host string
	// Port is 0 if none was written: then a name may be a domain with MX hosts.
	Port uint16
	addr netip.Addr
}

// ParseTarget reads HOST, HOST:PORT, an address of either family, or a domain.
func ParseTarget(text string) (Spec, error) {
	s := Spec{Text: text}
	bad := func(why string) (Spec, error) {
		shown := text
		if at := strings.LastIndexByte(text, '@'); at >= 0 {
			// What stands before may be a password.
			shown, why = "…"+text[at:], "no target: a user is stated with --login. It is HOST, HOST:PORT or a domain"
		}
		return Spec{}, fmt.Errorf("%s is %s", show.Quote(shown, 80), why)
	}
	host := strings.TrimSpace(text)
	bare := host
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		bare = host[1 : len(host)-1]
	}
	if a, err := netip.ParseAddr(bare); err == nil {
		s.addr, s.Host = a.Unmap(), a.Unmap().String()
		return s, nil
	}
	if strings.Contains(host, "://") {
		return bad("a URL: the target is HOST, HOST:PORT or a domain")
	}
	if i := strings.LastIndexByte(host, ':'); i >= 0 {
		n, err := strconv.ParseUint(host[i+1:], 10, 16)
		if err != nil || n == 0 {
			return bad("no HOST:PORT: the port is a number from 1 to 65535")
		}
		s.Port, host = uint16(n), host[:i]
		if a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")); err == nil && (a.Is4() || strings.HasPrefix(host, "[")) {
			s.addr, s.Host = a.Unmap(), a.Unmap().String()
			return s, nil
		}
	}
	name, err := profile.ToASCII(strings.TrimSuffix(host, "."))
	if err != nil || !resolver.IsHostName(name) {
		return bad("no host, HOST:PORT or domain")
	}
	s.Host = strings.ToLower(name)
	// No top-level domain is a number (RFC 3696, 2).
	if last := s.Host[strings.LastIndexByte(s.Host, '.')+1:]; digits(last) {
		return bad("no host: it is written as an address, and is none")
	}
	return s, nil
}

// profile is not strict: names with an underscore are looked up as well.
var profile = idna.New(idna.MapForLookup(), idna.StrictDomainName(false))

// Run probes the targets, judges what was seen, and returns the report. It never fails:
// what could not be reached is part of the report. Targets have their sessions one after
// the other, and the addresses of a target beside each other.
func Run(ctx context.Context, targets []Spec, o Options) *Report {
	began := time.Now()
	r := &Report{Schema: Schema, Targets: []Target{}, HELO: o.HELO}
	p := newProber(&o)
	for _, s := range targets {
		r.Targets = append(r.Targets, p.target(ctx, s))
	}
	r.From = p.from
	r.DurationMS = time.Since(began).Milliseconds()
	judge(r, &o, false)
	return r
}

func newProber(o *Options) *prober {
	return &prober{o: o, busy: map[netip.Addr]bool{}, tried: map[string]string{}}
}

// prober is a run under way.
type prober struct {
	o    *Options
	mu   sync.Mutex
	busy map[netip.Addr]bool // answered 421: nothing more in this run
	from string
	// tried are the mechanisms that a login was attempted with, and where.
	tried map[string]string
	// answered: a server has judged the login. No other is asked.
	answered bool
}

func (p *prober) target(ctx context.Context, s Spec) Target {
	end := time.Now().Add(orElse(p.o.Deadline, DefaultDeadline))
	ctx, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	t := Target{Target: s.Text, Endpoints: []Endpoint{}}
	hosts, given := []string{s.Host}, true
	if s.Port == 0 && !s.addr.IsValid() && !loopbackName(s.Host) {
		found, err := p.mx(ctx, s.Host, &t)
		switch {
		case err != nil:
			t.unknown = "the MX records of " + s.Host + " cannot be known: " + err.Error()
			return t
		case t.nullMX:
			return t
		case len(found) > 0:
			hosts, given, t.domain = found, false, s.Host
		}
	}
	ports := p.o.Ports
	switch {
	case s.Port != 0:
		ports = []uint16{s.Port}
	case len(ports) == 0 && !given:
		ports = []uint16{25}
	case len(ports) == 0:
		ports = []uint16{25, 465, 587}
	}
	for _, host := range hosts {
		t.Endpoints = append(t.Endpoints, p.endpoints(ctx, host, s.addr, ports, given)...)
	}
	var asked sync.WaitGroup
	if t.domain != "" && p.o.Validator != nil {
		asked.Go(func() { t.demands = p.demanded(ctx, t.domain) })
	}
	p.sessions(ctx, t.Endpoints, end)
	asked.Wait()
	return t
}

// mx returns the hosts that take mail for a domain in the order of preference; none if
// there is no MX record.
func (p *prober) mx(ctx context.Context, domain string, t *Target) ([]string, error) {
	a, err := p.o.Resolver.Lookup(ctx, domain, resolver.TypeMX)
	t.evidence = append(t.evidence, resolver.Outcome(a, err))
	if err != nil {
		return nil, err
	}
	records := slices.Clone(a.Records)
	if len(records) == 1 && records[0].Host == "." {
		t.nullMX = true // RFC 7505
		return nil, nil
	}
	slices.SortStableFunc(records, func(a, b resolver.Record) int { return cmp.Compare(a.Preference, b.Preference) })
	var hosts []string
	for _, rec := range records {
		if rec.Host != "." && !slices.Contains(hosts, rec.Host) && len(hosts) < maxHosts {
			hosts = append(hosts, rec.Host)
		}
	}
	return hosts, nil
}

func loopbackName(host string) bool {
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// endpoints are the addresses of a host with each port, resolved and not yet tried.
func (p *prober) endpoints(ctx context.Context, host string, addr netip.Addr, ports []uint16, given bool) []Endpoint {
	resolve := Step{Step: StepResolve, Outcome: OK}
	addrs := []netip.Addr{addr}
	switch began := time.Now(); {
	case addr.IsValid():
		resolve.Detail = "an address"
	case loopbackName(host):
		addrs = []netip.Addr{netip.MustParseAddr("127.0.0.1")} // RFC 6761, 6.3: the DNS is not asked
	default:
		found, err := dial.Through(p.o.Resolver)(ctx, host)
		resolve.duration = time.Since(began)
		resolve.DurationMS = resolve.duration.Milliseconds()
		addrs = found[:min(len(found), maxAddresses)]
		resolve.Outcome, resolve.Detail = OutcomeOf(err), show.Counted(len(found), "address")
		if err != nil {
			resolve.Detail = err.Error()
			addrs = []netip.Addr{{}}
		}
	}
	var out []Endpoint
	for _, a := range addrs {
		for _, port := range ports {
			e := Endpoint{Host: host, Port: port, addr: a.Unmap(), led: !given, Steps: []Step{resolve}, EHLO: []string{}, EHLOTLS: []string{}, EndsOfData: []EndOfData{}, TLSVersions: []TLSVersion{}}
			if a.IsValid() {
				e.Address = a.Unmap().String()
			}
			e.Transcript = []finding.Said{}
			out = append(out, e)
		}
	}
	return out
}

// sessions has the session of each endpoint: those of one address in turn, the addresses
// beside each other.
func (p *prober) sessions(ctx context.Context, list []Endpoint, end time.Time) {
	byAddr := map[netip.Addr][]*Endpoint{}
	var order []netip.Addr
	for i := range list {
		e := &list[i]
		if byAddr[e.addr] == nil {
			order = append(order, e.addr)
		}
		byAddr[e.addr] = append(byAddr[e.addr], e)
	}
	places := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for _, addr := range order {
		all.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			for _, e := range byAddr[addr] {
				p.session(ctx, e, end)
			}
			for _, e := range byAddr[addr] {
				if p.o.TLSVersions {
					p.versions(ctx, e, end)
				}
			}
			for _, e := range byAddr[addr] {
				if p.o.SmugglingTo != "" {
					p.smuggling(ctx, e, end)
				}
			}
		})
	}
	all.Wait()
}

// leftAlone is why nothing more is asked of a server.
const leftAlone = "the server answered 421 before: it is left alone"

// another is a further session with an endpoint, with the kind of TLS that it turned out to
// have, and options of its own.
func (p *prober) another(e *Endpoint, end time.Time) *session {
	o := *p.o
	if o.TLS = "starttls"; e.step(StepSTARTTLS) == nil {
		o.TLS = "implicit"
	}
	s := p.begin(&Endpoint{Host: e.Host, Port: e.Port, Address: e.Address, addr: e.addr, led: e.led, Steps: slices.Clone(e.Steps[:1])}, end)
	s.o = &o
	return s
}

// begin is a session with an endpoint that has not begun.
func (p *prober) begin(e *Endpoint, end time.Time) *session {
	s := &session{o: p.o, p: p, e: e, end: end, t: &transcript{start: time.Now(), secrets: &redact.Secrets{}}}
	if _, err := netip.ParseAddr(e.Host); err != nil {
		s.name = e.Host
	}
	if l := p.o.Login; l != nil {
		// From the first line on: a server may have it of an earlier session.
		s.t.secrets.Password(l.User, l.Password)
	}
	return s
}

// isBusy reports whether an address has answered 421.
func (p *prober) isBusy(a netip.Addr) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.busy[a]
}

// ended takes over what a session showed of its address, and of this machine.
func (p *prober) ended(s *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy[s.e.addr] = p.busy[s.e.addr] || s.e.busy
	if s.from != "" && p.from == "" {
		p.from = s.from
		if at, err := netip.ParseAddrPort(s.from); err == nil {
			p.from = at.Addr().Unmap().String()
		}
	}
}

func (p *prober) session(ctx context.Context, e *Endpoint, end time.Time) {
	s := p.begin(e, end)
	switch {
	case !e.addr.IsValid():
		s.plan(false)
		return
	case p.isBusy(e.addr):
		s.plan(false)
		s.at(StepConnect).Detail = leftAlone
		e.busy = true
		return
	}
	s.run(ctx)
	p.ended(s)
	if st := e.step(StepTLS); st != nil && st.Outcome == TLSFailed && e.wrongTLS == "" && e.injected == "" {
		other := p.offer(ctx, e, tls.VersionTLS12, end)
		e.other = &other
	}
}
