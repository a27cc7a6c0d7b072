package resolver

import (
	"context"
	"slices"
	"time"
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

// sight is what an examination of a server shows.
type sight int

const (
	// silent: it did not answer.
	silent sight = iota
	sees
	denies
)

// witnessed is an examination of a server, under way or over.
type witnessed struct {
	done  chan struct{}
	shown sight
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
	return true
}

// witnessOf is the top-level domain by which a server that denies a name is examined: its own,
// if that is in the root, else none.
func witnessOf(name string) string {
	tld := TopLevel(name)
	switch {
	case tld == "", tld == "arpa":
		return "com" // which is in the root as these are, and has names in it that all see
	case !InRoot(tld):
		return ""
	}
	return tld
}

// believe returns an error if the server that gave an answer is to be examined and was not
// found to see the public DNS: by something that the first one has found, or if that is not
// answered by what everybody sees.
func (c *Client) believe(ctx context.Context, i int, res *response) *Error {
	if !c.doubtful(i, res) {
		return nil
	}
	if !c.mixed.Load() && c.known.Load() == nil && !c.knows(ctx, res.LastName()) {
		return nil // the others do not answer at all, or no better
	}
	s, shown := c.servers[i], silent
	if q := c.known.Load(); q != nil {
		shown = c.once(ctx, s, *q, c.finds)
	}
	if shown == silent {
		tld := witnessOf(res.LastName())
		if tld == "" {
			return nil // nothing that all see is above the name
		}
		shown = c.once(ctx, s, question{tld, TypeNS}, c.serves)
	}
	if shown == sees {
		return nil
	}
	return &Error{Name: res.Name, Type: res.Type, Reason: NotPublic, Server: res.Server, Rcode: res.Rcode,
		Detail: "it does not see the public DNS, and no other resolver answers"}
}

// knows asks the first server, which did not answer, whether it has the domain of a name that
// another one denied, or the top-level domain: then that is what the other one is examined by.
func (c *Client) knows(ctx context.Context, name string) bool {
	for _, q := range [...]question{{Registrable(name), TypeSOA}, {witnessOf(name), TypeNS}} {
		if q.name != "" && c.once(ctx, c.servers[0], q, c.finds) == sees {
			c.known.CompareAndSwap(nil, &q)
			c.mixed.Store(true)
			return true
		}
	}
	return false
}

// once examines a server by a question, or waits for who does, or knows it already.
func (c *Client) once(ctx context.Context, s *server, q question, examine func(context.Context, *server, question) sight) sight {
	for {
		s.mu.Lock()
		w := s.witnessed[q]
		if w != nil && !w.until.IsZero() && !c.now().Before(w.until) {
			w = nil
		}
		if w == nil {
			w = &witnessed{done: make(chan struct{})}
			if s.witnessed == nil {
				s.witnessed = make(map[question]*witnessed)
			}
			s.witnessed[q] = w
			s.mu.Unlock()
			shown := examine(ctx, s, q)
			s.mu.Lock()
			switch w.shown = shown; {
			case shown != silent:
				w.until = c.now().Add(seenHolds)
			case !ended(ctx):
				w.until = c.now().Add(unseenHolds)
			default:
				delete(s.witnessed, q)
			}
			s.mu.Unlock()
			close(w.done)
			return shown
		}
		s.mu.Unlock()
		select {
		case <-w.done:
			s.mu.Lock()
			shown, over := w.shown, !w.until.IsZero()
			s.mu.Unlock()
			if over {
				return shown
			}
		case <-ctx.Done():
			return silent
		}
	}
}

// finds examines a server by what another one has found.
func (c *Client) finds(ctx context.Context, s *server, q question) sight {
	switch a, e := c.try(ctx, s, q.name, q.typ, nil); {
	case e != nil:
		return silent
	case a.Absent() && !a.more:
		return denies
	}
	return c.honest(ctx, s, q.name)
}

// serves examines a server by what everybody sees of a top-level domain: its name servers and
// the address of one of them.
func (c *Client) serves(ctx context.Context, s *server, q question) sight {
	zone, e := c.try(ctx, s, q.name, q.typ, nil)
	switch {
	case e != nil && deniesZone(e):
		return denies // by the SOA of the domain itself
	case e != nil:
		return silent
	case zone.Absent():
		return denies
	}
	shown := silent
	for _, r := range zone.Records[:min(len(zone.Records), 2)] {
		host, e := c.try(ctx, s, r.Host, TypeA, nil)
		switch {
		case e != nil:
		case host.Absent():
			shown = denies
		default:
			return c.honest(ctx, s, q.name)
		}
	}
	return shown
}

// honest examines a server that has what it should of a name: by a name that cannot exist, as one
// that has something there sees nothing, and by text, as a filter of that type denies the name that
// the server itself has (RFC 8020).
func (c *Client) honest(ctx context.Context, s *server, name string) sight {
	if a, e := c.try(ctx, s, NeverThere, TypeTXT, nil); e == nil && !a.Absent() {
		return denies
	}
	switch a, e := c.try(ctx, s, name, TypeTXT, nil); {
	case e == nil && a.Status == NXDomain && len(a.CNAMEs) == 0, e != nil && deniesZone(e):
		return denies
	}
	return sees
}

// publicServers is the domain of the servers of com, by which everybody sees that a zone com is
// the public one.
const publicServers = "gtld-servers.net"

// Selective asks a resolver whether it lets a few names of the public DNS through and denies
// all others. It does if it has com, and denies the hosts that by its own account serve com,
// which are the public ones. A network with a zone com of its own names other servers. It
// returns the answers that show it, and none if they do not.
func Selective(ctx context.Context, r Resolver) []*Answer {
	shown, _ := selective(ctx, r)
	return shown
}

// selective is Selective; comDenied says that the resolver denies com itself.
func selective(ctx context.Context, r Resolver) (shown []*Answer, comDenied bool) {
	top, err := r.Lookup(ctx, "com", TypeNS)
	if !isPublicCom(top, err) {
		return nil, denied(top, err)
	}
	const asked = 2
	shown = []*Answer{top}
	for _, ns := range top.Records[:min(len(top.Records), asked)] {
		host, err := r.Lookup(ctx, ns.Host, TypeA)
		if err != nil || host.OfZone() || !host.Absent() {
			return nil, false
		}
		shown = append(shown, host)
	}
	return shown, false
}

// isPublicCom reports whether the servers of com are the public ones: a network with a zone com of its
// own names others.
func isPublicCom(com *Answer, err error) bool {
	return err == nil && com.Status == Found && !com.OfZone() && !slices.ContainsFunc(com.Records, func(ns Record) bool { return !Within(ns.Host, publicServers) })
}

// DeniedAlone is the domain in which a resolver that is selective must have found something, if
// it is to be believed that a name does not exist: the registrable one, or that of the addresses. It
// is "" of a name that is believed, as nothing can be expected there.
func DeniedAlone(name string) string {
	for _, tree := range [...]string{"in-addr.arpa", "ip6.arpa"} {
		if Within(name, tree) {
			return tree
		}
	}
	if tld := TopLevel(name); tld == name || tld == "arpa" || !InRoot(tld) {
		return ""
	}
	if domain := Registrable(name); domain[0] != '_' { // that is a record of a public suffix
		return domain
	}
	return ""
}
