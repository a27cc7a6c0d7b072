package resolver

import (
	"context"
	"slices"
)

// layer is a resolver that asks another one.
type layer interface {
	// under is a Resolver or a starter.
	under() any
}

func (s *Session) under() any { return s.next }
func (s *Sceptic) under() any { return s.next }
func (s *Stack) under() any   { return s.Resolver }
func (c *Cache) under() any   { return c.next }
func (d *dns64) under() any   { return d.next }
func (o *overlay) under() any { return o.next }
func (w patient) under() any  { return w.next }

// At is a resolver that asks the server of an answer, and no other one that the batch asks;
// it keeps nothing. It is nil if the batch does not ask such a server.
func (b *Batch) At(of string) Resolver {
	for r := any(b.loop.next); ; {
		switch at := r.(type) {
		case *Client:
			i := slices.IndexFunc(at.servers, func(s *server) bool { return Address(s.String()) == Address(of) })
			if i < 0 {
				return nil
			}
			return only{at, i}
		case layer:
			r = at.under()
		default:
			return nil
		}
	}
}

// only asks one server of a client.
type only struct {
	client *Client
	server int // its place
}

// Lookup implements Resolver. An alias whose target is not in the same message is not followed.
func (o only) Lookup(ctx context.Context, name string, t Type) (*Answer, error) {
	key, wrong := canonical(name)
	if wrong != "" {
		return nil, &Error{Name: name, Type: t, Reason: BadName, Detail: wrong}
	}
	s := o.client.servers[o.server]
	var last *Error
	for range 2 {
		res, e := o.client.try(ctx, s, key, t, nil)
		switch {
		case e == nil && res.more:
			return nil, &Error{Name: key, Type: t, Reason: Malformed, Server: res.Server, Rcode: res.Rcode, Detail: "an alias without what it leads to"}
		case e == nil:
			return &res.Answer, nil
		case e.Reason == Canceled:
			return nil, e
		}
		last = e
	}
	return nil, last
}
