package resolver

import (
	"context"
	"slices"
	"strings"
)

// overlay answers from zones first.
type overlay struct {
	next  Resolver
	zones zoneIndex
}

// NewOverlay answers every name at or below the origin of a zone from that zone,
// as its authoritative server would, and leaves the rest to next: names of no
// zone, names that a zone delegates, and aliases that lead out of the zones.
// Without a next resolver these are not answered (Offline). The zone with the
// longest origin answers; of two with the same origin, the first.
func NewOverlay(next Resolver, zones ...*ZoneSet) Resolver {
	return &overlay{next: next, zones: indexOf(zones)}
}

// Lookup implements Resolver.
func (o *overlay) Lookup(ctx context.Context, name string, t Type) (*Answer, error) {
	key, wrong := canonical(name)
	if wrong != "" {
		return nil, &Error{Name: name, Type: t, Reason: BadName, Detail: wrong}
	}
	var (
		at     = key
		chain  []string
		ttl    = ^uint32(0)
		server string
	)
	for {
		z := o.zones.find(at, t)
		a := &Answer{Name: key, Type: t, CNAMEs: chain, Server: "zone " + z.Origin, Rcode: "NOERROR", file: z.file}
		if z.SOA != nil {
			a.line = z.SOA.line
		}
		if t == TypeTXT && (z.Kind == ZoneFound || z.Kind == ZoneNoData) {
			if old := o.zones.find(at, TypeSPF); old.Kind == ZoneFound {
				a.ofSPF = old.Records
			}
		}
		switch z.Kind {
		case ZoneFound:
			a.Status, a.Records = Found, z.Records
			for i := range z.Records {
				ttl = min(ttl, z.Records[i].TTL)
			}
			a.TTL = ttl
			return a, nil
		case ZoneNoData:
			a.Status, a.TTL = NoData, min(ttl, z.negativeTTL())
			return a, nil
		case ZoneNXDomain:
			a.Status, a.TTL, a.Rcode = NXDomain, min(ttl, z.negativeTTL()), "NXDOMAIN"
			return a, nil
		case ZoneTooLong:
			return nil, &Error{Name: key, Type: t, Reason: BadName, Server: a.Server, Detail: "a DNAME makes a name of over 255 octets"}
		case ZoneAlias:
			c := z.Records[len(z.Records)-1]
			server = a.Server
			ttl = min(ttl, c.TTL)
			if e := follow(key, t, &chain, c.Host, server); e != nil {
				return nil, e
			}
			at = c.Host
			continue
		}
		// No zone has the authority.
		if o.next == nil {
			return nil, &Error{Name: key, Type: t, Reason: Offline, Server: server, CNAMEs: chain, Detail: whyOffline(z, key, at)}
		}
		ask := name
		if at != key {
			if ask = at; !plain(at) {
				return nil, &Error{Name: key, Type: t, Reason: BadName, Server: server, Detail: "the alias " + at + " has a dot or backslash in a label"}
			}
		}
		a, err := o.next.Lookup(ctx, ask, t)
		if at == key && (err != nil || !o.leadsBack(a, t)) {
			return a, err
		}
		if err != nil {
			e := *AsError(err)
			e.Name, e.Type, e.Detail = key, t, joinDetail("asked for its alias "+at, e.Detail)
			return nil, &e
		}
		back := false
		ttl, server = min(ttl, a.TTL), a.Server
		for _, c := range a.CNAMEs {
			if e := follow(key, t, &chain, c, server); e != nil {
				return nil, e
			}
			if back = o.holds(c, t); back {
				at = c
				break
			}
		}
		if back {
			continue
		}
		merged := *a
		merged.Name, merged.CNAMEs, merged.TTL = key, chain, ttl
		merged.AuthenticData = merged.AuthenticData && len(chain) == len(a.CNAMEs)
		return &merged, nil
	}
}

// whyOffline says why no zone answers for at, which is key or the alias that it leads to.
func whyOffline(z ZoneAnswer, key, at string) string {
	switch {
	case z.Kind == ZoneReferral:
		return at + " is delegated away by the zone " + z.Origin
	case at != key:
		return "it is an alias of " + at + ", which no zone holds"
	}
	return NoZone
}

// start implements starter. Without a next resolver there is nothing to wait for.
func (o *overlay) start(q question, to taker) stopper {
	if o.next != nil {
		return patient{o}.start(q, to)
	}
	to.take(o.Lookup(context.Background(), strings.ReplaceAll(q.name, `\092`, `\`), q.typ))
	return nil
}

func (o *overlay) flush() {}

// leadsBack reports whether an alias of the answer is a name of a zone here: from
// there on, the zone answers.
func (o *overlay) leadsBack(a *Answer, t Type) bool {
	return slices.ContainsFunc(a.CNAMEs, func(c string) bool { return o.holds(c, t) })
}

// holds reports whether a zone has the authority over the name: it is at or below
// the origin of one, and not delegated away.
func (o *overlay) holds(name string, t Type) bool {
	k := o.zones.find(name, t).Kind
	return k != ZoneNone && k != ZoneReferral
}

// follow adds an alias to a chain, unless that is a loop or the chain too long.
func follow(name string, t Type, chain *[]string, target, server string) *Error {
	if target == name || slices.Contains(*chain, target) {
		return &Error{Name: name, Type: t, Reason: AliasLoop, Server: server, Detail: "the alias " + target + " comes again"}
	}
	if len(*chain) == MaxAliases {
		return &Error{Name: name, Type: t, Reason: AliasLoop, Server: server, Detail: "a chain of more than 16 aliases"}
	}
	*chain = append(*chain, target)
	return nil
}

func joinDetail(a, b string) string {
	if b == "" {
		return a
	}
	return a + ": " + b
}
