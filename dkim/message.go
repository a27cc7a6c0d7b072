package dkim

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Bounds on what is read. The largest message that big receivers take is 150 MB.
const (
	// MaxHeader and MaxBody are in octets.
	MaxHeader = 1 << 20
	MaxBody   = 150 << 20

	// maxSignatures are verified, maxListed listed.
	maxSignatures = 16
	maxListed     = 64
	// maxSigned bounds the names in h=.
	maxSigned = 500
)

// Errors of Verify.
var (
	// ErrTooLarge says that the header or the body of a message is over its bound.
	ErrTooLarge = errors.New("dkim: message too large")
	// ErrNotMessage says that what was read has no header field.
	ErrNotMessage = errors.New("dkim: this is no message")
)

// message is the header of a message, with CRLF line ends throughout.
type message struct {
	// fields are the header fields in order, each with its folds and final CRLF.
	fields []string
	// named are the indexes into fields by name in lower case, in order.
	named map[string][]int
}

// readHeader reads the header of a message whose lines end with CRLF or LF, so that
// r is at the body. A byte order mark and a line of an mbox file before it ("From
// joe …") are left out. A message without an empty line has no body.
func readHeader(r *bufio.Reader) (*message, error) {
	if bom, _ := r.Peek(3); string(bom) == "\xef\xbb\xbf" {
		_, _ = r.Discard(3)
	}
	var header []byte
	line, first := 0, true // where the line being read starts, and whether it is the first
	for {
		part, err := r.ReadSlice('\n')
		header = append(header, part...)
		if len(header) > MaxHeader {
			if !isField(string(header)) {
				return nil, fmt.Errorf("%w: it does not begin with a header field", ErrNotMessage)
			}
			return nil, fmt.Errorf("%w: a header over %d MiB", ErrTooLarge, MaxHeader>>20)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, readError(err)
		}
		if first && bytes.HasPrefix(header, []byte("From ")) {
			header = header[:0]
		}
		if err != nil {
			break
		}
		if end := string(header[line:]); end == "\n" || end == "\r\n" {
			header = header[:line]
			break
		}
		line, first = len(header), false
	}
	m := &message{named: map[string][]int{}}
	m.split(string(toCRLF(header)))
	switch {
	case len(header) == 0:
		return nil, fmt.Errorf("%w: it is empty, or begins with an empty line", ErrNotMessage)
	case !slices.ContainsFunc(m.fields, isField):
		return nil, fmt.Errorf("%w: no line of it is a header field", ErrNotMessage)
	}
	return m, nil
}

func readError(err error) error { return fmt.Errorf("dkim: reading the message: %w", err) }

// isField reports whether a field has a name of printable US-ASCII (RFC 5322, 2.2).
func isField(field string) bool {
	name := fieldName(field)
	return strings.Contains(field, ":") && name != "" && !strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' })
}

// split takes the header apart.
func (m *message) split(header string) {
	if header != "" && !strings.HasSuffix(header, "\r\n") {
		header += "\r\n" // the message ends within its header
	}
	for header != "" {
		end := 0
		for more := true; more; {
			end += strings.Index(header[end:], "\r\n") + 2
			more = end < len(header) && (header[end] == ' ' || header[end] == '\t')
		}
		name := strings.ToLower(fieldName(header[:end]))
		m.named[name] = append(m.named[name], len(m.fields))
		m.fields = append(m.fields, header[:end])
		header = header[end:]
	}
}

// toCRLF ends every line with CRLF. A CR that no LF follows stays.
func toCRLF(data []byte) []byte {
	var out bytes.Buffer
	_, _ = (&crlfWriter{to: &out}).Write(data) // a Buffer takes all
	return out.Bytes()
}

// crlfWriter passes on what is written with CRLF at the end of every line.
type crlfWriter struct {
	to   io.Writer
	last byte
	buf  []byte
}

func (w *crlfWriter) Write(p []byte) (int, error) {
	w.buf = w.buf[:0]
	for rest := p; len(rest) > 0; {
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			w.buf = append(w.buf, rest...)
			w.last = rest[len(rest)-1]
			break
		}
		if i > 0 {
			w.last = rest[i-1]
		}
		w.buf = append(w.buf, rest[:i]...)
		if w.last != '\r' {
			w.buf = append(w.buf, '\r')
		}
		w.buf = append(w.buf, '\n')
		w.last, rest = '\n', rest[i+1:]
	}
	if _, err := w.to.Write(w.buf); err != nil {
		return 0, err
	}
	return len(p), nil
}

// fieldName is the name of a header field as written, without white space around it.
func fieldName(field string) string {
	name, _, _ := strings.Cut(field, ":")
	return strings.TrimSpace(name)
}
