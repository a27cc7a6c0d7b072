package policy

import (
	"cmp"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"mailworthy/internal/ascii"
	"mailworthy/provider"
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
		// A slip in all, "=all:~" or "=al", is no value.
		return "", isName(bare) && !likeAll(next)
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
		return "", t.Spec != "" && clean(tok+next) && endsName(t.Spec, next)
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

// endsName reports whether what begins with a dot is the rest of a name: "_spf.esp .example". Behind a whole
// one it is, if both make one suffix, "acme.co .uk", which is no service's; else the dot may stand for the
// sign of a term, or be a slip before it: ".all", ".mx".
func endsName(name, rest string) bool {
	rest, _, _ = strings.Cut(ascii.ToLower(rest), "/")
	host, end, services := ascii.ToLower(name)+rest, strings.Trim(rest, "."), provider.Builtin()
	if likeAll(rest) || !plausible(host) {
		return false
	}
	return !plausible(name) || !strings.Contains(name, ".") || services.OfSPF(host) != nil || oneSuffix(name, end) && !isName(end) && services.OfSPF(ascii.ToLower(name)) == nil
}

// oneSuffix reports whether a public suffix is of the last labels of a name and an end behind it: com.mx.
func oneSuffix(name, end string) bool {
	suffix, _ := publicsuffix.PublicSuffix(ascii.ToLower(name + "." + end))
	return len(suffix) > len(end)
}

// namesHost reports whether a term names a host below a top-level domain that there is.
func namesHost(tok string) bool {
	t := spf.ParseTerm(tok)
	return t.Error == "" && (t.Kind.Directive() || t.Kind == spf.KindRedirect) && t.Spec != "" && plausible(t.Spec)
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
	case tok[0] == '.' && !strings.ContainsAny(tok, ":=") && strings.ContainsAny(before, ":=") && namesHost(before+tok):
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
