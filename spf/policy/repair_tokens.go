package policy

import (
	"cmp"
	"slices"
	"strings"

	"mailworthy/internal/ascii"
	"mailworthy/spf"
)

// joinTokens puts together what a stray space has torn apart: "include: x",
// "ip4 :x", "- all", "ip4:192.0.2.0 /24", "include:_spf. esp.example". lost are those
// among them that may have lost something, and why: the space may stand in place of a digit
// ("ip4:192.0.2 .0/24"), or one place from where it belongs. spaced are those that may so
// have lost a digit, but have a space between the colon and a whole address, and how they stood there.
func joinTokens(in []string, note func(term, to, why string)) (out []string, lost, spaced map[string]string) {
	lost, spaced = make(map[string]string), make(map[string]string)
	in = slices.Clone(in)
	for i := 0; i < len(in); i++ {
		tok, doubtful := in[i], false
		for i+1 < len(in) && len(tok) <= maxTorn {
			next := in[i+1]
			if left, right, sure := displaced(tok, next); left != "" && sure {
				note(tok+" "+next, left+" "+right, "the space stands one place from where it belongs")
				tok, in[i+1] = left, right
				break
			} else if left != "" {
				lost[tok] = "its space may stand one place from where it belongs"
			}
			glue, torn := torn(tok, next)
			if !torn {
				break
			}
			joined := tok + glue + next
			// Before a slash a space is typed by itself: "ip4:192.0.2.12 /25".
			whole := next[0] == '/' && valid(tok)
			if (startsAddress(tok) || tok[len(tok)-1] == '/') && glue == "" && !whole && anyDigit(true, func(d string) bool { return valid(tok + d + next) }) {
				if tok[len(tok)-1] == ':' && wholePublic(next) {
					spaced[joined] = tok + " " + next
				} else {
					doubtful = true
				}
			}
			doubtful = doubtful || spaced[tok] != ""
			note(tok+" "+next, joined, strayedSpace)
			tok = joined
			i++
		}
		out = append(out, tok)
		if doubtful {
			lost[tok] = "a digit of the address may be lost"
		}
	}
	return out, lost, spaced
}

// wholePublic reports whether a value is an address, with or without a length, and if it is one of
// IPv6, a public one: "001:db8::1" has lost its first figure.
func wholePublic(value string) bool {
	p, ok := parsePrefix(value)
	return ok && (p.Addr().Is4() || p.Addr().As16()[0]>>5 == 1)
}

// strayedSpace is why tokens are put together.
const strayedSpace = "a stray space"

// displaced moves a space between two tokens that was typed one place too early or too late:
// "a:mail.acme.exampl eip4:192.0.2.1", "include:_spf.esp.examplei p4:192.0.2.1",
// "include:_spf.esp.example- all", "mxa :mail.acme.example". It is sure if the name is none
// as it is written.
func displaced(tok, next string) (left, right string, sure bool) {
	_, name, sep, _ := split(next)
	begins := func(s string) bool {
		_, n, p, v := split(s)
		return p == sep && isName(n) && (p == "" || v != "")
	}
	last := tok[len(tok)-1]
	t := spf.ParseTerm(tok)
	named := t.Kind.Directive() || t.Kind == spf.KindRedirect || t.Kind == spf.KindExp
	switch {
	case sep == ":" && name == "" && len(tok) > 1 && !isName(strings.TrimLeft(tok, "+-~?")):
		for _, n := range []string{"include", "exists", "ip4", "ip6", "mx", "a"} {
			if head := tok[:max(0, len(tok)-len(n))]; head != "" && ascii.EqualFold(tok[len(head):], n) && clean(head) && valid(n+next) {
				return head, tok[len(head):] + next, true
			}
		}
	case (last == '-' || last == '~') && len(tok) > 1 && ascii.EqualFold(next, "all") && clean(tok[:len(tok)-1]):
		return tok[:len(tok)-1], tok[len(tok)-1:] + next, true
	case !named || t.Spec == "" || t.Macros || t.Error == "" && len(t.Spec) < 3:
	case len(next) > 1 && ascii.IsLetter(next[0]) && !isName(name) && begins(next[1:]) && clean(tok+next[:1]) && plausible(t.Spec+next[:1]):
		return tok + next[:1], next[1:], !plausible(t.Spec)
	case ascii.IsLetter(last) && !isName(name) && begins(tok[len(tok)-1:]+next) && clean(tok[:len(tok)-1]) && plausible(t.Spec[:len(t.Spec)-1]):
		return tok[:len(tok)-1], tok[len(tok)-1:] + next, !plausible(t.Spec)
	}
	return "", "", false
}

