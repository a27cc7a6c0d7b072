package resolver

import (
	"crypto/rand"
	"encoding/binary"
)

// udpSize is the answer that we take in one datagram: what passes any path
// unfragmented (RFC 9715, 3.1).
const udpSize = 1232

const headerLen = 12

// Bits of the second word of a header (RFC 1035, 4.1.1; RFC 4035, 3.2).
const (
	bitQR    = 1 << 15
	opcodes  = 15 << 11
	bitAA    = 1 << 10
	bitTC    = 1 << 9
	bitRD    = 1 << 8
	bitAD    = 1 << 5
	bitCD    = 1 << 4
	rcodes   = 15
	rcodeNX  = 3
	classIN  = 1
	typeOPT  = 41
	ednsSize = 11
)

// query is one question as it goes over the wire.
type query struct {
	msg []byte
	// question is where the question section ends.
	question int
	space    [80]byte // for msg, as long as most
}

// newQuery writes the question for a canonical name. AD in a question asks for AD
// in the answer (RFC 6840, 5.7); DO is not set: signatures are not wanted.
func newQuery(name string, t Type, edns bool) *query {
	q := new(query)
	q.write(name, t, edns)
	return q
}

func (q *query) write(name string, t Type, edns bool) {
	b := append(q.space[:0], make([]byte, headerLen)...)
	binary.BigEndian.PutUint16(b[2:], bitRD|bitAD)
	b[5] = 1
	b = appendName(b, name)
	b = binary.BigEndian.AppendUint16(b, uint16(t))
	b = binary.BigEndian.AppendUint16(b, classIN)
	q.question = len(b)
	if edns { // RFC 6891, 6.1.2
		b[11] = 1
		b = append(b, 0, 0, typeOPT, udpSize>>8, udpSize&0xff, 0, 0, 0, 0, 0, 0)
	}
	q.msg = b
}

// disableChecking asks for the answer as it is, validated or not.
func (q *query) disableChecking() { q.msg[3] |= bitCD }

// appendName writes a canonical name, uncompressed.
func appendName(b []byte, name string) []byte {
	if name == "." {
		return append(b, 0)
	}
	for i := 0; i < len(name); i++ {
		at := len(b)
		b = append(b, 0)
		for i < len(name) && name[i] != '.' {
			c, n := unescape(name[i:])
			b = append(b, c)
			i += n
		}
		b[at] = byte(len(b) - at - 1)
	}
	return append(b, 0)
}

// withID is the message with an id of its own.
func (q *query) withID(id uint16) []byte {
	b := append([]byte(nil), q.msg...)
	binary.BigEndian.PutUint16(b, id)
	return b
}

// randomID is an id that nobody can guess (RFC 5452, 9.2).
func randomID() uint16 {
	var b [2]byte
	rand.Read(b[:])
	return binary.BigEndian.Uint16(b[:])
}

// answeredBy reports whether msg is a response to this question: the id, the QR
// bit, and the question itself, its name without regard to case (RFC 5452, 4.2).
// Servers that fail may leave the question out.
func (q *query) answeredBy(msg []byte, id uint16) bool {
	if len(msg) < headerLen || binary.BigEndian.Uint16(msg) != id {
		return false
	}
	flags := binary.BigEndian.Uint16(msg[2:])
	if flags&bitQR == 0 || flags&opcodes != 0 {
		return false
	}
	switch binary.BigEndian.Uint16(msg[4:]) {
	case 0:
		rcode := flags & rcodes
		return rcode != 0 && rcode != rcodeNX
	case 1:
	default:
		return false
	}
	if len(msg) < q.question {
		return false
	}
	name := q.question - 4
	for i := headerLen; i < name; i++ {
		// The length of a label is no letter, so that folding leaves it alone.
		if a, b := q.msg[i], msg[i]; a != b && fold(a) != fold(b) {
			return false
		}
	}
	return string(msg[name:q.question]) == string(q.msg[name:q.question])
}

func fold(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func truncated(msg []byte) bool { return binary.BigEndian.Uint16(msg[2:])&bitTC != 0 }
