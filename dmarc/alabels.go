package dmarc

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"mailworthy/internal/ascii"
)

// registered reads the labels that a registry takes (RFC 5891, 4).
var registered = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.Transitional(false), idna.StrictDomainName(true), idna.VerifyDNSLength(true))

// ALabels returns a record with those of hosts, and what is below them, in A-labels (RFC 5890), where
// they are written in other letters than those of ASCII: no record holds these (RFC 9989, 4.7). Any other
// name stays, for the accent may be a slip, and the name that it makes anybody's. So do labels of two
// alphabets, those that look like a label in ASCII or were read in the wrong character set, and a name
// that is one of hosts but for its accents: which is meant, its owner knows.
func ALabels(record string, hosts ...string) string {
	if ascii.Only(record) || len(record) > maxRepair || !utf8.ValidString(record) {
		return record
	}
	var out strings.Builder
	rest := record
	for {
		at := strings.IndexFunc(rest, func(c rune) bool { return c >= utf8.RuneSelf })
		if at < 0 {
			return out.String() + rest
		}
		from := at
		for from > 0 && inHost(rune(rest[from-1])) {
			from--
		}
		to := at
		for to < len(rest) {
			c, size := utf8.DecodeRuneInString(rest[to:])
			if !inHost(c) {
				break
			}
			to += size
		}
		to = max(to, at+1)
		for to < len(rest) && !utf8.RuneStart(rest[to]) {
			to++
		}
		host := rest[from:to]
		if before := rest[:from]; strings.HasSuffix(before, "@") || strings.HasSuffix(before, "://") {
			host = aLabels(host, hosts)
		}
		out.WriteString(rest[:from] + host)
		rest = rest[to:]
	}
}

// inHost reports whether a character can be one of the name of a host.
func inHost(c rune) bool {
	if c < utf8.RuneSelf {
		return ascii.IsAlphanumeric(byte(c)) || c == '-' || c == '.' || c == '_'
	}
	return unicode.IsLetter(c) || unicode.IsMark(c) || unicode.IsDigit(c)
}

// aLabels is a host in A-labels, or as it stands if that is not plain.
func aLabels(host string, hosts []string) string {
	labels := strings.Split(host, ".")
	if len(labels) < 2 {
		return host
	}
	bare := make([]string, len(labels))
	for i, label := range labels {
		if bare[i] = ascii.ToLower(label); ascii.Only(label) {
			continue
		}
		a, err := registered.ToASCII(label)
		if err != nil || !strings.HasPrefix(a, "xn--") || ascii.MixesScripts(label) || ascii.Only(ascii.Latin("a"+label)) || misread(label) {
			return host
		}
		labels[i] = a
		bare[i] = strings.Map(func(c rune) rune {
			if unicode.IsMark(c) {
				return -1
			}
			return c
		}, norm.NFD.String(strings.ToLower(label)))
	}
	name := strings.Join(labels, ".")
	if known(hosts).has(strings.Join(bare, ".")) || !known(hosts).has(name) {
		return host
	}
	return name
}

// misread reports whether the letters of a label are the octets of UTF-8 taken for Latin-1, "Ã¼" for "ü".
func misread(label string) bool {
	octets := make([]byte, 0, len(label))
	for _, c := range label {
		if c > 0xff {
			return false
		}
		octets = append(octets, byte(c))
	}
	return utf8.Valid(octets)
}
