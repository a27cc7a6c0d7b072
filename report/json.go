package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"io"
)

//go:embed schema/report-1.json
var schema []byte

// Schema returns the JSON Schema (draft 2020-12) of a report.
func Schema() []byte { return bytes.Clone(schema) }

// WriteJSON writes a single report as an object and several as an array,
// indented.
//
// Text from the DNS is bytes, JSON is Unicode: every byte that is not part of a
// UTF-8 character is written as the four characters \xNN, and a backslash that
// would read as such an escape as \x5c, so that the bytes can be had back.
// Characters that a terminal would obey are written as JSON's own \uNNNN.
func WriteJSON(w io.Writer, reports ...*Report) error {
	var v any = reports
	if len(reports) == 1 {
		v = reports[0]
	}
	text, err := MarshalJSON(v, "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

// MarshalJSON marshals any value of this program the way that reports are: text
// as WriteJSON describes, every key always there, nil slices as [], what is empty in a
// field tagged empty:"null" as null, HTML characters as they are, a line break at the
// end. No indent gives one line.
func MarshalJSON(v any, indent string) ([]byte, error) {
	text, err := AppendJSON(nil, v)
	if err != nil || indent == "" {
		return text, err
	}
	depth := maxDepth
	if len(text) > large && text[0] == '{' {
		depth = maxDepthLarge
	}
	return indented(text, indent, depth), nil
}

// maxDepth is how deep values are indented, and maxDepthLarge how deep those of a report that is
// large; what is deeper stands on one line, as indents would be most of a deep tree.
const (
	maxDepth      = 12
	maxDepthLarge = 4
	large         = 500_000
)

// indented is JSON with a line for each value as deep as that, which was on one line.
func indented(text []byte, indent string, maxDepth int) []byte {
	out := make([]byte, 0, len(text)*3/2)
	depth, quoted := 0, false
	line := func(depth int) {
		out = append(out, '\n')
		for range depth {
			out = append(out, indent...)
		}
	}
	for i, c := range text {
		switch {
		case quoted:
			if c == '"' && !escaped(text[:i]) {
				quoted = false
			}
			out = append(out, c)
		case c == '"':
			quoted = true
			out = append(out, c)
		case c == '{' || c == '[':
			depth++
			if out = append(out, c); depth <= maxDepth && text[i+1] != c+2 {
				line(depth)
			}
		case c == '}' || c == ']':
			if depth--; depth < maxDepth && text[i-1] != c-2 {
				line(depth)
			}
			out = append(out, c)
		case c == ',' && depth <= maxDepth:
			out = append(out, c)
			line(depth)
		case c == ':' && depth <= maxDepth:
			out = append(out, ':', ' ')
		default:
			out = append(out, c)
		}
	}
	return out
}

// escaped reports whether what follows a part of a string is behind a backslash.
func escaped(before []byte) bool {
	n := 0
	for n < len(before) && before[len(before)-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}

// AppendJSON appends what MarshalJSON returns without an indent.
func AppendJSON(to []byte, v any) ([]byte, error) {
	e := encoder{text: to}
	e.value(v)
	if e.err != nil {
		return nil, fmt.Errorf("report: %w", e.err)
	}
	return append(e.text, '\n'), nil
}
