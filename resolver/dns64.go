package resolver

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// dns64 leaves out of AAAA answers what a resolver with DNS64 made up (RFC 6147):
// addresses for hosts that have none in IPv6, in a prefix of its network. Nobody
// else ever sees them. The prefixes are the well-known ones, and what is learnt from
// ipv4only.arpa, which has no AAAA record of its own, and addresses that everybody sees
// (RFC 7050, 3): two questions a run, asked beside the first AAAA question. If that name
// is not what it is elsewhere, what a host has in IPv6 is held against its IPv4 address.
type dns64 struct {
	next starter
	now  func() time.Time

	mu       sync.Mutex
	learning int       // questions that are not answered
	until    time.Time // what was learnt holds for so long
	prefixes []netip.Prefix
	// unsure: whether there is a prefix was not to be learnt.
	unsure  bool
	waiting []func()
}

const (
	// dns64Name has the addresses dns64Known and no other.
	dns64Name = "ipv4only.arpa"
	// dns64Holds is how long the prefixes are believed, and dns64Retry how long it is
	// believed that there are none because the question was not answered.
	dns64Holds = time.Hour
	dns64Retry = time.Minute
)

var (
	// dns64WellKnown are never published (RFC 6052, 3.1; RFC 8215, 5).
	dns64WellKnown = [...]netip.Prefix{netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48")}
	dns64Known     = [...]netip.Addr{netip.MustParseAddr("192.0.0.170"), netip.MustParseAddr("192.0.0.171")}
)

func withoutDNS64(next Resolver) *dns64 {
	return &dns64{next: starterOf(next), now: time.Now}
}

// Lookup implements Resolver.
func (d *dns64) Lookup(ctx context.Context, name string, t Type) (*Answer, error) {
	key, wrong := canonical(name)
	if wrong != "" {
		return nil, &Error{Name: name, Type: t, Reason: BadName, Detail: wrong}
	}
	w := newWaiter()
	q := question{key, t}
	return w.wait(ctx, d.next, q, d.start(q, w))
}

// start implements starter.
func (d *dns64) start(q question, to taker) stopper {
	if q.typ != TypeAAAA || q.name == dns64Name {
		return d.next.start(q, to)
	}
	d.learn()
	return d.next.start(q, &dns64Taker{d, q.name, to})
}

func (d *dns64) flush() { d.next.flush() }

// learn asks for the prefixes, unless they are known.
func (d *dns64) learn() {
	d.mu.Lock()
	ask := d.learning == 0 && !d.now().Before(d.until)
	if ask {
		d.learning, d.unsure, d.until = 2, false, d.now().Add(dns64Holds)
	}
	d.mu.Unlock()
	if ask {
		d.next.start(question{dns64Name, TypeAAAA}, d)
		d.next.start(question{dns64Name, TypeA}, d)
	}
}

// take implements taker: of the answers for ipv4only.arpa.
func (d *dns64) take(a *Answer, err error) {
	d.mu.Lock()
	d.learning--
	switch {
	case err != nil:
		d.until, d.unsure = d.now().Add(dns64Retry), true
	case a.Type == TypeAAAA:
		d.prefixes = dns64Prefixes(a)
		d.unsure = d.unsure || a.Status == NXDomain
	default: // a network that has a zone of its own for the name hides the prefix by it
		d.unsure = d.unsure || a.Status != Found
	}
	var waiting []func()
	if d.learning == 0 {
		waiting, d.waiting = d.waiting, nil
	}
	d.mu.Unlock()
	for _, tell := range waiting {
		tell()
	}
}

// known returns the prefixes, and whether there may be others; if they are being asked for,
// then is called later.
func (d *dns64) known(then func()) (prefixes []netip.Prefix, unsure, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.learning > 0 {
		d.waiting = append(d.waiting, then)
		return nil, false, false
	}
	return d.prefixes, d.unsure && len(d.prefixes) == 0, true
}

// dns64Taker hands an AAAA answer on without what was made up.
type dns64Taker struct {
	*dns64
	name string
	to   taker
}

func (t *dns64Taker) take(a *Answer, err error) {
	if err != nil || a.Status != Found {
		t.to.take(a, err)
		return
	}
	prefixes, unsure, ok := t.known(func() { t.take(a, nil) })
	if !ok {
		return
	}
	a = a.withoutMadeUp(func(addr netip.Addr) bool {
		return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(addr) })
	})
	if !unsure || a.Status != Found {
		t.to.take(a, nil)
		return
	}
	t.next.start(question{t.name, TypeA}, &embeddedTaker{a, t.to})
	t.next.flush()
}

// embeddedTaker hands an AAAA answer on without addresses that hold one of IPv4 which the
// same host has.
type embeddedTaker struct {
	aaaa *Answer
	to   taker
}

func (t *embeddedTaker) take(a *Answer, err error) {
	if err != nil {
		t.to.take(t.aaaa, nil)
		return
	}
	out := t.aaaa.withoutMadeUp(func(addr netip.Addr) bool {
		return slices.ContainsFunc(a.Records, func(r Record) bool { return r.Addr.Is4() && len(embedding(addr, r.Addr)) > 0 })
	})
	if out != t.aaaa {
		out.MadeUpByLooks = true
	}
	t.to.take(out, nil)
}

// withoutMadeUp is the answer without the addresses that are made up, as those of the
// well-known prefixes are.
func (a *Answer) withoutMadeUp(is func(netip.Addr) bool) *Answer {
	madeUp := func(r Record) bool {
		return slices.ContainsFunc(dns64WellKnown[:], func(p netip.Prefix) bool { return p.Contains(r.Addr) }) || is(r.Addr)
	}
	if !slices.ContainsFunc(a.Records, madeUp) {
		return a
	}
	out := *a
	out.Records, out.MadeUp = nil, slices.Clone(a.MadeUp)
	for _, r := range a.Records {
		if madeUp(r) {
			out.MadeUp = append(out.MadeUp, r.Addr)
		} else {
			out.Records = append(out.Records, r)
		}
	}
	if len(out.Records) == 0 {
		out.Status = NoData
	}
	return &out
}

// dns64Prefixes are those in which the answer for ipv4only.arpa holds a known
// address (RFC 6052, 2.2).
func dns64Prefixes(a *Answer) []netip.Prefix {
	var out []netip.Prefix
	for i := range a.Records {
		for _, known := range dns64Known {
			for _, p := range embedding(a.Records[i].Addr, known) {
				if !slices.Contains(out, p) {
					out = append(out, p)
				}
			}
		}
	}
	return out
}

// embedding returns the prefixes in which an address holds one of IPv4 (RFC 6052, 2.2).
func embedding(addr, v4 netip.Addr) []netip.Prefix {
	if !addr.Is6() {
		return nil
	}
	b, want := addr.As16(), v4.As4()
	var out []netip.Prefix
	for _, bits := range [...]int{32, 40, 48, 56, 64, 96} {
		var got [4]byte
		for i, at := 0, bits/8; i < len(got); at++ {
			if at == 8 { // it is zero, and skipped
				continue
			}
			got[i] = b[at]
			i++
		}
		if p, err := addr.Prefix(bits); err == nil && got == want {
			out = append(out, p)
		}
	}
	return out
}
