package spf

import (
	"net/netip"
	"strconv"
	"strings"
)

// attempts are the ways to read a token, the surest first. One returns the terms
// that the token would be, or nothing.
var attempts = []func(s string) (parts []string, why string){
	trimmed, signs, separator, misspelt, otherFamily, domainOnly, missingSpace, network, address, listed, emptyValue, alabels, parentheses, bareWord,
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

// trimmed removes punctuation around a term: "-all.", "mx;", `"a`.
func trimmed(s string) ([]string, string) {
	t := strings.TrimLeft(strings.TrimRight(s, `;,."'`), `;,."'`)
	return []string{t}, "stray punctuation"
}

// signs removes all signs but the last: "--all", and signs before a modifier.
func signs(s string) ([]string, string) {
	sign, name, sep, value := split(s)
	if len(sign) > 1 {
		return []string{s[len(sign)-1:]}, "more than one sign"
	}
	if sign != "" && sep == "=" && (foldEqual(name, "redirect") || foldEqual(name, "exp")) {
		return []string{name + sep + value}, "a modifier takes no sign"
	}
	return nil, ""
}

// separator puts ":" behind mechanisms and "=" behind modifiers.
func separator(s string) ([]string, string) {
	sign, name, sep, value := split(s)
	if sep == "" {
		if i := strings.IndexAny(name, ";,"); i > 0 && isName(name[:i]) {
			return []string{sign + name[:i] + ":" + name[i+1:]}, "a colon belongs behind the name"
		}
		return nil, ""
	}
	modifier := foldEqual(name, "redirect") || foldEqual(name, "exp")
	switch {
	case modifier && sep == ":":
		return []string{name + "=" + value}, "a modifier has an equals sign"
	case !modifier && sep == "=" && isName(name):
		return []string{sign + name + ":" + value}, "a mechanism has a colon; with an equals sign it is a modifier that nobody knows"
	case strings.HasPrefix(value, ":") || strings.HasPrefix(value, "="):
		return []string{sign + name + sep + value[1:]}, "one separator too many"
	}
	return nil, ""
}

// aliases are what people call terms.
var aliases = map[string]string{"ipv4": "ip4", "ip": "ip4", "ipv6": "ip6", "inc": "include", "incl": "include", "included": "include", "includes": "include",
	"host": "a", "aaaa": "a", "ip-4": "ip4", "ip-6": "ip6", "i4": "ip4", "i6": "ip6", "exist": "exists", "redirects": "redirect", "ptr4": "ptr"}

// misspelt corrects the name of a term: "inlude:" is one letter short.
func misspelt(s string) ([]string, string) {
	sign, name, sep, value := split(s)
	if isName(name) || len(name) > 16 {
		return nil, ""
	}
	n := strings.ToLower(name)
	best := aliases[n]
	if best == "" {
		least := 3
		for _, c := range names {
			most := 2
			switch {
			case len(c) < 3:
				continue
			case len(c) < 6:
				most = 1
			}
			if d := distance(n, c); d <= most && d < least {
				best, least = c, d
			}
		}
	}
	// The IP in the value decides about "ip", "ip5" and the like.
	if best == "ip4" || best == "ip6" {
		best = "ip4"
		if strings.Count(value, ":") > 1 {
			best = "ip6"
		}
	}
	if best == "" || sep == "" && best != "all" && best != "ptr" {
		return nil, ""
	}
	why := strconv.Quote(name) + " is no mechanism; " + best + " is"
	switch best {
	case "redirect", "exp":
		sign, sep = "", "="
	case "all":
		return []string{sign + best}, why
	default:
		if sep == "=" {
			sep = ":"
		}
	}
	return []string{sign + best + sep + value}, why
}

// distance counts the letters to insert, remove, change or swap.
func distance(a, b string) int {
	var d [18][18]int
	if len(a) > 16 || len(b) > 16 {
		return 99
	}
	for i := range len(a) + 1 {
		for j := range len(b) + 1 {
			switch {
			case i == 0:
				d[i][j] = j
				continue
			case j == 0:
				d[i][j] = i
				continue
			}
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}

// otherFamily corrects ip4 with an IPv6 address and ip6 with an IPv4 one.
func otherFamily(s string) ([]string, string) {
	sign, name, sep, value := split(s)
	p, ok := parsePrefix(value)
	if sep != ":" || !ok {
		return nil, ""
	}
	switch {
	case foldEqual(name, "ip4") && p.Addr().Is6():
		return []string{sign + "ip6:" + value}, "an IPv6 address belongs in ip6"
	case foldEqual(name, "ip6") && p.Addr().Is4():
		return []string{sign + "ip4:" + value}, "an IPv4 address belongs in ip4"
	}
	return nil, ""
}

// network corrects the value of ip4 and ip6: a netmask, a wildcard, a range of
// addresses, leading zeros, a port.
func network(s string) ([]string, string) {
	sign, name, sep, value := split(s)
	if sep != ":" || !foldEqual(name, "ip4") && !foldEqual(name, "ip6") {
		return nil, ""
	}
	term := func(v string) string { return sign + strings.ToLower(name) + ":" + v }
	if host, mask, ok := strings.Cut(value, "/"); ok {
		if m, err := netip.ParseAddr(mask); err == nil && m.Is4() {
			for bits := range 33 {
				if netmask(bits) == m {
					return []string{term(host + "/" + strconv.Itoa(bits))}, "a prefix length stands for the netmask"
				}
			}
		}
	}
	if v, ok := strings.CutSuffix(value, ".*"); ok && strings.Count(v, ".") == 2 {
		return []string{term(v + ".0/24")}, "a prefix length stands for the wildcard"
	}
	if from, to, ok := strings.Cut(value, "-"); ok {
		a, err1 := netip.ParseAddr(from)
		b, err2 := netip.ParseAddr(to)
		if err2 != nil && err1 == nil {
			if i := strings.LastIndexByte(from, '.'); i > 0 {
				b, err2 = netip.ParseAddr(from[:i+1] + to)
			}
		}
		if err1 == nil && err2 == nil && a.BitLen() == b.BitLen() && a.Compare(b) <= 0 {
			ps := addresses{{a, b}}.prefixes()
			if len(ps) > 8 {
				return nil, ""
			}
			var out []string
			for _, p := range ps {
				out = append(out, sign+prefixTerm(p))
			}
			return out, "a range is written as prefixes"
		}
	}
	host, length, slash := strings.Cut(value, "/")
	if slash {
		length = "/" + length
	}
	if i := strings.IndexByte(host, ':'); i > 0 && strings.Count(host, ":") == 1 && strings.Trim(host[i+1:], "0123456789") == "" {
		return []string{term(host[:i] + length)}, "a port has no place here"
	}
	parts := strings.Split(host, ".")
	if len(parts) == 4 {
		changed := false
		for i, p := range parts {
			if trimmed := strings.TrimLeft(p, "0"); len(p) > 1 && p[0] == '0' {
				changed = true
				if parts[i] = trimmed; trimmed == "" {
					parts[i] = "0"
				}
			}
		}
		if changed {
			return []string{term(strings.Join(parts, ".") + length)}, "no leading zeros"
		}
	}
	if l := strings.TrimLeft(length, "/"); len(l) > 1 && l[0] == '0' {
		return []string{term(host + "/" + strings.TrimLeft(l, "0"))}, "no leading zeros"
	}
	if strings.HasPrefix(length, "//") {
		return []string{term(host + length[1:])}, "one slash"
	}
	return nil, ""
}

// netmask is the netmask of so many bits.
func netmask(bits int) netip.Addr {
	n := ^uint32(0) << (32 - bits)
	if bits == 0 {
		n = 0
	}
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

// address corrects a name where an address belongs, and the other way round.
func address(s string) ([]string, string) {
	sign, name, sep, value := split(s)
	if sep != ":" || value == "" {
		return nil, ""
	}
	p, isAddress := parsePrefix(value)
	switch {
	case isAddress && (foldEqual(name, "a") || foldEqual(name, "mx") || foldEqual(name, "include") || foldEqual(name, "ptr")):
		return []string{sign + prefixTerm(p)}, "an address belongs in ip4 or ip6"
	case !isAddress && (foldEqual(name, "ip4") || foldEqual(name, "ip6")) && hostLike(value):
		return []string{sign + "a:" + value}, "a host name belongs in a"
	}
	return nil, ""
}

// parsePrefix reads an address with or without a length.
func parsePrefix(s string) (netip.Prefix, bool) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	p, err := netip.ParsePrefix(s)
	return p, err == nil
}

// prefixTerm writes ip4 or ip6, without a length for one address.
func prefixTerm(p netip.Prefix) string {
	s := p.String()
	if p.IsSingleIP() {
		s = p.Addr().String()
	}
	if p.Addr().Is4() {
		return "ip4:" + s
	}
	return "ip6:" + s
}

// hostLike reports whether a value reads as a name of two labels or more.
func hostLike(s string) bool {
	t := term{kind: KindA}
	t.domain(s)
	if t.wrong != "" || t.macros {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isAlpha(c) && !isDigit(c) && c != '.' && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// domainOnly takes the domain out of a URL or a mail address.
func domainOnly(s string) ([]string, string) {
	sign, name, sep, value := split(s)
	if sep == "" || sep == "/" || !isName(name) {
		return nil, ""
	}
	v := value
	for _, p := range []string{"https://", "http://", "mailto:", "//"} {
		if len(v) > len(p) && foldEqual(v[:len(p)], p) {
			v = v[len(p):]
		}
	}
	if v != value {
		if i := strings.IndexByte(v, '/'); i > 0 {
			v = v[:i]
		}
	}
	if i := strings.LastIndexByte(v, '@'); i >= 0 {
		v = v[i+1:]
	}
	if v == value || !hostLike(v) {
		return nil, ""
	}
	return []string{sign + name + sep + v}, "only the domain belongs here"
}

// missingSpace splits terms that stand without a space between them.
func missingSpace(s string) ([]string, string) {
	for i := 1; i < len(s); i++ {
		if !beginsTerm(s[i:]) || !isAlpha(s[i-1]) && !isDigit(s[i-1]) && s[i-1] != '.' {
			continue
		}
		left := term{text: s[:i]}
		left.parse()
		if left.wrong == "" && (left.kind == KindModifier || glued(left.spec)) {
			continue
		}
		if left.wrong != "" {
			continue
		}
		return []string{s[:i], s[i:]}, "a space is missing between two terms"
	}
	return nil, ""
}

// beginsTerm reports whether s begins with a term and its separator, or is a sign
// and "all".
func beginsTerm(s string) bool {
	_, name, sep, _ := split(s)
	switch {
	case sep == ":":
		return isName(name) && len(name) > 2 && !foldEqual(name, "all") || (s[0] == '-' || s[0] == '~' || s[0] == '+' || s[0] == '?') && isName(name)
	case sep == "=":
		return foldEqual(name, "redirect") || foldEqual(name, "exp")
	}
	return foldEqual(name, "all") && len(s) > len(name)
}

// listed splits values at commas and semicolons.
func listed(s string) ([]string, string) {
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ';' })
	if len(parts) < 2 || len(parts) > 32 {
		return nil, ""
	}
	sign, name, sep, _ := split(parts[0])
	for i, p := range parts[1:] {
		if !startsTerm(p) {
			parts[i+1] = sign + name + sep + p
		}
	}
	return parts, "terms stand apart by spaces"
}

// emptyValue removes the colon of "a:", "mx:" and "ptr:".
func emptyValue(s string) ([]string, string) {
	sign, name, sep, value := split(s)
	if sep == ":" && value == "" && (foldEqual(name, "a") || foldEqual(name, "mx") || foldEqual(name, "ptr")) {
		return []string{sign + name}, "no colon without a domain"
	}
	if sep == ":" && value == "all" && (name == "" || foldEqual(name, "all")) || foldEqual(name, "all") && sep != "" {
		return []string{sign + "all"}, "all takes no value"
	}
	return nil, ""
}

// alabels writes a name in A-labels (RFC 7208, 4.3).
func alabels(s string) ([]string, string) {
	sign, name, sep, value := split(s)
	if sep == "" || isASCII(value) {
		return nil, ""
	}
	a, ok := asciiDomain(value)
	if !ok || !hostLike(a) {
		return nil, ""
	}
	return []string{sign + name + sep + a}, "names stand in A-labels"
}

// parentheses corrects "%(i)".
func parentheses(s string) ([]string, string) {
	if !strings.Contains(s, "%(") {
		return nil, ""
	}
	return []string{strings.NewReplacer("%(", "%{", ")", "}").Replace(s)}, "a macro stands in braces"
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
		return []string{sign + prefixTerm(p)}, "an address needs its mechanism"
	}
	if !hostLike(v) || strings.Trim(v, "0123456789.") == "" {
		return nil, ""
	}
	if n := strings.ToLower(v); strings.HasPrefix(n, "_") || strings.HasPrefix(n, "spf") {
		return []string{sign + "include:" + v}, "a name needs its mechanism"
	}
	return []string{sign + "a:" + v}, "a name needs its mechanism"
}
