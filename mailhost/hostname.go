package mailhost

import (
	"fmt"
	"slices"
	"strconv"
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

// meant is the name that the MX record was probably meant to name: that in a URL, or with
// its preference or a port in it; one label without the domain; or a whole name to which
// the zone added its own because the final dot is missing. own is the registrable domain.
// Empty: nothing else was meant. It may have no address: ask.
func (e *Exchange) meant(domain, own string) string {
	host := e.Name
	if name := e.bare(host, domain, own); name != host {
		if isThisMachine(name) {
			return ""
		}
		if name != "" && !strings.Contains(name, ".") {
			name += "." + domain
		}
		return name
	}
	if !strings.Contains(host, ".") {
		if isThisMachine(host) || literal(host).IsValid() {
			return ""
		}
		return host + "." + domain
	}
	for _, zone := range [...]string{domain, own} {
		name, ok := strings.CutSuffix(host, "."+zone)
		if ok && (resolver.Within(name, own) || GatewayOf(name) != nil) {
			return name
		}
		if bare := e.bare(name, domain, own); ok && bare != name {
			if bare != "" && !resolver.Whole(bare) {
				bare += "." + zone
			}
			return bare
		}
	}
	return resolver.Undotted(host, domain, own)
}

// bare is a host without what stands in no name: a URL, a mailbox, a port, brackets; the
// preference typed once more; a number where the top-level domain stands, behind a name that
// is the domain's or a service's. It is empty if nothing is left.
func (e *Exchange) bare(host, domain, own string) string {
	name := withoutURL(host)
	if user, at, ok := strings.Cut(host, "@"); ok && name == at && at == own && user != "" {
		name = user + "." + at // a dot was meant
	}
	preference := strconv.Itoa(int(e.Preference)) + "."
	if rest, ok := strings.CutPrefix(name, preference); ok && resolver.Within(rest, own) && rest != own && rest != domain {
		name = rest
	}
	if cut := strings.TrimRight(name, "0123456789."); cut != name && name[len(cut)] == '.' && endsInNumber(name) &&
		(resolver.Within(cut, own) || GatewayOf(cut) != nil) {
		name = cut
	}
	return name
}

// withoutURL is a host that is written as a URL, as a mailbox, in brackets, or with a port
// or a number before it, on its own.
func withoutURL(host string) string {
	if _, rest, ok := strings.Cut(host, "://"); ok {
		host, _, _ = strings.Cut(rest, "/")
	}
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = host[i+1:]
	}
	host = strings.Trim(host, " \t\"'<>,;")
	if number, name, ok := strings.Cut(host, " "); ok && isNumber(number) {
		host = strings.TrimSpace(name)
	}
	if i := strings.LastIndexByte(host, ':'); i >= 0 && strings.Trim(host[i+1:], "0123456789") == "" &&
		(strings.IndexByte(host, ':') == i || strings.HasSuffix(host[:i], "]")) {
		host = strings.TrimSuffix(host[:i], ".")
	}
	if name := strings.ReplaceAll(host, ",", "."); name != host && !strings.Contains(name, "..") && resolver.Whole(name) {
		host = name
	}
	return host
}

// isNumber reports whether a label is of digits alone.
func isNumber(label string) bool { return label != "" && strings.Trim(label, "0123456789") == "" }

// endsInNumber reports whether the last of several labels is of digits alone: a top-level domain
// never is (RFC 3696, 2), and so the name cannot exist.
func endsInNumber(host string) bool {
	i := strings.LastIndexByte(host, '.')
	return i >= 0 && isNumber(host[i+1:])
}

// impossible says why no host can have the name, whatever the DNS says or does not say:
// it is a URL, or has what no name of a host has in it, or its last label is no top-level
// domain. Empty: it can.
func impossible(host string) string {
	top := host[strings.LastIndexByte(host, '.')+1:]
	switch {
	case literal(host).IsValid():
		return "it is an address"
	case withoutURL(host) != host, top != host && oddCharacter(top) != "":
		return "it is no name of a host"
	case endsInNumber(host):
		return fmt.Sprintf("no top-level domain is a number, such as %s", top)
	}
	return ""
}

// certainly reports that a whole name with a zone's behind it can be no name of that zone: a
// host of the domain, of a service, or one below a domain that has an address. A
// domain alone may be a part of a name: mail.de.acme.example.
func certainly(meant *Host, own string) bool {
	return resolver.Within(meant.Name, own) || GatewayOf(meant.Name) != nil || meant.Name != resolver.Registrable(meant.Name)
}

// nowhere are the MX records whose hosts do not exist, in domains of others that could be
// registered.
func (d *Domain) nowhere(q *domainOutcomes) (out []*Exchange) {
	for i := range d.Exchanges {
		e, host := &d.Exchanges[i], &q.hosts[i]
		if !e.isHost() || e.Meant != nil || host.v4.answer == nil || host.v4.exists() != Absent {
			continue
		}
		zone := resolver.Registrable(e.Name)
		if strings.Contains(zone, ".") && zone != q.authority.organizational && !resolver.Documented(zone) && !resolver.Unregistrable(zone) {
			out = append(out, e)
		}
	}
	return out
}

// registration asks whether the domains of the hosts are there.
func registration(b *resolver.Batch, list []*Exchange) {
	for _, e := range list {
		zone := resolver.Registrable(e.Name)
		b.Ask(zone, resolver.TypeSOA, func(a *resolver.Answer, err error) {
			if o := (&outcome{a, err}); o.exists() == Absent {
				e.unregistered = zone
				e.Evidence = append(slices.Clip(e.Evidence), o.evidence())
			}
		})
	}
}
