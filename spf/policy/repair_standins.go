package policy

import (
	"slices"
	"strings"

	"mailworthy/internal/ascii"
	"mailworthy/spf"
)

// standIns are the characters that slip in, and that stand in place of another one as
// well.
const standIns = ".,;:\"'\\|/-_=%()[]<>"

// standsIn reports whether a character of a token may stand in place of another one. A
// token that begins with such a character is wrapped up in a pair of them.
func standsIn(tok string, at int) bool {
	return strings.IndexByte(standIns, tok[at]) >= 0 && (tok[0] == '-' || strings.IndexByte(standIns, tok[0]) < 0)
}

// standsForDigit reports whether one character of a token that is no valid term may be
// typed in place of a digit, of an address or of a length: "ip4:192.0.2..0" is
// 192.0.2.0, 192.0.20.0 or 192.0.2.20.
func standsForDigit(tok string) bool {
	_, name, sep, value := split(tok)
	if startsAddress(tok) {
		v6 := keyword(name, value) == "ip6"
		address := func(s string) bool {
			p, ok := parsePrefix(s)
			return ok && p.Addr().Is6() == v6
		}
		if len(value) > maxAddress || address(value) {
			return false // its name is wrong, and the address is not
		}
		for i := range len(value) {
			if standsIn(tok, len(tok)-len(value)+i) && anyDigit(v6, func(d string) bool { return address(value[:i] + d + value[i+1:]) }) {
				return true
			}
		}
		return false
	}
	last := len(tok) - 1
	length := sep != "" && standsIn(tok, last) && strings.HasSuffix(strings.TrimRight(tok[:last], "0123456789"), "/")
	return length && anyDigit(false, func(d string) bool { return valid(tok[:last] + d) })
}

// separated reports whether one comma or semicolon stands between a whole address and the space, or the
// end, behind it. No key of a figure is beside those: a separator was typed with the space, and none in
// place of a figure, unless something else in the record says so. A length that lets half of the
// world in is none that was meant.
func separated(tok string) bool {
	n := len(tok) - 1
	if tok[n] != ',' && tok[n] != ';' || !startsAddress(tok) || !valid(tok[:n]) {
		return false
	}
	t := spf.ParseTerm(tok[:n])
	return t.Prefix.IsValid() && !isBroad(t.Prefix)
}

// maxAddress is more than the longest address with its length.
const maxAddress = 64

// anyDigit reports whether one of the digits will do, of hexadecimal numbers or of
// decimal ones.
func anyDigit(hex bool, do func(digit string) bool) bool {
	digits := "0123456789abcdef"
	if !hex {
		digits = digits[:10]
	}
	return slices.ContainsFunc(strings.Split(digits, ""), do)
}

// member is a token without the comma or semicolon that stands between the members of a
// list: another token ends in it too, or it is a comma behind an address, and one of the
// same kind follows, as in "ip4:192.0.2.1, ip4:192.0.2.2". A token that is none of a list
// stays as it is: what ends it may stand in place of a digit, and a length that lost one
// lets a quarter of the Internet in.
func member(tokens []string, at int) string {
	tok := tokens[at]
	sep := tok[len(tok)-1:]
	if sep != "," && sep != ";" || len(tok) == 1 {
		return tok
	}
	for i, other := range tokens {
		if i != at && strings.HasSuffix(other, sep) {
			return tok[:len(tok)-1]
		}
	}
	if at+1 < len(tokens) && sep == "," && !strings.Contains(tok, "/") {
		_, name, _, _ := split(tok)
		if _, next, _, _ := split(tokens[at+1]); ascii.EqualFold(name, next) {
			return tok[:len(tok)-1]
		}
	}
	return tok
}

// standsForLetter reports whether what is taken off the end of a name may be typed in
// place of its last letter: "include:_spf.google.co;". Only a top-level domain which no
// other one begins with is sure by itself. Of a name without a macro the DNS can tell.
func standsForLetter(tok string, terms []string) bool {
	last := terms[len(terms)-1]
	t := spf.ParseTerm(last)
	if t.Spec == "" || !t.Kind.Directive() && t.Kind != spf.KindRedirect && t.Kind != spf.KindExp || t.Kind == spf.KindIP4 || t.Kind == spf.KindIP6 ||
		!standsIn(tok, len(tok)-1) || last[len(last)-1] == '}' || !strings.HasSuffix(last, t.Spec) {
		return false
	}
	top := t.Spec[strings.LastIndexByte(t.Spec, '.')+1:]
	if !plausible("x." + top) {
		return true
	}
	for c := 'a'; c <= 'z'; c++ {
		if plausible("x." + top + string(c)) {
			return true
		}
	}
	return false
}

// lostStart reports whether what is taken off the start of a name may be typed in place
// of its first character: "include:;spf.esp.example" may be _spf.esp.example.
func lostStart(tok string, terms []string) bool {
	_, _, sep, value := split(tok)
	t := spf.ParseTerm(terms[0])
	return sep != "" && value != "" && strings.IndexByte(".,;/\\|-%", value[0]) >= 0 && t.Spec != "" && t.Kind != spf.KindIP4 && t.Kind != spf.KindIP6 &&
		strings.HasPrefix(value[1:], t.Spec)
}

// bareName reports whether a token is a name without a mechanism.
func bareName(tok string) bool {
	_, name, sep, _ := split(tok)
	return sep == "" && hostLike(name) && !isName(name) && len(keywordPrefix(tok)) == 0
}

// bareAddress reports whether a token is an address without a mechanism.
func bareAddress(tok string) bool {
	_, ok := parsePrefix(tok)
	return ok
}

// takesHost reports whether a token is an a, mx or ptr without a name: a name with an
// underscore is that of a record to include, and of no host that belongs behind it.
func takesHost(tok string) bool {
	t := spf.ParseTerm(tok)
	return t.Error == "" && t.Spec == "" && (t.Kind == spf.KindA || t.Kind == spf.KindMX || t.Kind == spf.KindPTR)
}

// endsInName reports whether a token is a term that ends in a domain name, or could
// be followed by one.
func endsInName(tok string) bool {
	if tok == "" {
		return false
	}
	t := spf.ParseTerm(tok)
	switch t.Kind {
	case spf.KindInclude, spf.KindExists, spf.KindRedirect, spf.KindExp:
		return t.Spec != ""
	case spf.KindA, spf.KindMX, spf.KindPTR:
		return true // the space may stand for the colon
	case spf.KindModifier, spf.KindInvalid:
		return strings.Contains(tok, ".")
	}
	return false
}
