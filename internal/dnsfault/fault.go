package dnsfault

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// Fault is a way to answer wrongly.
type Fault struct {
	Name string
	// Recovers: a right answer comes too, so that the question may be answered.
	Recovers bool
	// Silent: what comes ends no wait, so that the time runs out.
	Silent bool
	spoil  func(m *Message, tcp bool) [][]byte
}

// Faults are all of them. None is a well-formed message that says something else
// than the truth: nobody could tell that from the truth.
func Faults() []Fault {
	return slices.Concat(misplaced(), otherTypes(), emptied(), nonexistent(), questions(), headers(), framing(), records(), aliases(), transports())
}

// edited is a fault that changes the right message. What was not there is made up:
// the answer holds a record of the type asked.
func edited(what string, change func(m *Message)) Fault {
	return Fault{Name: what, spoil: func(m *Message, _ bool) [][]byte {
		m.material()
		change(m)
		return [][]byte{m.Pack()}
	}}
}

// ignored is an edited fault that ends no wait.
func ignored(what string, change func(m *Message)) Fault {
	f := edited(what, change)
	f.Silent = true
	return f
}

// mangled is a fault that changes the bytes of the right message.
func mangled(what string, change func(m *Message, b []byte) []byte) Fault {
	return Fault{Name: what, spoil: func(m *Message, _ bool) [][]byte {
		m.material()
		return [][]byte{change(m, m.Pack())}
	}}
}

func (m *Message) asked() Question { return m.Question[0] }

// material sees to it that there is an answer to misplace.
func (m *Message) material() {
	if len(m.Sections[answer]) > 0 {
		return
	}
	q := m.asked()
	m.Flags &^= rcodes
	m.Sections[authority] = nil
	m.Sections[answer] = []Record{{Owner: q.Name, Type: q.Type, Class: classIN, TTL: 60, Data: made(q)}}
}

// made is data of the type asked.
func made(q Question) []byte {
	host := name("made-up", "test")
	switch q.Type {
	case typeA:
		return []byte{127, 0, 0, 2}
	case typeAAAA:
		return append(make([]byte, 15), 1)
	case typeTXT, typeSPF:
		return append([]byte{11}, "v=spf1 +all"...)
	case typeMX:
		return append([]byte{0, 10}, host...)
	case typeSOA:
		return append(append(append([]byte(nil), host...), host...), make([]byte, 20)...)
	case typeCNAME, typeNS, typePTR, typeDNAME:
		return host
	}
	return []byte{1, 2, 3, 4}
}

// soa is a start of authority.
func soa(owner []byte) Record {
	return Record{Owner: owner, Type: typeSOA, Class: classIN, TTL: 60, Data: made(Question{Type: typeSOA})}
}

func ns(owner []byte) Record {
	return Record{Owner: owner, Type: typeNS, Class: classIN, TTL: 60, Data: name("ns1", "made-up", "test")}
}

// zone is a name that could be the zone of what is asked.
func (m *Message) zone() []byte {
	n := m.asked().Name
	if up := parent(n); up[0] != 0 {
		return up
	}
	return n
}

// each changes every record of the answer.
func each(change func(q Question, r *Record)) func(m *Message) {
	return func(m *Message) {
		for i := range m.Sections[answer] {
			change(m.asked(), &m.Sections[answer][i])
		}
	}
}

// last changes the last record of the answer, and doubles it before: a part of the
// set is right then.
func last(change func(q Question, r *Record)) func(m *Message) {
	return func(m *Message) {
		list := m.Sections[answer]
		change(m.asked(), &list[len(list)-1])
	}
}

// move takes the answer, from record i on, to another section.
func (m *Message) move(from int, section int) {
	list := m.Sections[answer]
	from = max(0, min(from, len(list)-1))
	m.Sections[section] = append(slices.Clone(list[from:]), m.Sections[section]...)
	m.Sections[answer] = list[:from:from]
}

func (m *Message) lastIndex() int { return len(m.Sections[answer]) - 1 }

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

