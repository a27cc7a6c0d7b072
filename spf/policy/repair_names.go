package policy

import (
	"slices"
	"strconv"
	"strings"

	"mailworthy/internal/ascii"
	"mailworthy/internal/hint"
)

// keywordPrefix is a token with a colon behind the name that it begins with; empty
// if it begins with none, or has its colon.
func keywordPrefix(s string) string {
	i := 0
	for i < len(s) && strings.IndexByte("+-~?", s[i]) >= 0 {
		i++
	}
	sign, t := s[:i], s[i:]
	for _, name := range names {
		if len(t) <= len(name)+1 || !ascii.EqualFold(t[:len(name)], name) || name == "all" {
			continue
		}
		rest := t[len(name):]
		between := strings.IndexByte(".-;,|/#!&*'\"", rest[0]) >= 0 || rest[0] == '_' && name == "include"
		if between {
			rest = rest[1:]
		}
		switch name {
		case "ip4", "ip6":
			if len(rest) > 1 && rest[1] == ':' && rest[0] != ':' {
				continue // "ip66:2001:…", whose colon is there
			}
			if p, ok := parsePrefix(rest); ok {
				return sign + prefixAs(p, rest)
			}
		case "a", "mx", "ptr":
			// A host may be called mx-1 or a-1, but not mx.
			if strings.HasPrefix(t[len(name):], ".") && hostLike(rest) && plausible(rest) {
				return sign + name + ":" + rest
			}
		case "redirect", "exp":
			if hostLike(rest) && plausible(rest) {
				return name + "=" + rest
			}
		default:
			if hostLike(rest) && plausible(rest) {
				return sign + name + ":" + rest
			}
		}
	}
	return ""
}

// aliases are what people call terms.
var aliases = map[string]string{"ipv4": "ip4", "ip": "ip4", "ipv6": "ip6", "inc": "include", "incl": "include", "included": "include", "includes": "include",
	"host": "a", "aaaa": "a", "aa": "a", "ip-4": "ip4", "ip-6": "ip6", "i4": "ip4", "i6": "ip6", "p4": "ip4", "p6": "ip6", "exist": "exists", "redirects": "redirect", "ptr4": "ptr",
	"xm": "mx", "mmx": "mx", "mxx": "mx", "mxs": "mx", "nx": "mx"}

// keyword is the name of the term that a misspelt name stands for; empty if there
// is none near. The address in the value decides about "ip", "ip5" and the like.
func keyword(name, value string) string {
	n := strings.ToLower(name)
	if len(n) > 16 {
		return ""
	}
	best := aliases[n]
	if isName(n) {
		best = n
	}
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
			if d := hint.Distance(n, c); d <= most && d < least {
				best, least = c, d
			}
		}
	}
	if (best == "ip4" || best == "ip6") && !isName(n) {
		best = "ip4"
		if strings.Count(value, ":") > 1 {
			best = "ip6"
		}
	}
	return best
}

// serverWords are what people call an address in place of ip4 or ip6.
var serverWords = []string{"server", "servers", "sender", "address", "ipaddress", "ip-address", "ipaddr", "mailserver"}

