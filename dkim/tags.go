package dkim

import (
	"fmt"
	"strconv"
	"strings"

	"mailworthy/internal/ascii"
	"mailworthy/internal/show"
)

// fws is the white space that may fold a tag list: WSP, and CRLF before it
// (RFC 6376, 2.8).
const fws = " \t\r\n"

// mostTags bounds the tags of a list; the RFCs define a dozen.
const mostTags = 100

// tag is one tag-spec of a tag list, with its positions in the text.
type tag struct {
	name, value     string
	nameAt, valueAt int
	// from and to enclose the value with the white space around it.
	from, to int
}

// parseTags reads a tag=value list by RFC 6376, 3.2. Tags with duplicate names
// make the whole list invalid; an empty tag-spec is against the grammar, but
// most verifiers read over it. After a problem that is not tolerated, the tags read so
// far are returned. With utf8, octets over 127 are allowed in values, as RFC 8616, 5,
// has it for signatures in internationalized messages.
func parseTags(text string, utf8 bool) ([]tag, []Problem) {
	var tags []tag
	var problems []Problem
	fail := func(name string, at int, format string, args ...any) ([]tag, []Problem) {
		return tags, append(problems, Problem{Kind: ProblemSyntax, Tag: name, Offset: at, Detail: fmt.Sprintf(format, args...)})
	}
	if strings.Trim(text, fws) == "" {
		return fail("", 0, "the record is empty")
	}
	for at := 0; at <= len(text); {
		end := strings.IndexByte(text[at:], ';')
		last := end < 0
		if last {
			end = len(text) - at
		}
		spec, start := text[at:at+end], at
		at += end + 1
		if i := badFold(spec); i >= 0 {
			return fail("", start+i, "a line break that white space does not follow is not allowed")
		}
		body := strings.TrimLeft(spec, fws)
		nameAt := start + len(spec) - len(body)
		if body == "" {
			if !last {
				problems = append(problems, Problem{Kind: ProblemSyntax, Offset: start, Tolerated: true, refusedBySome: true,
					Detail: "there is nothing between two semicolons, which the grammar does not allow: most verifiers read over it, but dkimpy takes the whole record for malformed"})
			}
			continue
		}
		name, value, ok := strings.Cut(body, "=")
		name = strings.TrimRight(name, fws)
		if !ok {
			return fail("", nameAt, "%s has no equals sign%s", quote(strings.TrimRight(body, fws)), bareHint(body))
		}
		if !isTagName(name) {
			return fail("", nameAt, "%s is no tag name%s", quote(name), nameHint(name))
		}
		from := start + len(spec) - len(value)
		valueAt := from
		trimmed := strings.TrimLeft(value, fws)
		valueAt += len(value) - len(trimmed)
		value = strings.TrimRight(trimmed, fws)
		if i := badByte(value, utf8); i >= 0 {
			return fail(name, valueAt+i, "%s= has the octet 0x%02x, which tag values may not have", name, value[i])
		}
		if len(tags) == mostTags {
			return fail(name, nameAt, "there are more than %d tags", mostTags)
		}
		for i := range tags {
			if tags[i].name == name {
				return fail(name, nameAt, "the tag %s= is there twice, which makes the whole list invalid", name)
			}
		}
		if tags == nil {
			tags = make([]tag, 0, min(mostTags, 1+strings.Count(text[start:], ";")))
		}
		tags = append(tags, tag{name: name, value: value, nameAt: nameAt, valueAt: valueAt, from: from, to: start + len(spec)})
	}
	return tags, problems
}

// isTagName implements tag-name = ALPHA *ALNUMPUNC.
func isTagName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !ascii.IsLetter(c) && (i == 0 || !ascii.IsDigit(c) && c != '_') {
			return false
		}
	}
	return s != ""
}

// badByte finds the first octet of a value that is neither VALCHAR nor FWS.
func badByte(s string, utf8 bool) int {
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 0x21 && c <= 0x7e, c == ' ', c == '\t', c == '\r', c == '\n', c >= 0x80 && utf8:
		default:
			return i
		}
	}
	return -1
}

// badFold finds a CR or LF that is no CRLF followed by white space.
func badFold(s string) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\n':
			return i
		case '\r':
			if i+2 >= len(s) || s[i+1] != '\n' || s[i+2] != ' ' && s[i+2] != '\t' {
				return i
			}
			i++
		}
	}
	return -1
}

func bareHint(s string) string {
	switch {
	case strings.Contains(s, "-----BEGIN"):
		return ": the armour of a PEM file must be left out"
	case strings.HasPrefix(s, `"`):
		return ": the quotation marks of a zone file were pasted as text"
	}
	return ""
}

func nameHint(s string) string {
	switch {
	case strings.HasPrefix(s, `"`):
		return ": the quotation marks of a zone file were pasted as text"
	case strings.HasPrefix(s, `\`):
		return ": the backslash is an escape of zone files that was pasted as text"
	}
	return ""
}

// quote shows text of a record in a sentence: quoted, and cut if it is long.
func quote(s string) string {
	const most = 40
	if len(s) > most {
		return strconv.Quote(strings.TrimSuffix(show.Cut(s, most), "…")) + "…"
	}
	return strconv.Quote(s)
}
