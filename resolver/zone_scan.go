package resolver

import (
	"fmt"
	"strings"

	"mailworthy/internal/lazyre"
)

// entry is one entry of a master file: a line, or several joined by
// parentheses, without comments.
type entry struct {
	line   int
	text   string // as it stands in the file
	blank  bool   // it starts with white space: the owner is the last one
	tokens []token
	// cut: what a comment has taken was probably meant as data, as in v=DMARC1;p=none
	cut bool
}

type token struct {
	text   string // escapes are still in
	quoted bool
	// taken is the comment behind it that was probably meant as data, with its ';'.
	taken string
}

// tagInComment finds a comment that begins as a tag does: "; p=none".
var tagInComment = lazyre.New(`^;[ \t]*[A-Za-z]{1,5}[ \t]*=`)

// zoneScanner splits a master file into entries (RFC 1035, 5.1).
type zoneScanner struct {
	s    string
	pos  int
	line int
}

// newZoneScanner takes the whole file. A byte order mark is passed over.
func newZoneScanner(s string) *zoneScanner {
	return &zoneScanner{s: strings.TrimPrefix(s, "\ufeff"), line: 1}
}

// next fills e and reports whether there was an entry. A second result is what
// is wrong with it.
func (z *zoneScanner) next(e *entry) (bool, string) {
	for z.pos < len(z.s) {
		*e = entry{line: z.line, tokens: e.tokens[:0]}
		e.blank = isBlank(z.s[z.pos])
		start := z.pos
		wrong := z.scan(e)
		e.text = strings.TrimSpace(z.s[start:z.pos])
		if wrong != "" {
			return true, wrong
		}
		if len(e.tokens) > 0 {
			return true, ""
		}
	}
	return false, ""
}

// scan reads up to the end of the entry.
func (z *zoneScanner) scan(e *entry) string {
	depth := 0
	for z.pos < len(z.s) {
		c := z.s[z.pos]
		switch {
		case c == '\n':
			z.pos++
			z.line++
			if depth == 0 {
				return ""
			}
			if len(e.tokens) == 0 {
				// The record starts where its first word stands.
				e.line = z.line
			}
		case isBlank(c):
			z.pos++
		case c == ';':
			start := z.pos
			z.skipLine()
			z.taken(e, start)
		case c == '(':
			depth++
			z.pos++
		case c == ')':
			if depth--; depth < 0 {
				z.skipLine()
				return "a closing parenthesis without an opening one"
			}
			z.pos++
		case c == '"':
			t, ok := z.quoted()
			if !ok {
				z.skipLine()
				return "a quoted string is not closed on its line"
			}
			e.tokens = append(e.tokens, token{text: t, quoted: true})
		default:
			e.tokens = append(e.tokens, token{text: z.word()})
		}
		if len(e.tokens) > maxEntry {
			z.skipLine()
			return fmt.Sprintf("an entry has more than %d words", maxEntry)
		}
	}
	if depth > 0 {
		return "a parenthesis is never closed"
	}
	return ""
}

// taken looks at a comment from start up to where the scanner is: behind a word without
// quotes, one that follows without a blank, or begins as a tag does, was probably meant
// as data.
func (z *zoneScanner) taken(e *entry, start int) {
	if len(e.tokens) == 0 || e.tokens[len(e.tokens)-1].quoted {
		return
	}
	last, comment := &e.tokens[len(e.tokens)-1], z.s[start:z.pos]
	if !strings.ContainsRune(" \t\r\n()", rune(z.s[start-1])) || tagInComment.MatchString(comment[:min(len(comment), 64)]) {
		e.cut, last.taken = true, strings.TrimRight(comment, " \t\r")
	}
}

func (z *zoneScanner) skipLine() {
	for z.pos < len(z.s) && z.s[z.pos] != '\n' {
		z.pos++
	}
}

// quoted reads a string in quotes, which ends on its line.
func (z *zoneScanner) quoted() (string, bool) {
	start := z.pos + 1
	for i := start; i < len(z.s); i++ {
		switch z.s[i] {
		case '\\':
			if i+1 < len(z.s) && z.s[i+1] != '\n' {
				i++
			}
		case '\n':
			return "", false
		case '"':
			z.pos = i + 1
			return z.s[start:i], true
		}
	}
	return "", false
}

func (z *zoneScanner) word() string {
	start := z.pos
	for z.pos < len(z.s) {
		switch c := z.s[z.pos]; {
		case isSpace(c), c == ';', c == '(', c == ')', c == '"':
			return z.s[start:z.pos]
		case c == '\\' && z.pos+1 < len(z.s) && z.s[z.pos+1] != '\n':
			z.pos++
		}
		z.pos++
	}
	return z.s[start:z.pos]
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' }
func isSpace(c byte) bool { return isBlank(c) || c == '\n' }

// utf16 recognises the other encoding that editors write.
func utf16(s string) bool {
	return strings.HasPrefix(s, "\xff\xfe") || strings.HasPrefix(s, "\xfe\xff") || strings.IndexByte(s[:min(len(s), 512)], 0) >= 0
}
