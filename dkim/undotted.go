package dkim

import (
	"cmp"
	"slices"
	"strings"

	"mailworthy/resolver"
)

// undot asks for the keys at the names that dangling aliases were meant to lead to, if
// the zone added its own name to their targets, and at those that stand as the text of a
// TXT record where an alias was meant; and concludes.
func (s *search) undot() {
	s.batch.Part(func(b *resolver.Batch) {
		asked := 0
		for i := range s.d.Selectors {
			sel := &s.d.Selectors[i]
			if right := cmp.Or(sel.hyphened(), sel.undotted(), sel.asText()); right != "" && asked < mostMissing {
				asked++
				b.Ask(right, resolver.TypeTXT, sel.right.set)
			}
		}
		s.d.Questions += asked
	}, s.conclude)
}

// asText is the name that stands as the text of the only TXT record, as if an alias had
// been published with the wrong type; "" if that is not it.
func (s *Selector) asText() string {
	if s.Wildcard || s.Status != SelectorFound || len(s.CNAMEs) > 0 || len(s.answer.Records) != 1 {
		return ""
	}
	return aliasIn(s.answer.Records[0].Text())
}

// aliasIn is the target of an alias that a text holds: by itself, behind the type, as an address
// of the web, or where a key belongs; "" if it holds none.
func aliasIn(text string) string {
	if strings.IndexByte(text, '.') < 0 {
		return "" // as in every key
	}
	text = strings.TrimSpace(text)
	if t := strings.Fields(text); len(t) == 2 && strings.EqualFold(t[0], "CNAME") {
		text = t[1]
	}
	if rest, ok := strings.CutPrefix(strings.ToLower(text), "https://"); ok {
		text = strings.TrimSuffix(rest, "/")
	}
	var k Key
	if k.read(text); k.tag("p") != nil {
		text = strings.TrimSpace(k.tag("p").value)
	}
	name := cleanName(text)
	if !resolver.IsHostName(name) || !resolver.Whole(name) {
		return ""
	}
	return name
}

// hasKey: at the name that was meant there is a key, or it is one of a service's, and not
// known to be missing there. Of Microsoft 365, which keeps one of two, the name is enough.
func (s *Selector) hasKey(right string) (key, known bool) {
	a := s.right.answer
	key = a != nil && a.Status == resolver.Found && slices.ContainsFunc(a.Records, func(r resolver.Record) bool { return keyOf(&r).Live() })
	p, _ := bySuffix(loaded().cname, right)
	return key, key || p != nil && (a == nil || !a.Absent() || p.Standby && strings.HasPrefix(right, tenantLabel(s.Name, s.Domain)+"."))
}

// undotted is where an alias that leads nowhere was meant to lead, if the zone added its
// own name to the target because the final dot is missing; "" if that is not it.
func (s *Selector) undotted() string {
	if s.Wildcard || !s.Dangling() || len(s.CNAMEs) == 0 || !resolver.Within(s.lastOwner(), resolver.Registrable(s.Domain)) {
		return ""
	}
	return resolver.Undotted(s.CNAMEs[len(s.CNAMEs)-1], s.Domain, resolver.Registrable(s.Domain))
}

// lastOwner is the name at which the last of the aliases stands.
func (s *Selector) lastOwner() string { return resolver.LastOwner(s.QueryName(), s.CNAMEs) }

// hyphened is where an alias of Microsoft 365 that leads nowhere was meant to lead, if its
// target has a hyphen in place of the dot before _domainkey; "" if that is not it.
func (s *Selector) hyphened() string {
	if s.Wildcard || !s.Dangling() || len(s.CNAMEs) != 1 {
		return ""
	}
	target := cmp.Or(resolver.Undotted(s.CNAMEs[0], s.Domain, resolver.Registrable(s.Domain)), s.CNAMEs[0])
	label, rest, _ := strings.Cut(target, ".")
	for _, end := range []string{"-domainkey", "-_domainkey", "_domainkey"} {
		if before, ok := strings.CutSuffix(label, end); ok && before != "" && resolver.Within(rest, tenants) {
			return before + "._domainkey." + rest
		}
	}
	return ""
}
