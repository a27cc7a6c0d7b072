package resolver

// zoneIndex finds zones by their origin, so that a file, or a folder, of many costs
// no more to look a name up in than one.
type zoneIndex map[string]*zone

// holder is the zone with the longest origin at or above the name, nil if there is
// none.
func (x zoneIndex) holder(name string) *zone {
	if len(x) == 0 {
		return nil
	}
	for {
		if z := x[name]; z != nil {
			return z
		}
		if name == "." {
			return nil
		}
		name = parent(name)
	}
}

// above is the zone with the longest origin above the name, itself left out.
func (x zoneIndex) above(name string) *zone {
	if name == "." {
		return nil
	}
	return x.holder(parent(name))
}

// indexOf joins the zones of several files. Of two with the same origin, the first
// is taken.
func indexOf(sets []*ZoneSet) zoneIndex {
	n := 0
	for _, s := range sets {
		n += len(s.zones)
	}
	x := make(zoneIndex, n)
	for _, s := range sets {
		for _, z := range s.zones {
			if x[z.origin] == nil {
				x[z.origin] = z
			}
		}
	}
	return x
}

// find asks the zone with the longest origin.
func (x zoneIndex) find(name string, t Type) ZoneAnswer { return x.asked(name, t).find(name, t) }

// asked is the zone that a question goes to, nil if there is none. The parent's side
// of a zone cut answers for DS (RFC 4035, 3.1.4.1).
func (x zoneIndex) asked(name string, t Type) *zone {
	if t == TypeDS && name != "." {
		return x.above(name)
	}
	return x.holder(name)
}
