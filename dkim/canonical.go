package dkim

import (
	"crypto/sha256"
	"hash"
	"slices"
	"strings"
)

// The canonicalization algorithms (RFC 6376, 3.4).
const (
	simple  = "simple"
	relaxed = "relaxed"
)

// canonicalField implements sections 3.4.1 and 3.4.2 for one header field with its
// final CRLF.
func canonicalField(algorithm, field string) string {
	if algorithm == simple {
		return field
	}
	name, value, _ := strings.Cut(field, ":")
	words := strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(fws, r) })
	return strings.ToLower(strings.TrimSpace(name)) + ":" + strings.Join(words, " ") + "\r\n"
}

// bodyHash is the hash of a canonical body (sections 3.4.3 and 3.4.4), up to l=. It
// is written to, with CRLF line ends, and then ended.
type bodyHash struct {
	hash    hash.Hash
	relaxed bool
	// left is how many octets of the canonical body are still hashed, total how many
	// it has so far.
	left, total int64
	// What is held back: empty lines, which do not count at the end of the body; white
	// space, which relaxed leaves out at the end of a line; a CR that may end one.
	crlfs int64
	space bool
	cr    bool
	buf   []byte
}

func newBodyHash(key bodyKey) *bodyHash {
	return &bodyHash{hash: sha256.New(), relaxed: key.canonicalization == relaxed, left: key.length, buf: make([]byte, 0, 4<<10)}
}

func (b *bodyHash) Write(p []byte) (int, error) {
	for _, c := range p {
		if b.cr {
			b.cr = false
			if c == '\n' {
				b.crlfs++
				b.space = false
				continue
			}
			b.put('\r')
		}
		switch {
		case c == '\r':
			b.cr = true
		case b.relaxed && (c == ' ' || c == '\t'):
			b.space = true
		default:
			b.put(c)
		}
	}
	return len(p), nil
}

// put takes an octet, and what was held back before it.
func (b *bodyHash) put(c byte) {
	for ; b.crlfs > 0; b.crlfs-- {
		b.add('\r')
		b.add('\n')
	}
	if b.space {
		b.add(' ')
		b.space = false
	}
	b.add(c)
}

func (b *bodyHash) add(c byte) {
	b.total++
	if b.left == 0 {
		return
	}
	b.left--
	if b.buf = append(b.buf, c); len(b.buf) == cap(b.buf) {
		b.flush()
	}
}

func (b *bodyHash) flush() {
	b.hash.Write(b.buf)
	b.buf = b.buf[:0]
}

// end completes the body and returns its hash.
func (b *bodyHash) end() []byte {
	if b.cr {
		b.put('\r')
	}
	if b.total > 0 || !b.relaxed {
		b.add('\r')
		b.add('\n')
	}
	b.flush()
	return b.hash.Sum(nil)
}

// hashHeader writes the header fields of h= and then the signature itself with an
// empty b= (section 3.7).
func (m *message) hashHeader(h hash.Hash, s *signature) {
	left := map[string][]int{} // by name, the fields not yet written
	for _, name := range s.Headers {
		fields, begun := left[name]
		if !begun {
			// The signature being verified is not among those that its h= selects; other
			// signatures are (section 3.5).
			fields = slices.DeleteFunc(slices.Clone(m.named[name]), func(i int) bool { return i == s.at })
		}
		// Of several fields of a name the last is signed first (section 5.4.2); a
		// name without a field left contributes nothing.
		if n := len(fields) - 1; n >= 0 {
			h.Write([]byte(canonicalField(s.header, m.fields[fields[n]])))
			fields = fields[:n]
		}
		left[name] = fields
	}
	own := canonicalField(s.header, s.withoutB())
	h.Write([]byte(strings.TrimSuffix(own, "\r\n")))
}
