package dnsfault

import (
	"bytes"
	"slices"
)

// misplaced are records that do not answer because of where they stand.
func misplaced() []Fault {
	var out []Fault
	for _, o := range []struct {
		what  string
		owner func(n []byte) []byte
	}{
		{"another name", func([]byte) []byte { return name("other", "test") }},
		{"the name above", parent},
		{"a name below", func(n []byte) []byte { return under("www", n) }},
		{"the root", func([]byte) []byte { return name() }},
		{"a sibling", func(n []byte) []byte { return under("sibling", parent(n)) }},
		{"a name with a zero byte", func(n []byte) []byte { return under("a\x00b", parent(n)) }},
	} {
		set := func(_ Question, r *Record) { r.Owner = o.owner(r.Owner) }
		out = append(out, edited("records of "+o.what, each(set)), edited("the last record of "+o.what, last(set)))
		for section, where := range map[int]string{authority: "authority", additional: "additional"} {
			out = append(out, edited("records of "+o.what+" in the "+where+" section", func(m *Message) {
				each(set)(m)
				if m.asked().Type == typeSOA { // it would prove that there is none
					each(func(_ Question, r *Record) { r.Owner = name("other", "test") })(m)
				}
				m.move(0, section)
			}))
		}
	}
	for _, c := range []struct {
		what  string
		class uint16
	}{{"CH", classCH}, {"HS", 4}, {"ANY", 255}, {"NONE", 254}, {"0", 0}, {"IN with the bit of mDNS", 0x8001}} {
		set := func(_ Question, r *Record) { r.Class = c.class }
		out = append(out, edited("records of class "+c.what, each(set)), edited("the last record of class "+c.what, last(set)))
	}
	for section, where := range map[int]string{authority: "authority", additional: "additional"} {
		out = append(out,
			edited("records in the "+where+" section", func(m *Message) { m.move(0, section) }),
			edited("the last record in the "+where+" section", func(m *Message) { m.move(m.lastIndex(), section) }),
			edited("records in the "+where+" section beside an SOA", func(m *Message) {
				m.move(0, section)
				m.Sections[authority] = append(m.Sections[authority], soa(m.zone()))
			}),
			edited("records in the "+where+" section, without RA", func(m *Message) {
				m.move(0, section)
				m.Flags &^= flagRA
			}),
			edited("records of class CH in the "+where+" section beside an SOA", func(m *Message) {
				each(func(_ Question, r *Record) { r.Class = classCH })(m)
				m.move(0, section)
				m.Sections[authority] = append(m.Sections[authority], soa(m.zone()))
			}))
	}
	slices.SortFunc(out, func(a, b Fault) int { return bytes.Compare([]byte(a.Name), []byte(b.Name)) })
	return out
}

// otherTypes are answers of records that were not asked for.
func otherTypes() []Fault {
	only := func(what string, r func(q Question) Record) []Fault {
		return []Fault{
			edited("only "+what, func(m *Message) { m.Sections[answer] = []Record{r(m.asked())} }),
			edited("only "+what+", NXDOMAIN", func(m *Message) {
				m.Sections[answer], m.Flags = []Record{r(m.asked())}, m.Flags|nxdomain
			}),
			edited("only "+what+" beside an SOA", func(m *Message) {
				m.Sections = [3][]Record{{r(m.asked())}, {soa(m.zone())}, m.Sections[additional]}
			}),
		}
	}
	at := func(typ uint16, data []byte) func(q Question) Record {
		return func(q Question) Record {
			return Record{Owner: q.Name, Type: typ, Class: classIN, TTL: 60, Data: data}
		}
	}
	rrsig := slices.Concat([]byte{0, typeTXT, 8, 2, 0, 0, 0, 60, 0x70, 0, 0, 0, 0x60, 0, 0, 0, 0, 1}, name("test"), []byte("signature"))
	return slices.Concat(
		only("an RRSIG", at(typeRRSIG, rrsig)),
		only("a DNAME", at(typeDNAME, name("made-up", "test"))),
		only("a DNAME above", func(q Question) Record {
			return Record{Owner: parent(q.Name), Type: typeDNAME, Class: classIN, TTL: 60, Data: name("made-up", "test")}
		}),
		only("an NSEC", at(typeNSEC, append(name("test"), 0, 1, 0x40))),
		only("a HINFO", at(typeHINFO, []byte("\x07RFC8482\x00"))),
		only("an NS", func(q Question) Record {
			if q.Type == typeNS {
				return Record{Owner: q.Name, Type: typeHINFO, Class: classIN, Data: []byte("\x00\x00")}
			}
			return ns(q.Name)
		}),
		only("an unknown type", at(65280, []byte{1, 2, 3})),
		only("an OPT", func(Question) Record { return Record{Owner: name(), Type: typeOPT, Class: 1232} }),
	)
}

