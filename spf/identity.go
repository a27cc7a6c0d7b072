package spf

import (
	"strings"

	"golang.org/x/net/idna"

	"mailworthy/internal/ascii"
)

// toASCII turns U-labels into A-labels as RFC 5891 does for a lookup, and leaves
// every other name as it is: names in SPF need not be host names.
var toASCII = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false))

// ASCIIDomain returns a domain in A-labels and lower case, without a final dot (RFC 8616,
// 4). It returns false if it has U-labels that no A-label can stand for.
func ASCIIDomain(s string) (string, bool) {
	s = strings.TrimSuffix(s, ".")
	if ascii.Only(s) {
		return ascii.ToLower(s), true
	}
	out, err := toASCII.ToASCII(s)
	if err != nil || !ascii.Only(out) {
		return "", false
	}
	return ascii.ToLower(out), true
}

// Checkable reports whether check_host() looks for a record at a domain: a
// well-formed name of two labels at least, and no address literal (RFC 7208,
// 4.3).
func Checkable(domain string) bool {
	return Askable(domain) && strings.IndexByte(domain, '.') > 0 && domain[0] != '['
}

// splitSender takes an address of MAIL FROM apart. Without an "@" the whole is
// the domain. Angle brackets and a source route (RFC 5321, appendix C) are
// removed; a missing local part is postmaster (RFC 7208, 4.3).
func splitSender(s string) (local, domain string) {
	s = strings.TrimSpace(s)
	if len(s) > 1 && s[0] == '<' && s[len(s)-1] == '>' {
		s = s[1 : len(s)-1]
	}
	if strings.HasPrefix(s, "@") {
		// What stands behind the route is an address of its own: "@[IPv6:" is no route.
		if i := strings.IndexByte(s, ':'); i > 0 && strings.Contains(s[i:], "@") {
			s = s[i+1:]
		}
	}
	i := strings.LastIndexByte(s, '@')
	if i < 0 {
		return "postmaster", s
	}
	if i == 0 {
		return "postmaster", s[1:]
	}
	return s[:i], s[i+1:]
}
