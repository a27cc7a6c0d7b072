package spf

import (
	"slices"
	"strings"
)

// change is one thing that repair did to a record.
type change struct {
	// term is what stood there, to what stands there now: nothing where the term
	// was left out.
	term string
	to   string
	why  string
}

// repair makes a valid record of one that is not, as a person would read it. It
// says what it changed; a term that nobody can make sense of is left out. The
// text may be anything.
func repair(text string) (string, []change) {
	var changes []change
	note := func(term, to, why string) { changes = append(changes, change{quotable(term), to, why}) }
	clean := plainText(text)
	if clean != strings.TrimSpace(text) {
		note("", "", "quotation marks or characters of a word processor, such as long dashes and no-break spaces, have no place in a record")
	}
	rest, ok := cutVersion(clean)
	if !ok {
		rest = clean
	}
	if !isRecord(text) {
		note(firstField(text), version, "the record must begin with "+version+" and a space")
	}
	out := []string{version}
	tokens := joinTokens(strings.Fields(rest), note)
	seen := make(map[Kind]bool)
	for _, tok := range tokens {
		for _, fixed := range repairToken(tok, note) {
			t := term{text: fixed}
			t.parse()
			if t.kind == KindRedirect || t.kind == KindExp {
				if seen[t.kind] {
					note(fixed, "", "only one "+string(t.kind)+" may stand in a record")
					continue
				}
				seen[t.kind] = true
			}
			out = append(out, fixed)
		}
	}
	return strings.Join(out, " "), changes
}

// plainText turns look-alikes from word processors into ASCII and white space
// into spaces, and removes quotation marks around the whole.
func plainText(s string) string {
	s = lookAlikes.Replace(s)
	s = strings.TrimSpace(s)
	if len(s) > 1 && s[0] == '"' {
		// Strings as a zone file has them: "…" "…" join without a space.
		s = strings.ReplaceAll(s, `" "`, "")
		s = strings.Trim(s, `"`)
	}
	return s
}

var lookAlikes = strings.NewReplacer("\u2010", "-", "\u2011", "-", "\u2012", "-", "\u2013", "-", "\u2014", "-", "\u2212", "-",
	"\u00a0", " ", "\u2003", " ", "\u2002", " ", "\u2009", " ", "\u200b", "", "\u200c", "", "\u200d", "", "\ufeff", "", "\u2060", "",
	"\u201c", `"`, "\u201d", `"`, "\u201e", `"`, "\u02dc", "~", "\uff1a", ":", "\uff1d", "=", "\t", " ", "\r", " ", "\n", " ", "\x00", "")

// firstField is the text up to the first space after its start.
func firstField(s string) string {
	t := strings.TrimLeft(s, " \t")
	if i := strings.IndexByte(t, ' '); i >= 0 {
		t = t[:i]
	}
	return s[:len(s)-len(strings.TrimLeft(s, " \t"))] + t
}

// cutVersion removes the version, in every way that people write it: "v=spf1:",
// "v = spf1", "spf1", "v=spf1;", "v=spf1-all".
func cutVersion(s string) (rest string, ok bool) {
	at := 0
	eat := func(want string) bool {
		for at < len(s) && s[at] == ' ' {
			at++
		}
		if len(s)-at >= len(want) && foldEqual(s[at:at+len(want)], want) {
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
	if !eat("spf") {
		return s, false
	}
	eat("=")
	eat(".")
	if !eat("1") {
		return s, false
	}
	if at < len(s) && isDigit(s[at]) {
		return s, false
	}
	return strings.TrimLeft(s[at:], " :;,=./\""), true
}

// looksLikeRecord reports whether a text that is no SPF record was meant to be
// one.
func looksLikeRecord(s string) bool {
	if isRecord(s) || len(s) > 1<<16 {
		return false
	}
	_, ok := cutVersion(plainText(s))
	return ok
}

// names are those of all terms that a record may hold.
var names = []string{"include", "redirect", "exists", "ip4", "ip6", "all", "ptr", "exp", "mx", "a"}

func isName(s string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return foldEqual(n, s) })
}

