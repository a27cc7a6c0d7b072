package policy

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/publicsuffix"
	"golang.org/x/text/unicode/norm"

	"mailworthy/internal/ascii"
	"mailworthy/provider"
	"mailworthy/resolver"
	"mailworthy/spf"
)

// attempts are the ways to read a token, the surest first. One returns the terms
// that the token would be, or nothing.
var attempts = []func(s string) (parts []string, why string){
	typography, trimmed, signs, separator, colonGone, misspelt, otherFamily, domainOnly, missingSpace, network, address, listed, emptyValue,
	percentGone, bracesGone, slashGone, allBehind, punctuation, alabels, parentheses, bareWord,
}

// allBehind splits an all off a name that a stray separator ties it to:
// "include:_spf.esp.example:-all".
func allBehind(s string) ([]string, string) {
	head, all := cutAll(s)
	head = strings.TrimRight(head, ":=/.,;|")
	_, _, sep, value := split(head)
	if all == "" || sep != ":" && sep != "=" || !hostLike(value) || !plausible(value) || !valid(head) {
		return nil, ""
	}
	return []string{head, all}, "a space stands before all"
}

// split takes a term apart at the end of its name.
func split(s string) (sign, name, sep, value string) {
	i := 0
	for i < len(s) && strings.IndexByte("+-~?", s[i]) >= 0 {
		i++
	}
	sign, s = s[:i], s[i:]
	if j := strings.IndexAny(s, ":=/"); j >= 0 {
		return sign, s[:j], s[j : j+1], s[j+1:]
	}
	return sign, s, "", ""
}

