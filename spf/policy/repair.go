package policy

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"mailworthy/internal/ascii"
	"mailworthy/internal/hint"
	"mailworthy/spf"
)

// change is one thing that repair did to a record.
type change struct {
	// term is what stood there, to what stands there now: nothing if the term
	// was left out.
	term string
	to   string
	why  string
	// asked says that a placeholder stands for the term where the record is shown.
	asked bool
}

// repaired is a record as a person would read it.
type repaired struct {
	// text is a valid record, without what nobody can make sense of. It is empty if
	// the record is too large to be repaired.
	text string
	// shown is text with a placeholder for each term that was left out and could
	// have named a sender. It is text itself if the repair needs no knowledge.
	shown   string
	parts   []reading
	changes []change
}

// reading is one term of a repaired record, or a placeholder for one. The name of one that
// is cut may have lost its first or last letter to what was taken off. or is the term that it
// may be as well; empty if there is none.
type reading struct {
	text   string
	unread bool
	cut    bool
	or     string
}

// complete reports whether nothing was left out that could have meant something.
func (r *repaired) complete() bool { return r.text != "" && r.shown == r.text }

// The bounds of a repair. A record within the size that a receiver is sure to get
// has a tenth of these.
const (
	maxRepaired = 8 << 10
	maxTokens   = 400
	maxUnread   = 8
)

// listApart reports whether the terms that a token holds stand apart by one character all: what
// stands before the last one is then no letter that was mistyped.
func listApart(tok string, terms []string) bool {
	last := terms[len(terms)-1]
	at := len(tok) - len(last) - 1
	return len(terms) > 2 && at > 0 && strings.HasSuffix(tok, last) && strings.IndexByte(",;|&", tok[at]) >= 0 && strings.Count(tok, tok[at:at+1]) == len(terms)-1
}

// withoutComment are the tokens of a record without what stands behind its all as a comment,
// in brackets or behind a mark of one, or as plain words that are no terms: none of it was
// ever meant for receivers.
func withoutComment(in []string, note func(term, to, why string)) []string {
	all := slices.IndexFunc(in, endsPolicy)
	if all < 0 || all+1 == len(in) {
		return in
	}
	rest := in[all+1:]
	first, last := rest[0], rest[len(rest)-1]
	marked := first[0] == '#' || strings.HasPrefix(first, "//") || first[0] == '(' && last[len(last)-1] == ')' && !slices.ContainsFunc(rest, func(w string) bool {
		return startsTerm(strings.Trim(w, "()")) // it may be meant
	})
	words := !slices.ContainsFunc(rest, func(w string) bool {
		return len(w) < 3 || keyword(w, "") != "" || strings.ContainsFunc(w, func(c rune) bool { return c >= 0x80 || !ascii.IsLetter(byte(c)) })
	})
	if !marked && !words {
		return in
	}
	note(strings.Join(rest, " "), "", "it is a comment, which has no place in a record")
	return in[:all+1]
}

// asWritten are the tokens that stand in a text with nothing but spaces around them.
func asWritten(text string) map[string]bool {
	out := make(map[string]bool)
	for _, f := range strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune(" \t\r\n\"'", c) }) {
		out[f] = true
	}
	return out
}

// beforeOddSpace are the tokens with a space behind them that is none of ASCII, and
// another one or the end of the text behind that: it may have been typed in place of a
// character.
func beforeOddSpace(text string) map[string]bool {
	out := make(map[string]bool)
	text = strings.Trim(text, " \"'")
	for i, c := range text {
		if c < 0x80 || strings.TrimSpace(lookAlikes.Replace(string(c))) != "" || strings.Contains(unseen, string(c)) {
			continue
		}
		before, after := text[:i], text[i+len(string(c)):]
		if f := strings.Fields(lookAlikes.Replace(before)); len(f) > 0 && strings.HasSuffix(before, f[len(f)-1]) && (after == "" || after[0] == ' ') {
			out[f[len(f)-1]] = true
		}
	}
	return out
}

// lostDigit reports whether what stands before the address of an ip4 may have been its
// first digit: "ip4::92.0.2.20". An address whose first number has
// three digits has lost none.
func lostDigit(tok string, terms []string) bool {
	if len(terms) != 1 || spf.ParseTerm(terms[0]).Kind != spf.KindIP4 {
		return false
	}
	colon := strings.IndexByte(tok, ':') + 1
	rest := tok[colon:]
	address := strings.TrimLeftFunc(rest, func(c rune) bool { return c < '0' || c > '9' })
	dot := strings.IndexByte(address, '.')
	return colon > 0 && address != rest && (dot == 1 || dot == 2)
}

