package dnsfault

// emptied are empty answers that prove nothing.
func emptied() []Fault {
	empty := func(what string, flags uint16, authorityOf func(q Question) []Record) Fault {
		return edited("empty, "+what, func(m *Message) {
			m.Flags = m.Flags&^(flagRA|flagAA) | flags
			m.Sections = [3][]Record{nil, authorityOf(m.asked()), m.Sections[additional]}
		})
	}
	none := func(Question) []Record { return nil }
	unrelated := func(Question) []Record { return []Record{soa(name("unrelated", "test"))} }
	below := func(q Question) []Record { return []Record{soa(under("child", q.Name))} }
	sibling := func(q Question) []Record { return []Record{soa(under("sibling", parent(q.Name)))} }
	suffix := func(q Question) []Record { return []Record{soa(append([]byte{1, 'x'}, q.Name...))} }
	chaos := func(q Question) []Record { r := soa(parent(q.Name)); r.Class = classCH; return []Record{r} }
	both := func(q Question) []Record { return []Record{soa(parent(q.Name)), soa(name("unrelated", "test"))} }
	root := func(Question) []Record { return []Record{ns(name())} }
	down := func(q Question) []Record { return []Record{ns(q.Name)} }
	return []Fault{
		empty("SOA of an unrelated zone", flagRA, unrelated),
		empty("SOA of an unrelated zone, without AA and RA", 0, unrelated),
		empty("SOA of an unrelated zone, AA", flagAA, unrelated),
		empty("SOA of an unrelated zone, AA and RA", flagAA|flagRA, unrelated),
		empty("SOA of a zone below", flagRA, below),
		empty("SOA of a sibling", flagRA, sibling),
		empty("SOA of a longer name", flagRA, suffix),
		empty("SOA of class CH", flagRA, chaos),
		empty("SOA of class CH, AA", flagAA, chaos),
		empty("two SOAs, one unrelated", flagRA, both),
		empty("without AA and RA", 0, none),
		empty("AA without RA", flagAA, none),
		empty("upward referral", 0, root),
		empty("upward referral with RA", flagRA, root),
		empty("upward referral with AA", flagAA, root),
		empty("referral", 0, down),
		empty("referral with RA", flagRA, down),
		empty("referral with AA", flagAA, down),
		edited("empty, SOA in the additional section", func(m *Message) {
			m.Sections = [3][]Record{nil, nil, append([]Record{soa(m.zone())}, m.Sections[additional]...)}
		}),
		edited("empty, SOA in the answer section", func(m *Message) {
			s := soa(parent(m.zone()))
			m.Sections = [3][]Record{{s}, nil, m.Sections[additional]}
		}),
		edited("empty, addresses in the additional section", func(m *Message) {
			a := Record{Owner: name("ns1", "test"), Type: typeA, Class: classIN, TTL: 60, Data: []byte{192, 0, 2, 1}}
			m.Sections = [3][]Record{nil, nil, append([]Record{a}, m.Sections[additional]...)}
		}),
		edited("empty, an alias in the authority section", func(m *Message) {
			c := Record{Owner: m.asked().Name, Type: typeCNAME, Class: classIN, TTL: 60, Data: name("made-up", "test")}
			m.Sections = [3][]Record{nil, {c, soa(m.zone())}, m.Sections[additional]}
		}),
	}
}

// nonexistent are NXDOMAINs that prove nothing.
func nonexistent() []Fault {
	nx := func(what string, change func(m *Message)) Fault {
		return edited("NXDOMAIN, "+what, func(m *Message) {
			m.Flags |= nxdomain
			change(m)
		})
	}
	bare := func(flags uint16, records ...func(q Question) Record) func(m *Message) {
		return func(m *Message) {
			m.Flags = m.Flags&^(flagRA|flagAA) | flags
			m.Sections[answer], m.Sections[authority] = nil, nil
			for _, r := range records {
				m.Sections[authority] = append(m.Sections[authority], r(m.asked()))
			}
		}
	}
	return []Fault{
		nx("with the records", func(*Message) {}),
		nx("with records of another name", each(func(_ Question, r *Record) { r.Owner = name("other", "test") })),
		nx("with records of class CH", each(func(_ Question, r *Record) { r.Class = classCH })),
		nx("with the records in the authority section", func(m *Message) { m.move(0, authority) }),
		nx("with the records in the additional section", func(m *Message) { m.move(0, additional) }),
		nx("SOA of an unrelated zone", bare(flagRA, func(Question) Record { return soa(name("unrelated", "test")) })),
		nx("SOA of an unrelated zone, without AA and RA", bare(0, func(Question) Record { return soa(name("unrelated", "test")) })),
		nx("SOA of the name itself", bare(flagRA, func(q Question) Record { return soa(q.Name) })),
		nx("SOA of a zone below", bare(flagRA, func(q Question) Record { return soa(under("child", q.Name)) })),
		nx("SOA of class CH", bare(flagRA, func(q Question) Record { r := soa(parent(q.Name)); r.Class = classCH; return r })),
		nx("without AA and RA", bare(0)),
		nx("AA without RA", bare(flagAA)),
		nx("name servers only", bare(flagRA, func(q Question) Record { return ns(parent(q.Name)) })),
		nx("name servers of the root, without RA", bare(0, func(Question) Record { return ns(name()) })),
	}
}

// policies are answers that by an extended error are the server's own policy, or empty for
// want of an answer (RFC 8914).
func policies() []Fault {
	of := func(what string, code byte, change func(m *Message)) Fault {
		return edited(what, func(m *Message) {
			m.Flags |= flagRA
			change(m)
			m.extendedError(code)
		})
	}
	absent := func(m *Message) {
		m.Sections[answer], m.Sections[authority] = nil, []Record{soa(parent(m.zone()))}
	}
	return []Fault{
		of("a forged answer", 4, func(*Message) {}),
		of("blocked, empty", 15, absent),
		of("blocked, NXDOMAIN", 15, func(m *Message) { absent(m); m.Flags |= nxdomain }),
		of("blocked, NXDOMAIN without an SOA", 15, func(m *Message) {
			m.Flags |= nxdomain
			m.Sections[answer], m.Sections[authority] = nil, nil
		}),
		of("blocked, an address of the server's own", 15, each(func(_ Question, r *Record) { r.Data = made(Question{Type: r.Type}) })),
		of("censored, empty", 16, absent),
		of("filtered, empty", 17, absent),
		of("prohibited, empty", 18, absent),
		of("bogus, empty", 6, absent),
		of("bogus, NXDOMAIN", 6, func(m *Message) { absent(m); m.Flags |= nxdomain }),
		of("signatures expired, empty", 7, absent),
		of("no proof of absence, empty", 12, absent),
		of("a failure from the cache, empty", 13, absent),
		of("not ready, NXDOMAIN", 14, func(m *Message) { absent(m); m.Flags |= nxdomain }),
		of("nobody reached, empty", 22, absent),
		of("nobody reached, NXDOMAIN without an SOA", 23, func(m *Message) {
			m.Flags |= nxdomain
			m.Sections[answer], m.Sections[authority] = nil, nil
		}),
	}
}
