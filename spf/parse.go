package spf

import (
	"net/netip"
	"slices"
	"strings"

	"mailworthy/internal/ascii"
)

// Version is how every record begins (RFC 7208, 4.5).
const Version = "v=spf1"

// IsRecord reports whether a receiver selects the text as an SPF record: it
// begins with the version, and that ends in a space or with the record. Literal
// text in the grammar has no case (RFC 7208, 12).
func IsRecord(text string) bool {
	return len(text) >= len(Version) && ascii.EqualFold(text[:len(Version)], Version) &&
		(len(text) == len(Version) || text[len(Version)] == ' ')
}

// Layout has the indexes of the terms of a record that there may be one of; -1 for none.
type Layout struct {
	All, Redirect, Exp int
	// Error is the first error in the record, what is wrong with the term at index ErrorAt.
	Error   string
	ErrorAt int
}

// Ignored says why no receiver evaluates the i-th term of the record: "after_all" if it is
// behind all (RFC 7208, 5.1), "redirect_with_all" if it is a redirect beside it (6.1), ""
// if receivers do.
func (l *Layout) Ignored(i int, t *Term) string {
	switch {
	case l.All < 0:
	case t.Kind == KindRedirect:
		return "redirect_with_all"
	case i > l.All && t.Kind.Directive():
		return "after_all"
	}
	return ""
}

// mostTerms is room for the terms of most records.
const mostTerms = 32

// Parse returns the terms of a record, which has to be one by IsRecord (RFC 7208, 4.6 and
// 12). It goes on after an error, so that every term is accounted for; to a receiver the
// whole record is a permerror then.
func Parse(text string) ([]Term, Layout) { return parse(text, nil) }

// parse is Parse that appends the terms to terms. The indexes of the layout count from the
// first term appended.
func parse(text string, terms []Term) ([]Term, Layout) {
	l := Layout{All: -1, Redirect: -1, Exp: -1, ErrorAt: -1}
	base := len(terms)
	if terms == nil {
		terms = make([]Term, 0, min(strings.Count(text, " "), mostTerms))
	}
	if len(text) > 1<<10 {
		// One piece of memory, not one for each time that the room is doubled.
		n := 0
		for i := len(Version); i < len(text); i++ {
			if text[i] != ' ' && text[i-1] == ' ' {
				n++
			}
		}
		terms = slices.Grow(terms, n)
	}
	for i := len(Version); i < len(text); {
		if text[i] == ' ' {
			i++
			continue
		}
		end := strings.IndexByte(text[i:], ' ')
		if end < 0 {
			end = len(text)
		} else {
			end += i
		}
		terms = append(terms, Term{})
		t := &terms[len(terms)-1]
		t.Text, t.Offset = text[i:end], i
		t.parse()
		at := len(terms) - 1 - base
		switch t.Kind {
		case KindAll:
			if l.All < 0 {
				l.All = at
			}
		case KindRedirect:
			// RFC 7208, 6: neither of the two may appear twice.
			if l.Redirect >= 0 && t.Error == "" {
				t.Error = "a second redirect"
			}
			l.Redirect = at
		case KindExp:
			if l.Exp >= 0 && t.Error == "" {
				t.Error = "a second exp"
			}
			l.Exp = at
		}
		if t.Error != "" && l.ErrorAt < 0 {
			l.ErrorAt, l.Error = at, t.Error
		}
		i = end
	}
	return terms, l
}

// ParseTerm reads one term, as it stands in a record between spaces. An empty text is no mechanism.
func ParseTerm(text string) Term {
	t := Term{Text: text}
	t.parse()
	return t
}