// spaceOrLetter reports whether the last digit of the IPv6 address of a term that the next
// one stands behind without a space may be typed in place of it: letters are beside the
// space bar. Both are addresses of a host then, and no answer of the DNS tells which one
// sends. A figure is far from it: there the space was left out.
func spaceOrLetter(t *spf.Term) bool {
	if t.Kind != spf.KindIP6 || !t.Prefix.IsSingleIP() || !ascii.IsLetter(t.Spec[len(t.Spec)-1]) {
		return false
	}
	shorter := t.Spec[:len(t.Spec)-1]
	_, ok := parsePrefix(shorter)
	return ok && !strings.Contains(t.Text, "/") && !strings.HasSuffix(shorter, ":")
}

// passesAll reports whether one of the terms is an all that lets everyone pass.
func passesAll(terms []string) bool {
	return slices.ContainsFunc(terms, func(s string) bool {
		t := spf.ParseTerm(s)
		return t.Error == "" && t.Kind == spf.KindAll && t.Sign == '+'
	})
}

// endsPolicy reports whether a term is all.
func endsPolicy(text string) bool {
	t := spf.ParseTerm(text)
	return t.Kind == spf.KindAll && t.Error == ""
}

// cutAll takes the all off a token that nobody can read, if its sign says that it is
// one: "ip4:192.0.2.10/-all", "include:~all".
func cutAll(tok string) (head, all string) {
	at := len(tok) - len("-all")
	if at < 2 || strings.IndexByte("-~?", tok[at]) < 0 || !ascii.EqualFold(tok[at+1:], "all") || strings.IndexByte(":=/.", tok[at-1]) < 0 {
		return tok, ""
	}
	return tok[:at], tok[at:]
}

// oddTokens are the tokens with a macro, and the modifiers but redirect, in which a character stood
// that is none of a record, or a single quotation mark in an address. Whether it slipped in
// or stands for another character, no answer of the DNS can tell.
func oddTokens(text string, fields []string) map[string]bool {
	out := make(map[string]bool)
	raw := strings.Fields(text)
	if len(raw) < len(fields) {
		return out
	}
	raw = raw[len(raw)-len(fields):]
	for i, f := range fields {
		kind := spf.ParseTerm(f).Kind
		switch {
		case raw[i] == f:
			if n := strings.Count(f, `"`) + strings.Count(f, "'"); n == 1 && strings.Count(text, `"`)+strings.Count(text, "'") == 1 && startsAddress(f) {
				out[f] = true
			}
		case startsAddress(f) && strings.ContainsAny(raw[i], unseen):
			out[f] = true // what cannot be seen may stand for a digit
		case (strings.Contains(f, "%") || kind == spf.KindModifier || kind == spf.KindExp) && len(strings.Trim(raw[i], "\"'")) != len(f):
			out[f] = true
		}
	}
	return out
}

// lostAll stands for the all that a sign at the end of a record has lost.
func lostAll(sign byte) string {
	if sign == '?' {
		return "<?all or ~all>"
	}
	return "<-all or ~all>"
}

// startsAddress reports whether a token is an ip4 or ip6, well written or not.
func startsAddress(tok string) bool {
	_, name, sep, value := split(tok)
	kind := keyword(name, value)
	return sep != "" && (kind == "ip4" || kind == "ip6")
}

// noise reports whether a token has neither a letter nor a digit, so that it names
// nobody.
func noise(tok string) bool {
	if tok[0] == '/' {
		return false // a length may have stood behind it
	}
	tok = strings.ReplaceAll(tok, "\u2026", "...")
	for i := range len(tok) {
		if ascii.IsLetter(tok[i]) || ascii.IsDigit(tok[i]) || tok[i] >= 0x80 {
			return false
		}
	}
	return true
}

// placeholder stands for a term that nobody can make sense of, in a proposal that
// is not complete.
func placeholder(tok string) string {
	sign, name, sep, value := split(tok)
	if len(sign) > 1 || sign == "+" {
		sign = ""
	}
	what := forPlaceholder(tok)
	if t := strings.ToLower(strings.TrimLeft(tok, "+-~?=_:.;,")); likeAll(tok) || hint.Distance(t, "all") <= 1 {
		return "<-all or ~all>"
	}
	switch kind := keyword(name, value); {
	case onlyAlls(tok):
		signs := strings.Map(func(c rune) rune {
			if strings.ContainsRune("-~?", c) {
				return c
			}
			return -1
		}, tok)
		if len(signs) > 1 {
			return eitherAll(signs[:1]+"all", signs[len(signs)-1:]+"all")
		}
		return lostAll('-')
	case runsInto(name), (kind == "a" || kind == "mx") && (sep == "/" && value != "" || strings.Contains(value, "/") && valid(tok)):
	case kind == "ip4" || kind == "ip6":
		return sign + kind + ":<the address that " + what + " was meant to be>"
	case kind == "include" || kind == "a" || kind == "mx" || kind == "exists":
		return sign + kind + ":<the name that " + what + " was meant to be>"
	case kind == "redirect" || kind == "exp":
		return kind + "=<the name that " + what + " was meant to be>"
	}
	return "<the term that " + what + " was meant to be>"
}

