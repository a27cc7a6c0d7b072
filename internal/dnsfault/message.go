package dnsfault

import (
	"encoding/binary"
	"errors"
)

// Types and classes of records, and bits of a header, as numbers of the wire.
const (
	typeA, typeNS, typeCNAME, typeSOA, typePTR, typeHINFO, typeMX, typeTXT = 1, 2, 5, 6, 12, 13, 15, 16
	typeAAAA, typeDNAME, typeOPT, typeRRSIG, typeNSEC, typeSPF             = 28, 39, 41, 46, 47, 99

	classIN, classCH = 1, 3

	flagQR, flagAA, flagTC, flagRD, flagRA = 1 << 15, 1 << 10, 1 << 9, 1 << 8, 1 << 7
	rcodes                                 = 15
	nxdomain                               = 3
)

// The sections of records.
const (
	answer = iota
	authority
	additional
)

// Message is a DNS message taken apart, to be put together wrongly. Names are
// uncompressed wire form.
type Message struct {
	ID, Flags uint16
	Question  []Question
	Sections  [3][]Record
	// Counts are added to what the header says of questions and of each section.
	Counts [4]int
	// Tail follows the last record.
	Tail []byte
}

// Question is an entry of the question section.
type Question struct {
	Name        []byte
	Type, Class uint16
}

// Record is a resource record. Length is added to the length of its data that is
// stated.
type Record struct {
	Owner       []byte
	Type, Class uint16
	TTL         uint32
	Data        []byte
	Length      int
}

var errCut = errors.New("dnsfault: the message is cut")

// Parse takes a well-formed message apart.
func Parse(b []byte) (*Message, error) {
	if len(b) < 12 {
		return nil, errCut
	}
	u16 := binary.BigEndian.Uint16
	m := &Message{ID: u16(b), Flags: u16(b[2:])}
	off := 12
	for range u16(b[4:]) {
		name, end, err := expand(b, off)
		if err != nil || end+4 > len(b) {
			return nil, errCut
		}
		m.Question = append(m.Question, Question{name, u16(b[end:]), u16(b[end+2:])})
		off = end + 4
	}
	for section := range m.Sections {
		for range u16(b[6+2*section:]) {
			owner, end, err := expand(b, off)
			if err != nil || end+10 > len(b) {
				return nil, errCut
			}
			r := Record{Owner: owner, Type: u16(b[end:]), Class: u16(b[end+2:]), TTL: binary.BigEndian.Uint32(b[end+4:])}
			data := end + 10
			off = data + int(u16(b[end+8:]))
			if off > len(b) {
				return nil, errCut
			}
			if r.Data, err = expandData(b, data, off, r.Type); err != nil {
				return nil, err
			}
			m.Sections[section] = append(m.Sections[section], r)
		}
	}
	return m, nil
}

// extendedError puts an extended error into the OPT, and makes one if there is none.
func (m *Message) extendedError(code byte) {
	option := []byte{0, 15, 0, 2, 0, code}
	for i := range m.Sections[additional] {
		if r := &m.Sections[additional][i]; r.Type == typeOPT {
			r.Data = option
			return
		}
	}
	m.Sections[additional] = append(m.Sections[additional], Record{Owner: name(), Type: typeOPT, Class: 1232, Data: option})
}

// expand returns the name at off without compression, and where it ends there.
func expand(b []byte, off int) (name []byte, end int, err error) {
	for hops := 0; ; {
		if off >= len(b) || hops > 64 {
			return nil, 0, errCut
		}
		c := int(b[off])
		switch {
		case c >= 0xc0:
			if off+1 >= len(b) {
				return nil, 0, errCut
			}
			if end == 0 {
				end = off + 2
			}
			off = c&0x3f<<8 | int(b[off+1])
			hops++
		case off+1+c > len(b):
			return nil, 0, errCut
		case c == 0:
			if end == 0 {
				end = off + 1
			}
			return append(name, 0), end, nil
		default:
			name = append(name, b[off:off+1+c]...)
			off += 1 + c
		}
	}
}

// expandData is the data of a record with the names in it uncompressed.
func expandData(b []byte, at, end int, typ uint16) ([]byte, error) {
	before, names := 0, 0
	switch typ {
	case typeNS, typeCNAME, typePTR, typeDNAME:
		names = 1
	case typeMX:
		before, names = 2, 1
	case typeSOA:
		names = 2
	}
	if at+before > end {
		return nil, errCut
	}
	out := append([]byte(nil), b[at:at+before]...)
	at += before
	for range names {
		name, next, err := expand(b, at)
		if err != nil {
			return nil, err
		}
		out, at = append(out, name...), next
	}
	return append(out, b[at:end]...), nil
}

// Pack puts the message together.
func (m *Message) Pack() []byte {
	u16 := binary.BigEndian.AppendUint16
	b := u16(u16(nil, m.ID), m.Flags)
	b = u16(b, uint16(len(m.Question)+m.Counts[0]))
	for i, s := range m.Sections {
		b = u16(b, uint16(len(s)+m.Counts[1+i]))
	}
	for _, q := range m.Question {
		b = u16(u16(append(b, q.Name...), q.Type), q.Class)
	}
	for _, s := range m.Sections {
		for _, r := range s {
			b = u16(u16(append(b, r.Owner...), r.Type), r.Class)
			b = u16(binary.BigEndian.AppendUint32(b, r.TTL), uint16(len(r.Data)+r.Length))
			b = append(b, r.Data...)
		}
	}
	return append(b, m.Tail...)
}

// name is a name in wire form.
func name(labels ...string) []byte {
	var b []byte
	for _, l := range labels {
		b = append(append(b, byte(len(l))), l...)
	}
	return append(b, 0)
}

// under is a name one label below another.
func under(label string, parent []byte) []byte {
	return append(append([]byte{byte(len(label))}, label...), parent...)
}

// parent is the name above, the root for the root.
func parent(n []byte) []byte {
	if n[0] == 0 {
		return n
	}
	return n[1+n[0]:]
}
