package dkim

import (
	"slices"
	"strings"
)

// mostPieces bounds the TXT records of a selector that are tried as pieces of one
// key.
const mostPieces = 4

// severalRecords is what several TXT records at one selector come to.
type severalRecords struct {
	// joined is the one record that they are pieces of; "" if they are not.
	joined string
	// same is the record to keep if all of them say the same.
	same string
	// keys are the records that look like a key, others the rest.
	keys, others []string
}

// together reads the TXT records of a selector as one.
func together(texts []string) severalRecords {
	var s severalRecords
	if len(texts) > mostTags {
		texts = texts[:mostTags]
	}
	if s.joined = joinPieces(texts); s.joined == "" {
		s.joined = joinTags(texts)
	}
	if s.joined != "" {
		return s
	}
	var records []string
	tests := map[bool]bool{} // with t=y and without
	for _, text := range texts {
		var k Key
		if k.read(text); !k.resembles() {
			s.others = append(s.others, text)
			continue
		}
		s.keys = append(s.keys, text)
		records, tests[k.Testing] = append(records, k.repaired()), true
	}
	if len(s.others) == 0 && len(records) > 1 && len(tests) == 1 && records[0] != "" &&
		!slices.ContainsFunc(records, func(r string) bool { return !sameKey(r, records[0]) }) {
		s.same = records[0]
		if i := slices.IndexFunc(texts, func(text string) bool {
			k, err := ParseKey(text)
			return err == nil && len(k.Problems) == 0 && k.Live()
		}); i >= 0 {
			s.same = texts[i]
		}
	}
	return s
}

// sameKey reports whether two records come to the same for a verifier.
func sameKey(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	x, _ := ParseKey(a) // both are repaired
	y, _ := ParseKey(b)
	return x.Fingerprint == y.Fingerprint && x.Revoked == y.Revoked && x.Strict == y.Strict &&
		slices.Equal(x.Hashes, y.Hashes) && slices.Equal(x.Services, y.Services)
}

// joinPieces puts a key together that was published as several TXT records instead
// of several strings of one (RFC 6376, 3.6.2.2). The pieces come in any order; the
// key's encoding, which says its length and ends with the exponent, tells the right
// one. It returns "" if no order makes a key, or more than one does.
func joinPieces(texts []string) string {
	if len(texts) < 2 || len(texts) > mostPieces {
		return ""
	}
	pieces := make([]string, len(texts)) // without the tags that some panels repeat
	heads := make([]bool, len(texts))
	for i, text := range texts {
		var k Key
		switch k.read(text); {
		case len(text) > mostText, k.Live(), k.Revoked:
			return "" // complete by itself
		case k.tag("p") != nil:
			pieces[i], heads[i] = k.tag("p").value, true
		case k.resembles():
			heads[i] = true
		default:
			pieces[i] = text
		}
	}
	found := map[string]string{}
	for order := range permutations(len(texts)) {
		if !heads[order[0]] {
			continue
		}
		if slices.ContainsFunc(order[1:], func(i int) bool { return restricted(texts[i], texts[order[0]]) }) {
			continue
		}
		joined := texts[order[0]]
		for _, i := range order[1:] {
			joined += pieces[i]
		}
		var k Key
		k.read(joined)
		repaired := k.repaired()
		if repaired == "" || k.Revoked {
			continue
		}
		fixed, _ := ParseKey(repaired) // it parses, or it were no repair
		if found[fixed.Fingerprint] = joined; !k.Live() || len(k.Problems) > 0 {
			found[fixed.Fingerprint] = repaired
		}
	}
	if len(found) != 1 {
		return ""
	}
	for _, joined := range found {
		return joined
	}
	return ""
}

// restricted reports whether a piece has tags besides those that its head has, and its p=:
// what they say would be lost.
func restricted(piece, head string) bool {
	var k, first Key
	k.read(piece)
	first.read(head)
	return k.resembles() && slices.ContainsFunc(k.tags, func(t tag) bool {
		have := first.tag(t.name)
		return t.name != "p" && t.name != "v" && (have == nil || have.value != t.value)
	})
}

// joinTags puts a key together whose tags stand in two records: one begins with the version
// and lacks p= alone, the other has it, and none of the tags of the first. It returns "" if
// they are not such two.
func joinTags(texts []string) string {
	if len(texts) != 2 {
		return ""
	}
	for i, head := range texts {
		tags, problems := parseTags(head, false)
		rest, more := parseTags(texts[1-i], false)
		if len(tags) == 0 || tags[0].name != "v" || len(problems)+len(more) > 0 {
			continue
		}
		has := func(name string) bool { return slices.ContainsFunc(rest, func(t tag) bool { return t.name == name }) }
		if slices.ContainsFunc(tags, func(t tag) bool { return t.name == "p" || has(t.name) }) || !has("p") {
			continue
		}
		joined := strings.TrimRight(head, "; \t") + "; " + strings.Trim(texts[1-i], "; \t")
		if k, err := ParseKey(joined); err == nil && k.Live() && len(k.Problems) == 0 {
			return joined
		}
	}
	return ""
}

// permutations yields the orders of n things.
func permutations(n int) func(yield func([]int) bool) {
	return func(yield func([]int) bool) {
		order := make([]int, n)
		for i := range order {
			order[i] = i
		}
		var next func(at int) bool
		next = func(at int) bool {
			if at == n {
				return yield(order)
			}
			for i := at; i < n; i++ {
				order[at], order[i] = order[i], order[at]
				if !next(at + 1) {
					return false
				}
				order[at], order[i] = order[i], order[at]
			}
			return true
		}
		next(0)
	}
}
