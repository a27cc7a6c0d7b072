package policy

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/ascii"
	"mailworthy/internal/lazyre"
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
	root := k.published.answers.get(k.p.Domain, resolver.TypeTXT).record()
	inError := root.count != 1 || root.layout.ErrorAt >= 0
	inForce := !inError && !root.endless()
	for _, f := range k.Found() {
		x := f.Fix
		if x == nil || x.Type != "TXT" || x.When != "" || x.HasPlaceholder() || !spf.IsRecord(x.Value) {
			continue
		}
		for _, c := range k.p.answers.texts(x.Name) {
			if slices.ContainsFunc(x.Remove, func(r finding.Record) bool { return r.Value == c.text }) {
				continue
			}
			meant := c.text
			if here := c.name == x.Name && !c.old; spf.IsRecord(c.text) && here || !here && (spf.IsRecord(c.text) || looksLikeRecord(c.text)) && inForce {
				continue // it is judged as a record
			} else if wild, _ := k.ofWildcard(c.name); !here && !c.old && (wild || letsNobodySend(c.text)) {
				continue // nobody published it for the domain, or it names nobody
			} else if here && inForce && x.Name == k.p.Domain && looksLikeRecord(c.text) && len(k.p.lacks(c.text)) == 0 {
				continue // it names nobody whom the record in force does not, and is removed
			} else if m := repair(c.text); !here && spf.IsRecord(c.text) && m.complete() && m.text != "" {
				meant = strings.Join(slices.DeleteFunc(strings.Fields(m.text), endsPolicy), " ") // its senders
			}
			if holdsTerms(c.text) && !held(x.Value, meant) {
				x.When = fmt.Sprintf("%s is no part of it", c.named(x.Name))
				break
			}
		}
		if x.When == "" && inError {
			x.When = k.unheard(x)
		}
	}
}

// unheard says which senders a proposal for a record that nobody reads today would shut out, and that
// nothing else is proposed for: a host of theirs has no public address, a text beside a record that
// is led to holds more, or a term stands where nobody reads it. Empty: none.
func (k *checker) unheard(x *finding.Fix) (when string) {
	elsewhere := func(name string) bool {
		return name != x.Name && slices.ContainsFunc(k.Found(), func(f *finding.Finding) bool { return f.Fix != nil && f.Fix.Name == name && f.Fix.Value != "" })
	}
	k.p.with(textsOf(x.Name, x.Value, x.More)).walk(func(r *Record, _ bool) {
		if when != "" || r.Loop || r.Repeated || r.Status != StatusFound || !sameOwner(r.Domain, k.p.Domain) || elsewhere(r.Domain) {
			return
		}
		for i := range r.Terms {
			t := &r.Terms[i]
			switch finds := t.Kind == spf.KindA || t.Kind == spf.KindMX; {
			case t.Error != "" || !finds && t.Ignored == "":
			case t.Ignored == "after_all" && movable(t.parsed):
				when = fmt.Sprintf("%s is not meant, which stands behind all in the record of %s", quote(t.Text), r.Domain)
			case k.c.MXMended && t.Kind == spf.KindMX && t.Target == k.p.Domain:
			case t.Ignored == "" && t.Qualifier == "+" && (t.Status == StatusFound || t.Void && t.Kind == spf.KindMX && t.Target == k.p.Domain) && !t.NullMX && !t.parsed.Macros && !unknownHost(t) && len(setOf(t.Prefixes...).minus(unroutable)) == 0:
				when = fmt.Sprintf("%s in the record of %s leads to a public address (today to none)", quote(t.Text), r.Domain)
			}
		}
		for _, c := range k.published.answers.texts(r.Domain) {
			if when == "" && r.Domain != x.Name && (c.old || !spf.IsRecord(c.text)) && holdsTerms(c.text) && !held(r.Text, c.text) {
				when = fmt.Sprintf("%s is no part of the record of %s", c.named(x.Name), r.Domain)
			}
		}
	})
	return when
}

// standing is a text of a TXT record, or of one of type SPF (old).
type standing struct {
	name, text string
	old        bool
}

// named says which record it is, beside what is proposed for a name.
func (c standing) named(name string) string {
	switch {
	case c.old && c.name == name:
		return "the record " + quote(c.text) + " of type SPF"
	case c.name == name:
		return "the TXT record " + quote(c.text)
	}
	return fmt.Sprintf("the record %s at %s", quote(c.text), c.name)
}

// texts are those at a name, as TXT and as type SPF, and at the names where a panel puts a record of
// the domain by mistake, as far as they were asked for.
func (k *answers) texts(name string) []standing {
	var out []standing
	names := []string{name}
	if name == k.root {
		names = append(names, doubles(name)...)
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

// termLike begins as a term of SPF does, its sign or its colon perhaps mistyped. An equals sign
// behind one of the short names is one only before a name: a=b is anybody's.
var termLike = lazyre.New(`(?i)^[+?~-]?(?:(?:include|redirect|exists|ip[46])[:=.]|(?:a|mx|ptr)(?:[:/]|=.*\.|$))|^[?~-]all$`)

// bareTerms are what stands in a text with spaces around it, without quotes and brackets.
func bareTerms(text string) []string {
	fields := strings.Fields(ascii.ToLower(plainText(text)))
	for i, f := range fields {
		fields[i] = strings.Trim(f, "\"'<>()[]{}\\,;.")
	}
	return fields
}

// holdsTerms reports whether a text has something like a term of SPF that names senders or ends a
// record, or is made of the names of mechanisms alone.
func holdsTerms(text string) bool {
	if len(text) > maxRepaired {
		return false
	}
	only := true
	if m := repair(spf.Version + " " + text); m.complete() && slices.ContainsFunc(strings.Fields(text), misspeltTerm) && useful(m.text) {
		return true
	}
	for _, f := range bareTerms(text) {
		if len(f) > 3 && termLike.MatchString(f) || f == "-all" || f == "~all" || f == "?all" {
			return true
		}
		only = only && (f == "" || termLike.MatchString(f))
	}
	return only && strings.TrimSpace(text) != ""
}

// misspeltTerm reports whether a word is the name of a mechanism that takes a value, perhaps
// misspelt, with or without it.
func misspeltTerm(word string) bool {
	_, name, _, value := split(word)
	switch keyword(name, value) {
	case "include", "ip4", "ip6", "exists", "redirect":
		return true
	case "a", "mx", "ptr":
		return strings.Contains(word, ":")
	}
	return false
}

// held reports whether a record has every term of a text; its version is none.
func held(record, text string) bool {
	have := bareTerms(record)
	if rest, ok := cutVersion(plainText(text)); ok {
		text = rest
	}
	return !slices.ContainsFunc(bareTerms(text), func(f string) bool {
		return f != "" && f != spf.Version && !slices.Contains(have, f)
	})
}
