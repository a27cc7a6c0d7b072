package resolver

import "golang.org/x/net/publicsuffix"

// Registrable returns the domain that one would register to own a name in lower case,
// by the public suffix list; of a public suffix it is the name itself.
func Registrable(name string) string {
	if domain, err := publicsuffix.EffectiveTLDPlusOne(name); err == nil {
		return domain
	}
	return name
}
