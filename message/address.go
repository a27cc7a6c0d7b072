package message

import (
	"cmp"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"mailworthy/internal/show"
)

// Address is one mailbox of an address field.
type Address struct {
	// Name is the display name, decoded (RFC 2047).
	Name string `json:"name" empty:"null"`
	// Address as it is written, without angle brackets and comments.
	Address string `json:"address"`
	// Domain in lower case and A-labels; an address literal in its brackets.
	Domain string `json:"domain"`
	// Group is the name of the group it stands in (RFC 5322, 3.4).
	Group string `json:"group" empty:"null"`
	// Error says what is wrong with it.
	Error string `json:"error" empty:"null"`
}

// AddressField is a field of addresses: From, Sender, Reply-To, To, Cc, Bcc.
type AddressField struct {
	Line int    `json:"line"`
	Text string `json:"text"`
	// Addresses in their order, up to a bound; Count is how many there are.
	Addresses []Address `json:"addresses"`
	Count     int       `json:"count"`
	// Groups are the names of groups, empty ones included: "undisclosed-recipients".
	Groups []string `json:"groups"`
}

// maxAddresses bounds the addresses kept of one field.
const maxAddresses = 50

// wrong returns the first address with an error, nil if there is none.
func (f *AddressField) wrong() *Address {
	for i := range f.Addresses {
		if f.Addresses[i].Error != "" {
			return &f.Addresses[i]
		}
	}
	return nil
}

// valid counts the addresses without an error, and those beyond the bound.
func (f *AddressField) valid() int {
	n := f.Count - len(f.Addresses)
	for _, a := range f.Addresses {
		if a.Error == "" {
			n++
		}
	}
	return n
}

func readAddresses(f *Field) AddressField {
	text := f.Unfolded()
	out := AddressField{Line: f.Line, Text: show.Cut(text, maxText), Addresses: []Address{}}
	p := addressParser{text: text, out: &out}
	p.list()
	return out
}

// addressParser parses an address-list (RFC 5322, 3.4), obsolete forms included.
type addressParser struct {
	text string
	at   int
	out  *AddressField
	// group is the name of the open group.
	group   string
	inGroup bool
}

// word is a piece of a phrase or of a local part.
type word struct {
	text   string
	quoted bool
	// spaced says that white space or a comment precedes it.
	spaced bool
}

func (p *addressParser) list() {
	for {
		p.space()
		switch c := p.peek(); {
		case c == 0 && p.at >= len(p.text):
			return
		case c == ',':
			p.at++
		case c == ';' && p.inGroup:
			p.at++
			p.inGroup, p.group = false, ""
		default:
			p.element()
		}
	}
}

// element is a mailbox, or the start of a group.
func (p *addressParser) element() {
	start := p.at
	words := p.words()
	switch p.peek() {
	case ':':
		if len(words) > 0 && !p.inGroup {
			p.at++
			p.inGroup, p.group = true, phrase(words)
			p.out.Groups = append(p.out.Groups, show.Cut(p.group, maxQuoted))
			return
		}
	case '<':
		p.at++
		p.angle(start, phrase(words))
		return
	case '@':
		p.at++
		local, wrong := localPart(words)
		domain, bad := p.domain()
		p.add(start, Address{Address: local + "@" + domain, Error: cmp.Or(wrong, bad)}, domain)
		return
	}
	p.fail(start, "")
}

// angle is what follows "<", up to and with ">".
func (p *addressParser) angle(start int, name string) {
	p.space()
	// A source route (RFC 5322, 4.4) is of no use to anyone and is skipped.
	if p.peek() == '@' {
		if i := strings.IndexByte(p.text[p.at:], ':'); i > 0 {
			p.at += i + 1
		}
	}
	words := p.words()
	if p.peek() != '@' {
		wrong := "there is no @ between the angle brackets"
		if len(words) == 0 && p.peek() == '>' {
			wrong = "the angle brackets are empty"
		}
		p.fail(start, wrong)
		return
	}
	p.at++
	local, wrong := localPart(words)
	domain, bad := p.domain()
	a := Address{Name: name, Address: local + "@" + domain, Error: cmp.Or(wrong, bad)}
	if p.space(); p.peek() == '>' {
		p.at++
	} else if a.Error == "" {
		a.Error = "the closing angle bracket is missing"
	}
	p.add(start, a, domain)
}

