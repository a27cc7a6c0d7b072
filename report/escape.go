package report

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Everything that the DNS says is hostile text until it has gone through one
// of the functions of this file: Escape for a person's screen, jsonText for
// JSON, masterString for a zone file. The formats built on other syntaxes
// (HTML, XML, CSV, Markdown, Prometheus) escape theirs on top of Escape.

// maxRecordText bounds how much of one record's text is shown to a person. The
// JSON has it all.
const maxRecordText = 4096

// Escape returns s so that a terminal shows it and obeys nothing in it: control
// characters (C0, DEL, C1), line and paragraph separators, bidirectional
// controls and characters without width become visible, and so do bytes that
// are not UTF-8. Bytes are written \xNN, characters beyond ASCII \u{NNNN}.
func Escape(s string) string {
	if isPlain(s) {
		return s
	}
	var b strings.Builder
	marks := 0
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if unicode.In(r, unicode.Mn, unicode.Me) {
			marks++
		} else {
			marks = 0
		}
		switch {
		case r == utf8.RuneError && size == 1, r < 0x20, r == 0x7f:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case invisible(r), marks > maxMarks:
			fmt.Fprintf(&b, `\u{%x}`, r)
		default:
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	return b.String()
}

// maxMarks is how many combining marks may stack on one character before they
// reach into the lines above and below. No script needs more than these.
const maxMarks = 3

// invisible reports whether r moves the cursor, changes the direction or shows
// nothing at all.
func invisible(r rune) bool {
	if r < 0x80 {
		return r < 0x20 || r == 0x7f
	}
	switch r {
	case 0x034f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x2800, 0x3164, 0xffa0:
		return true // fillers and joiners that are letters by category
	}
	if 0xfe00 <= r && r <= 0xfe0f || 0xe0000 <= r && r <= 0xe0fff {
		return true // variation selectors, tags
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co) ||
		r != ' ' && unicode.Is(unicode.Zs, r)
}

// isPlain is the fast path: printable ASCII only.
func isPlain(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

// clip cuts s after about limit bytes, never inside a character, and says how
// much is left out.
func clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	cut := limit
	for cut > limit-utf8.UTFMax && cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "… (" + strconv.Itoa(len(s)-cut) + " more bytes)"
}

// shown is text of unknown length from outside as one piece for a screen.
func shown(s string) string { return Escape(clip(s, maxRecordText)) }

// jsonText returns s as valid UTF-8 from which its bytes can be had back: every
// byte that is not part of a UTF-8 character becomes the four characters \xNN,
// and a backslash that would read as the start of such an escape becomes \x5c.
func jsonText(s string) string {
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

// fromJSONText is the inverse of jsonText.
func fromJSONText(s string) string {
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

// escapeJSON replaces in marshalled JSON what a terminal would obey by its
// \uNNNN escape: outside ASCII that occurs inside strings alone.
func escapeJSON(text []byte) []byte {
	plain := true
	for _, c := range text {
		if c >= 0x7f {
			plain = false
			break
		}
	}
	if plain {
		return text
	}
	out := make([]byte, 0, len(text)+64)
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		switch {
		case r == 0x7f || r > 0x7f && invisible(r):
			if r > 0xffff {
				r -= 0x10000
				out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
			} else {
				out = fmt.Appendf(out, `\u%04x`, r)
			}
		default:
			out = append(out, text[i:i+size]...)
		}
		i += size
	}
	return out
}
