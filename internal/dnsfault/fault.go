package dnsfault

import "slices"

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
	return slices.Concat(misplaced(), otherTypes(), emptied(), nonexistent(), policies(), questions(), headers(), framing(), records(), aliases(), transports())
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
