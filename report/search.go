package report

import (
	"slices"
	"strings"

	"mailworthy/finding"
)

// synonyms are groups of words for the same thing, lower case: who searches for one
// finds what is written with another.
var synonyms = [][]string{
	{"ptr", "fcrdns", "rdns", "reverse dns", "reverse", "forward-confirmed"},
	{"helo", "ehlo", "greeting", "banner"},
	{"dnsbl", "rbl", "blacklist", "blocklist", "block list", "blacklisted", "listed", "delisting"},
	{"allow list", "dnswl", "whitelist", "allowlist"},
	{"mail from", "return-path", "return path", "envelope", "bounce domain", "mailfrom"},
	{"aligned", "alignment", "align"},
	{"sending ip", "sending address", "sender ip"},
	{"rsa key", "key length", "key size", "bits"},
	{"in the name of the domain", "forged", "spoofing", "spoof", "anyone can", "impersonation"},
	{"monitoring only", "monitoring", "p=none"},
	{"nxdomain", "does not exist", "non-existent"},
	{"servfail", "timeout", "not answered", "temperror", "lookup failed"},
	{"organizational domain", "organisational domain", "public suffix", "psl", "tree walk"},
	{"10 dns lookups", "10-lookup", "too many lookups", "lookup limit"},
	{"void lookup", "void lookups", "void"},
	{"authorise", "authorised", "authorize", "authorized", "not permitted"},
	{"cname", "alias"},
	{"probe", "smtp"},
	{"aggregate reports", "rua", "dmarc report"},
	{"failure reports", "ruf", "forensic"},
	{"unsubscribe", "one-click", "rfc 8058"},
	{"flattening", "flatten", "replace names by their addresses"},
}

// SearchChecks returns the checks that a word is about, an ID, a code of a reply or
// words of a text, the best first: those whose ID has it, then the title, then the rest
// of the documentation, then those that have a synonym of it. Words apart must all be
// there.
func SearchChecks(query string) []finding.Check {
	query = strings.Join(strings.Fields(strings.ToLower(query)), " ")
	if query == "" {
		return nil
	}
	wanted := [][]string{{query}}
	if forms := alike(query); len(forms) > 0 {
		wanted = [][]string{append([]string{query}, forms...)}
	} else if words := strings.Fields(query); len(words) > 1 {
		wanted = nil
		for _, w := range words {
			wanted = append(wanted, append([]string{w}, alike(w)...))
		}
	}
	const missed = 1000
	type hit struct {
		check finding.Check
		rank  int
	}
	var hits []hit
	for _, c := range AllChecks() {
		places := []string{c.ID, strings.ToLower(c.Title), strings.ToLower(strings.Join([]string{c.Passed, c.Condition, c.Why, c.Remedy, c.Reference}, "\n"))}
		total := 0
		if strings.HasPrefix(c.ID, query+"-") {
			total = -1 // before those that have it further on
		}
		for _, forms := range wanted {
			rank := -1
			for i, form := range forms {
				for at, text := range places {
					if r := min(i, 1)*len(places) + at; (rank < 0 || r < rank) && holdsWord(text, form, at == 0) {
						rank = r
					}
				}
			}
			if rank < 0 {
				total = missed
				break
			}
			total += rank
		}
		if total < missed {
			hits = append(hits, hit{c, total})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return a.rank - b.rank })
	var out []finding.Check
	for _, h := range hits {
		out = append(out, h.check)
	}
	return out
}

// alike are the other words for the same thing.
func alike(word string) []string {
	for _, group := range synonyms {
		if slices.Contains(group, word) {
			return slices.DeleteFunc(slices.Clone(group), func(w string) bool { return w == word })
		}
	}
	return nil
}

// holdsWord reports whether the text has the word at the start of one of its own, or if
// it must be whole as one: "align" is in "aligned", "ptr" not in "scriptr". An ID that is
// cut short is a misspelt one, and no word.
func holdsWord(text, word string, whole bool) bool {
	for from := 0; ; {
		at := strings.Index(text[from:], word)
		if at < 0 {
			return false
		}
		at += from
		end := at + len(word)
		if (at == 0 || !alphanumeric(text[at-1])) && (!whole || end == len(text) || !alphanumeric(text[end])) {
			return true
		}
		from = at + 1
	}
}

func alphanumeric(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c >= 0x80 }
