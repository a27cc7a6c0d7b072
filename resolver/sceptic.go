package resolver

import (
	"context"
	"slices"
	"strings"
	"sync"
)

// Sceptic is a resolver in front of another one whose denials it believes only if the other
// sees the public DNS. One that says NXDOMAIN to everything, or has nothing but addresses, does
// not: it denies a domain, and the top-level domain above it as well, which the root has.
// Before the first denial in a top-level domain in which nothing has been found but addresses is
// passed on, that is asked; from then on nothing is answered there but by loaded zones, with an
// *Error of reason NotPublic. One that lets a few names through and denies all others (Selective) is
// believed only where it has something of the domain. An audit doubts by itself, and sooner.
type Sceptic struct {
	next Resolver

	mu sync.Mutex
	// seen says of top-level domains whether the other resolver sees them.
	seen map[string]bool
	// selective is whether the other resolver is, once it is known.
	selective, asked bool
	// comDenied: it was found not to be, as it denies com.
	comDenied bool
	// reverseHidden is whether it denies all reverse names, once it is known.
	reverseHidden, reverseAsked bool
}

// NewSceptic puts a Sceptic in front of a resolver.
func NewSceptic(next Resolver) *Sceptic {
	return &Sceptic{next: next, seen: make(map[string]bool)}
}