// aliases are chains that lead nowhere.
func aliases() []Fault {
	cname := func(owner, target []byte) Record {
		return Record{Owner: owner, Type: typeCNAME, Class: classIN, TTL: 60, Data: target}
	}
	chain := func(what string, change func(m *Message, q Question) []Record) Fault {
		return edited("alias: "+what, func(m *Message) {
			if m.asked().Type == typeCNAME { // it asks for the alias: another fault then
				m.Sections[answer] = nil
				m.Flags |= 2
				return
			}
			m.Sections[answer], m.Sections[authority] = change(m, m.asked()), nil
		})
	}
	t1, t2 := name("t1", "test"), name("t2", "test")
	to := func(m *Message, owner []byte) []Record {
		var out []Record
		for _, r := range m.Sections[answer] {
			if r.Type == m.asked().Type {
				r.Owner = owner
				out = append(out, r)
			}
		}
		if len(out) == 0 {
			out = append(out, Record{Owner: owner, Type: m.asked().Type, Class: classIN, TTL: 60, Data: made(m.asked())})
		}
		return out
	}
	return []Fault{
		chain("to itself", func(_ *Message, q Question) []Record { return []Record{cname(q.Name, q.Name)} }),
		chain("a loop of two", func(_ *Message, q Question) []Record { return []Record{cname(q.Name, t1), cname(t1, q.Name)} }),
		chain("a loop of four, and records of the name", func(m *Message, q Question) []Record {
			made := Record{Owner: q.Name, Type: q.Type, Class: classIN, TTL: 60, Data: []byte{4, 'm', 'a', 'd', 'e'}}
			switch q.Type {
			case typeA:
				made.Data = []byte{192, 0, 2, 77}
			case typeTXT:
			default:
				return []Record{cname(q.Name, q.Name)}
			}
			return []Record{cname(q.Name, t1), cname(t1, t2), cname(t2, q.Name), made}
		}),
		chain("forty", func(_ *Message, q Question) []Record {
			out := []Record{cname(q.Name, under("a", t1))}
			for at := under("a", t1); len(out) < 40; at = out[len(out)-1].Data {
				next := under(string(rune('a'+len(out)%20))+string(rune('a'+len(out)/20)), t1)
				out = append(out, cname(at, next))
			}
			return out
		}),
		chain("of another name, and the records of its target", func(m *Message, _ Question) []Record {
			return append([]Record{cname(t2, t1)}, to(m, t1)...)
		}),
		chain("of class CH, and the records of its target", func(m *Message, q Question) []Record {
			c := cname(q.Name, t1)
			c.Class = classCH
			return append([]Record{c}, to(m, t1)...)
		}),
		chain("with a gap", func(m *Message, q Question) []Record {
			return append([]Record{cname(q.Name, t1)}, to(m, t2)...)
		}),
		chain("records of the target of class CH", func(m *Message, q Question) []Record {
			list := to(m, t1)
			for i := range list {
				list[i].Class = classCH
			}
			return append([]Record{cname(q.Name, t1)}, list...)
		}),
		chain("two of one name", func(_ *Message, q Question) []Record {
			return []Record{cname(q.Name, t1), cname(q.Name, t2)}
		}),
		chain("without data", func(_ *Message, q Question) []Record { return []Record{cname(q.Name, nil)} }),
		edited("alias: in the additional section", func(m *Message) {
			m.Sections = [3][]Record{nil, nil, {cname(m.asked().Name, t1)}}
		}),
	}
}