// add keeps an address. What follows it must end the element.
func (p *addressParser) add(start int, a Address, domain string) {
	p.space()
	if c := p.peek(); p.at < len(p.text) && c != ',' && !(c == ';' && p.inGroup) {
		if a.Error == "" {
			a.Error = "text follows the address where a comma or the end is expected"
		}
		p.skip()
	}
	var wrong string
	a.Domain, wrong = asciiDomain(domain)
	a.Error = cmp.Or(a.Error, wrong)
	p.keep(start, a)
}

// fail keeps the rest of the element as what could not be read.
func (p *addressParser) fail(start int, wrong string) {
	p.skip()
	text := strings.TrimSpace(p.text[start:p.at])
	if wrong == "" {
		wrong = "there is no @ in it"
		if strings.Contains(text, "@") {
			wrong = "it is no address"
		}
	}
	p.keep(start, Address{Address: text, Error: wrong})
}

func (p *addressParser) keep(start int, a Address) {
	// Nothing was read: one octet is skipped, so that the parser moves on.
	if p.at == start {
		p.at++
	}
	a.Group = show.Cut(p.group, maxQuoted)
	a.Name, a.Address, a.Domain = show.Cut(a.Name, maxQuoted), show.Cut(a.Address, 2*maxQuoted), show.Cut(a.Domain, maxName)
	p.out.Count++
	if len(p.out.Addresses) < maxAddresses {
		p.out.Addresses = append(p.out.Addresses, a)
	}
}

// skip goes to the end of the element, over quoted strings and brackets.
func (p *addressParser) skip() {
	for p.at < len(p.text) {
		switch c := p.text[p.at]; {
		case c == ',' || c == ';' && p.inGroup:
			return
		case c == '"':
			p.quotedString()
		case c == '(':
			p.comment()
		default:
			p.at++
		}
	}
}

// words reads words and the dots between them (RFC 5322, 4.1: obs-phrase).
func (p *addressParser) words() []word {
	var out []word
	for {
		from := p.at
		p.space()
		spaced := p.at > from
		switch c := p.peek(); {
		case c == '"':
			out = append(out, word{p.quotedString(), true, spaced})
		case c == '.':
			p.at++
			out = append(out, word{".", false, spaced})
		case isAtext(c):
			start := p.at
			for isAtext(p.peek()) {
				p.at++
			}
			out = append(out, word{p.text[start:p.at], false, spaced})
		default:
			return out
		}
	}
}

// domain reads what follows "@": a dot-atom or an address literal.
func (p *addressParser) domain() (text, wrong string) {
	p.space()
	if p.peek() == '[' {
		end := strings.IndexByte(p.text[p.at:], ']')
		if end < 0 {
			return "", "the address literal has no closing bracket"
		}
		text = p.text[p.at : p.at+end+1]
		p.at += end + 1
		return text, ""
	}
	var b strings.Builder
	for {
		start := p.at
		for isAtext(p.peek()) || p.peek() == '.' {
			p.at++
		}
		b.WriteString(p.text[start:p.at])
		// White space and comments may stand around the dots (obs-domain).
		end := p.at
		p.space()
		if p.at == end || p.peek() != '.' && !strings.HasSuffix(b.String(), ".") {
			return b.String(), ""
		}
	}
}

// space skips white space and comments (RFC 5322, 3.2.2).
func (p *addressParser) space() {
	for {
		switch p.peek() {
		case ' ', '\t', '\r', '\n':
			p.at++
		case '(':
			p.comment()
		default:
			return
		}
	}
}

// comment skips a comment, which may hold others; an open one ends the text.
func (p *addressParser) comment() { p.at = skipComment(p.text, p.at) }

