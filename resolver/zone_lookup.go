package resolver

// typeALIAS is what some servers make addresses from: those of another name (of no standard; the
// number is PowerDNS's).
const typeALIAS Type = 65401

// MaxAliases bounds a chain of CNAMEs.
const MaxAliases = 16

// ZoneKind is what a zone says of a question.
type ZoneKind int

const (
	// ZoneNone: no zone holds the name.
	ZoneNone ZoneKind = iota
	// ZoneFound: Records answer the question.
	ZoneFound
	// ZoneAlias: the name is an alias; Records is the CNAME (after the DNAME that
	// it was made from, RFC 6672, 3.1).
	ZoneAlias
	// ZoneNoData: the name exists, without this type.
	ZoneNoData
	// ZoneNXDomain: neither the name nor anything below it exists, and no
	// wildcard covers it.
	ZoneNXDomain
	// ZoneReferral: the name is delegated to other servers; Records are the NS of
	// the cut, and do not answer the question (RFC 1034, 4.3.2).
	ZoneReferral
	// ZoneTooLong: a DNAME makes a name of over 255 octets (RFC 6672, 2.2).
	ZoneTooLong
)

// ZoneAnswer is one step of a zone's authoritative server (RFC 1034, 4.3.2): it
// follows no alias.
type ZoneAnswer struct {
	Kind    ZoneKind
	Origin  string
	Records []Record
	// SOA of the zone, nil if the file has none.
	SOA *Record
	// Wildcard is the owner of the wildcard that the answer was made from (RFC 4592), or "".
	Wildcard string
	// file is the zone file.
	file string
	// flat: the alias is one for addresses alone, which servers answer themselves.
	flat bool
}

// Find looks one question up in several files: the zone with the longest origin
// answers. The name is as records show it: a dot or backslash in a label is \DDD.
// The answer is shared.
func Find(sets []*ZoneSet, name string, t Type) ZoneAnswer {
	return find(sets, fromPresentation(name), t)
}

// find asks the zone with the longest origin. The parent's side of a zone cut
// answers for DS (RFC 4035, 3.1.4.1).
func find(sets []*ZoneSet, name string, t Type) ZoneAnswer {
	var best *zone
	for _, s := range sets {
		if z := s.index.asked(name, t); z != nil && (best == nil || z.origin != best.origin && Within(z.origin, best.origin)) {
			best = z
		}
	}
	return best.find(name, t)
}

// find looks a question up in a zone. No zone has no answer.
func (z *zone) find(name string, t Type) ZoneAnswer {
	if z == nil {
		return ZoneAnswer{}
	}
	a := ZoneAnswer{Origin: z.origin, SOA: z.soa, file: z.file}
	if cut := z.cutAbove(name); cut != "" && !(cut == name && t == TypeDS) {
		a.Kind, a.Records = ZoneReferral, z.nodes[cut].get(TypeNS)
		return a
	}
	if z.hasDNAME {
		for up := name; up != z.origin; {
			up = parent(up)
			if n := z.nodes[up]; n != nil && n.get(TypeDNAME) != nil {
				return z.synthesise(a, name, up, n.get(TypeDNAME)[0])
			}
		}
	}
	n := z.nodes[name]
	if n == nil {
		// The closest encloser, and the wildcard below it alone (RFC 4592, 3.3.1).
		up := parent(name)
		for z.nodes[up] == nil {
			up = parent(up)
		}
		wild := joinName("*", up)
		if n = z.nodes[wild]; n == nil {
			a.Kind = ZoneNXDomain
			return a
		}
		a.Wildcard = wild
	}
	if rs := n.get(t); rs != nil {
		a.Kind, a.Records = ZoneFound, rs
	} else if rs := n.get(TypeCNAME); rs != nil {
		a.Kind, a.Records = ZoneAlias, rs[:1]
	} else if rs := n.get(typeALIAS); rs != nil && (t == TypeA || t == TypeAAAA) {
		alias := rs[0]
		alias.Type = TypeCNAME
		a.Kind, a.Records, a.flat = ZoneAlias, []Record{alias}, true
	} else {
		a.Kind = ZoneNoData
		return a
	}
	if a.Records[0].Name != name {
		own := make([]Record, len(a.Records))
		for i, r := range a.Records {
			r.Name = name
			own[i] = r
		}
		a.Records = own
	}
	return a
}

// synthesise makes the CNAME of a name below a DNAME (RFC 6672, 3.1).
func (z *zone) synthesise(a ZoneAnswer, name, owner string, d Record) ZoneAnswer {
	target := name[:len(name)-len(owner)-1]
	if owner == "." {
		target = name
	}
	c := Record{Name: name, Type: TypeCNAME, TTL: d.TTL, Host: joinName(target, d.Host)}
	a.Kind, a.Records = ZoneAlias, []Record{d, c}
	if nameOctets(c.Host) > maxName {
		a.Kind, a.Records = ZoneTooLong, []Record{d}
	}
	return a
}

// cutAbove is the topmost delegation at or above a name of the zone, or "".
func (z *zone) cutAbove(name string) string {
	if !z.hasCut {
		return ""
	}
	cut := ""
	for name != z.origin {
		if n := z.nodes[name]; n != nil && n.cut {
			cut = name
		}
		name = parent(name)
	}
	return cut
}

// negativeTTL is how long absence may be kept (RFC 2308, 5); not at all without
// an SOA.
func (a *ZoneAnswer) negativeTTL() uint32 {
	if a.SOA == nil {
		return 0
	}
	return min(a.SOA.TTL, soaMinimum(a.SOA))
}