// likeAll reports whether a token may be an all with signs or separators anywhere, and one slip in its
// letters: "=al", "a=ll", "all:~".
func likeAll(tok string) bool {
	letters := strings.Map(func(c rune) rune {
		if strings.ContainsRune("+-~?=_:.;,", c) {
			return -1
		}
		return c
	}, strings.ToLower(tok))
	return hint.Distance(letters, "all") <= 1
}

// onlyAlls reports whether a token is one all behind another.
func onlyAlls(tok string) bool {
	alls := strings.FieldsFunc(strings.ToLower(tok), func(c rune) bool { return strings.ContainsRune(",;|/&:+-~?", c) })
	return len(alls) > 1 && !slices.ContainsFunc(alls, func(s string) bool { return s != "all" })
}

// forPlaceholder bounds a piece of a record and takes away what ends a placeholder
// or a string. What is no ASCII stands there as its number.
func forPlaceholder(s string) string {
	var out strings.Builder
	for i, c := range s {
		switch {
		case out.Len() > 80:
		case c == utf8.RuneError && s[i] >= 0x80:
			fmt.Fprintf(&out, "(0x%02X)", s[i])
		case c > 0x7e:
			fmt.Fprintf(&out, "(%U)", c)
		case c != '<' && c != '>' && c != '"' && c != '\\' && c > 0x20:
			out.WriteByte(byte(c))
		}
	}
	if s = out.String(); len(s) > 80 {
		s = s[:80] + "..."
	}
	return s
}

// firstField is the text up to the first white space after its start.
func firstField(s string) string {
	start := len(s) - len(strings.TrimLeft(s, " \t"))
	if i := strings.IndexFunc(s[start:], unicode.IsSpace); i >= 0 {
		return s[:start+i]
	}
	return s
}

// cutVersion removes the version, in every way that people write it: "v=spf1:",
// "v = spf1", "spf1", "v=spf1;", "v=spf1-all".
func cutVersion(s string) (rest string, ok bool) {
	if spf.IsRecord(s) {
		return s[len(spf.Version):], true
	}
	at := len(s) - len(strings.TrimLeft(s, "<([{"))
	eat := func(want string) bool {
		for at < len(s) && s[at] == ' ' {
			at++
		}
		if len(s)-at >= len(want) && ascii.EqualFold(s[at:at+len(want)], want) {
			at += len(want)
			return true
		}
		return false
	}
	if eat("v") {
		if !eat("=") && !eat(":") {
			eat("-")
		}
	}
	if eat("spf") {
		eat("=")
		eat(".")
		eat("v")
		if eat("1") && (at == len(s) || !ascii.IsDigit(s[at])) {
			return strings.TrimLeft(strings.TrimLeft(s[at:], ":;,=./\""), " "), true
		}
	}
	// One letter too many, too few, or two that changed places: "v=sfp1", "v=spf",
	// "v=spf11", "v=s pf1".
	for fields := 1; fields <= 2; fields++ {
		at, n := 0, 0
		for ; at < len(s) && n < fields; n++ {
			for at < len(s) && s[at] == ' ' {
				at++
			}
			for at < len(s) && s[at] != ' ' {
				at++
			}
		}
		if n == fields && nearVersion(s[:at]) {
			if end := leftOf(s[:at]); end > 0 && !(s[end-1]|0x20 == 'f' && hasBare(s[at:], s[end])) {
				at = end
			}
			return strings.TrimLeft(s[at:], " "), true
		}
	}
	// There has never been another version, but Sender ID's.
	first, rest, _ := strings.Cut(s, " ")
	if len(first) == len(spf.Version) && ascii.EqualFold(first[:len(first)-1], "v=spf") && ascii.IsDigit(first[len(first)-1]) && useful(spf.Version+" "+rest) {
		return strings.TrimLeft(rest, " "), true
	}
	return s, false
}

