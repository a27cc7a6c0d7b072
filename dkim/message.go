package dkim

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// The bounds of a message.
const (
	maxMessage    = 64 << 20
	maxHeader     = 1 << 20
	maxSignatures = 16
	// maxSigned bounds the names in h=.
	maxSigned = 500
	// Messages with more fields, or more lines in one, are odd.
	libraryFields, libraryLines = 2000, 1000
)

// ErrTooLarge says that a message or its header is over the bound.
var ErrTooLarge = errors.New("dkim: message too large")

// message is a message with CRLF line ends throughout.
type message struct {
	// fields are the header fields in order, each with its folds and final CRLF.
	fields []string
	// named are the indexes into fields by name in lower case, in order.
	named map[string][]int
	body  []byte
	// odd: the header has so many fields or folds that the library, whose time
	// grows with the square of them, must not see it.
	odd bool
}

// readMessage reads a message whose lines end with CRLF or LF. A line of an mbox
// file before it ("From joe …") is left out. A message without an empty line has
// no body.
func readMessage(r io.Reader) (*message, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxMessage+1))
	if err != nil {
		return nil, fmt.Errorf("dkim: reading the message: %w", err)
	}
	if len(data) > maxMessage {
		return nil, fmt.Errorf("%w: over %d MiB", ErrTooLarge, maxMessage>>20)
	}
	data = toCRLF(data)
	if bytes.HasPrefix(data, []byte("From ")) {
		_, data, _ = bytes.Cut(data, []byte("\r\n"))
	}
	m := &message{named: map[string][]int{}}
	header := data
	if bytes.HasPrefix(data, []byte("\r\n")) {
		header, m.body = nil, data[2:]
	} else if i := bytes.Index(data, []byte("\r\n\r\n")); i >= 0 {
		header, m.body = data[:i+2], data[i+4:]
	}
	if len(header) > maxHeader {
		return nil, fmt.Errorf("%w: a header over %d MiB", ErrTooLarge, maxHeader>>20)
	}
	m.split(string(header))
	return m, nil
}

// split takes the header apart.
func (m *message) split(header string) {
	if header != "" && !strings.HasSuffix(header, "\r\n") {
		header += "\r\n" // the message ends within its header
	}
	for header != "" {
		end, lines := 0, 0
		for more := true; more; {
			lines++
			end += strings.Index(header[end:], "\r\n") + 2
			more = end < len(header) && (header[end] == ' ' || header[end] == '\t')
		}
		name := strings.ToLower(fieldName(header[:end]))
		m.named[name] = append(m.named[name], len(m.fields))
		m.fields = append(m.fields, header[:end])
		m.odd = m.odd || lines > libraryLines
		header = header[end:]
	}
	m.odd = m.odd || len(m.fields) > libraryFields
}

// toCRLF ends every line with CRLF. A CR that no LF follows stays.
func toCRLF(data []byte) []byte {
	lone := 0
	for i, c := range data {
		if c == '\n' && (i == 0 || data[i-1] != '\r') {
			lone++
		}
	}
	if lone == 0 {
		return data
	}
	out := make([]byte, 0, len(data)+lone)
	for i, c := range data {
		if c == '\n' && (i == 0 || data[i-1] != '\r') {
			out = append(out, '\r')
		}
		out = append(out, c)
	}
	return out
}

// reader gives the message as one text.
func (m *message) reader() io.Reader {
	return io.MultiReader(strings.NewReader(strings.Join(m.fields, "")+"\r\n"), bytes.NewReader(m.body))
}

// fieldName is the name of a header field as written, without white space around it.
func fieldName(field string) string {
	name, _, _ := strings.Cut(field, ":")
	return strings.TrimSpace(name)
}
