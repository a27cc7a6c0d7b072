package spf

import "net/netip"

// Kind is the name of a mechanism or modifier in lower case.
type Kind string

// The kinds of terms (RFC 7208, 5 and 6).
const (
	KindAll      Kind = "all"
	KindInclude  Kind = "include"
	KindA        Kind = "a"
	KindMX       Kind = "mx"
	KindPTR      Kind = "ptr"
	KindIP4      Kind = "ip4"
	KindIP6      Kind = "ip6"
	KindExists   Kind = "exists"
	KindRedirect Kind = "redirect"
	KindExp      Kind = "exp"
	// KindModifier is a modifier that no standard knows; it is ignored.
	KindModifier Kind = "modifier"
	// KindInvalid is what the grammar does not know.
	KindInvalid Kind = "invalid"
)

// mechanisms maps the names of mechanisms; modifiers are told by their "=".
var mechanisms = [...]Kind{KindAll, KindInclude, KindA, KindMX, KindPTR, KindIP4, KindIP6, KindExists}

// costs reports whether a term of the kind counts towards the limit of ten
// (RFC 7208, 4.6.4).
func (k Kind) costs() bool {
	switch k {
	case KindInclude, KindA, KindMX, KindPTR, KindExists, KindRedirect:
		return true
	}
	return false
}

// directive reports whether the kind is a mechanism.
func (k Kind) directive() bool {
	switch k {
	case KindRedirect, KindExp, KindModifier, KindInvalid:
		return false
	}
	return true
}

// qualifier is the sign before a mechanism.
type qualifier byte

// result is what a match gives (RFC 7208, 4.6.2).
func (q qualifier) result() Result {
	switch q {
	case '-':
		return Fail
	case '~':
		return SoftFail
	case '?':
		return Neutral
	}
	return Pass
}

// String is the sign as it is written.
func (q qualifier) String() string {
	switch q {
	case '+':
		return "+"
	case '-':
		return "-"
	case '~':
		return "~"
	}
	return "?"
}

// term is one term as the grammar reads it. It points into the text of its
// record and holds no memory of its own.
type term struct {
	text   string // as written, with the qualifier
	offset int    // of text in the record
	kind   Kind
	// spec is the domain-spec, the value of a modifier, or the network of ip4
	// and ip6 without its length; empty where there is none.
	spec string
	sign qualifier
	// macros says that spec holds a "%" and must be expanded.
	macros bool
	// bits4 and bits6 are the lengths of the prefixes to compare.
	bits4, bits6 uint8
	// prefix is the network of ip4 and ip6.
	prefix netip.Prefix
	// wrong is what is wrong with the term; empty where it is valid.
	wrong string
}

// name is the name of a modifier.
func (t *term) name() string {
	for i := range len(t.text) {
		if t.text[i] == '=' {
			return t.text[:i]
		}
	}
	return ""
}

// around is what an address of "a" or "mx" matches, with the length of the term.
func (t *term) around(a netip.Addr) netip.Prefix {
	bits := int(t.bits4)
	if a.Is6() {
		bits = int(t.bits6)
	}
	return netip.PrefixFrom(a, bits).Masked()
}