// parse reads t.text.
func (t *Term) parse() {
	s := t.Text
	t.Kind, t.Sign, t.Bits4, t.Bits6 = KindInvalid, '+', 32, 128

	// Modifiers have an "=" before any ":" or "/" (RFC 7208, 4.6.1) and no
	// qualifier.
	cut := len(s)
	for i := range len(s) {
		if c := s[i]; c == '=' || c == ':' || c == '/' {
			cut = i
			break
		}
	}
	if cut < len(s) && s[cut] == '=' {
		t.parseModifier(s[:cut], s[cut+1:])
		return
	}
	if s != "" && (s[0] == '+' || s[0] == '-' || s[0] == '~' || s[0] == '?') {
		t.Sign = Qualifier(s[0])
		s, cut = s[1:], cut-1
	}
	name, rest := s[:cut], s[cut:]
	for _, k := range mechanisms {
		if ascii.EqualFold(name, string(k)) {
			t.Kind = k
			break
		}
	}
	switch t.Kind {
	case KindInvalid:
		t.Error = "not a mechanism"
	case KindAll:
		if rest != "" {
			t.Error = "all takes no value"
		}
	case KindInclude, KindExists:
		if rest == "" || rest[0] != ':' {
			t.Error = "needs a domain after a colon"
			return
		}
		t.domain(rest[1:])
	case KindPTR:
		if rest == "" {
			return
		}
		if rest[0] != ':' {
			t.Error = "takes no prefix length"
			return
		}
		t.domain(rest[1:])
	case KindA, KindMX:
		rest = t.dualLength(rest)
		if t.Error != "" || rest == "" {
			return
		}
		if rest[0] != ':' {
			t.Error = "not a prefix length"
			return
		}
		t.domain(rest[1:])
	case KindIP4, KindIP6:
		if rest == "" || rest[0] != ':' {
			t.Error = "needs an address after a colon"
			return
		}
		t.network(rest[1:])
	}
}

func (t *Term) parseModifier(name, value string) {
	t.Spec = value
	switch {
	case ascii.EqualFold(name, string(KindRedirect)):
		t.Kind = KindRedirect
		t.domain(value)
	case ascii.EqualFold(name, string(KindExp)):
		t.Kind = KindExp
		t.domain(value)
	case !isModifierName(name):
		t.Error = "not the name of a modifier"
	default:
		t.Kind = KindModifier
		// The grammar lets any macro stand here (RFC 7208, 12), and a term holds
		// no space.
		if _, wrong := scanMacros(value, true); wrong != "" {
			t.Error = wrong
		}
	}
}

// isModifierName tests for ALPHA *( ALPHA / DIGIT / "-" / "_" / "." ).
func isModifierName(s string) bool {
	for i := range len(s) {
		if c := s[i]; !ascii.IsLetter(c) && (i == 0 || !ascii.IsDigit(c) && c != '-' && c != '_' && c != '.') {
			return false
		}
	}
	return s != ""
}

// dualLength takes the dual-cidr-length off the end of a value:
//
//	dual-cidr-length = [ "/" ip4-length ] [ "//" ip6-length ]
//
// A domain-spec cannot end in "/" and digits, so there is no doubt.
func (t *Term) dualLength(s string) string {
	rest, bits, slashes := lastLength(s)
	if slashes == 2 {
		if t.Bits6, t.Error = prefixLength(bits, 128); t.Error != "" {
			return s
		}
		s = rest
		rest, bits, slashes = lastLength(s)
	}
	if slashes == 1 {
		if t.Bits4, t.Error = prefixLength(bits, 32); t.Error != "" {
			return s
		}
		s = rest
	}
	return s
}

// lastLength splits "x/24" and "x//64" into the rest and the digits; slashes is
// 0 if s does not end like that.
func lastLength(s string) (rest, digits string, slashes int) {
	i := len(s)
	for i > 0 && ascii.IsDigit(s[i-1]) {
		i--
	}
	if i == len(s) || i == 0 || s[i-1] != '/' {
		return s, "", 0
	}
	digits = s[i:]
	if i > 1 && s[i-2] == '/' {
		return s[:i-2], digits, 2
	}
	return s[:i-1], digits, 1
}

// prefixLength reads "0" or a number without leading zero, up to most.
func prefixLength(s string, most int) (uint8, string) {
	n := 0
	for i := range len(s) {
		if !ascii.IsDigit(s[i]) || n > most {
			return 0, "not a prefix length"
		}
		n = n*10 + int(s[i]-'0')
	}
	switch {
	case s == "" || len(s) > 1 && s[0] == '0':
		return 0, "not a prefix length"
	case n > most && most == 32:
		return 0, "a prefix length over 32"
	case n > most:
		return 0, "a prefix length over 128"
	}
	return uint8(n), ""
}

