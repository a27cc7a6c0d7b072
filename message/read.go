package message

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"mailworthy/internal/show"
)

// maxMalformed bounds the lines that are kept though they are no fields.
const maxMalformed = 20

// Read reads a raw message to its end. Lines may end in CRLF or in LF. The error
// wraps ErrTooLarge or ErrNotMessage, or is the reader's.
func Read(r io.Reader) (*Message, error) {
	br := bufio.NewReader(r)
	m, err := ReadHeader(br)
	if err != nil {
		return nil, err
	}
	if err := m.ReadBody(br); err != nil {
		return nil, err
	}
	return m, nil
}

// ReadHeader reads up to and with the empty line after the header, so that r is
// at the body.
func ReadHeader(r *bufio.Reader) (*Message, error) {
	h := headerReader{m: &Message{}}
	if bom, _ := r.Peek(3); string(bom) == "\xef\xbb\xbf" {
		h.m.Prefix = append(h.m.Prefix, bom...)
		_, _ = r.Discard(3)
	}
	for done := false; !done; {
		start := len(h.m.Header)
		err := h.line(r)
		if name, _, ok := bytes.Cut(h.m.Header[start:], []byte(":")); errors.Is(err, ErrTooLarge) && len(h.m.Fields) == 0 && !(ok && isFieldName(name)) {
			return nil, h.notMessage() // rather than a message with a long header
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		wrong := error(nil)
		if done, wrong = h.take(start); wrong != nil {
			return nil, wrong
		}
		done = done || err != nil
	}
	h.closeField(len(h.m.Header))
	if len(h.m.Fields) == 0 {
		return nil, h.notMessage()
	}
	h.m.Layout.HeaderOctets = int64(len(h.m.Header))
	return h.m, nil
}

// headerReader sorts the lines of a header into fields.
type headerReader struct {
	m      *Message
	number int
	// valueAt is where the value of the open field starts in the header; 0: no
	// field is open, and a continuation line belongs to a malformed one.
	valueAt int
}

// notMessage says why what was read is no message.
func (h *headerReader) notMessage() error {
	why := "no line of it is a header field"
	switch {
	case len(h.m.Header)+len(h.m.Prefix) == 0:
		why = "it is empty"
	case bytes.IndexByte(h.m.Header, 0) >= 0:
		why = "it is binary data, without a header field"
	case h.m.Ended && len(h.m.Malformed) == 0:
		why = "it begins with an empty line, so it has no header"
	}
	return fmt.Errorf("%w: %s", ErrNotMessage, why)
}

// line appends one line with its end to the header.
func (h *headerReader) line(r *bufio.Reader) error {
	for {
		part, err := r.ReadSlice('\n')
		h.m.Header = append(h.m.Header, part...)
		if len(h.m.Header) > MaxHeader {
			return tooLarge("the header has over %d octets", MaxHeader)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

// take judges the line that starts there; it is true for the empty line.
func (h *headerReader) take(start int) (bool, error) {
	m := h.m
	line := m.Header[start:]
	if len(line) == 0 {
		return false, nil
	}
	h.number++
	text := cutLineEnd(line)
	if h.number == 1 && bytes.HasPrefix(text, []byte("From ")) {
		m.Prefix = append(m.Prefix, line...)
		m.Header = m.Header[:0]
		return false, nil
	}
	m.Layout.countHeader(line, h.number)
	if len(text) == 0 {
		h.closeField(start)
		m.Ended = true
		return true, nil
	}
	if text[0] == ' ' || text[0] == '\t' {
		if h.valueAt == 0 {
			h.malformed(text)
		}
		return false, nil
	}
	h.closeField(start)
	name, _, ok := bytes.Cut(text, []byte(":"))
	bare := bytes.TrimRight(name, " \t")
	if !ok || !isFieldName(bare) {
		h.malformed(text)
		return false, nil
	}
	if len(m.Fields) == MaxFields {
		return false, tooLarge("over %d header fields", MaxFields)
	}
	h.valueAt = start + len(name) + 1
	m.Fields = append(m.Fields, Field{Name: string(bare), Line: h.number,
		Offset: int64(len(m.Prefix) + start), Spaced: len(bare) < len(name)})
	return false, nil
}

// closeField gives the open field its value, which ends there.
func (h *headerReader) closeField(end int) {
	if h.valueAt == 0 {
		return
	}
	h.m.Fields[len(h.m.Fields)-1].Value = string(cutLineEnd(h.m.Header[h.valueAt:end]))
	h.valueAt = 0
}

func (h *headerReader) malformed(text []byte) {
	if len(h.m.Malformed) < maxMalformed {
		h.m.Malformed = append(h.m.Malformed, Text{Line: h.number, Text: show.Cut(string(text), maxQuoted)})
	}
}

// isFieldName: printable US-ASCII without space and colon (RFC 5322, 2.2).
func isFieldName(name []byte) bool {
	for _, c := range name {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return len(name) > 0
}

// cutLineEnd removes one CRLF or LF.
func cutLineEnd(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
		if n > 1 && line[n-2] == '\r' {
			line = line[:n-2]
		}
	}
	return line
}

// ReadBody reads the body to its end and counts: Layout is complete after it.
func (m *Message) ReadBody(r io.Reader) error {
	number := m.Layout.Lines
	br := bufio.NewReaderSize(r, 64<<10)
	var line lineCounter
	for {
		part, err := br.ReadSlice('\n')
		m.Layout.BodyOctets += int64(len(part))
		if m.Layout.BodyOctets > MaxBody {
			return tooLarge("the body has over %d octets", MaxBody)
		}
		line.add(part)
		if len(part) > 0 && !errors.Is(err, bufio.ErrBufferFull) {
			number++
			m.Layout.count(&line, number, true)
			line = lineCounter{}
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}