// questions are answers to something else.
func questions() []Fault {
	empty := func(m *Message) { m.Sections[answer], m.Sections[authority] = nil, []Record{soa(m.zone())} }
	return []Fault{
		ignored("no question", func(m *Message) { m.Question = nil }),
		ignored("no question, empty", func(m *Message) { empty(m); m.Question = nil }),
		ignored("no question, NXDOMAIN", func(m *Message) { empty(m); m.Question, m.Flags = nil, m.Flags|nxdomain }),
		ignored("question of another name", func(m *Message) { empty(m); m.Question[0].Name = under("x", m.Question[0].Name) }),
		ignored("question of the name above", func(m *Message) { empty(m); m.Question[0].Name = parent(m.Question[0].Name) }),
		ignored("question of another type", func(m *Message) { empty(m); m.Question[0].Type ^= 0x40 }),
		ignored("question of class CH", func(m *Message) { empty(m); m.Question[0].Class = classCH }),
		ignored("two questions", func(m *Message) { empty(m); m.Question = append(m.Question, m.Question[0]) }),
		ignored("two questions, ours the second", func(m *Message) {
			empty(m)
			m.Question = append([]Question{{name("other", "test"), typeA, classIN}}, m.Question[0])
		}),
		ignored("a question counted that is not there", func(m *Message) { empty(m); m.Question, m.Counts[0] = nil, 1 }),
		ignored("a question there that is not counted", func(m *Message) { empty(m); m.Counts[0] = -1 }),
	}
}

// headers are wrong in their first twelve bytes.
func headers() []Fault {
	var out []Fault
	for code, what := range []string{1: "FORMERR", 2: "SERVFAIL", 4: "NOTIMP", 5: "REFUSED", 6: "YXDOMAIN", 9: "NOTAUTH", 11: "an unknown code", 15: "another unknown code"} {
		if what == "" {
			continue
		}
		out = append(out,
			edited(what, func(m *Message) {
				m.Flags, m.Sections[answer], m.Sections[authority] = m.Flags&^rcodes|uint16(code), nil, nil
			}),
			edited(what+" with the records", func(m *Message) { m.Flags = m.Flags&^rcodes | uint16(code) }),
			edited(what+" with an SOA", func(m *Message) {
				m.Flags, m.Sections[answer], m.Sections[authority] = m.Flags&^rcodes|uint16(code), nil, []Record{soa(m.zone())}
			}))
	}
	for _, upper := range []uint32{1, 2} { // BADVERS, and no known code
		out = append(out, edited("an extended response code", func(m *Message) {
			m.Flags &^= rcodes
			m.Sections = [3][]Record{nil, {soa(m.zone())}, {{Owner: name(), Type: typeOPT, Class: 1232, TTL: upper << 24}}}
		}))
	}
	out[len(out)-1].Name += ", an unknown one"
	return append(out,
		edited("two OPT records, one with an error", func(m *Message) {
			opt := Record{Owner: name(), Type: typeOPT, Class: 1232}
			bad := opt
			bad.TTL = 1 << 24
			m.Sections = [3][]Record{nil, {soa(m.zone())}, {bad, opt}}
		}),
		ignored("another id", func(m *Message) { m.ID ^= 0x0101 }),
		ignored("a question instead of an answer", func(m *Message) { m.Flags &^= flagQR }),
		ignored("opcode NOTIFY", func(m *Message) { m.Flags |= 4 << 11 }),
		ignored("opcode UPDATE", func(m *Message) { m.Flags |= 5 << 11 }),
	)
}

