package dkim

import (
	"bytes"
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

// canonicalBody implements sections 3.4.3 and 3.4.4 for a body with CRLF line
// ends.
func canonicalBody(algorithm string, body []byte) []byte {
	if algorithm == relaxed {
		body = relaxLines(body)
	}
	for bytes.HasSuffix(body, []byte("\r\n")) {
		body = body[:len(body)-2]
	}
	if len(body) == 0 && algorithm == relaxed {
		return nil
	}
	return append(body[:len(body):len(body)], '\r', '\n')
}

// relaxLines reduces white space within lines to one space, and removes it at
// their ends.
func relaxLines(body []byte) []byte {
	out := make([]byte, 0, len(body)+2)
	space := false
	for i, c := range body {
		switch {
		case c == ' ' || c == '\t':
			space = true
			continue
		case c == '\r' && i+1 < len(body) && body[i+1] == '\n':
			space = false
		case space:
			out = append(out, ' ')
			space = false
		}
		out = append(out, c)
	}
	return out
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