// misspelt corrects the name of a term: "inlude:" is one letter short.
func misspelt(s string) ([]string, string) {
	sign, name, sep, value := split(s)
	if _, address := parsePrefix(strings.TrimLeft(s, "+-~?")); address {
		return nil, "" // no name is missing a letter: it is not there at all
	}
	if isName(name) || len(name) > 16 || name == "" && sep != ":" {
		return nil, ""
	}
	best := keyword(name, value)
	if sep == ":" || sep == "=" {
		if other, sure := shifted(name, value); sure {
			return []string{sign + other}, strconv.Quote(name) + " is no mechanism"
		} else if other != "" && !(len(name) > 4 && aliases[strings.ToLower(name)] != "" && hostLike(value) && plausible(value)) {
			return nil, "" // either could be meant
		}
	}
	if runsInto(name) {
		return nil, ""
	}
	if strings.Trim(name, "ipIP") == "" && (strings.HasPrefix(value, "4:") || strings.HasPrefix(value, "6:")) {
		return nil, "the figure belongs to the name, or to the address" // "i:6:2001:db8::1"
	}
	if p, ok := parsePrefix(value); ok && best != "ip4" && best != "ip6" && sep != "/" && (len(name) <= 5 || slices.Contains(serverWords, strings.ToLower(name))) {
		// Whatever the name was, an address belongs in ip4 or ip6.
		return []string{sign + prefixAs(p, value)}, "an address belongs in ip4 or ip6"
	}
	if name != "" && (!ascii.IsLetter(name[0]) && !ascii.IsDigit(name[0]) || strings.ContainsAny(name, "+~?") || strings.Contains(name, "-") && aliases[strings.ToLower(name)] == "") {
		return nil, "" // which sign it stands for, nobody can tell
	}
	if best == "" || sep == "" && best != "all" && best != "ptr" && best != "mx" && best != "a" {
		return nil, ""
	}
	if best == "exp" && len(name) < 3 && sep != "=" || sep == "" && twoNames(ascii.ToLower(name)) {
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

// twoNames reports whether a word is two names of terms that take no value: "aptr".
func twoNames(word string) bool {
	return slices.ContainsFunc([]string{"a", "mx", "ptr"}, func(first string) bool {
		rest, ok := strings.CutPrefix(word, first)
		return ok && rest != first && (rest == "a" || rest == "mx" || rest == "ptr")
	})
}

// runsInto reports whether what stands before the name of a term may be an mx whose space
// is missing, one of the two misspelt ("xmexists:", "mxi4p:"), an a so ("aincllude:"), one with a letter in place of
// the space ("acinclude:"), or a term that another character sets apart ("mx,i4:").
func runsInto(name string) bool {
	name = strings.ToLower(name)
	if i := strings.IndexFunc(name, func(c rune) bool { return c != '-' && (c >= 0x80 || !ascii.IsAlphanumeric(byte(c))) }); i > 0 && i < len(name)-1 {
		whole := name[:i] + name[i+1:] // with a mark within it, "ex,ists", "a_ll"
		if isName(name[:i]) && !isName(whole) && hint.Distance(whole, "all") > 1 || hint.Distance(name[:i], "mx") <= 1 && keyword(whole, "") == "" {
			return true
		}
	}
	name = strings.Map(func(c rune) rune {
		if c < 0x80 && !ascii.IsAlphanumeric(byte(c)) && c != '-' {
			return -1 // "mxi4;:"
		}
		return c
	}, name)
	if rest, ok := strings.CutPrefix(name, "mx"); ok && len(rest) > 1 && keyword(rest, "") != "" {
		return true
	}
	// "aincllude:", which takes as many slips if the a is a term as if it is one letter too many.
	if rest, ok := strings.CutPrefix(name, "a"); ok && len(rest) > 1 && aliases[name] == "" {
		if kind := keyword(rest, ""); kind != "" && kind != "all" && hint.Distance(rest, kind) < hint.Distance(name, kind) {
			return true
		}
	}
	return slices.ContainsFunc(names, func(n string) bool {
		before, ok := strings.CutSuffix(name, n)
		return ok && len(n) > 2 && before != "" && (hint.Distance(before, "mx") <= 1 || aliases[before] == "mx" || before[0] == 'a' && len(before) == 2)
	})
}

// shifted reads a misspelt name and its value with the colon one place to the left
// or to the right, or with a space behind "a": "ip41:92.0.2.1", "includ:e_spf…",
// "ainclude:…". It is sure if nothing else could be meant.
func shifted(name, value string) (other string, sure bool) {
	if n := len(name) - 1; n > 0 && isName(name[:n]) {
		moved := name[:n] + ":" + name[n:] + value
		kind := strings.ToLower(name[:n])
		if kind == "redirect" {
			moved = name[:n] + "=" + name[n:] + value
		}
		switch {
		case name[n] == '_' && strings.HasPrefix(value, "_") && (kind == "include" || kind == "redirect"):
			return moved[:len(moved)-len(value)-1] + value, true // typed twice
		case !valid(moved):
		case name[n] != '_':
			other = moved
		case kind == "include" || kind == "redirect":
			return moved, true // the name of a record begins so
		case kind == "exists":
			other = moved
		default: // no host does
		}
	}
	called := ascii.EqualFold(name, "ip") && whole(value) // "ip:45.76.9.5": so many call ip4
	if value != "" && !called && isName(name+value[:1]) && valid(name+value[:1]+":"+value[1:]) {
		other = name + value[:1] + ":" + value[1:]
	}
	for _, short := range []string{"a", "mx"} {
		if rest := strings.TrimPrefix(strings.ToLower(name), short); len(rest) > 2 && rest != name && isName(rest) {
			other = short + " " + rest + ":" + value // a space is missing
		}
	}
	return other, false
}
