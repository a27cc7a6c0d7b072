package dmarc

import (
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"

	"mailworthy/internal/show"
)

// Bounds of the DNS on names as text without the final dot (RFC 1035, 2.3.4).
const (
	maxName  = 253
	maxLabel = 63
)

var idnaProfile = idna.New(idna.MapForLookup(), idna.StrictDomainName(false))

// canonical is domain in lower case, as A-labels (RFC 9989, 5.3.1) and without
// the final dot. It is an error if no DNS name can be.
func canonical(domain string) (string, error) {
	d := strings.TrimSuffix(strings.ToLower(domain), ".")
	if strings.IndexFunc(d, func(c rune) bool { return c > '~' }) >= 0 {
		a, err := idnaProfile.ToASCII(d)
		if err != nil {
			return d, fmt.Errorf("%q is not a domain name: %s", show.Cut(d, 80), strings.TrimPrefix(err.Error(), "idna: "))
		}
		d = a
	}
	if len(d) > maxName {
		return d, fmt.Errorf("%q is not a domain name: it is longer than the DNS allows", show.Cut(d, 80))
	}
	for label := range strings.SplitSeq(d, ".") {
		if label == "" || len(label) > maxLabel {
			return d, fmt.Errorf("%q is not a domain name: a label is empty or longer than %d octets", show.Cut(d, 80), maxLabel)
		}
	}
	return d, nil
}

// walkDomains are the domains whose records a walk asks for, in its order: the
// domain itself, then its parents, the first of them cut to seven labels if
// the domain has eight or more (RFC 9989, 4.10, steps 3 to 7). At most eight.
func walkDomains(domain string) []string {
	parents := min(labels(domain)-1, 7)
	out := append(make([]string, 0, 1+parents), domain)
	for n := parents; n >= 1; n-- {
		out = append(out, lastLabels(domain, n))
	}
	return out
}

func labels(domain string) int { return strings.Count(domain, ".") + 1 }

// lastLabels is the end of domain that has n labels.
func lastLabels(domain string, n int) string {
	i := len(domain)
	for ; n > 0 && i >= 0; n-- {
		i = strings.LastIndexByte(domain[:i], '.')
	}
	return domain[i+1:]
}

const recordPrefix = "_dmarc."

// recordName is where the record of domain stands.
func recordName(domain string) string { return recordPrefix + domain }

// isSuffix reports that domain is a top-level domain or one that the ICANN part
// of the public suffix list has. Its operator, if it publishes a policy at all,
// must publish psd=y (RFC 9989, 5.2).
func isSuffix(domain string) bool {
	if labels(domain) == 1 {
		return true
	}
	suffix, icann := publicsuffix.PublicSuffix(domain)
	return icann && suffix == domain
}

// publicSuffix reports that domain is a top-level domain, or one that the public suffix
// list has, be it a registry's or that of a company that gives names below it to others.
func publicSuffix(domain string) bool {
	suffix, _ := publicsuffix.PublicSuffix(domain)
	return labels(domain) == 1 || suffix == domain
}

// nobody is a label below domain that nobody published: always the same for
// one domain, so that reports are reproducible, and not to be met by chance.
func nobody(domain string) string {
	h := fnv.New64a()
	h.Write([]byte(domain))
	var sum, text [16]byte
	hex.Encode(text[:], h.Sum(sum[:0]))
	return "nobody-" + string(text[:])
}
