package dnsfault

import (
	"bytes"
	"slices"
)

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
		mangled("empty, and cut before the additional records", func(m *Message, _ []byte) []byte {
			m.Sections, m.Counts[3] = [3][]Record{nil, {soa(m.zone())}, nil}, 2
			return m.Pack()
		}),
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
		owner("a pointer into the header", []byte{0xc0, 4}),
		edited("an alias to a pointer into the header", func(m *Message) {
			q := m.asked()
			m.Sections = [3][]Record{{{Owner: q.Name, Type: typeCNAME, Class: classIN, TTL: 60, Data: []byte{0xc0, 4}}}, {soa(name())}, m.Sections[additional]}
		}),
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
