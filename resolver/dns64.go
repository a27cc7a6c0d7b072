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
// ipv4only.arpa, which has no AAAA record of its own (RFC 7050, 3): one question a
// run, asked beside the first AAAA question.
type dns64 struct {
	next starter
	now  func() time.Time

	mu       sync.Mutex
	learning bool
	until    time.Time // what was learnt holds for so long
	prefixes []netip.Prefix
	waiting  []func()
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
	return d.next.start(q, &dns64Taker{d, to})
}

func (d *dns64) flush() { d.next.flush() }

// learn asks for the prefixes, unless they are known.
func (d *dns64) learn() {
	d.mu.Lock()
	ask := !d.learning && !d.now().Before(d.until)
	d.learning = d.learning || ask
	d.mu.Unlock()
	if ask {
		d.next.start(question{dns64Name, TypeAAAA}, d)
	}
}

// take implements taker: of the answer for ipv4only.arpa.
func (d *dns64) take(a *Answer, err error) {
	d.mu.Lock()
	d.learning, d.until = false, d.now().Add(dns64Retry)
	if err == nil {
		d.until, d.prefixes = d.now().Add(dns64Holds), dns64Prefixes(a)
	}
	waiting := d.waiting
	d.waiting = nil
	d.mu.Unlock()
	for _, tell := range waiting {
		tell()
	}
}

// known returns the prefixes; if they are being asked for, then is called later.
func (d *dns64) known(then func()) (prefixes []netip.Prefix, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.learning {
		d.waiting = append(d.waiting, then)
		return nil, false
	}
	return d.prefixes, true
}

// dns64Taker hands an AAAA answer on without what was made up.
type dns64Taker struct {
	*dns64
	to taker
}

func (t *dns64Taker) take(a *Answer, err error) {
	if err != nil || a.Status != Found {
		t.to.take(a, err)
		return
	}
	if prefixes, ok := t.known(func() { t.take(a, nil) }); ok {
		t.to.take(a.withoutMadeUp(prefixes), nil)
	}
}

// withoutMadeUp is the answer without the addresses of a prefix.
func (a *Answer) withoutMadeUp(prefixes []netip.Prefix) *Answer {
	madeUp := func(r Record) bool {
		in := func(p netip.Prefix) bool { return p.Contains(r.Addr) }
		return slices.ContainsFunc(dns64WellKnown[:], in) || slices.ContainsFunc(prefixes, in)
	}
	if !slices.ContainsFunc(a.Records, madeUp) {
		return a
	}
	out := *a
	out.Records = nil
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
		addr := a.Records[i].Addr
		if !addr.Is6() {
			continue
		}
		b := addr.As16()
		for _, bits := range [...]int{32, 40, 48, 56, 64, 96} {
			var v4 [4]byte
			for i, at := 0, bits/8; i < len(v4); at++ {
				if at == 8 { // it is zero, and skipped
					continue
				}
				v4[i] = b[at]
				i++
			}
			p, err := addr.Prefix(bits)
			if err == nil && slices.Contains(dns64Known[:], netip.AddrFrom4(v4)) && !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
	}
	return out
}