// Lookup implements Resolver.
func (s *Sceptic) Lookup(ctx context.Context, name string, t Type) (*Answer, error) {
	a, err := s.next.Lookup(ctx, name, t)
	if err != nil || a.OfZone() {
		return a, err
	}
	last := a.LastName()
	tld := witnessOf(last)
	if tld == "" || last == tld {
		return a, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sees, known := s.seen[tld]
	switch {
	case TopLevel(last) == "arpa": // it shows nothing of com, nor com of it
		sees = true
	case known:
	case shows(a):
		s.seen[tld] = true
		return a, nil
	case a.Absent():
		if sees, known = s.sees(ctx, last, tld); known {
			s.seen[tld] = sees
		}
	}
	if (sees || !known) && !(a.Absent() && s.hides(ctx, last)) {
		return a, nil
	}
	return nil, &Error{Name: a.Name, Type: t, Reason: NotPublic, Server: a.Server, Rcode: a.Rcode, Detail: "the resolver does not see the public DNS"}
}

// shows reports whether an answer has what a resolver that leads every name to a page of its
// own has not.
func shows(a *Answer) bool {
	return a.Status == Found && a.Type != TypeA && a.Type != TypeAAAA
}

// sees asks whether the resolver has the domain of a name, or else the top-level domain; known
// is false if that was not answered. The lock is held: who was denied something meanwhile waits.
func (s *Sceptic) sees(ctx context.Context, name, tld string) (sees, known bool) {
	for _, q := range []question{{Registrable(name), TypeSOA}, {tld, TypeNS}} {
		a, err := s.next.Lookup(ctx, q.name, q.typ)
		switch {
		case err != nil && deniesZone(AsError(err)):
		case err != nil:
			return false, false
		case a.OfZone() || shows(a):
			return true, true
		}
	}
	return false, true
}

// denies reports whether a name that everybody sees is denied.
func (s *Sceptic) denies(ctx context.Context, q question) bool {
	a, err := s.next.Lookup(ctx, q.name, q.typ)
	return denied(a, err)
}

// denied reports whether a resolver says that nothing is at a name which is a zone to everybody.
func denied(a *Answer, err error) bool {
	return err == nil && a.Absent() && !a.OfZone() || err != nil && deniesZone(AsError(err))
}

// deniesZone reports whether a name that is a zone was denied with the SOA of that zone, as by servers
// that deny everything so.
func deniesZone(e *Error) bool { return e.Reason == Malformed && e.Rcode == rcodeName(rcodeNX) }

// hides reports whether a denial of a name shows nothing, as the resolver denies all but what
// somebody lets through, and has nothing of the domain. The lock is held.
func (s *Sceptic) hides(ctx context.Context, name string) bool {
	domain := DeniedAlone(name)
	if domain == "" {
		return false
	}
	if !s.asked {
		shown, denied := selective(ctx, s.next)
		s.selective, s.comDenied, s.asked = shown != nil, denied, !ended(ctx)
	}
	if !s.selective && !s.comDenied && TopLevel(domain) == "arpa" {
		if !s.reverseAsked {
			s.reverseHidden, s.reverseAsked = HidesReverse(ctx, s.next) != nil, !ended(ctx)
		}
		return s.reverseHidden
	}
	if !s.selective { // of other names their top-level domain was asked for
		return s.comDenied && TopLevel(domain) == "arpa" && s.denies(ctx, question{".", TypeNS}) && deniesTree(ctx, s.next, name) != nil
	}
	for _, q := range []question{{domain, TypeSOA}, {domain, TypeNS}} {
		if a, err := s.next.Lookup(ctx, q.name, q.typ); err == nil && (a.OfZone() || shows(a)) {
			return false
		}
	}
	return true
}

// HidesReverse asks whether a resolver that has denied reverse names denies arpa, above them all, which
// whoever sees the public com sees as well (RFC 3172). It returns what says so; nil if it has arpa, or has
// no com or one of its own, as in a network with zones of its own.
func HidesReverse(ctx context.Context, r Resolver) []*Answer {
	arpa, err := r.Lookup(ctx, "arpa", TypeNS)
	if err != nil || !arpa.Absent() || arpa.OfZone() {
		return nil
	}
	com, err := r.Lookup(ctx, "com", TypeNS)
	if !isPublicCom(com, err) {
		return nil
	}
	return []*Answer{arpa, com}
}

// DeniesAbove asks whether a resolver that has a domain, and denied a reverse name, says that the public
// top-level domain above the domain does not exist, which nobody can say who sees both (RFC 8020), and
// denies the root and all that may be above the reverse name: it was given that domain, and of reverse names
// it shows nothing. It returns what says so; nil if it does not, as one whose top-level domain is its own.
func DeniesAbove(ctx context.Context, r Resolver, domain, reverse string) []*Answer {
	top := TopLevel(domain)
	if top == domain || !InRoot(top) {
		return nil
	}
	com, err := r.Lookup(ctx, top, TypeNS)
	if !denied(com, err) || err == nil && com.Status != NXDomain {
		return nil
	}
	root, err := r.Lookup(ctx, ".", TypeNS)
	if !denied(root, err) {
		return nil
	}
	said := deniesTree(ctx, r, reverse)
	if said == nil {
		return nil
	}
	return slices.DeleteFunc([]*Answer{com, root, said}, func(a *Answer) bool { return a == nil })
}

// deniesTree asks whether a resolver denies each zone that may hold a reverse name: those of whole octets
// (RFC 1035, 3.5), or of four nibbles (RFC 3596, 2.5), and the tree itself. It returns what it says of the
// tree; nil if it has one of them, or did not say.
func deniesTree(ctx context.Context, r Resolver, name string) (said *Answer) {
	tree := DeniedAlone(name)
	labels := strings.Split(strings.TrimSuffix(name, "."+tree), ".")
	step := 1
	if tree == "ip6.arpa" {
		step = 4
	}
	zones := []string{tree}
	for n := step; n < len(labels); n += step {
		zones = append(zones, strings.Join(labels[len(labels)-n:], ".")+"."+tree)
	}
	for _, zone := range zones {
		a, err := r.Lookup(ctx, zone, TypeSOA)
		if !denied(a, err) {
			return nil
		}
		if zone == tree {
			said = a
		}
	}
	if said == nil { // by the SOA of itself, which is no answer
		said = &Answer{Name: tree, Type: TypeSOA, Status: NXDomain}
	}
	return said
}

func (s *Sceptic) below(domain string, types []Type) []Record { return Below(s.next, domain, types...) }
