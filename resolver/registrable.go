package resolver

import (
	"strings"

	"golang.org/x/net/publicsuffix"
)

// Registrable returns the domain that one would register to own a name in lower case,
// by the public suffix list; of a public suffix it is the name itself.
func Registrable(name string) string {
	if domain, err := publicsuffix.EffectiveTLDPlusOne(name); err == nil {
		return domain
	}
	return name
}

// TopLevel is the last label of a name.
func TopLevel(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

// InRoot reports whether a top-level domain is known to be in the root, by the part of the
// public suffix list that IANA's registry is the source of.
func InRoot(tld string) bool {
	_, icann := publicsuffix.PublicSuffix("x." + tld)
	return icann
}

// LastOwner is the name at which the last of the aliases stands that a name leads through.
func LastOwner(name string, aliases []string) string {
	if n := len(aliases); n > 1 {
		return aliases[n-2]
	}
	return name
}

// Undotted returns the whole name that was written without its final dot, so that one of
// the zones added its own to it: u1.wl.sendgrid.net of u1.wl.sendgrid.net.acme.example in
// the zone acme.example. It is "" if what stands before the zone is no whole name: one below a
// public suffix.
func Undotted(name string, zones ...string) string {
	for _, zone := range zones {
		rest, ok := strings.CutSuffix(name, "."+zone)
		if !ok || zone == "" {
			continue
		}
		if Whole(rest) {
			return rest
		}
	}
	return ""
}

// OwnParent returns the name that exists in a zone if one that may have lost its final dot is a name of
// the zone's own: us.acme.example of mail.us.acme.example, which mail.us without its dot would be as well.
// It is "" if undotted, as Undotted returned it of the name, is below the registrable domain itself.
func OwnParent(name, undotted string) string {
	zone := strings.TrimPrefix(name, undotted+".")
	switch end := TopLevel(undotted); {
	case Within(undotted, Registrable(zone)):
		return ""
	case end == TopLevel(zone):
		// Names that have the domain twice stand below that label.
		return Registrable(undotted) + "." + zone
	default:
		return end + "." + zone
	}
}

// Whole reports whether a name can stand by itself: it is below a public suffix that the
// list has, or below a name of examples.
func Whole(name string) bool {
	suffix, listed := publicsuffix.PublicSuffix(name)
	return (listed || Documented(name)) && name != suffix
}
