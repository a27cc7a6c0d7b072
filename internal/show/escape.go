package show

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Everything that the DNS says is hostile text until it has gone through one
// of the functions of this file: Escape for a person's screen, rawjson.Escape for
// JSON, masterString for a zone file. The formats built on other syntaxes
// (HTML, XML, CSV, Markdown, Prometheus) escape theirs on top of Escape.

// MaxRecordText bounds how much of one record's text is shown to a person. The
// JSON has it all.
const MaxRecordText = 4096

// Escape returns s so that a terminal shows it and obeys nothing in it: control
// characters (C0, DEL, C1), line and paragraph separators, bidirectional
// controls and characters without width become visible, and so do bytes that
// are not UTF-8. Bytes are written \xNN, characters beyond ASCII \u{NNNN}.
func Escape(s string) string {
	if IsPlain(s) {
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
		case Invisible(r), marks > maxMarks:
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

// Invisible reports whether r moves the cursor, changes the direction or shows
// nothing at all.
func Invisible(r rune) bool {
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

// IsPlain is the fast path: printable ASCII only.
func IsPlain(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

// Cut returns at most the first limit bytes of s, never half a character at the end, and
// an ellipsis if something is left out.
func Cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for n := limit; n >= 0 && n > limit-utf8.UTFMax; n-- {
		if utf8.RuneStart(s[n]) {
			return s[:n] + "…"
		}
	}
	return s[:limit] + "…" // not UTF-8
}

// Quote returns s between quotation marks, cut as Cut does. It escapes nothing.
func Quote(s string, limit int) string { return `"` + Cut(s, limit) + `"` }

// Line is text of unknown length from outside as one piece for a screen.
func Line(s string) string { return Escape(Cut(s, MaxRecordText)) }

// ShellQuote quotes an argument for a POSIX shell if it needs that.
func ShellQuote(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@%+,=") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