// framing is wrong in its counts and lengths.
func framing() []Fault {
	blank := func(m *Message) { m.Sections[answer], m.Sections[authority] = nil, []Record{soa(m.zone())} }
	return []Fault{
		edited("records that are not counted", func(m *Message) {
			m.Counts[1], m.Counts[2], m.Counts[3] = -len(m.Sections[answer]), -len(m.Sections[authority]), -len(m.Sections[additional])
		}),
		edited("the last record not counted", func(m *Message) {
			m.Sections[authority], m.Sections[additional], m.Counts[1] = nil, nil, -1
		}),
		edited("the last record counted as authority", func(m *Message) { m.Counts[1], m.Counts[2] = -1, 1 }),
		edited("the last record counted as additional", func(m *Message) {
			m.Sections[authority], m.Sections[additional] = nil, nil
			m.Counts[1], m.Counts[3] = -1, 1
		}),
		edited("all records counted as additional", func(m *Message) {
			n := len(m.Sections[answer])
			m.Sections[authority], m.Sections[additional] = nil, nil
			m.Counts[1], m.Counts[3] = -n, n
		}),
		edited("more answers counted", func(m *Message) { m.Sections[authority], m.Sections[additional], m.Counts[1] = nil, nil, 1 }),
		edited("more answers counted, empty", func(m *Message) { m.Sections = [3][]Record{}; m.Counts[1] = 1 }),
		edited("more authority counted, empty", func(m *Message) { m.Sections = [3][]Record{}; m.Counts[2] = 1 }),
		edited("more additional counted, empty", func(m *Message) { m.Sections = [3][]Record{}; m.Counts[3] = 1 }),
		edited("bytes behind", func(m *Message) { m.Tail = []byte("more") }),
		edited("bytes behind, empty", func(m *Message) { blank(m); m.Tail = []byte("more") }),
		edited("a second message behind, empty", func(m *Message) {
			tail := m.Pack()
			blank(m)
			m.Tail = tail
		}),
		mangled("nothing but a header", func(_ *Message, b []byte) []byte { return b[:12] }),
		mangled("nothing but a header without counts", func(_ *Message, b []byte) []byte {
			return append(b[:4:4], make([]byte, 8)...)
		}),
		mangled("nothing but a header that counts a question", func(_ *Message, b []byte) []byte {
			return append(b[:4:4], 0, 1, 0, 0, 0, 0, 0, 0)
		}),
		mangled("half a header", func(_ *Message, b []byte) []byte { return b[:6] }),
		mangled("an empty message", func(*Message, []byte) []byte { return []byte{} }),
		mangled("garbage", func(_ *Message, b []byte) []byte { return append(b[:2:2], "\x81\x80garbage, and more of it"...) }),
		mangled("garbage behind the question", func(m *Message, b []byte) []byte {
			return append(b[:12+len(m.asked().Name)+4:12+len(m.asked().Name)+4], bytes.Repeat([]byte{0xff}, 40)...)
		}),
		mangled("cut by a byte", func(m *Message, _ []byte) []byte {
			m.Sections[authority], m.Sections[additional] = nil, nil
			b := m.Pack()
			return b[:len(b)-1]
		}),
		mangled("cut behind the question", func(m *Message, b []byte) []byte { return b[:12+len(m.asked().Name)+4] }),
		mangled("cut in the first record", func(m *Message, b []byte) []byte { return b[:12+len(m.asked().Name)+4+8] }),
		mangled("cut in the question", func(m *Message, b []byte) []byte { return b[:12+len(m.asked().Name)] }),
		mangled("cut before the last record", func(m *Message, _ []byte) []byte {
			m.Sections[authority], m.Sections[additional] = nil, nil
			short := *m
			short.Sections[answer] = m.Sections[answer][:m.lastIndex()]
			short.Counts[1]++
			return short.Pack()
		}),
	}
}