// trimmed removes punctuation around a term: "-all.", "mx;", `"a`, "(mx)".
func trimmed(s string) ([]string, string) {
	const stray = `;,."'<>()[]|\`
	t := strings.TrimLeft(strings.TrimRight(s, stray), stray)
	if inner, ok := strings.CutPrefix(s, "{"); ok && !strings.Contains(s, "%") {
		if inner, ok = strings.CutSuffix(inner, "}"); ok {
			t = inner
		}
	}
	if strings.HasSuffix(s, ".") && strings.ContainsAny(t, ":=") {
		if u := strings.TrimLeft(s, stray); u != s && valid(u) {
			t = u // a name may end in a dot
		}
	}
	return []string{t}, "stray punctuation"
}

// signs removes all signs but one: "--all", and signs before a modifier. Keys beside
// "-" are read as that before all.
func signs(s string) ([]string, string) {
	if ascii.EqualFold(s, "=all") || ascii.EqualFold(s, "_all") {
		return []string{"-all"}, "a minus sign belongs before all"
	}
	if len(s) == len("=-all") && (s[0] == '=' || s[0] == '_') && ascii.EqualFold(s[2:], "all") && strings.IndexByte("-~?", s[1]) >= 0 {
		return []string{s[1:]}, "only a sign belongs before all"
	}
	if len(s) == len("all-") && ascii.EqualFold(s[:3], "all") && strings.IndexByte("-~?", s[3]) >= 0 {
		return []string{s[3:] + s[:3]}, "the sign stands before all"
	}
	sign, name, sep, value := split(s)
	if len(sign) > 1 {
		switch {
		case strings.Trim(sign, sign[:1]) == "": // the same one again
			return []string{s[len(sign)-1:]}, "more than one sign"
		case ascii.EqualFold(name, "all") && strings.Contains(sign, "-"):
			return []string{"-" + s[len(sign):]}, "more than one sign; the stricter one stays"
		}
		return nil, ""
	}
	if sign != "" && sep == "=" && (ascii.EqualFold(name, "redirect") || ascii.EqualFold(name, "exp")) {
		return []string{name + sep + value}, "a modifier takes no sign"
	}
	return nil, ""
}

// separator puts ":" behind mechanisms and "=" behind modifiers.
func separator(s string) ([]string, string) {
	sign, name, sep, value := split(s)
	if sep == "" {
		if i := strings.IndexAny(name, ";,"); i > 0 && isName(name[:i]) {
			if first := strings.FieldsFunc(name[i:], func(c rune) bool { return c == ',' || c == ';' }); len(first) > 0 && (i <= 2 && whole(first[0]) || name[:i] != "include" && isName(first[0])) {
				return nil, "" // "a,192.0.2.1": one term, or two; "ptr,a,mx": three
			}
			return []string{sign + name[:i] + ":" + name[i+1:]}, "a colon belongs behind the name"
		}
		return nil, ""
	}
	modifier := ascii.EqualFold(name, "redirect") || ascii.EqualFold(name, "exp")
	switch {
	case modifier && sep == ":":
		return []string{name + "=" + value}, "a modifier has an equals sign"
	case ascii.EqualFold(name, "ip6") && sep == "=" && !strings.Contains(value, ":") && valid("ip6:"+strings.ReplaceAll(value, "=", ":")):
		return []string{sign + name + ":" + strings.ReplaceAll(value, "=", ":")}, "equals signs stand where colons belong"
	case !modifier && sep == "=" && isName(name):
		return []string{sign + name + ":" + value}, "a mechanism has a colon; with an equals sign it is a modifier that nobody knows"
	case strings.HasPrefix(value, ":") || strings.HasPrefix(value, "="):
		return []string{sign + name + sep + value[1:]}, "one separator too many"
	}
	return nil, ""
}

// colonGone puts the colon behind the name of a term that another character, or
// none, stands for: "include.spf.esp.example", "include_spf.esp.example",
// "mx.acme.example", "ip4192.0.2.1".
func colonGone(s string) ([]string, string) {
	if fixed := keywordPrefix(s); fixed != "" {
		return []string{fixed}, "a colon belongs behind the name"
	}
	return nil, ""
}

// hostLike reports whether a value reads as a name of two labels or more.
func hostLike(s string) bool {
	t := spf.ParseTerm("include:" + s)
	if t.Error != "" || t.Macros || !spf.Askable(strings.TrimSuffix(s, ".")) {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !ascii.IsLetter(c) && !ascii.IsDigit(c) && c != '.' && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// plausible reports whether a name ends in a top-level domain that there is, as far
// as this program knows, or in one for examples and private use.
func plausible(name string) bool {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	suffix, listed := publicsuffix.PublicSuffix(name)
	return listed || strings.Contains(suffix, ".") || resolver.Documented(name) || resolver.Unregistrable(name) ||
		strings.HasSuffix(name, ".lan") || strings.HasSuffix(name, ".corp") || strings.HasSuffix(name, ".home")
}

// missingSpace splits terms that stand without a space between them.
func missingSpace(s string) ([]string, string) {
	for i := 1; i < len(s); i++ {
		if c := s[i-1]; !ascii.IsLetter(c) && !ascii.IsDigit(c) && c != '.' && c != '}' || !beginsTerm(s[i:]) {
			continue
		}
		left := spf.ParseTerm(s[:i])
		if left.Error != "" || left.Kind == spf.KindModifier || glued(left.Spec) {
			continue
		}
		return []string{s[:i], s[i:]}, "a space is missing between two terms"
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

// beginsTerm reports whether s begins with a term and its separator, or is a sign
// and "all".
func beginsTerm(s string) bool {
	_, name, sep, _ := split(s)
	switch {
	case sep == ":":
		return isName(name) && len(name) > 2 && !ascii.EqualFold(name, "all") || (s[0] == '-' || s[0] == '~' || s[0] == '+' || s[0] == '?') && isName(name)
	case sep == "=":
		return ascii.EqualFold(name, "redirect") || ascii.EqualFold(name, "exp")
	}
	return ascii.EqualFold(name, "all") && len(s) > len(name)
}

// listed splits values at commas, semicolons and bars: "include:a.example|b.example".
func listed(s string) ([]string, string) {
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ';' || r == '|' || r == '&' })
	if len(parts) < 2 || len(parts) > 32 {
		return nil, ""
	}
	sign, name, sep, value := split(parts[0])
	for i, p := range parts[1:] {
		if _, _, s, v := split(p); startsTerm(p) || isName(p) || s == ":" && v != "" && keyword(strings.TrimLeft(p[:strings.IndexByte(p, ':')], "+-~?"), v) != "" {
			continue
		}
		if sep == "" || strings.Contains(s, "%") {
			return nil, ""
		}
		if kind := keyword(name, value); kind == "redirect" || kind == "exp" {
			return nil, "" // only one may stand in a record
		}
		if strings.Contains(parts[0], "/") && strings.Trim(p, "0123456789/") == "" {
			return nil, "" // the figures of one length: "mx/3,2"
		}
		if anythingBetween(s) {
			return nil, ""
		}
		parts[i+1] = sign + name + sep + p
	}
	// A comma may stand for a dot: "_spf,esp.example" is one name.
	if may, _ := dotted(s); may || (sep == ":" || sep == "=") && hostLike(value) && !plausible(value) {
		return nil, ""
	}
	// So it may before the country: "mail.empresa.com,mx".
	if end, _, _ := strings.Cut(parts[1], "/"); len(parts) == 2 && isName(end) && namesHost(parts[0]+"."+end) && oneSuffix(value, end) && provider.Builtin().OfSPF(ascii.ToLower(value)) == nil {
		return nil, ""
	}
	return parts, "terms stand apart by spaces"
}

// dotted reports whether the comma of an include may stand for a dot, though what stands before
// it could be a name as well: "spf.protection,outlook.com". It is sure if the whole is that of a
// service; else nobody has a domain called spf or _spf.
func dotted(s string) (may, sure bool) {
	_, name, sep, value := split(s)
	left, right, comma := strings.Cut(ascii.ToLower(value), ",")
	if !comma || sep != ":" || keyword(name, value) != "include" || strings.ContainsAny(right, ",;:") || !hostLike(left) {
		return false, false
	}
	first, _, _ := strings.Cut(left, ".")
	services := provider.Builtin()
	sure = services.OfSPF(left+"."+right) != nil && services.OfSPF(right) == nil
	return sure || registrable(left) == left && (first == "spf" || first[0] == '_'), sure
}

// anythingBetween reports whether a semicolon behind a whole name may stand apart two names,
// or in place of a dot or a letter of one: "include:_spf.goog;e.com".
func anythingBetween(s string) bool {
	_, _, sep, value := split(s)
	at := strings.IndexByte(value, ';')
	return sep == ":" && at > 0 && at+1 < len(value) && hostLike(value[:at]) && plausible(value[:at]) && !startsTerm(value[at+1:])
}

// punctuation removes what has no place in a name, and puts a dot if a comma
// stands for one.
func punctuation(s string) ([]string, string) {
	sign, name, sep, value := split(s)
	if sep != ":" && sep != "=" || !isName(name) || anythingBetween(s) {
		return nil, ""
	}
	if left, right, _ := strings.Cut(value, ","); hostLike(left) && plausible(left) && hostLike(right) && plausible(right) && (ascii.EqualFold(name, "redirect") || ascii.EqualFold(name, "exp")) {
		return nil, "" // two names, of which one may stand in a record
	}
	const around = `"'<>[]()`
	if may, sure := dotted(s); may && !sure || strings.Contains(value, ",_") || strings.Count(value, ",")+strings.Count(value, ";") > 1 && strings.Contains(value, ".") && strings.ContainsAny(strings.Trim(value, ",;."), ",;") {
		return nil, "" // some may stand for dots, and others apart two names
	}
	v := strings.Trim(strings.NewReplacer(",", ".", ";", ".").Replace(value), "./:\\|="+around)
	if strings.ContainsAny(v, around) {
		return nil, "" // it may stand for a letter, or for a dot
	}
	if ascii.EqualFold(name, "exp") && strings.Contains(v, "..") {
		return nil, "" // one of the two may stand for a letter, and nobody asks for the name
	}
	for strings.Contains(v, "..") {
		v = strings.ReplaceAll(v, "..", ".")
	}
	if ascii.EqualFold(name, "include") || ascii.EqualFold(name, "exists") || ascii.EqualFold(name, "redirect") {
		short := withoutLength(v)
		if short != v && !plausible(short) {
			return nil, "" // the length may be that of an a whose space is missing
		}
		v = short
	}
	if v == value || !valid(sign+name+sep+v) || !hostLike(v) && !strings.Contains(v, "/") {
		return nil, ""
	}
	if host, _, _ := strings.Cut(v, "/"); strings.ContainsAny(strings.TrimRight(value, ",;"), ",;") && !plausible(host) {
		return nil, "" // in place of a dot it would make a name that nobody has
	}
	if inner := strings.TrimRight(value, ",;."); startsTerm(strings.Trim(inner[strings.LastIndexAny(inner, ",;")+1:], ".")) && strings.ContainsAny(inner, ",;") {
		return nil, "" // a space may have stood there: mail.mx is a stranger's domain, and mx a term
	}
	if strayInService(value, v, ",;") || strangersDomain(name, value, v) {
		return nil, "" // the character may have slipped into the name
	}
	return []string{sign + name + sep + v}, "stray punctuation"
}