// leftOf is where in a text near the version a letter stands that may be what is left of a term; 0 if none does:
// "v=spf=m", "v=spf.a", "v=sp f1a", "v=sp,f1m\\", "v=spfm".
func leftOf(version string) int {
	end := len(version)
	for end > 1 && !ascii.IsAlphanumeric(version[end-1]) {
		end--
	}
	end--
	if end < 1 || !nearVersion(version[:end]) {
		return 0
	}
	switch c, before := ascii.Lower(version[end]), ascii.Lower(version[end-1]); {
	case !ascii.IsLetter(c) || c == 'l' || c == 'i':
		return 0
	case before == '1' && ascii.EqualFold(ascii.Alphanumeric(version[:end]), "vspf1"), !ascii.IsAlphanumeric(before), before == 'f' && strings.IndexByte(figureless, c) >= 0:
		return end
	}
	return 0
}

// hasBare reports whether a record has the term that a letter may be what is left of.
func hasBare(record string, letter byte) bool {
	term := "mx"
	if letter|0x20 == 'a' {
		term = "a"
	}
	return slices.ContainsFunc(strings.Fields(record), func(f string) bool { return ascii.EqualFold(strings.TrimLeft(f, "+?~-"), term) })
}

// figureless are the letters that terms without a value begin or end in: in place of the version's figure,
// one may be what is left of such a term.
const figureless = "amx"

// senderID returns the terms of a Sender ID record about the envelope, as SPF is
// (RFC 4406, 3.1): "spf2.0/mfrom,pra mx -all". Some write the version of SPF in it, too.
func senderID(s string) (rest string, ok bool) {
	scopes, rest, _ := strings.Cut(s, " ")
	if len(scopes) < len(senderIDVersion) || !ascii.EqualFold(scopes[:len(senderIDVersion)], senderIDVersion) {
		return "", false
	}
	rest = strings.TrimLeft(rest, " ")
	if list, is := cutVersion(rest); is {
		return strings.TrimLeft(list, " "), true
	}
	return rest, slices.ContainsFunc(strings.Split(scopes[len(senderIDVersion):], ","), func(s string) bool { return ascii.EqualFold(s, "mfrom") })
}

// senderIDVersion is what a Sender ID record begins with, before its scopes.
const senderIDVersion = "spf2.0/"

// cutOwner removes what a line of a zone file has before the data: "TXT v=spf1 …",
// "acme.example. 3600 IN TXT \"v=spf1 …".
func cutOwner(s string) string {
	at := indexFold(s[:min(len(s), 300)], spf.Version)
	if at < 1 {
		return s
	}
	for _, f := range strings.Fields(strings.NewReplacer(`"`, " ", "(", " ", "<", " ", "[", " ").Replace(s[:at])) {
		switch strings.ToUpper(f) {
		case "TXT", "SPF", "IN", "@":
		default:
			if ownsDomain(f) {
				continue // a proof of ownership that another record has run into
			}
			if strings.Trim(f, "0123456789") != "" && !(f[len(f)-1] == '.' && hostLike(f)) {
				return s
			}
		}
	}
	if strings.Contains(s[:at], `"`) {
		if strings.Contains(s[:at], "(") {
			s = strings.TrimRight(s, " )")
		}
		return `"` + s[at:]
	}
	return strings.TrimRight(s[at:], `"`)
}

// nearVersion reports whether a text is one slip away from the version. Another
// number is another version.
func nearVersion(s string) bool {
	if len(s) > 12 {
		return false
	}
	if strings.ContainsAny(s, "023456789") {
		return false
	}
	word := ascii.ToLower(ascii.Alphanumeric(s))
	return word != "spf" && hint.Distance(word, "vspf1") <= 1
}

// looksLikeRecord reports whether a text that is no SPF record was meant to be
// one.
func looksLikeRecord(s string) bool {
	if spf.IsRecord(s) || len(s) > 1<<16 {
		return false
	}
	if start := s[:min(len(s), 24)]; indexFold(start, "sp") < 0 && indexFold(start, "pf") < 0 && indexFold(start, "sf1") < 0 && indexFold(start, "txt") < 0 && indexFold(s[:min(len(s), 300)], " txt") < 0 && indexFold(s[:min(len(s), 300)], " "+spf.Version+" ") < 0 {
		return false // most texts are nothing of the kind
	}
	_, ok := cutVersion(plainText(s))
	return ok
}

// names are those of all terms that a record may hold.
var names = []string{"include", "redirect", "exists", "ip4", "ip6", "all", "ptr", "exp", "mx", "a"}

func isName(s string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return ascii.EqualFold(n, s) })
}

func indexFold(s, sub string) int {
	for i := 0; i+len(sub) <= len(s); i++ {
		if ascii.EqualFold(s[i:i+len(sub)], sub) {
			return i
		}
	}
	return -1
}

// quotable bounds a piece of text that goes into a finding.
func quotable(s string) string {
	if len(s) > 120 {
		return s[:120] + "…"
	}
	return s
}
