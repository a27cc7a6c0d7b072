package audit

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"mailworthy/internal/lazyre"
	"mailworthy/internal/redact"
	"mailworthy/internal/show"
)

// maxInputQuoted bounds how much of a bad input an error repeats.
const maxInputQuoted = 80

// idnaProfile maps what people write (capitals, full-width letters) and turns
// U-labels into A-labels (RFC 5891). Underscores are allowed: domains that only
// carry records, such as bounce names, have them.
var idnaProfile = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(false))

// ParseDomain turns what a person wrote into the domain to ask for, in lower
// case, A-labels and without the final dot. The error names the input and says
// what is wrong with it; for an address or a URL it says which domain is in it.
func ParseDomain(input string) (string, error) {
	s := strings.TrimSpace(input)
	bad := func(format string, args ...any) (string, error) {
		return "", fmt.Errorf("%s is not a domain: %w", quote(input), fmt.Errorf(format, args...))
	}
	switch {
	case s == "":
		return "", fmt.Errorf("an empty string is not a domain")
	case !utf8.ValidString(s):
		return bad("it is not UTF-8")
	}
	if strings.ContainsFunc(s, unicode.IsSpace) {
		return bad("it contains a space")
	}
	if _, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return bad("it is an IP address")
	}
	if scheme, rest, ok := strings.Cut(s, "://"); ok && scheme != "" {
		host := rest[strings.LastIndexByte(rest, '@')+1:]
		if end := strings.IndexAny(host, "/?#"); end >= 0 {
			host = host[:end]
		}
		if host == "" {
			return bad("it is a URL without a host")
		}
		return bad("it is a URL; did you mean %s?", quote(host))
	}
	if _, domain, ok := strings.Cut(s, "@"); ok {
		return bad("it is an address; did you mean %s?", quote(domain))
	}
	ascii, err := idnaProfile.ToASCII(strings.TrimSuffix(s, "."))
	if err != nil {
		return bad("%s", strings.TrimPrefix(err.Error(), "idna: "))
	}
	if len(ascii) > 253 {
		return bad("it has %d characters, the DNS allows 253", len(ascii))
	}
	labels := strings.Split(ascii, ".")
	if len(labels) < 2 {
		return bad("it has only one label")
	}
	for _, label := range labels {
		if err := checkLabel(label); err != nil {
			return bad("%w", err)
		}
	}
	return ascii, nil
}

// ParseAuthorDomain is ParseDomain for a domain that stands in From. The name of a
// record below it, such as _dmarc.acme.example, is refused with the domain that is
// meant.
func ParseAuthorDomain(input string) (string, error) {
	domain, err := ParseDomain(input)
	if err != nil {
		return "", err
	}
	owner, what, flag := recordOwner(domain)
	if what == "" {
		return domain, nil
	}
	return "", fmt.Errorf("%s is not a domain that sends mail: it is %s; did you mean %s%s?", quote(input), what, quote(owner), flag)
}

// recordOwner returns the domain that the name of a record is below, what the name
// is, and the flag that says the rest of it. What is empty for any other name.
func recordOwner(name string) (owner, what, flag string) {
	labels := strings.Split(name, ".")
	last := -1
	for i, label := range labels {
		if strings.HasPrefix(label, "_") {
			last = i
		}
	}
	if last < 0 || len(labels)-last < 3 {
		return "", "", ""
	}
	owner = strings.Join(labels[last+1:], ".")
	what = "a name of records, which mail does not come from"
	switch labels[last] {
	case "_dmarc":
		what = "the name of a DMARC record"
	case "_spf":
		what = "a name of SPF records"
	case "_domainkey":
		what = "a name of DKIM records"
		if last > 0 {
			flag = " with --selector " + strings.Join(labels[:last], ".")
		}
	}
	return owner, what, flag
}

// ParseHELO checks a name as hosts greet with it: a domain, or what they should
// not send but do, a single label or an address literal.
func ParseHELO(input string) (string, error) {
	s := strings.ToLower(strings.TrimSuffix(strings.TrimSpace(input), "."))
	if domain, err := ParseDomain(s); err == nil {
		return domain, nil
	}
	if _, err := netip.ParseAddr(strings.TrimPrefix(strings.Trim(s, "[]"), "ipv6:")); err == nil {
		return s, nil
	}
	if err := checkLabel(s); err != nil {
		return "", fmt.Errorf("%s is not a name to greet with: %w", quote(input), err)
	}
	return s, nil
}

// ParseSelector checks a DKIM selector, which may be several labels
// (RFC 6376, 3.1). A whole name such as s1._domainkey.acme.example is refused
// with the selector that is in it.
func ParseSelector(input string) (string, error) {
	s := strings.ToLower(strings.TrimSpace(input))
	if selector, _, ok := strings.Cut(s, "._domainkey"); ok {
		return "", fmt.Errorf("%s is a whole name; did you mean %s?", quote(input), quote(selector))
	}
	for _, label := range strings.Split(s, ".") {
		if err := checkLabel(label); err != nil {
			return "", fmt.Errorf("%s is not a selector: %w", quote(input), err)
		}
	}
	return s, nil
}

// checkLabel checks one label of a name, in lower case.
func checkLabel(label string) error {
	switch {
	case label == "":
		return errors.New("it has an empty label")
	case len(label) > 63:
		return fmt.Errorf("the label %s has %d characters, the DNS allows 63", quote(label), len(label))
	}
	for _, c := range []byte(label) {
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
			return fmt.Errorf("%q does not belong in one", c)
		}
	}
	return nil
}

// Unicode returns the domain as a person writes it, and "" if that is the same.
func Unicode(domain string) string {
	u, err := idna.Display.ToUnicode(domain)
	if err != nil || u == domain {
		return ""
	}
	return u
}

// secretIn is where a URL has a key: in a parameter that is named for one, or behind the host of a
// resolver.
var secretIn = lazyre.New(`(?i)[?&#][^=&]*(?:key|token|secret|pass|auth|pw)[^=&]*=|^(?:tls|tcp|udp|sdns|quic)://[^#]*#`)

// quote shows what was typed without its secrets.
func quote(s string) string {
	s = redact.Typed(s)
	if at := secretIn.FindStringIndex(s); at != nil && strings.Contains(s, "://") {
		s = s[:at[1]] + "…"
	}
	return strconv.Quote(show.Cut(s, maxInputQuoted))
}