// strayInService reports whether a value without some characters is the name of a service, and what
// it is read as in place of that is none: "send;grid.net".
func strayInService(value, read, characters string) bool {
	plain := strings.Map(func(c rune) rune {
		if strings.ContainsRune(characters, c) {
			return -1
		}
		return c
	}, ascii.ToLower(value))
	services := provider.Builtin()
	return len(plain) < len(value) && services.OfSPF(plain) != nil && services.OfSPF(ascii.ToLower(read)) == nil
}

// strangersDomain reports whether a dot in place of a comma or semicolon would make a record of a
// domain that is not written so: "include:mail;acme.com" may be mailacme.com. The names of records
// that are there to be included begin with an underscore, or with spf.
func strangersDomain(name, value, read string) bool {
	at := strings.LastIndexAny(value, ",;")
	if at < 1 || !ascii.EqualFold(name, "include") && !ascii.EqualFold(name, "redirect") || !ascii.EqualFold(value[at+1:], registrable(read)) {
		return false
	}
	label := ascii.ToLower(value[strings.LastIndexAny(value[:at], ".,;")+1 : at])
	return label != "" && label[0] != '_' && label != "spf" && provider.Builtin().OfSPF(ascii.ToLower(read)) == nil
}

// emptyValue removes the colon of "a:", "mx:" and "ptr:".
func emptyValue(s string) ([]string, string) {
	sign, name, sep, value := split(s)
	if sep == ":" && value == "" && (ascii.EqualFold(name, "a") || ascii.EqualFold(name, "mx") || ascii.EqualFold(name, "ptr")) {
		return []string{sign + name}, "no colon without a domain"
	}
	if ascii.EqualFold(name, "all") && value != "" && endsPolicy(value) && !ascii.EqualFold(value, "all") {
		return []string{sign + "all", value}, "all takes no value"
	}
	if sep == ":" && value == "all" && (name == "" || ascii.EqualFold(name, "all")) || ascii.EqualFold(name, "all") && sep != "" {
		why := "all takes no value"
		if strings.Contains(value, "=") {
			why = "all takes no value; what stands behind it belongs in a TXT record of its own"
		}
		return []string{sign + "all"}, why
	}
	return nil, ""
}