// network reads the address and prefix length of ip4 and ip6 (RFC 7208, 5.6).
func (t *Term) network(s string) {
	host, length := s, ""
	if i := strings.IndexByte(s, '/'); i >= 0 {
		host, length = s[:i], s[i+1:]
	}
	t.Spec = host
	most := 32
	if t.Kind == KindIP6 {
		most = 128
	}
	bits := uint8(most)
	if len(host) != len(s) {
		if bits, t.Error = prefixLength(length, most); t.Error != "" {
			return
		}
	}
	// ParseAddr wants four whole numbers without leading zeros, as qnum does. It
	// would take a zone, which is no part of an address in RFC 4291, 2.2.
	a, err := netip.ParseAddr(host)
	switch {
	case host == "":
		t.Error = "needs an address after the colon"
	case err != nil || a.Zone() != "":
		t.Error = "not an address"
	case t.Kind == KindIP4 && !a.Is4():
		t.Error = "an IPv6 address in ip4"
	case t.Kind == KindIP6 && !a.Is6():
		t.Error = "an IPv4 address in ip6"
	default:
		t.Prefix = netip.PrefixFrom(a, int(bits))
	}
}

// domain reads a domain-spec:
//
//	domain-spec = macro-string domain-end
//	domain-end  = ( "." toplabel [ "." ] ) / macro-expand
func (t *Term) domain(s string) {
	t.Spec = s
	if s == "" {
		t.Error = "needs a domain"
		return
	}
	last, wrong := scanMacros(s, false)
	if wrong != "" {
		t.Error = wrong
		return
	}
	t.Macros = last > 0
	if last == len(s) {
		return // ends in a macro
	}
	s = strings.TrimSuffix(s, ".")
	dot := strings.LastIndexByte(s, '.')
	if dot < last {
		t.Error = "not a domain: a name has two labels at least"
	} else if !isTopLabel(s[dot+1:]) {
		t.Error = "not a domain: the last label cannot be a top-level domain"
	}
}

// isTopLabel tests for letters, digits and inner hyphens, with one letter or
// hyphen at least:
//
//	toplabel = ( *alphanum ALPHA *alphanum ) /
//	           ( 1*alphanum "-" *( alphanum / "-" ) alphanum )
func isTopLabel(s string) bool {
	word := false
	for i := range len(s) {
		switch c := s[i]; {
		case ascii.IsLetter(c):
			word = true
		case c == '-':
			if i == 0 || i == len(s)-1 {
				return false
			}
			word = true
		case !ascii.IsDigit(c):
			return false
		}
	}
	return word
}

// ExplanationError returns what is wrong with the text of an explanation, the TXT record
// that an exp modifier names (RFC 7208, 6.2): "" if receivers use it.
func ExplanationError(text string) string {
	_, wrong := scanMacros(text, true)
	return wrong
}

// scanMacros tests a macro-string, or with explain an explain-string, which may
// hold spaces and the letters c, r and t (RFC 7208, 7.1 and 7.2). It returns the
// offset behind the last macro, 0 if there is none.
func scanMacros(s string, explain bool) (last int, wrong string) {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == ' ' && explain:
		case c < 0x21 || c > 0x7e:
			return last, "a character that is not visible ASCII"
		case c == '%':
			n, wrong := scanMacro(s[i:], explain)
			if wrong != "" {
				return last, wrong
			}
			i += n - 1
			last = i + 1
		}
	}
	return last, ""
}

// scanMacro measures the macro-expand that s begins with.
func scanMacro(s string, explain bool) (n int, wrong string) {
	if len(s) < 2 {
		return 0, "a % that begins no macro"
	}
	switch s[1] {
	case '%', '_', '-':
		return 2, ""
	case '{':
	default:
		return 0, "a % that begins no macro"
	}
	end := strings.IndexByte(s, '}')
	if end < 3 {
		return 0, "a macro that is not closed"
	}
	switch ascii.Lower(s[2]) {
	case 's', 'l', 'o', 'd', 'i', 'p', 'h', 'v':
	case 'c', 'r', 't':
		if !explain {
			return 0, "a macro letter that only explanations may use"
		}
	default:
		return 0, "an unknown macro letter"
	}
	i := 3
	zero := true
	for ; ascii.IsDigit(s[i]); i++ {
		zero = zero && s[i] == '0'
	}
	if i > 3 && zero {
		return 0, "a macro that keeps no labels"
	}
	if ascii.Lower(s[i]) == 'r' {
		i++
	}
	for isDelimiter(s[i]) {
		i++
	}
	if i != end {
		return 0, "a malformed macro"
	}
	return end + 1, ""
}

func isDelimiter(c byte) bool {
	switch c {
	case '.', '-', '+', ',', '/', '_', '=':
		return true
	}
	return false
}
