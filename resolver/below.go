package resolver

import (
	"slices"
	"strings"
)

// Below returns the records of the types that loaded zones hold at a domain or below
// it, in the order of their owners read from the right; aliases as such, wildcards
// with their asterisk. It asks nothing: of names on the network, which cannot be
// listed, there are none. Only the zone that would answer for the domain is looked
// through. The records are shared.
func Below(r Resolver, domain string, types ...Type) []Record {
	key, wrong := canonical(domain)
	if wrong != "" {
		return nil
	}
	if h, ok := r.(holder); ok {
		return h.below(key, types)
	}
	return nil
}

// EveryType returns the types that are read of zones: what makes a name exist there.
func EveryType() []Type { return slices.Clone(everyType) }

var everyType = []Type{TypeA, TypeNS, TypeCNAME, TypeSOA, TypePTR, TypeMX, TypeTXT, TypeAAAA, TypeDNAME, TypeTLSA, TypeSPF}

// WildcardFor returns the records of the wildcard that loaded zones answer for a name
// from, as nothing stands at or below it (RFC 4592); nil if something does, if no wildcard
// covers it, and of names on the network. It asks nothing.
func WildcardFor(r Resolver, name string) []Record {
	key, wrong := canonical(name)
	if wrong != "" || Stands(r, key) {
		return nil
	}
	for up := parent(key); up != "."; up = parent(up) {
		if found := Below(r, joinName("*", up), everyType...); len(found) > 0 {
			return slices.DeleteFunc(found, func(rec Record) bool { return rec.Name != joinName("*", up) })
		}
		if Stands(r, up) {
			return nil
		}
	}
	return nil
}

// Stands reports whether loaded zones hold anything at a name or below it, at the cost of one look.
// It asks nothing.
func Stands(r Resolver, name string) bool {
	key, wrong := canonical(name)
	if wrong != "" {
		return false
	}
	h, ok := r.(holder)
	return ok && h.stands(key)
}

// holder is a resolver that answers from zones, or one in front of it.
type holder interface {
	below(domain string, types []Type) []Record
	stands(name string) bool
}

func (s *Session) stands(name string) bool {
	h, ok := s.next.(holder)
	return ok && h.stands(name)
}

func (s *Stack) stands(name string) bool { return Stands(s.Resolver, name) }

func (w patient) stands(name string) bool { return Stands(w.next, name) }

func (s *Sceptic) stands(name string) bool { return Stands(s.next, name) }

// stands: a zone has a node for each name that exists.
func (o *overlay) stands(name string) bool {
	z := o.zones.holder(name)
	return z != nil && z.nodes[name] != nil
}

// stands implements holder: what is taken out may have been all that there was.
func (a *amendment) stands(name string) bool {
	for q := range a.add {
		if Within(q.name, name) {
			return true
		}
	}
	for q := range a.remove {
		if Within(q.name, name) {
			return len(a.below(name, everyType)) > 0
		}
	}
	return Stands(a.next, name)
}

func (s *Session) below(domain string, types []Type) []Record {
	if h, ok := s.next.(holder); ok {
		return h.below(domain, types)
	}
	return nil
}

func (s *Stack) below(domain string, types []Type) []Record {
	return Below(s.Resolver, domain, types...)
}

func (w patient) below(domain string, types []Type) []Record {
	return Below(w.next, domain, types...)
}

func (o *overlay) below(domain string, types []Type) []Record {
	z := o.zones.holder(domain)
	if z == nil {
		return nil
	}
	var out []Record
	for _, name := range z.namesBelow(domain) {
		for _, t := range types {
			out = append(out, z.nodes[name].get(t)...)
		}
	}
	return out
}

// namesBelow are the names of the zone at a domain or below it.
func (z *zone) namesBelow(domain string) []string {
	z.sorting.Lock()
	defer z.sorting.Unlock()
	if len(z.sorted) != len(z.nodes) {
		z.sorted = make([]string, 0, len(z.nodes))
		for name := range z.nodes {
			z.sorted = append(z.sorted, name)
		}
		slices.SortFunc(z.sorted, compareFromRight)
	}
	if domain == z.origin {
		return z.sorted
	}
	var out []string
	if z.nodes[domain] != nil {
		out = append(out, domain)
	}
	// What is below stands together: all of it ends in a dot and the domain.
	end := "." + domain
	at, _ := slices.BinarySearchFunc(z.sorted, end, compareFromRight)
	for ; at < len(z.sorted) && strings.HasSuffix(z.sorted[at], end); at++ {
		out = append(out, z.sorted[at])
	}
	return out
}

// compareFromRight orders names by their bytes, the last one first.
func compareFromRight(a, b string) int {
	for i := 1; i <= len(a) && i <= len(b); i++ {
		if d := int(a[len(a)-i]) - int(b[len(b)-i]); d != 0 {
			return d
		}
	}
	return len(a) - len(b)
}

// below implements holder with what was taken out and published in addition.
func (a *amendment) below(domain string, types []Type) []Record {
	out := slices.DeleteFunc(Below(a.next, domain, types...), func(r Record) bool {
		return slices.Contains(a.remove[question{r.Name, r.Type}], r.String())
	})
	var added []Record
	for q, records := range a.add {
		if Within(q.name, domain) && slices.Contains(types, q.typ) {
			added = append(added, records...)
		}
	}
	slices.SortFunc(added, func(x, y Record) int { return compareFromRight(x.Name, y.Name) })
	for _, r := range added {
		if !slices.ContainsFunc(out, func(have Record) bool {
			return have.Name == r.Name && have.Type == r.Type && have.String() == r.String()
		}) {
			out = append(out, r)
		}
	}
	return out
}