// maxTorn is the longest token that something is joined to.
const maxTorn = 512

// torn reports whether a space tore two tokens apart, and what belongs between
// them.
func torn(tok, next string) (glue string, ok bool) {
	bare := strings.TrimLeft(tok, "+-~?")
	t, n := spf.ParseTerm(tok), spf.ParseTerm(next)
	nextIsTerm := n.Error == "" && n.Kind != spf.KindModifier
	switch {
	case bare == "": // a lone sign
		return "", !strings.ContainsAny(next[:1], "+-~?")
	case bare[len(bare)-1] == ':' || bare[len(bare)-1] == '=':
		return "", isName(bare[:len(bare)-1]) && !startsTerm(next)
	case next[0] == ':' || next[0] == '=':
		// A slip in all, "=all:~", is no value.
		word := strings.Trim(next[1:], "+-~?:;,.=")
		return "", isName(bare) && !ascii.EqualFold(word, "all")
	case next[0] == '/' && strings.Trim(next, "/0123456789") == "":
		return "", t.Error == "" && (t.Kind == spf.KindIP4 || t.Kind == spf.KindIP6 || t.Kind == spf.KindA || t.Kind == spf.KindMX)
	case bare[len(bare)-1] == '/' && strings.Trim(next, "0123456789") == "":
		return "", true
	case needsValue(bare) && !startsTerm(next) && !nextIsTerm:
		// "include _spf.esp.example": the space stands for the colon.
		sep := ":"
		if ascii.EqualFold(bare, "redirect") || ascii.EqualFold(bare, "exp") {
			sep = "="
		}
		return sep, valid(tok + sep + next)
	case nextIsTerm || startsTerm(next):
		return "", false
	case startsAddress(tok) && (valid(tok+"1"+next) || valid(tok+"5"+next)):
		// The space may stand for a digit.
		return "", false
	case (strings.Contains(tok, "%") || strings.Contains(next, "%")) && !(tok[len(tok)-1] == '}' && next[0] == '.'):
		// The space may stand for a letter, and no answer of the DNS can tell.
		return "", false
	case next[0] == '.':
		return "", t.Spec != "" && clean(tok+next)
	case tok[len(tok)-1] == '.' && t.Spec != "" && !plausible(t.Spec):
		return "", clean(tok + next)
	case t.Error != "" && t.Spec != "" && isWord(tok[len(tok)-1]) && isWord(next[0]) && (clean(tok+"."+next) || clean(tok+":"+next)):
		// The space may stand for a dot or a colon as well.
		return "", false
	case t.Error != "":
		return "", clean(tok + next)
	}
	return "", false
}

func isWord(c byte) bool { return ascii.IsLetter(c) || ascii.IsDigit(c) || c == '-' || c == '_' }

// clean reports whether a text is a term without anything suspicious.
func clean(s string) bool {
	t := spf.ParseTerm(s)
	return t.Error == "" && t.Kind != spf.KindModifier && !suspicious(&t)
}

// valid reports whether a text is a term of the grammar and no unknown modifier.
func valid(s string) bool {
	t := spf.ParseTerm(s)
	return t.Error == "" && t.Kind != spf.KindModifier
}

// needsValue reports whether a name is that of a term which is nothing by itself.
func needsValue(s string) bool {
	switch strings.ToLower(s) {
	case "include", "exists", "ip4", "ip6", "redirect", "exp":
		return true
	}
	return false
}

