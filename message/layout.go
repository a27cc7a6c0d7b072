package message

import "bytes"

// The limits of a line in octets, without its end (RFC 5322, 2.1.1).
const (
	lineLimit  = 998
	lineAdvice = 78
)

// lineCounter counts what one line holds. A long line comes in parts.
type lineCounter struct {
	octets, cr, nul int
	eightBit        bool
	// crAtEnd: the last octet so far is a CR, which may belong to the line end.
	crAtEnd, lf bool
}

func (c *lineCounter) add(part []byte) {
	if len(part) == 0 {
		return
	}
	c.octets += len(part)
	c.cr += bytes.Count(part, []byte{'\r'})
	c.nul += bytes.Count(part, []byte{0})
	for _, b := range part {
		if b >= 0x80 {
			c.eightBit = true
			break
		}
	}
	if part[len(part)-1] == '\n' {
		c.lf = true
		if n := len(part); n > 1 {
			c.crAtEnd = part[n-2] == '\r'
		}
		return
	}
	c.crAtEnd = part[len(part)-1] == '\r'
}

// countHeader counts a whole line of the header.
func (l *Layout) countHeader(line []byte, number int) {
	var c lineCounter
	c.add(line)
	l.count(&c, number, false)
}

// count adds a line.
func (l *Layout) count(c *lineCounter, number int, body bool) {
	l.Lines = number
	octets, cr := c.octets, c.cr
	switch {
	case c.lf && c.crAtEnd:
		l.CRLF.add(1, number, body)
		octets, cr = octets-2, cr-1
	case c.lf:
		l.LF.add(1, number, body)
		octets--
	}
	l.BareCR.add(cr, number, body)
	l.NUL.add(c.nul, number, body)
	l.Longest = max(l.Longest, octets)
	switch {
	case octets > lineLimit:
		l.TooLong.add(1, number, body)
	case octets > lineAdvice:
		l.Long.add(1, number, body)
	}
	if body && c.eightBit {
		l.EightBit.add(1, number, body)
	}
}
