package policy

import (
	"strconv"
	"strings"

	"mailworthy/internal/ascii"
)

// parentheses corrects "%(i)".
func parentheses(s string) ([]string, string) {
	if !strings.Contains(s, "%(") {
		return nil, ""
	}
	return []string{strings.NewReplacer("%(", "%{", ")", "}").Replace(s)}, "a macro stands in braces"
}

// percentGone corrects "{i}": the grammar reads a macro without its percent sign (RFC
// 7208, 7.1) as a part of the name, and no host is called that.
func percentGone(s string) ([]string, string) {
	var out strings.Builder
	for i := range len(s) {
		if s[i] == '{' && (i == 0 || s[i-1] != '%') {
			out.WriteByte('%')
		}
		out.WriteByte(s[i])
	}
	if t := out.String(); valid(t) {
		return []string{t}, "a macro begins with a percent sign"
	}
	return nil, ""
}

// bracesGone corrects a label "%i", "%d", "%h" or "%l": nothing but a macro in braces stands behind a
// percent sign (RFC 7208, 7.1). Of a part of a label, and with other letters ("%s"), it may be the place
// of a template, or have slipped into a name; so may "%l" at the end of one.
func bracesGone(s string) ([]string, string) {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && (i == 0 || strings.IndexByte(".:=", s[i-1]) >= 0) && i+1 < len(s) &&
			((i+2 == len(s) || s[i+2] == '/') && strings.IndexByte("idh", s[i+1]|0x20) >= 0 || i+2 < len(s) && s[i+2] == '.' && strings.IndexByte("idhl", s[i+1]|0x20) >= 0) {
			out.WriteString("%{" + s[i+1:i+2] + "}")
			i++
			continue
		}
		out.WriteByte(s[i])
	}
	if t := out.String(); t != s && valid(t) {
		return []string{t}, "a macro stands in braces"
	}
	return nil, ""
}

// slashGone corrects "a/24/64": the length for IPv6 has two slashes (RFC 7208, 5.6), and only that
// one can be over 32.
func slashGone(s string) ([]string, string) {
	_, name, sep, _ := split(s)
	last := strings.LastIndexByte(s, '/')
	if sep == "" || last < 1 || !ascii.EqualFold(name, "a") && !ascii.EqualFold(name, "mx") {
		return nil, ""
	}
	n, err := strconv.Atoi(s[last+1:])
	head := strings.TrimRight(s[:last], "0123456789")
	if t := s[:last] + "/" + s[last:]; err == nil && n > 32 && head != s[:last] && strings.HasSuffix(head, "/") && valid(t) {
		return []string{t}, "the length for IPv6 has two slashes"
	}
	return nil, ""
}

// withoutLength is a value without one prefix length at its end.
func withoutLength(s string) string {
	rest := strings.TrimRight(s, "0123456789")
	if rest == s || !strings.HasSuffix(rest, "/") {
		return s
	}
	return strings.TrimSuffix(rest[:len(rest)-1], "/")
}

// domainOnly takes the domain out of a URL or a mail address.
func domainOnly(s string) ([]string, string) {
	sign, name, sep, value := split(s)
	if sep == "" || sep == "/" || !isName(name) {
		return nil, ""
	}
	v := value
	for _, p := range []string{"https://", "http://", "mailto:", "//"} {
		if len(v) > len(p) && ascii.EqualFold(v[:len(p)], p) {
			v = v[len(p):]
		}
	}
	if v != value {
		if i := strings.IndexByte(v, '/'); i > 0 {
			v = v[:i]
		}
	}
	if i := strings.LastIndexByte(v, '@'); i >= 0 {
		if kind := keyword(name, ""); kind != "include" && kind != "redirect" {
			return nil, "" // the host of a mail domain need not be what sends its mail
		}
		v = v[i+1:]
	}
	if strayInService(value, v, "@") {
		return nil, "" // it may have slipped into the name
	}
	if v == value || !hostLike(v) {
		return nil, ""
	}
	return []string{sign + name + sep + v}, "only the domain belongs here"
}
