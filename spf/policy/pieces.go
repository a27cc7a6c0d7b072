package policy

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/ascii"
	"mailworthy/resolver"
	"mailworthy/spf"
)

// apart holds back the proposals for a record while a text stands beside it that holds terms of
// SPF which the proposal has not: the record may have been spread over several TXT records, and
// what is published as it stands would leave out the rest for good.
func (k *checker) apart() {
	if k.trial || k.p.answers == nil {
		return
	}
	for _, f := range k.Found() {
		x := f.Fix
		if x == nil || x.Type != "TXT" || x.When != "" || x.HasPlaceholder() || !spf.IsRecord(x.Value) {
			continue
		}
		for _, c := range k.p.answers.texts(x.Name) {
			astray := c.name != x.Name || c.old
			if slices.ContainsFunc(x.Remove, func(r finding.Record) bool { return r.Value == c.text }) || astray && !k.published.Status.absent() ||
				!astray && (spf.IsRecord(c.text) || looksLikeRecord(c.text)) {
				continue
			}
			if holdsTerms(c.text) && !held(x.Value, c.text) {
				x.When = fmt.Sprintf("the TXT record %s is no part of it", quote(c.text))
				break
			}
		}
	}
}

// standing is a text of a TXT record, or of one of type SPF (old).
type standing struct {
	name, text string
	old        bool
}

// texts are those at a name, as TXT and as type SPF, and at the names where a panel puts a record of
// the domain by mistake, as far as they were asked for.
func (k *answers) texts(name string) []standing {
	var out []standing
	names := []string{name}
	if name == k.root {
		for _, n := range misplaced(name) {
			if doubled(n, name) {
				names = append(names, n)
			}
		}
	}
	for _, n := range names {
		o := k.asked[question{n, resolver.TypeTXT}]
		if o == nil || o.answer == nil || o.answer.Wildcard != "" {
			continue
		}
		for _, r := range o.answer.Records {
			out = append(out, standing{n, r.Text(), false})
		}
		for _, r := range o.answer.OfSPF() {
			out = append(out, standing{n, r.Text(), true})
		}
	}
	return out
}

// holdsTerms reports whether a text that is no record itself has terms of SPF, or is made of their
// names alone.
func holdsTerms(text string) bool {
	if len(text) > maxRepaired {
		return false
	}
	names := true
	for _, f := range strings.Fields(text) {
		bare := strings.TrimRight(f, ".,;")
		t := spf.ParseTerm(bare)
		if t.Error == "" && t.Kind != spf.KindModifier && (t.Spec != "" || t.Prefix.IsValid() || t.Kind == spf.KindAll && t.Sign != '+') {
			return true
		}
		names = names && t.Error == "" && t.Kind != spf.KindModifier
	}
	return names && strings.TrimSpace(text) != ""
}

// held reports whether a record has every term of a text as it stands there; its version is none.
func held(record, text string) bool {
	have := strings.Fields(ascii.ToLower(record))
	return !slices.ContainsFunc(strings.Fields(ascii.ToLower(text)), func(f string) bool {
		return f != spf.Version && !slices.Contains(have, f)
	})
}
