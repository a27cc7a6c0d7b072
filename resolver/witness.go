package resolver

import (
	"context"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"
)

// Of several servers one may stand in for another that does not answer: the router for the
// VPN, the provider for the company. What it denies is believed no sooner than what the first
// one does: only if it sees the public DNS. So a server that is not the first to have answered is
// examined by itself before its word is passed on, and the first one before its denials are,
// once it is not alone: what one has found shows nothing of the other.

const (
	// seenHolds is how long an examination holds: a VPN comes up, a portal asks for a login.
	seenHolds = 10 * time.Second
	// unseenHolds is for how long one that was not answered is not made again.
	unseenHolds = 5 * time.Second
)

// witnessed is an examination of a server, under way or over.
type witnessed struct {
	done chan struct{}
	// sees: the server sees the domain; denied is what shows that it does not.
	sees   bool
	denied *Answer
	// until is how long it holds, zero before it is over and if it was given up.
	until time.Time
}

// doubtful reports whether the server at place i is to be examined before it is believed.
func (c *Client) doubtful(i int, res *response) bool {
	if len(c.servers) == 1 {
		return false
	}
	if c.lead.CompareAndSwap(0, int32(i)+1) || int(c.lead.Load()) == i+1 {
		if res.Status == Found && !res.more && res.Type != TypeA && res.Type != TypeAAAA {
			c.known.CompareAndSwap(nil, &question{res.Name, res.Type})
		}
		alone := !c.mixed.Load() && (i == 0 || c.known.Load() != nil)
		if alone || !res.more && !res.Absent() {
			return false
		}
	} else {
		c.mixed.Store(true)
	}
	return Witness(lastOf(&res.Answer)) != ""
}

// Witness is the top-level domain by which a server that denies a name is examined: its own,
// if that is in the root, else none.
func Witness(name string) string {
	tld := name[strings.LastIndexByte(name, '.')+1:]
	if tld == "" || tld == "arpa" {
		return "com" // which is in the root as these are, and has names in it that all see
	}
	if _, icann := publicsuffix.PublicSuffix("x." + tld); !icann {
		return ""
	}
	return tld
}

// lastOf is the name at the end of the aliases of an answer.
func lastOf(a *Answer) string {
	if n := len(a.CNAMEs); n > 0 {
		return a.CNAMEs[n-1]
	}
	return a.Name
}

// believe returns an error if the server that gave an answer is to be examined and was not
// found to see the public DNS: by something that the first one has found, or if that is not
// answered by what everybody sees.
func (c *Client) believe(ctx context.Context, i int, res *response) *Error {
	if !c.doubtful(i, res) {
		return nil
	}
	s := c.servers[i]
	sees, denied := false, (*Answer)(nil)
	if !c.mixed.Load() && c.known.Load() == nil && !c.knows(ctx, Registrable(lastOf(&res.Answer))) {
		return nil // the others do not answer at all, or no better
	}
	if q := c.known.Load(); q != nil {
		sees, denied = c.once(ctx, s, "", q.name, func(ctx context.Context, s *server, name string) (bool, *Answer) {
			switch a, e := c.try(ctx, s, name, q.typ, nil); {
			case e != nil:
				return false, nil
			case a.Absent() && !a.more:
				return false, &a.Answer
			}
			_, had := c.invents(ctx, s, nowhere)
			return had == nil, had
		})
	}
	if tld := Witness(lastOf(&res.Answer)); !sees && denied == nil {
		sees, _ = c.once(ctx, s, tld, tld, c.examine)
	}
	if sees {
		return nil
	}
	return &Error{Name: res.Name, Type: res.Type, Reason: NotPublic, Server: res.Server, Rcode: res.Rcode,
		Detail: "it does not see the public DNS, and no other resolver answers"}
}

// knows asks the first server, which did not answer, whether it has the domain of a name that
// another one denied: then that is what the other one is examined by.
func (c *Client) knows(ctx context.Context, domain string) bool {
	found, _ := c.once(ctx, c.servers[0], "", domain, func(ctx context.Context, s *server, name string) (bool, *Answer) {
		a, e := c.try(ctx, s, name, TypeSOA, nil)
		return e == nil && a.Status == Found, nil
	})
	if found {
		c.known.CompareAndSwap(nil, &question{domain, TypeSOA})
		c.mixed.Store(true)
	}
	return found
}

// looks examines a server about a name.
type looks func(ctx context.Context, s *server, name string) (sees bool, denied *Answer)

// once examines a server by one of the ways to do so, or waits for who does, or knows it already
// by the key. Denied is what it does not see; nil if it does, or did not answer.
func (c *Client) once(ctx context.Context, s *server, key, name string, how looks) (sees bool, denied *Answer) {
	for {
		s.mu.Lock()
		w := s.witnessed[key]
		if w != nil && !w.until.IsZero() && !c.now().Before(w.until) {
			w = nil
		}
		if w == nil {
			w = &witnessed{done: make(chan struct{})}
			if s.witnessed == nil {
				s.witnessed = make(map[string]*witnessed)
			}
			s.witnessed[key] = w
			s.mu.Unlock()
			sees, denied := how(ctx, s, name)
			s.mu.Lock()
			switch w.sees, w.denied = sees, denied; {
			case sees || denied != nil:
				w.until = c.now().Add(seenHolds)
			case !ended(ctx):
				w.until = c.now().Add(unseenHolds)
			default:
				delete(s.witnessed, key)
			}
			s.mu.Unlock()
			close(w.done)
			return sees, denied
		}
		s.mu.Unlock()
		select {
		case <-w.done:
			s.mu.Lock()
			sees, denied, over := w.sees, w.denied, !w.until.IsZero()
			s.mu.Unlock()
			if over {
				return sees, denied
			}
		case <-ctx.Done():
			return false, nil
		}
	}
}

// nowhere does not exist (RFC 6761, 6.4).
const nowhere = "no-such-name.invalid"

// examine asks a server for what everybody sees of a top-level domain: its name servers and the
// address of one of them, and not for a name that does not exist. What is not answered is not
// known, and the server is not seen to see.
func (c *Client) examine(ctx context.Context, s *server, tld string) (sees bool, denied *Answer) {
	zone, denied := c.delegated(ctx, s, tld)
	if zone == nil {
		return false, denied
	}
	for _, r := range zone.Records[:min(len(zone.Records), 2)] {
		host, e := c.try(ctx, s, r.Host, TypeA, nil)
		switch {
		case e != nil:
		case host.Absent():
			denied = &host.Answer
		default:
			_, denied := c.invents(ctx, s, nowhere)
			return denied == nil, denied
		}
	}
	return false, denied
}

// delegated asks for the name servers of a top-level domain; it returns them, or what denies them.
func (c *Client) delegated(ctx context.Context, s *server, tld string) (zone *response, denied *Answer) {
	zone, e := c.try(ctx, s, tld, TypeNS, nil)
	switch {
	case e != nil && e.Reason == Malformed && e.Rcode == rcodeName(rcodeNX):
		// It denies the domain by the SOA of the domain.
		return nil, &Answer{Name: tld, Type: TypeNS, Status: NXDomain, Server: e.Server, Rcode: e.Rcode}
	case e != nil:
		return nil, nil
	case zone.Absent():
		return nil, &zone.Answer
	}
	return zone, nil
}

// invents asks for a name that cannot exist; what it has there shows what it is.
func (c *Client) invents(ctx context.Context, s *server, name string) (no bool, had *Answer) {
	none, e := c.try(ctx, s, name, TypeTXT, nil)
	if e == nil && !none.Absent() {
		return false, &none.Answer
	}
	return e == nil, nil
}