// joinTokens puts together what a stray space has torn apart: "include: x",
// "ip4 :x", "- all".
func joinTokens(in []string, note func(term, to, why string)) []string {
	var out []string
	for i := 0; i < len(in); i++ {
		tok := in[i]
		for i+1 < len(in) {
			next := in[i+1]
			bare := strings.TrimLeft(tok, "+-~?")
			torn := false
			switch {
			case bare == "": // a lone sign
				torn = !strings.ContainsAny(next[:1], "+-~?")
			case strings.HasSuffix(bare, ":") || strings.HasSuffix(bare, "="):
				torn = isName(bare[:len(bare)-1]) && !startsTerm(next)
			case next[0] == ':' || next[0] == '=':
				torn = isName(bare)
			}
			if !torn {
				break
			}
			joined := tok + next
			note(tok+" "+next, joined, "a stray space")
			tok = joined
			i++
		}
		out = append(out, tok)
	}
	return out
}

// startsTerm reports whether a token is a term by its own right, or the beginning
// of one.
func startsTerm(s string) bool {
	if _, name, sep, _ := split(s); sep != "" && isName(name) {
		return true
	}
	t := term{text: s}
	t.parse()
	return t.wrong == "" && t.kind != KindModifier
}

// repairToken returns the terms that a token was meant to be.
func repairToken(tok string, note func(term, to, why string)) []string {
	t := term{text: tok}
	t.parse()
	if t.wrong == "" && t.kind == KindModifier && foldEqual(t.name(), "v") {
		note(tok, "", "a second version, of another record")
		return nil
	}
	fixed, why := fix(t, 3)
	if fixed == nil {
		if t.wrong == "" {
			return []string{tok}
		}
		note(tok, "", "nobody can tell what it means")
		return nil
	}
	note(tok, strings.Join(fixed, " "), why)
	return fixed
}

// meant is what a term was probably meant to be; empty where it is fine, or where
// nobody can tell.
func meant(t term) string {
	fixed, _ := fix(t, 3)
	return strings.Join(fixed, " ")
}

// mistyped reports whether an unknown modifier was meant to be another term.
func (t *term) mistyped() bool {
	if t.kind != KindModifier {
		return false
	}
	fixed, _ := fix(*t, 2)
	return fixed != nil
}

// fix finds valid terms for one that is invalid or looks like a slip. It tries
// again on what it made, as often as depth says.
func fix(t term, depth int) (fixed []string, why string) {
	suspicious := t.wrong != "" || t.kind == KindModifier || strings.ContainsAny(t.spec, ",;@") || strings.Contains(t.spec, "//")
	if len(t.text) > 512 || !suspicious && !glued(t.spec) {
		return nil, ""
	}
	for _, try := range attempts {
		parts, why := try(t.text)
		if len(parts) == 0 || len(parts) == 1 && parts[0] == t.text {
			continue
		}
		var out []string
		for _, p := range parts {
			if p == "" {
				out = nil
				break
			}
			q := term{text: p}
			q.parse()
			var more []string
			if depth > 0 {
				more, _ = fix(q, depth-1)
			}
			if more == nil && q.wrong == "" && q.kind != KindModifier {
				more = []string{p}
			}
			if more == nil {
				out = nil
				break
			}
			out = append(out, more...)
		}
		if out != nil {
			return out, why
		}
	}
	return nil, ""
}

// glued reports whether a domain holds the beginning of another term.
func glued(spec string) bool {
	for _, m := range []string{"include:", "ip4:", "ip6:", "redirect=", "exists:"} {
		if i := indexFold(spec, m); i > 0 {
			return true
		}
	}
	return false
}

func indexFold(s, sub string) int {
	for i := 0; i+len(sub) <= len(s); i++ {
		if foldEqual(s[i:i+len(sub)], sub) {
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
