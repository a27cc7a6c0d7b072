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

// doubtful reports whether the server at place i is to be examined before it is believed, and
// by which top-level domain.
func (c *Client) doubtful(i int, res *response) (tld string, doubtful bool) {
	if len(c.servers) == 1 {
		return "", false
	}
	if c.lead.CompareAndSwap(0, int32(i)+1) || int(c.lead.Load()) == i+1 {
		if !c.mixed.Load() || !res.more && !res.Absent() {
			return "", false
		}
	} else {
		c.mixed.Store(true)
	}
	tld = Witness(lastOf(&res.Answer))
	return tld, tld != ""
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
// found to see the public DNS.
func (c *Client) believe(ctx context.Context, i int, res *response) *Error {
	tld, doubtful := c.doubtful(i, res)
	if !doubtful {
		return nil
	}
	if sees, _ := c.sees(ctx, c.servers[i], tld); sees {
		return nil
	}
	return &Error{Name: res.Name, Type: res.Type, Reason: NotPublic, Server: res.Server, Rcode: res.Rcode,
		Detail: "it does not see the public DNS, and no other resolver answers"}
}

// sees examines a server, or waits for who does, or knows it already. Denied is what it does
// not see; nil if it does, or did not answer.
func (c *Client) sees(ctx context.Context, s *server, tld string) (sees bool, denied *Answer) {
	for {
		s.mu.Lock()
		w := s.witnessed[tld]
		if w != nil && !w.until.IsZero() && !c.now().Before(w.until) {
			w = nil
		}
		if w == nil {
			w = &witnessed{done: make(chan struct{})}
			if s.witnessed == nil {
				s.witnessed = make(map[string]*witnessed)
			}
			s.witnessed[tld] = w
			s.mu.Unlock()
			sees, denied := c.examine(ctx, s, tld)
			s.mu.Lock()
			switch w.sees, w.denied = sees, denied; {
			case sees || denied != nil:
				w.until = c.now().Add(seenHolds)
			case !ended(ctx):
				w.until = c.now().Add(unseenHolds)
			default:
				delete(s.witnessed, tld)
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
	zone, e := c.try(ctx, s, tld, TypeNS, nil)
	switch {
	case e != nil && e.Reason == Malformed && e.Rcode == rcodeName(rcodeNX):
		// It denies the domain by the SOA of the domain.
		return false, &Answer{Name: tld, Type: TypeNS, Status: NXDomain, Server: e.Server, Rcode: e.Rcode}
	case e != nil:
		return false, nil
	case zone.Absent():
		return false, &zone.Answer
	}
	for _, r := range zone.Records[:min(len(zone.Records), 2)] {
		host, e := c.try(ctx, s, r.Host, TypeA, nil)
		switch {
		case e != nil:
		case host.Absent():
			denied = &host.Answer
		default:
			if none, e := c.try(ctx, s, nowhere, TypeTXT, nil); e == nil && !none.Absent() {
				return false, &none.Answer
			}
			return true, nil
		}
	}
	return false, denied
}

// Blind asks the server of an answer about the public DNS above a name that it denied, and
// returns what it denies of that as well; nil if it does not, or is not among those that the
// batch asks. What it said of that in the last seconds is not asked again.
func (b *Batch) Blind(ctx context.Context, of, name string) *Answer {
	tld := Witness(name)
	if tld == "" {
		return nil
	}
	if at, ok := b.At(of).(only); ok {
		_, denied := at.client.sees(ctx, at.client.servers[at.server], tld)
		return denied
	}
	return nil
}
