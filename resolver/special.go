package resolver

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// documented are the names that exist for examples and tests alone (RFC 2606),
// unregistrable those under which nobody can register a domain: special names
// (RFC 6761, RFC 6762, RFC 7686, RFC 9476), that for private use, and the
// infrastructure of the DNS with home.arpa (RFC 8375).
var (
	documented    = [...]string{"example", "test", "example.com", "example.net", "example.org"}
	unregistrable = [...]string{"invalid", "localhost", "local", "onion", "alt", "internal", "arpa"}
)

// NeverThere does not exist: RFC 6761, 6.4 reserves "invalid" for such names.
const NeverThere = "no-such-name.invalid"

// Guards returns two labels that nobody publishes at or below a domain, the same for a domain
// every time, so that an audit can be repeated and its answers cached: what stands there, a
// wildcard has.
func Guards(domain string) (labels [2]string) {
	sum := sha256.Sum256([]byte("mailworthy wildcard guard\x00" + domain))
	for i := range labels {
		labels[i] = "x" + hex.EncodeToString(sum[8*i:8*i+8])
	}
	return labels
}

// Documented reports whether a name is one that exists for examples and tests alone, or
// is below one (RFC 2606): nobody can register it, and it stands for one that can be.
func Documented(name string) bool { return withinAny(name, documented[:]) }

// Unregistrable reports whether a name is below one under which nobody can register a
// domain: a special one (RFC 6761), one for private use, or arpa. Those of examples are
// Documented.
func Unregistrable(name string) bool { return withinAny(name, unregistrable[:]) }

// neverTop reports whether a label can be no top-level domain: it is a number, or has another
// character than letters, digits and hyphens (RFC 3696, 2; RFC 1123, 2.1).
func neverTop(label string) bool {
	return label != "" && (strings.Trim(label, "0123456789") == "" || strings.ContainsFunc(label, func(c rune) bool {
		return !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-')
	}))
}

func withinAny(name string, domains []string) bool {
	for _, d := range domains {
		if Within(name, d) {
			return true
		}
	}
	return false
}