// startsTerm reports whether a token is a term by its own right, or the beginning
// of one.
func startsTerm(s string) bool {
	if _, name, sep, _ := split(s); sep != "" && isName(name) {
		return true
	}
	t := spf.ParseTerm(s)
	return t.Error == "" && t.Kind != spf.KindModifier
}

// readToken returns the terms that a token was meant to be, and why they are others
// than it; none if nobody can tell. before is the token before it.
func readToken(tok, before string) (terms []string, why string) {
	t := spf.ParseTerm(tok)
	if t.Error == "" && t.Kind == spf.KindModifier && ascii.EqualFold(t.Name(), "v") {
		rest, ok := cutVersion(tok)
		switch {
		case ok && rest != "":
			terms, _ = readToken(rest, before)
			return terms, "a second version, of another record"
		case !ok && !otherVersion(t.Spec):
			return nil, "what stands behind the version may name a sender" // "v=spf11mx"
		}
		return []string{}, "a second version, of another record"
	}
	fixed, why := fix(t, 3)
	switch {
	case fixed == nil && t.Error == "" && (t.Kind == spf.KindModifier || !suspicious(&t)):
		return []string{tok}, ""
	case fixed == nil:
		return nil, "nobody can tell what it means"
	case startsAddress(tok) && strings.IndexByte(";,.-_/", afterColon(tok)[0]) >= 0:
		return nil, "what stands before its first digit may stand for one"
	case ascii.IsDigit(tok[0]) && before != "" && ascii.IsDigit(before[len(before)-1]) && runsOn(before, tok):
		return nil, "its first digit may be the last of " + quotable(before)
	case bareAddress(tok) && startsAddress(before) && !valid(before):
		return nil, "it may be the rest of " + quotable(before)
	case bareName(tok) && endsInName(before) && !(tok[0] == '_' && takesHost(before)):
		// A stray space may have cut a name in two.
		return nil, "it may be the rest of " + quotable(before)
	}
	return fixed, why
}

// otherVersion reports whether a value is the version of another record than one of SPF.
func otherVersion(value string) bool {
	return slices.ContainsFunc([]string{"DMARC1", "DKIM1", "STSv1", "TLSRPTv1", "BIMI1"}, func(v string) bool { return ascii.EqualFold(strings.TrimRight(value, ";,"), v) })
}

// runsOn reports whether the space before an address may stand one digit too early or too
// late, or in place of one.
func runsOn(before, tok string) bool {
	if _, address := parsePrefix(tok); !address || !valid(before) {
		return true
	}
	_, rest := parsePrefix(tok[1:])
	_, more := parsePrefix(before[len(before)-1:] + tok)
	return rest && valid(before+tok[:1]) || more && valid(before[:len(before)-1]) || valid(before+tok) ||
		anyDigit(true, func(d string) bool { return valid(before + d + tok) })
}

// afterColon is what stands behind the separator of a token that has one; never empty.
func afterColon(tok string) string {
	_, _, _, value := split(tok)
	return cmp.Or(value, " ")
}

// excludedOrNot is a placeholder for terms whose signs may be slips: what they are with
// their signs, or without.
func excludedOrNot(terms []string) string {
	with, without := make([]string, len(terms)), make([]string, len(terms))
	for i, term := range terms {
		with[i] = forPlaceholder(term)
		without[i] = with[i]
		if t := spf.ParseTerm(term); t.Kind != spf.KindAll {
			without[i] = strings.TrimLeft(with[i], "-~?")
		}
	}
	return "<" + strings.Join(with, " ") + " or " + strings.Join(without, " ") + ">"
}

// doubtfulSign reports whether a term that was repaired excludes what it names by a
// sign that may be a slip as well: one that stood apart, or in place of a letter.
// Hardly anyone excludes senders, and to exclude one by mistake loses it.
func doubtfulSign(fixed []string) bool {
	return slices.ContainsFunc(fixed, func(s string) bool {
		t := spf.ParseTerm(s)
		return t.Kind.Directive() && t.Kind != spf.KindAll && t.Sign != '+'
	})
}

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

