package dnsfault

import "encoding/binary"

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
