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

// mechanisms are the names of mechanisms; modifiers are recognised by their "=".
var mechanisms = [...]Kind{KindAll, KindInclude, KindA, KindMX, KindPTR, KindIP4, KindIP6, KindExists}

// Costs reports whether a term of the kind counts towards the limit of ten
// (RFC 7208, 4.6.4).
func (k Kind) Costs() bool {
	switch k {
	case KindInclude, KindA, KindMX, KindPTR, KindExists, KindRedirect:
		return true
	}
	return false
}

// Directive reports whether the kind is a mechanism (RFC 7208, 5), which may match and has
// a sign; modifiers do not.
func (k Kind) Directive() bool {
	switch k {
	case KindRedirect, KindExp, KindModifier, KindInvalid:
		return false
	}
	return true
}

// Qualifier is the sign before a mechanism: '+', '-', '~' or '?' (RFC 7208, 4.6.2).
type Qualifier byte

// Result is what a match gives (RFC 7208, 4.6.2).
func (q Qualifier) Result() Result {
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
func (q Qualifier) String() string {
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

// Term is one term as the grammar reads it (RFC 7208, 4.6.1). Its strings are parts of the
// text of the record.
type Term struct {
	// Text is the term as it is written, with its sign. Offset is where it begins in the
	// record, in bytes.
	Text   string
	Offset int
	Kind   Kind
	// Spec is the domain-spec, the value of a modifier, or the network of ip4
	// and ip6 without its length; empty if there is none.
	Spec string
	// Sign is '+' if none is written.
	Sign Qualifier
	// Macros says that Spec holds a "%" and must be expanded.
	Macros bool
	// Bits4 and Bits6 are the prefix lengths of a and mx (RFC 7208, 5.6), 32 and 128 if
	// none is written.
	Bits4, Bits6 uint8
	// Prefix is the network of ip4 and ip6; invalid for other kinds.
	Prefix netip.Prefix
	// Error is what is wrong with the term; empty if it is valid.
	Error string
}

// Name returns the name of a modifier as it is written, "" for other terms.
func (t *Term) Name() string {
	for i := range len(t.Text) {
		if t.Text[i] == '=' {
			return t.Text[:i]
		}
	}
	return ""
}

// Around returns the network that an a or mx term matches around one of its addresses
// (RFC 7208, 5.3 and 5.6).
func (t *Term) Around(a netip.Addr) netip.Prefix {
	bits := int(t.Bits4)
	if a.Is6() {
		bits = int(t.Bits6)
	}
	return netip.PrefixFrom(a, bits).Masked()
}
