package policy

import (
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/ascii"
	"mailworthy/internal/ownership"
	"mailworthy/resolver"
)

// ownershipToken is the proof of ownership that a token of a record is, or that stands
// glued to its all, and that all; "" if there is none. No receiver reads it there, and it
// names no sender.
func ownershipToken(tok string) (proof, all string) {
	tok = strings.Trim(tok, "\"'")
	sign, name, sep, value := split(tok)
	if ascii.EqualFold(name, "all") && sep == ":" {
		if proof, other := ownershipToken(value); proof != "" && other == "" {
			return proof, sign + "all"
		}
	}
	if sep != "=" || value == "" || strings.ContainsAny(value, "%\"'") || strings.Contains(value, "spf1") {
		return "", ""
	}
	if rest := name[min(len(name), len("all")):]; rest != "" && ascii.EqualFold(name[:len("all")], "all") {
		all, name = sign+"all", strings.TrimLeft(rest, "\"'")
	} else if sign != "" {
		return "", ""
	}
	if !ownership.Named(name) {
		return "", ""
	}
	return name + sep + value, all
}

// ownsDomain reports whether a term is a proof of ownership.
func ownsDomain(term string) bool {
	proof, _ := ownershipToken(term)
	return proof != ""
}

// keepTokens returns the records of their own for the proofs of ownership that stand in a
// record: whoever takes them out of it publishes them there.
func (k *checker) keepTokens(p *proposal) (out []finding.Record) {
	for f := range strings.FieldsSeq(p.published) {
		proof, _ := ownershipToken(f)
		if proof == "" || len(out) == maxNamed {
			continue
		}
		r := finding.Record{Name: p.record.Domain, Type: "TXT", Value: proof}
		there := slices.ContainsFunc(k.p.answers.get(p.record.Domain, resolver.TypeTXT).records(), func(x resolver.Record) bool { return x.Text() == proof })
		if !there && !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return out
}