// alabels writes a name in A-labels (RFC 7208, 4.3). A look-alike of an ASCII character is
// no letter of another script.
func alabels(s string) ([]string, string) {
	sign, name, sep, value := split(s)
	if sep == "" || ascii.Only(unlike(value)) || slices.ContainsFunc(strings.Split(value, "."), ascii.MixesScripts) {
		return nil, ""
	}
	if plain := withoutAccents(value); ascii.Only(plain) && provider.Builtin().OfSPF(ascii.ToLower(plain)) != nil {
		return nil, "" // "_spf.go\u00f3gle.com" is the name of a service with a slip
	}
	a, ok := spf.ASCIIDomain(value)
	if !ok || !hostLike(a) || !plausible(a) {
		return nil, ""
	}
	return []string{sign + name + sep + a}, "names stand in A-labels"
}

// withoutAccents is a name with the letters of ASCII alone that its letters are made of.
func withoutAccents(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.Is(unicode.Mn, c) {
			return -1
		}
		return c
	}, norm.NFD.String(s))
}

// bareWord reads an address or a name without a mechanism.
func bareWord(s string) ([]string, string) {
	sign := ""
	v := s
	if v != "" && strings.IndexByte("+-~?", v[0]) >= 0 {
		sign, v = v[:1], v[1:]
	}
	v = strings.TrimLeft(v, ":=")
	if p, ok := parsePrefix(v); ok {
		return []string{sign + prefixAs(p, v)}, "an address needs its mechanism"
	}
	if !hostLike(v) || !plausible(v) || ascii.IsDigit(v[0]) {
		return nil, ""
	}
	if n := strings.ToLower(v); strings.HasPrefix(n, "_") || strings.HasPrefix(n, "spf") {
		return []string{sign + "include:" + v}, "a name needs its mechanism"
	}
	return []string{sign + "a:" + v}, "a name needs its mechanism"
}