// quotedString reads one and returns what it stands for.
func (p *addressParser) quotedString() string {
	var b strings.Builder
	for p.at++; p.at < len(p.text); p.at++ {
		switch c := p.text[p.at]; {
		case c == '"':
			p.at++
			return b.String()
		case c == '\\' && p.at+1 < len(p.text):
			p.at++
			b.WriteByte(p.text[p.at])
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func (p *addressParser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

// skipComment returns the place after the comment that starts there.
func skipComment(text string, at int) int {
	depth := 0
	for ; at < len(text); at++ {
		switch text[at] {
		case '\\':
			at++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return at + 1
			}
		}
	}
	return len(text)
}

// isAtext: the characters of an atom (RFC 5322, 3.2.3; RFC 6532, 3.2 for those
// beyond ASCII).
func isAtext(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c >= 0x80 ||
		c != 0 && strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0
}

// phrase is the display name that words stand for, encoded-words decoded.
func phrase(words []word) string {
	var b, atoms strings.Builder
	flush := func() {
		decoded, _ := decodeWords(atoms.String())
		b.WriteString(decoded)
		atoms.Reset()
	}
	for i, w := range words {
		if i > 0 && (w.spaced || w.quoted || words[i-1].quoted) {
			atoms.WriteByte(' ')
		}
		if w.quoted {
			flush()
			b.WriteString(w.text)
		} else {
			atoms.WriteString(w.text)
		}
	}
	flush()
	return b.String()
}

// localPart joins words to the part before "@".
func localPart(words []word) (text, wrong string) {
	var b strings.Builder
	dot := true // a word is expected
	for i, w := range words {
		isDot := !w.quoted && w.text == "."
		switch {
		case isDot && dot:
			wrong = cmp.Or(wrong, "a dot in the local part has nothing before it")
		case !isDot && !dot && w.spaced:
			wrong = cmp.Or(wrong, "there is text before the address; a name needs angle brackets around the address")
		case !isDot && !dot:
			wrong = cmp.Or(wrong, "two pieces of the local part have no dot between them")
		}
		if i > 0 && !isDot && !dot && w.spaced {
			b.WriteByte(' ')
		}
		if w.quoted {
			b.WriteString(quoteString(w.text))
		} else {
			b.WriteString(w.text)
		}
		dot = isDot
	}
	switch {
	case len(words) == 0:
		wrong = "there is nothing before the @"
	case dot:
		wrong = cmp.Or(wrong, "the local part ends with a dot")
	}
	return b.String(), wrong
}

// quoteString writes a quoted-string (RFC 5322, 3.2.4).
func quoteString(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// idnaProfile turns U-labels into A-labels as for a lookup (RFC 5891). It leaves
// ASCII alone: underscores are met in domains that mail comes from.
var idnaProfile = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false))

// asciiDomain is the domain of an address in A-labels and lower case.
func asciiDomain(domain string) (ascii, wrong string) {
	switch {
	case domain == "":
		return "", "there is no domain after the @"
	case domain[0] == '[':
		return domain, "the domain is an address literal, which no receiver accepts as an author"
	case !utf8.ValidString(domain):
		return "", "the domain is not UTF-8"
	}
	ascii = strings.ToLower(domain)
	for i := range len(ascii) {
		if ascii[i] < 0x80 {
			continue
		}
		a, err := idnaProfile.ToASCII(domain)
		if err != nil {
			return "", "the domain cannot be written in ASCII: " + strings.TrimPrefix(err.Error(), "idna: ")
		}
		ascii = a
		break
	}
	labels := strings.Split(ascii, ".")
	for _, l := range labels {
		switch {
		case l == "":
			return ascii, "the domain has an empty label"
		case len(l) > 63:
			return ascii, "a label of the domain has over 63 characters"
		}
		for i := range len(l) {
			if c := l[i]; !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
				return ascii, fmt.Sprintf("%q does not belong in a domain", c)
			}
		}
	}
	switch {
	case len(ascii) > 253:
		return ascii, "the domain has over 253 characters"
	case len(labels) < 2:
		return ascii, "the domain has only one label"
	}
	return ascii, ""
}
