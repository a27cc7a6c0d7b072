// Package rawjson writes text from outside into strings of JSON so that its bytes can be
// had back, whatever they are, and that a terminal which shows the JSON obeys nothing in it.
package rawjson

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"mailworthy/internal/show"
)

// Escape returns s as valid UTF-8 from which its bytes can be had back: every
// byte that is not part of a UTF-8 character becomes the four characters \xNN,
// and a backslash that would read as the start of such an escape becomes \x5c.
func Escape(s string) string {
	if utf8.ValidString(s) && !strings.Contains(s, `\x`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\\' && looksEscaped(s[i:]):
			b.WriteString(`\x5c`)
		default:
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	return b.String()
}

func looksEscaped(s string) bool {
	return len(s) >= 4 && s[1] == 'x' && isHex(s[2]) && isHex(s[3])
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// Unescape returns the bytes that Escape was given.
func Unescape(s string) string {
	if !strings.Contains(s, `\x`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] == '\\' && looksEscaped(s[i:]) {
			n, _ := strconv.ParseUint(s[i+2:i+4], 16, 8) // two hexadecimal digits
			b.WriteByte(byte(n))
			i += 4
			continue
		}
		b.WriteByte(s[i])
		i++
	}
	return b.String()
}

// AppendString appends s as a string of JSON, quoted: the text that Escape returns, with
// the characters that a terminal would obey as \uNNNN.
func AppendString(to []byte, s string) []byte {
	return append(AppendText(append(to, '"'), s), '"')
}

// AppendText appends s as AppendString does, without the quotation marks.
func AppendText(to []byte, s string) []byte {
	if IsPlain(s) {
		return append(to, s...)
	}
	return AppendValid(to, Escape(s))
}

// IsPlain reports whether s stands in JSON as it is: printable ASCII without quotation
// marks and backslashes.
func IsPlain(s string) bool { return plainLength(s) == len(s) }

// AppendValid appends text that Escape returned, or that needs no way back, as AppendText
// does: bytes that are not UTF-8 become U+FFFD.
func AppendValid(to []byte, s string) []byte {
	for len(s) > 0 {
		plain := plainLength(s)
		to = append(to, s[:plain]...)
		if s = s[plain:]; s == "" {
			break
		}
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == '"' || r == '\\':
			to = append(to, '\\', byte(r))
		case r < ' ' && shortEscapes[r] != 0:
			to = append(to, '\\', shortEscapes[r])
		case r == utf8.RuneError && size == 1, show.Invisible(r):
			to = appendUnicode(to, r)
		default:
			to = append(to, s[:size]...)
		}
		s = s[size:]
	}
	return to
}

// EscapeInvisible returns JSON that another encoder wrote with what a terminal would obey
// beyond ASCII as \uNNNN. It means the same: beyond ASCII there is nothing in JSON but in
// its strings. Bytes that are not UTF-8 become U+FFFD.
func EscapeInvisible(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && size == 1, r >= 0x7f && show.Invisible(r):
			out = appendUnicode(out, r)
		default:
			out = append(out, text[:size]...)
		}
		text = text[size:]
	}
	return out
}

// shortEscapes are the letters that control characters have in JSON.
var shortEscapes = [' ']byte{'\b': 'b', '\f': 'f', '\n': 'n', '\r': 'r', '\t': 't'}

// appendUnicode appends a character as \uNNNN, as two of them if it needs two.
func appendUnicode(to []byte, r rune) []byte {
	if high, low := utf16.EncodeRune(r); low != utf8.RuneError {
		return appendUnicode(appendUnicode(to, high), low)
	}
	const hex = "0123456789abcdef"
	return append(to, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}

// plainLength is how many bytes at the beginning of s stand in JSON as they are:
// printable ASCII but for quotation marks and backslashes. It looks at eight at a
// time: most text is plain, and there is much of it.
func plainLength(s string) int {
	n := 0
	for ; n <= len(s)-8 && arePlain(eight(s[n:n+8])); n += 8 {
	}
	if rest := len(s) - n; rest < 8 {
		last := uint64(ones * ' ')
		switch {
		case rest == 0:
			return n
		case n > 0: // with some that were seen before
			last = eight(s[len(s)-8:])
		case rest >= 4: // some of them twice, and so below
			last = uint64(four(s)) | uint64(four(s[rest-4:]))<<32
		default:
			last = last<<24 | uint64(s[0]) | uint64(s[rest/2])<<8 | uint64(s[rest-1])<<16
		}
		if arePlain(last) {
			return len(s)
		}
	}
	for n < len(s) && ' ' <= s[n] && s[n] < 0x7f && s[n] != '"' && s[n] != '\\' {
		n++
	}
	return n
}

// ones has a one in each of its eight bytes.
const ones = 0x0101010101010101

// arePlain reports whether all eight bytes are what plainLength counts. A top bit is
// set if one is no ASCII, DEL, a control character or one of the two; and maybe,
// by what is carried, above such a byte. With its second bit turned the quotation
// mark alone is beside the control characters.
func arePlain(x uint64) bool {
	turned, backslash := x^ones*2, x^ones*'\\'
	return (x|(x+ones)|(turned-ones*(' '+1))|(backslash-ones))&(ones<<7) == 0
}

// eight are the first eight bytes of s, of which there are as many.
func eight(s string) uint64 {
	s = s[:8]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// four are the first four.
func four(s string) uint32 {
	s = s[:4]
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}