// meant is what a term was probably meant to be; empty if it is fine, or if
// nobody can tell.
func meant(t spf.Term) string {
	fixed, _ := fix(t, 3)
	return strings.Join(fixed, " ")
}

// maxFixed is the longest term that is read for what was meant.
const maxFixed = 300

// fix finds valid terms for one that is invalid or looks like a slip. It tries
// again on what it made, as often as depth says. It never makes an all that lets
// everyone pass of anything else.
func fix(t spf.Term, depth int) (fixed []string, why string) {
	if len(t.Text) > maxFixed || t.Error == "" && !suspicious(&t) {
		return nil, ""
	}
	for _, try := range attempts {
		parts, why := try(t.Text)
		if len(parts) == 0 || len(parts) == 1 && parts[0] == t.Text {
			continue
		}
		var out []string
		for _, p := range parts {
			if p == "" {
				out = nil
				break
			}
			q := spf.ParseTerm(p)
			var more []string
			if depth > 0 {
				more, _ = fix(q, depth-1)
			}
			if more == nil && q.Error == "" && q.Kind != spf.KindModifier && !suspicious(&q) && (q.Kind != spf.KindAll || q.Sign != '+') {
				more = []string{p}
			}
			if more == nil {
				out = nil
				break
			}
			out = append(out, more...)
		}
		if out != nil {
			return oneAll(out, why)
		}
	}
	return nil, ""
}

// oneAll are terms that one token was read as, with one all. Of two that differ nobody can tell
// which was chosen: "-all|~all".
func oneAll(terms []string, why string) ([]string, string) {
	var out []string
	for _, s := range terms {
		if i := slices.IndexFunc(out, endsPolicy); i < 0 || !endsPolicy(s) {
			out = append(out, s)
		} else if !ascii.EqualFold(out[i], s) {
			return nil, ""
		}
	}
	return out, why
}

// suspicious reports whether a valid term is perhaps a slip: the grammar lets nearly
// every character stand in a name.
func suspicious(t *spf.Term) bool {
	switch t.Kind {
	case spf.KindModifier:
		return reported(t) == ""
	case spf.KindInclude, spf.KindExists, spf.KindA, spf.KindMX, spf.KindPTR, spf.KindRedirect, spf.KindExp:
	default:
		return false
	}
	dot := -1
	for i := 0; i < len(t.Spec); i++ {
		switch c := t.Spec[i]; {
		case c == '%' && i+1 < len(t.Spec) && t.Spec[i+1] == '{':
			if end := strings.IndexByte(t.Spec[i:], '}'); end > 0 {
				i += end
			}
			if i == len(t.Spec)-1 {
				return false // it ends in a macro
			}
		case c == '%' && i+1 < len(t.Spec) && strings.IndexByte("%_-", t.Spec[i+1]) >= 0:
			i++
		case c == '.':
			if dot == i-1 {
				return true // an empty label
			}
			dot = i
		case c == '-' && (i == dot+1 || i+1 == len(t.Spec) || t.Spec[i+1] == '.'):
			return true // no host is called that (RFC 1123, 2.1)
		case !ascii.IsLetter(c) && !ascii.IsDigit(c) && c != '-' && c != '_':
			return true
		}
	}
	// No top-level domain has a hyphen but those in A-labels.
	top := t.Spec[dot+1:]
	return strings.Contains(top, "-") && !(len(top) > 4 && ascii.EqualFold(top[:4], "xn--"))
}

// reported names the standard of a modifier that another one than RFC 7208 knows
// (RFC 6652, 3): where and how often failures are to be reported.
func reported(t *spf.Term) string {
	switch n := t.Name(); {
	case ascii.EqualFold(n, "ra"), ascii.EqualFold(n, "rp"), ascii.EqualFold(n, "rr"):
		return "RFC 6652"
	}
	return ""
}
