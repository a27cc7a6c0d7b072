package resolver

import (
	"strconv"
	"strings"

	"mailworthy/internal/ascii"
)

// Bounds of a name on the wire (RFC 1035, 2.3.4).
const (
	maxLabel = 63
	maxName  = 255
)

// Inside this package a name is in canonical form: lower case, no final dot,
// "." for the root, and a dot or backslash that is part of a label written as
// \DDD. That is the plain form of the package comment for every name but those
// few, two equal names are equal strings, and with a final dot it is what the
// DNS library packs.

// canonical brings a name in plain text to canonical form. The second result
// says what is wrong with a name that cannot be asked.
func canonical(name string) (string, string) {
	name = strings.TrimSuffix(name, ".")
	if name == "" {
		return ".", ""
	}
	if len(name)+2 > maxName {
		return "", "the name is longer than 255 octets"
	}
	upper, slash, start := false, false, 0
	for i := 0; i <= len(name); i++ {
		if i == len(name) || name[i] == '.' {
			if i == start {
				return "", "the name has an empty label"
			}
			if i-start > maxLabel {
				return "", "a label of the name is longer than 63 octets"
			}
			start = i + 1
			continue
		}
		upper = upper || 'A' <= name[i] && name[i] <= 'Z'
		slash = slash || name[i] == '\\'
	}
	if upper {
		name = ascii.ToLower(name)
	}
	if slash {
		name = strings.ReplaceAll(name, `\`, `\092`)
	}
	return name, ""
}

// plain reports whether a canonical name is the same in plain text, so that it
// can be asked again through Resolver.
func plain(name string) bool { return strings.IndexByte(name, '\\') < 0 }

// parseName reads a name in master-file form (RFC 1035, 5.1). The origin is
// canonical, or empty if there is none.
func parseName(text, origin string) (name string, relative bool, wrong string) {
	if text == "@" || text == "" {
		if origin == "" {
			return "", true, "relative"
		}
		return origin, true, ""
	}
	if text == "." {
		return ".", false, ""
	}
	var b strings.Builder
	b.Grow(len(text) + len(origin) + 1)
	octets, label, absolute := 1, 0, false
	for i := 0; i < len(text); {
		if text[i] == '.' {
			if label == 0 {
				return "", false, "the name has an empty label"
			}
			octets, label = octets+label+1, 0
			if i++; i == len(text) {
				absolute = true
			} else {
				b.WriteByte('.')
			}
			continue
		}
		c, n := unescape(text[i:])
		if n == 0 {
			return "", false, "the name has a bad escape"
		}
		i += n
		if label++; label > maxLabel {
			return "", false, "a label of the name is longer than 63 octets"
		}
		writeLabelByte(&b, c)
	}
	if label > 0 {
		octets += label + 1
	}
	if !absolute {
		if origin == "" {
			return "", true, "relative"
		}
		if origin != "." {
			b.WriteByte('.')
			b.WriteString(origin)
			octets += nameOctets(origin) - 1
		}
	}
	if octets > maxName {
		return "", false, "the name is longer than 255 octets"
	}
	return b.String(), !absolute, ""
}

// unescape reads one octet of master-file text, \X and \DDD included, and says
// how many bytes it took: none for a bad escape.
func unescape(s string) (byte, int) {
	if s[0] != '\\' {
		return s[0], 1
	}
	if len(s) < 2 {
		return 0, 0
	}
	if s[1] < '0' || s[1] > '9' {
		return s[1], 2
	}
	if len(s) < 4 {
		return 0, 0
	}
	v, err := strconv.ParseUint(s[1:4], 10, 8)
	if err != nil {
		return 0, 0
	}
	return byte(v), 4
}

func writeLabelByte(b *strings.Builder, c byte) {
	switch {
	case c == '.':
		b.WriteString(`\046`)
	case c == '\\':
		b.WriteString(`\092`)
	default:
		b.WriteByte(ascii.Lower(c))
	}
}

// nameOctets is the length of a canonical name on the wire.
func nameOctets(name string) int {
	if name == "." {
		return 1
	}
	return len(name) + 2 - 3*strings.Count(name, `\`)
}

// presentation is a canonical name as the DNS library wants it.
func presentation(name string) string {
	if name == "." {
		return name
	}
	return name + "."
}

// fromPresentation is the canonical form of an absolute name as the DNS library
// gives it, with its escapes.
func fromPresentation(s string) string {
	s = strings.TrimSuffix(s, ".")
	if s == "" {
		return "."
	}
	if strings.IndexByte(s, '\\') < 0 {
		return ascii.ToLower(s)
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] == '.' {
			b.WriteByte('.')
			i++
			continue
		}
		c, n := unescape(s[i:])
		if n == 0 {
			c, n = s[i], 1
		}
		writeLabelByte(&b, c)
		i += n
	}
	return b.String()
}

// parent is the canonical name with its first label removed; that of the root
// is the root.
func parent(name string) string {
	if i := strings.IndexByte(name, '.'); i >= 0 && i+1 < len(name) {
		return name[i+1:]
	}
	return "."
}

// Within reports whether a canonical name is the origin or below it. Every name is within
// the root, and none within "".
func Within(name, origin string) bool {
	if origin == "" {
		return false
	}
	if origin == "." || name == origin {
		return true
	}
	d := len(name) - len(origin)
	return d > 0 && name[d-1] == '.' && name[d:] == origin
}

// joinName is a label (or several) in front of a canonical name.
func joinName(label, name string) string {
	if name == "." {
		return label
	}
	return label + "." + name
}

// Denied returns the name that does not exist if the answer for a name is NXDOMAIN: the
// end of its chain of aliases. The name itself exists if it has one (RFC 6604, 3; RFC
// 8020, 2).
func Denied(name string, cnames []string) string {
	if n := len(cnames); n > 0 {
		return cnames[n-1]
	}
	return name
}

// Absence says that a name does not exist, or that what it is an alias of does not.
func Absence(name string, cnames []string) string {
	if len(cnames) > 0 {
		return name + " is an alias of " + Denied(name, cnames) + ", which does not exist"
	}
	return name + " does not exist"
}

// IsHostName reports whether a name without a final dot has the form of a host's: labels
// of letters, digits and hyphens (RFC 1123, 2.1), and of the underscore that is in use.
func IsHostName(name string) bool {
	if name == "" || len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > maxLabel {
			return false
		}
		for i := range len(label) {
			if c := label[i]; !ascii.IsAlphanumeric(c) && c != '-' && c != '_' {
				return false
			}
		}
	}
	return true
}
