package mailhost

import (
	"slices"
	"strings"

	"mailworthy/resolver"
)

// localSuffixes end names that mean something inside one network only, or on one
// machine: RFC 6761, 6.3 and 6.4; RFC 6762, 3; RFC 8375, 4; and what routers and
// directories use in spite of RFC 6762, appendix G.
var localSuffixes = []string{"localhost", "localdomain", "local", "lan", "internal", "intranet", "private", "corp", "home", "home.arpa", "invalid"}

// localName reports whether a host name means nothing outside the network of who
// wrote it. A domain that is itself below such a suffix is audited as it stands.
func localName(host, domain string) bool {
	if !strings.Contains(host, ".") {
		return true
	}
	return slices.ContainsFunc(localSuffixes, func(suffix string) bool {
		return strings.HasSuffix(host, "."+suffix) && domain != suffix && !strings.HasSuffix(domain, "."+suffix)
	})
}

// isThisMachine reports whether a name is that of every machine for itself (RFC
// 6761, 6.3).
func isThisMachine(host string) bool {
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || host == "localhost.localdomain"
}

// oddCharacter is the first character of a host name that no host name has: they
// are of letters, digits and hyphens (RFC 952, RFC 1123, 2.1). Empty: there is none.
func oddCharacter(host string) string {
	for _, r := range host {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '-', r == '.':
		default:
			return string(r)
		}
	}
	return ""
}

// validation returns the text of the TXT record that proves the same as an MX record
// of Microsoft 365 made for that alone (ms12345678.msv1.invalid); empty: it is another
// host.
func validation(host string) string {
	token, ok := strings.CutSuffix(host, ".msv1.invalid")
	digits, ms := strings.CutPrefix(token, "ms")
	if !ok || !ms || digits == "" || strings.Trim(digits, "0123456789") != "" {
		return ""
	}
	return "MS=" + token
}

// meant is the name that an MX record was probably meant to name: that in a URL, one label
// without the domain, or a whole name to which the zone added its own because the final dot
// is missing; own is the registrable domain. Empty: nothing else was meant. It may
// have no address: ask.
func (d *Domain) meant(host, own string) string {
	if bare := withoutURL(host); bare != host {
		return bare
	}
	if !strings.Contains(host, ".") {
		if isThisMachine(host) || literal(host).IsValid() {
			return ""
		}
		return host + "." + d.Name
	}
	for _, zone := range [...]string{d.Name, own} {
		name, ok := strings.CutSuffix(host, "."+zone)
		if ok && (resolver.Within(name, own) || GatewayOf(name) != nil) {
			return name
		}
	}
	return resolver.Undotted(host, d.Name, own)
}

// withoutURL is a host that is written as a URL, as a mailbox or with a port, on its own.
func withoutURL(host string) string {
	if _, rest, ok := strings.Cut(host, "://"); ok {
		host, _, _ = strings.Cut(rest, "/")
	}
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = host[i+1:]
	}
	if name, port, ok := strings.Cut(host, ":"); ok && strings.Trim(port, "0123456789") == "" {
		host = name
	}
	return host
}

// certainly reports that a whole name with a zone's behind it can be no name of that zone: a
// host of the domain, of a service, or one below a domain that has an address. A
// domain alone may be a part of a name: mail.de.acme.example.
func certainly(meant *Host, own string) bool {
	return resolver.Within(meant.Name, own) || GatewayOf(meant.Name) != nil || meant.Name != resolver.Registrable(meant.Name)
}
