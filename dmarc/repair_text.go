package dmarc

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"mailworthy/internal/ascii"
	"mailworthy/internal/lazyre"
	"mailworthy/internal/ownership"
	"mailworthy/internal/show"
)

// plainText is a record freed of what editors and zone files put into it: quotation
// marks, backslashes, characters that only look like spaces. at is where each of its bytes stands in
// the record.
type plainText struct {
	text string
	at   []int
	// escaped, quoted and odd say what was taken away: backslashes, quotation marks,
	// other characters that no record has.
	escaped, quoted, odd bool
}

// plain reads a record so.
func plain(record string) *plainText {
	p := &plainText{at: make([]int, 0, len(record)+1)}
	var b strings.Builder
	put := func(c byte, at int) {
		b.WriteByte(c)
		p.at = append(p.at, at)
	}
	for i := 0; i < len(record); {
		c := record[i]
		size := 1
		switch {
		case (c == '\\' || c == '"') && withinAddress(record, i, len(quotation(record[i:]))):
			put(unsure, i) // it may stand in place of a letter
			size = len(quotation(record[i:]))
		case c == '\\':
			p.escaped = true
			if d, ok := decimalEscape(record[i:]); ok {
				put(d, i)
				size = 4
			} else if i+1 < len(record) && record[i+1] == '"' {
				size = 2
			}
			// Any other backslash goes alone: what it stands before is read.
		case c == '"':
			p.quoted = true
			// Two strings of a zone file: what stands between them is not part of the text.
			if rest := strings.TrimLeft(record[i+1:], " \t"); len(rest) > 0 && rest[0] == '"' && i > 0 {
				size += len(record) - i - 1 - len(rest) + 1
			}
		case c == '\'' && (i == 0 || i+1 == len(record) || strings.IndexByte("=;:, ", record[i-1]) >= 0 || strings.IndexByte("=;:, ", record[i+1]) >= 0):
			p.quoted = true
		case c == '\t' || c == '\n' || c == '\r':
			put(' ', i)
		case c < utf8.RuneSelf:
			put(c, i)
		default:
			var r rune
			r, size = utf8.DecodeRuneInString(record[i:])
			p.odd = true
			switch meant := asTyped(r); {
			case withinAddress(record, i, size):
				put(unsure, i)
			case meant == '"':
				p.quoted = true
			case meant != 0:
				put(meant, i)
			}
		}
		i += size
	}
	p.text = b.String()
	p.at = append(p.at, len(record))
	return p
}

// entities are the characters that HTML writes as something else, and those of keyboards for
// East Asia, which are as wide as its letters.
var entities = strings.NewReplacer(append(ascii.Entities(), "\uff20", "@", "\uff0e", ".", "\u3002", ".", "\uff1a", ":", "\uff1d", "=", "\uff1b", ";", "\uff0c", ",")...)

var (
	// zoneLine is a line of a zone file up to its string.
	zoneLine = lazyre.New(`(?i)^\s*"?[a-z0-9_.@*-]*\s*(?:[0-9]+[smhdw]?\s+)?(?:IN\s+)?TXT\s*\(?\s*\\?["']?\s*$`)
	// blankCode and schemeCode are a blank between tags and the colon of a scheme as URLs have them.
	blankCode  = lazyre.New(`(?i)(;|^v=DMARC1)(?:%20)+`)
	schemeCode = lazyre.New(`(?i)\bmailto%3a`)
	// spelt is an address whose @ is written as a word, against readers of addresses.
	spelt = lazyre.New(`(?i)([a-z0-9._+-]+) ?[(\[{] ?at ?[)\]}] ?`)
)

// straight puts quotation marks of ASCII for pairs of others: of word processors, of zone
// files, of HTML. One without a partner may stand for a letter, and stays. Letters of other
// alphabets that look like those of ASCII are these.
func straight(record string) string {
	record = ascii.Latin(entities.Replace(record))
	record = spelt.ReplaceAllString(schemeCode.ReplaceAllString(blankCode.ReplaceAllString(record, "$1 "), "mailto:"), "$1@")
	for _, marks := range [...][2]string{{"\u201c", "\u201d"}, {"\u201e", "\u201c"}, {"\u201d", "\u201d"}, {"\u00ab", "\u00bb"}, {`\"`, `\"`}} {
		n, m := strings.Count(record, marks[0]), strings.Count(record, marks[1])
		if n > 0 && (marks[0] != marks[1] && n == m || marks[0] == marks[1] && n%2 == 0) {
			record = strings.NewReplacer(marks[0], `"`, marks[1], `"`).Replace(record)
		}
	}
	if at := anyVersion.FindStringIndex(record); at != nil && zoneLine.MatchString(record[:at[0]]) {
		record = record[at[0]:]
	}
	return record
}

// assigned is a word with an equals sign, and what is assigned to it.
var assigned = lazyre.New(`(^|[\s;,|"'])([A-Za-z][A-Za-z0-9-]*)=[^\s;,|"'@<>]+`)

// withoutProofs takes the proofs of ownership out of a record, "MS=ms1234".
func (r *repair) withoutProofs(record string) string {
	all := assigned.FindAllStringSubmatchIndex(record, maxTags)
	for _, at := range slices.Backward(all) {
		if from, to := at[4], at[1]; ownership.Named(record[from:at[5]]) && !strings.Contains(strings.ToLower(record[from:to]), "dmarc1") {
			r.proofs = append([]string{record[from:to]}, r.proofs...)
			r.changes = append(r.changes, change{"", show.Cut(record[from:to], 60) + " becomes a record of its own", false})
			record = strings.Trim(record[:from]+record[to:], " \t")
		}
	}
	return record
}

// quotation is the backslash or quotation mark that s begins with, or both.
func quotation(s string) string {
	if strings.HasPrefix(s, `\"`) {
		return s[:2]
	}
	return s[:1]
}

// unsure is what no tag can hold, so that what it stands in is not repaired.
const unsure = 0x7f

// withinAddress reports whether size bytes at i stand within an address, and not at an
// end of it. What was there if they are a slip, nobody but the owner knows.
func withinAddress(record string, i, size int) bool {
	end := i + size
	const ends = " ,;:=|\t"
	from, to := 1+strings.LastIndexAny(record[:i], ends), len(record)
	if n := strings.IndexAny(record[end:], ends); n >= 0 {
		to = end + n
	}
	return from < i && end < to && strings.Contains(record[from:to], "@")
}

// decimalEscape reads \DDD, an octet in a zone file (RFC 1035, 5.1).
func decimalEscape(s string) (byte, bool) {
	if len(s) < 4 {
		return 0, false
	}
	n := 0
	for _, c := range []byte(s[1:4]) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return byte(n), n >= ' ' && n <= '~'
}

// asTyped is the character that an editor replaced by r; 0 for none, and '"' for any
// quotation mark. What is not known becomes unsure.
func asTyped(r rune) byte {
	switch {
	case strings.ContainsRune("“”„‟«»‘’‚‛′″", r):
		return '"'
	case r == '\u00ad' || r == '\u200b' || r == '\u200c' || r == '\u200d' || r == '\u2060' || r == '\ufeff':
		return 0
	case unicode.IsSpace(r):
		return ' '
	case r == '‐' || r == '‑' || r == '–' || r == '—':
		return '-'
	case r > 0xff00 && r < 0xff5f:
		return byte(r - 0xff00 + ' ') // full width
	}
	return unsure
}
