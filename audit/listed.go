package audit

import (
	"fmt"
	"strings"
)

// ParseListed turns an entry of a list of domains into the domain to ask for. A
// list is put together from what there is, so what ParseDomain refuses with "did
// you mean" is taken as meant: the domain of a URL, of a host with a port or of an
// address. Changed says what was done, as a sentence for the reader of the list;
// it is empty if the entry was a domain.
func ParseListed(entry string) (domain, changed string, err error) {
	s := strings.TrimSpace(entry)
	domain, err = ParseAuthorDomain(s)
	if err == nil {
		return domain, "", nil
	}
	inside, what := domainInside(s)
	if what == "" {
		return "", "", err
	}
	domain, wrong := ParseAuthorDomain(inside)
	if wrong != nil {
		return "", "", err
	}
	return domain, fmt.Sprintf("%s is %s: %s is audited", quote(entry), what, domain), nil
}

// domainInside takes out of a URL, an address or a word in quotation marks what
// could be the domain, and says what it was. Both are empty if there is no such part.
func domainInside(s string) (inside, what string) {
	if bare := strings.Trim(s, "\"'`,;"); bare != s {
		if inside, what = domainInside(bare); what != "" {
			return inside, what
		}
		return bare, "a domain in punctuation"
	}
	_, rest, isURL := strings.Cut(s, "://")
	if !isURL {
		if host, _, ok := strings.Cut(s, "/"); ok {
			rest, isURL = host, true
		}
	}
	if isURL {
		if end := strings.IndexAny(rest, "/?#"); end >= 0 {
			rest = rest[:end]
		}
		return withoutPort(rest[strings.LastIndexByte(rest, '@')+1:]), "a URL"
	}
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		address := s[i+1:]
		if end := strings.IndexByte(address, '>'); end >= 0 {
			address = address[:end]
		}
		return address, "an address"
	}
	if host := withoutPort(s); host != s {
		return host, "a host with a port"
	}
	if name, err := ParseDomain(s); err == nil {
		owner, what, _ := recordOwner(name)
		return owner, what
	}
	return "", ""
}

// withoutPort cuts a port of digits.
func withoutPort(host string) string {
	name, port, ok := strings.Cut(host, ":")
	if !ok || strings.Trim(port, "0123456789") != "" {
		return host
	}
	return name
}
