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
// Without a next resolver these are not answered (Offline), but for names that cannot be in
// the root: a top-level domain is no number, and has none but letters, digits and hyphens (RFC 3696, 2). The zone with the
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
	w := overlaid{name: name, key: key, t: t, at: key, ttl: ^uint32(0)}
	for {
		z := o.zones.find(w.at, t)
		a, err := o.zoned(&w, &z)
		if a == nil && err == nil && z.Kind != ZoneAlias {
			a, err = o.ask(ctx, &w, &z)
		}
		if a != nil || err != nil {
			return a, err
		}
	}
}

// overlaid is a question on its way through zones and the next resolver.
type overlaid struct {
	name, key string // as it was asked, and canonical
	t         Type
	at        string   // the name that aliases have led to
	chain     []string // these aliases
	wildcard  string   // that the zone answered for key from
	ttl       uint32   // the least so far
	server    string   // that said the last of them
	// flat: on the way was an alias for addresses alone. Servers answer with the addresses at its
	// end, as if it had them, and no alias from there on is seen. hops counts these.
	flat bool
	hops int
}

// zoned is what the zone says of where the question is, if it has the authority. It is nil
// without an error if it has not, and if it has an alias: then the question has gone on.
func (o *overlay) zoned(w *overlaid, z *ZoneAnswer) (*Answer, error) {
	if w.at == w.key {
		w.wildcard = z.Wildcard
	}
	a := &Answer{Name: w.key, Type: w.t, CNAMEs: w.chain, Server: zoneServer + z.Origin, Rcode: "NOERROR", Wildcard: w.wildcard, file: z.file}
	if z.SOA != nil {
		a.line = z.SOA.line
	}
	if w.t == TypeTXT && (z.Kind == ZoneFound || z.Kind == ZoneNoData) {
		if old := o.zones.find(w.at, TypeSPF); old.Kind == ZoneFound {
			a.ofSPF = old.Records
		}
	}
	switch z.Kind {
	case ZoneFound:
		a.Status, a.Records = Found, z.Records
		for i := range z.Records {
			w.ttl = min(w.ttl, z.Records[i].TTL)
		}
		a.TTL = w.ttl
		return a, nil
	case ZoneNoData:
		a.Status, a.TTL = NoData, min(w.ttl, z.negativeTTL())
		return a, nil
	case ZoneNXDomain:
		a.Status, a.TTL, a.Rcode = NXDomain, min(w.ttl, z.negativeTTL()), "NXDOMAIN"
		if w.flat {
			a.Status, a.Rcode = NoData, "NOERROR" // the name is there
		}
		return a, nil
	case ZoneTooLong:
		return nil, &Error{Name: w.key, Type: w.t, Reason: BadName, Server: a.Server, Detail: "a DNAME makes a name of over 255 octets"}
	case ZoneAlias:
		c := z.Records[len(z.Records)-1]
		w.at, w.server, w.ttl = c.Host, a.Server, min(w.ttl, c.TTL)
		if w.flat = w.flat || z.flat; w.flat {
			if w.hops++; w.hops > MaxAliases {
				return nil, &Error{Name: w.key, Type: w.t, Reason: AliasLoop, Server: w.server, Detail: "a chain of more than 16 aliases"}
			}
			return nil, nil
		}
		if e := follow(w.key, w.t, &w.chain, c.Host, w.server); e != nil {
			if len(w.chain) < MaxAliases {
				e.CNAMEs = append(slices.Clip(w.chain), c.Host)
			}
			return nil, e
		}
	}
	return nil, nil
}

// ask puts the question to the next resolver, where no zone has the authority. It returns nil
// without an error if the answer's aliases lead back into a zone: the question is there then.
func (o *overlay) ask(ctx context.Context, w *overlaid, z *ZoneAnswer) (*Answer, error) {
	if o.next == nil && z.Kind == ZoneNone && neverTop(TopLevel(w.at)) {
		return &Answer{Name: w.key, Type: w.t, Status: NXDomain, CNAMEs: w.chain, Server: zoneServer + ".", Rcode: "NXDOMAIN"}, nil
	}
	if o.next == nil {
		return nil, &Error{Name: w.key, Type: w.t, Reason: Offline, Server: w.server, CNAMEs: w.chain, Detail: whyOffline(z, w.key, w.at)}
	}
	name := w.name
	if w.at != w.key {
		if name = w.at; !plain(name) {
			return nil, &Error{Name: w.key, Type: w.t, Reason: BadName, Server: w.server, Detail: "the alias " + name + " has a dot or backslash in a label"}
		}
	}
	a, err := o.next.Lookup(ctx, name, w.t)
	if w.at == w.key && (err != nil || !o.leadsBack(a, w.t)) {
		return a, err
	}
	if err != nil {
		e := *AsError(err)
		e.Name, e.Type, e.Detail = w.key, w.t, joinDetail("asked for its alias "+w.at, e.Detail)
		return nil, &e
	}
	w.ttl, w.server = min(w.ttl, a.TTL), a.Server
	for _, c := range a.CNAMEs {
		if w.flat {
			w.hops++
		} else if e := follow(w.key, w.t, &w.chain, c, w.server); e != nil {
			return nil, e
		}
		if o.holds(c, w.t) {
			w.at = c
			return nil, nil
		}
	}
	merged := *a
	merged.Name, merged.CNAMEs, merged.TTL, merged.Wildcard = w.key, w.chain, w.ttl, w.wildcard
	if w.flat && merged.Status == NXDomain {
		merged.Status, merged.Rcode = NoData, "NOERROR"
	}
	merged.AuthenticData = merged.AuthenticData && len(w.chain) == len(a.CNAMEs)
	return &merged, nil
}

// whyOffline says why no zone answers for at, which is key or the alias that it leads to.
func whyOffline(z *ZoneAnswer, key, at string) string {
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
