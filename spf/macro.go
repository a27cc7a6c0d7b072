package spf

import (
	"net/netip"
	"strings"

	"mailworthy/internal/ascii"
)

// macroSource gives the values of macro letters. The letter is in lower case; ok
// is false if the value cannot be known or cannot stand in a name.
type macroSource interface {
	macro(letter byte) (value string, ok bool)
}

// expand replaces the macros of a string that scanMacros has accepted (RFC 7208,
// 7). It returns false with the letter that could not be expanded.
func expand(s string, from macroSource) (out string, bad byte, ok bool) {
	if strings.IndexByte(s, '%') < 0 {
		return s, 0, true
	}
	var room [256]byte
	b := room[:0]
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b = append(b, s[i])
			continue
		}
		i++
		switch s[i] {
		case '%':
			b = append(b, '%')
			continue
		case '_':
			b = append(b, ' ')
			continue
		case '-':
			b = append(b, "%20"...)
			continue
		}
		letter := s[i+1]
		value, ok := from.macro(ascii.Lower(letter))
		if !ok {
			return "", ascii.Lower(letter), false
		}
		end := i + strings.IndexByte(s[i:], '}')
		at := len(b)
		b = transform(b, value, s[i+2:end])
		if letter < 'a' {
			b = escapeFrom(b, at)
		}
		i = end
	}
	return string(b), 0, true
}

// transform appends a value after its transformers: split at the delimiters, the
// parts reversed, as many kept from the right as the number says, and joined by
// dots (RFC 7208, 7.3).
func transform(b []byte, value, how string) []byte {
	if how == "" {
		return append(b, value...)
	}
	keep, i := 0, 0
	for ; i < len(how) && ascii.IsDigit(how[i]); i++ {
		if keep < 1<<16 { // more parts than any value has
			keep = keep*10 + int(how[i]-'0')
		}
	}
	reverse := i < len(how) && ascii.Lower(how[i]) == 'r'
	if reverse {
		i++
	}
	delimiters := how[i:]
	if delimiters == "" {
		delimiters = "."
	}
	var room [40]string
	parts := room[:0]
	start := 0
	for j := range len(value) {
		if strings.IndexByte(delimiters, value[j]) >= 0 {
			parts = append(parts, value[start:j])
			start = j + 1
		}
	}
	parts = append(parts, value[start:])
	if reverse {
		for l, r := 0, len(parts)-1; l < r; l, r = l+1, r-1 {
			parts[l], parts[r] = parts[r], parts[l]
		}
	}
	if keep > 0 && keep < len(parts) {
		parts = parts[len(parts)-keep:]
	}
	for j, p := range parts {
		if j > 0 {
			b = append(b, '.')
		}
		b = append(b, p...)
	}
	return b
}

// escapeFrom escapes for a URL what stands in b from at on: all but the
// unreserved characters of RFC 3986 (RFC 7208, 7.3).
func escapeFrom(b []byte, at int) []byte {
	const hex = "0123456789ABCDEF"
	value := string(b[at:])
	b = b[:at]
	for i := range len(value) {
		c := value[i]
		if ascii.IsLetter(c) || ascii.IsDigit(c) || c == '-' || c == '.' || c == '_' || c == '~' {
			b = append(b, c)
		} else {
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return b
}

// maxName is the longest name in text form, without a final dot.
const maxName = 253

// TargetName makes a name to ask from an expanded domain-spec: without the final
// dot, in lower case, and cut from the left to 253 characters (RFC 7208, 7.3).
func TargetName(s string) string {
	s = strings.TrimSuffix(s, ".")
	for len(s) > maxName {
		dot := strings.IndexByte(s, '.')
		if dot < 0 {
			break
		}
		s = s[dot+1:]
	}
	return ascii.ToLower(s)
}

// Askable reports whether the DNS can be asked for a name: no empty label, none
// over 63 octets, 253 in all.
func Askable(name string) bool {
	if name == "" || len(name) > maxName {
		return false
	}
	label := 0
	for i := range len(name) {
		if name[i] != '.' {
			label++
			continue
		}
		if label == 0 || label > 63 {
			return false
		}
		label = 0
	}
	return label > 0 && label <= 63
}

// dotted is an address as %{i} has it: IPv6 as 32 nibbles.
func dotted(a netip.Addr) string {
	if a.Is4() {
		return a.String()
	}
	const hex = "0123456789ABCDEF"
	b := make([]byte, 0, 63)
	for i, c := range a.As16() {
		if i > 0 {
			b = append(b, '.')
		}
		b = append(b, hex[c>>4], '.', hex[c&15])
	}
	return string(b)
}

// static gives the values of the macros that do not depend on the client: the
// domain of the record, and that of the sender, which is the domain examined.
type static struct{ domain, root string }

func (s static) macro(letter byte) (string, bool) {
	switch letter {
	case 'd':
		return s.domain, true
	case 'o':
		return s.root, true
	}
	return "", false
}

// Target returns the name that the term asks for whatever the client, "" if it asks for
// none (RFC 7208, 4.8). domain is that of the record, for %{d}, and sender that of the
// sender, for %{o}. ok is false if the name depends on another macro letter, which is bad.
func (t *Term) Target(domain, sender string) (name string, bad byte, ok bool) {
	switch t.Kind {
	case KindAll, KindIP4, KindIP6, KindModifier, KindInvalid:
		return "", 0, true
	}
	switch {
	case t.Spec == "":
		return domain, 0, true
	case !t.Macros:
		return TargetName(t.Spec), 0, true
	}
	name, bad, ok = expand(t.Spec, static{domain, sender})
	return TargetName(name), bad, ok
}