// records are wrong in themselves.
func records() []Fault {
	owner := func(what string, bad []byte) Fault {
		return edited("owner: "+what, each(func(_ Question, r *Record) { r.Owner = bad }))
	}
	data := func(what string, change func(r *Record)) Fault {
		return edited("data: "+what, each(func(q Question, r *Record) {
			if r.Type == q.Type {
				change(r)
			}
		}))
	}
	long := bytes.Repeat(append([]byte{50}, bytes.Repeat([]byte{'a'}, 50)...), 6)
	return []Fault{
		edited("owner: a pointer to itself", func(m *Message) {
			at := 12 + len(m.asked().Name) + 4
			m.Sections[answer][0].Owner = []byte{0xc0 | byte(at>>8), byte(at)}
		}),
		owner("a pointer behind the end", []byte{0xff, 0xff}),
		owner("a label of an unknown kind", []byte{0x41, 'a', 0}),
		owner("a binary label", []byte{0x80, 'a', 0}),
		owner("over 255 octets", append(long, 0)),
		owner("a label over the end", []byte{63, 'a'}),
		data("none", func(r *Record) { r.Data = nil }),
		data("a byte less", func(r *Record) { r.Data = r.Data[:max(0, len(r.Data)-1)] }),
		data("a byte more", func(r *Record) { r.Data = append(slices.Clone(r.Data), 7) }),
		data("stated a byte shorter", func(r *Record) { r.Length = -1 }),
		data("stated a byte longer", func(r *Record) { r.Length = 1 }),
		data("stated as over the end", func(r *Record) { r.Length = 20000 }),
		data("stated as none", func(r *Record) { r.Length = -len(r.Data) }),
		data("bytes of 255", func(r *Record) { r.Data = bytes.Repeat([]byte{255}, len(r.Data)+1) }),
		data("a string over the end", func(r *Record) {
			if r.Type == typeTXT || r.Type == typeSPF {
				r.Data = append([]byte{255}, r.Data[1:]...)
				return
			}
			r.Data = []byte{255}
		}),
		edited("the last record without data", last(func(_ Question, r *Record) { r.Data = nil })),
	}
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

// transports lose, repeat and delay.
func transports() []Fault {
	silence := func(*Message, bool) [][]byte { return nil }
	truncatedThen := func(what string, over func(m *Message) [][]byte) Fault {
		return Fault{Name: "truncated, over TCP " + what, spoil: func(m *Message, tcp bool) [][]byte {
			if tcp {
				return over(m)
			}
			m.Flags |= flagTC
			m.Sections[answer], m.Sections[authority] = nil, nil
			return [][]byte{m.Pack()}
		}}
	}
	empty := func(m *Message) []byte {
		m.Sections = [3][]Record{nil, {soa(name("unrelated", "test"))}, nil}
		return m.Pack()
	}
	return []Fault{
		{Name: "silence", Silent: true, spoil: silence},
		truncatedThen("nothing", func(*Message) [][]byte { return nil }),
		truncatedThen("truncated", func(m *Message) [][]byte { m.Flags |= flagTC; return [][]byte{m.Pack()} }),
		truncatedThen("empty and truncated", func(m *Message) [][]byte {
			m.Flags |= flagTC
			return [][]byte{empty(m)}
		}),
		truncatedThen("the SOA of an unrelated zone", func(m *Message) [][]byte { return [][]byte{empty(m)} }),
		truncatedThen("SERVFAIL", func(m *Message) [][]byte {
			m.Flags = m.Flags&^rcodes | 2
			m.Sections[answer], m.Sections[authority] = nil, nil
			return [][]byte{m.Pack()}
		}),
		{Name: "truncated with half the records, over TCP nothing", spoil: func(m *Message, tcp bool) [][]byte {
			if tcp {
				return nil
			}
			m.material()
			m.Flags |= flagTC
			m.Sections[answer] = m.Sections[answer][:m.lastIndex()]
			return [][]byte{m.Pack()}
		}},
		{Name: "another id, then the answer", Recovers: true, spoil: func(m *Message, _ bool) [][]byte {
			right := m.Pack()
			m.ID ^= 0x0101
			return [][]byte{empty(m), right}
		}},
		{Name: "short, then the answer", Recovers: true, spoil: func(m *Message, _ bool) [][]byte {
			return [][]byte{m.Pack()[:3], m.Pack()}
		}},
		{Name: "the answer twice", Recovers: true, spoil: func(m *Message, _ bool) [][]byte {
			return [][]byte{m.Pack(), m.Pack()}
		}},
		{Name: "the name in capitals", Recovers: true, spoil: func(m *Message, _ bool) [][]byte {
			b := m.Pack()
			for i := 12; i < 12+len(m.asked().Name); i++ {
				if 'a' <= b[i] && b[i] <= 'z' && !lengthAt(b[12:], i-12) {
					b[i] -= 'a' - 'A'
				}
			}
			return [][]byte{b}
		}},
		{Name: "a TTL over 31 bits", Recovers: true, spoil: func(m *Message, _ bool) [][]byte {
			for i := range m.Sections[answer] {
				m.Sections[answer][i].TTL = binary.BigEndian.Uint32([]byte{255, 255, 255, 255})
			}
			return [][]byte{m.Pack()}
		}},
	}
}

// lengthAt reports whether the byte at off of a name is the length of a label.
func lengthAt(n []byte, off int) bool {
	for at := 0; at <= off; at += 1 + int(n[at]) {
		if at == off {
			return true
		}
		if n[at] == 0 {
			return false
		}
	}
	return false
}
