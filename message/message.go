package message

import (
	"errors"
	"fmt"
	"strings"
)

// Bounds on what is read. The largest message that big receivers take is 150 MB.
const (
	MaxHeader = 1 << 20
	MaxFields = 2000
	MaxBody   = 150 << 20
)

// Errors of Read.
var (
	// ErrTooLarge: the message exceeds one of the bounds.
	ErrTooLarge = errors.New("message: larger than any receiver takes")
	// ErrNotMessage: what was read has no header field.
	ErrNotMessage = errors.New("message: this is no message")
)

func tooLarge(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrTooLarge, fmt.Sprintf(format, args...))
}

// Message is a raw message: its header as it is, its body as counts.
type Message struct {
	// Header is the header as read, line ends included, up to and with the empty
	// line, without what Prefix holds.
	Header []byte
	// Prefix is what precedes the header and is no part of the message: a byte
	// order mark, the "From " line of a mailbox file (RFC 4155).
	Prefix []byte
	// Ended says that there is an empty line after the header.
	Ended bool
	// Fields of the header in their order, the topmost first.
	Fields []Field
	// Malformed are lines of the header that belong to no field, up to a bound.
	Malformed []Text
	Layout    Layout
}

// Field is one header field.
type Field struct {
	// Name as it is written, without the colon.
	Name string
	// Value is all after the colon, folding included, without the final line end.
	Value string
	// Line is the number of its first line, counted from 1; Offset its place in
	// what was read, in octets.
	Line   int
	Offset int64
	// Spaced says that white space precedes the colon (RFC 5322, 4.5: obsolete).
	Spaced bool
}

// Is reports whether the field has this name; names have no case.
func (f *Field) Is(name string) bool { return strings.EqualFold(f.Name, name) }

// Unfolded is the value on one line, without white space around it (RFC 5322,
// 2.2.3).
func (f *Field) Unfolded() string {
	return strings.Trim(strings.NewReplacer("\r\n", "", "\n", "").Replace(f.Value), " \t")
}

// named returns the fields with the name, in their order.
func (m *Message) named(name string) []*Field {
	var out []*Field
	for i := range m.Fields {
		if m.Fields[i].Is(name) {
			out = append(out, &m.Fields[i])
		}
	}
	return out
}

// Layout is how the message is written down: line ends, lengths, odd octets.
type Layout struct {
	HeaderOctets int64 `json:"header_octets"`
	BodyOctets   int64 `json:"body_octets"`
	Lines        int   `json:"lines"`
	// CRLF and LF count the lines by their end. A file on disk has often LF alone
	// throughout; both in one message mean bare line feeds.
	CRLF Count `json:"lines_ending_in_crlf"`
	LF   Count `json:"lines_ending_in_lf"`
	// BareCR are carriage returns that end no line.
	BareCR Count `json:"bare_carriage_returns"`
	NUL    Count `json:"nul_octets"`
	// TooLong are lines of over 998 octets, Long those of over 78 up to that
	// (RFC 5322, 2.1.1), without the line end.
	TooLong Count `json:"lines_over_998"`
	Long    Count `json:"lines_over_78"`
	// Longest is the length of the longest line, in octets.
	Longest int `json:"longest_line"`
	// EightBit are lines of the body with octets over 127.
	EightBit Count `json:"body_lines_with_8bit"`
}

// Count is how often something was seen, and the line where it was first.
type Count struct {
	Count int `json:"count"`
	Line  int `json:"first_line" empty:"null"`
	// InBody counts those in the body.
	InBody int `json:"in_body" empty:"null"`
}

func (c *Count) add(n, line int, body bool) {
	if n == 0 {
		return
	}
	if c.Count == 0 {
		c.Line = line
	}
	c.Count += n
	if body {
		c.InBody += n
	}
}

// Text is the text of a field or a line, bounded, with the number of its line.
type Text struct {
	Line int    `json:"line"`
	Text string `json:"text"`
}

// maxText bounds the texts that facts repeat, maxQuoted those in sentences,
// maxName the names of fields and domains.
const (
	maxText   = 2000
	maxQuoted = 200
	maxName   = 255
)
