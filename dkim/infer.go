package dkim

import (
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/resolver"
)

// mostHints bounds the names of each kind that providers are inferred from.
const mostHints = 200

// inferredProvider is a provider of the domain, and its selectors there.
type inferredProvider struct {
	*Provider
	label     string // what {label} stands for
	selectors []string
}

// infer finds the providers that MX hosts, SPF targets and the aliases of the
// first round point to, in this order.
func (s *search) infer() {
	h := &s.hints
	for _, host := range h.MXHosts[:min(mostHints, len(h.MXHosts))] {
		s.point(s.c.mx, "mx", cleanName(host))
	}
	for _, target := range h.SPFTargets[:min(mostHints, len(h.SPFTargets))] {
		s.point(s.c.spf, "spf", cleanName(target))
	}
	for i := range s.d.Selectors {
		sel := &s.d.Selectors[i]
		if sel.Wildcard || sel.Domain != s.d.Domain {
			continue
		}
		for _, target := range sel.CNAMEs {
			s.point(s.c.cname, "cname of "+sel.Name, target)
		}
	}
	for i := range s.inferred {
		p := &s.inferred[i]
		p.selectors = p.Expand(p.label)
	}
}

// point notes the provider that a name belongs to.
func (s *search) point(index map[string]*Provider, kind, name string) {
	p, suffix := bySuffix(index, name)
	if p == nil {
		return
	}
	at := slices.IndexFunc(s.inferred, func(q inferredProvider) bool { return q.Provider == p })
	if at < 0 {
		at = len(s.inferred)
		s.inferred = append(s.inferred, inferredProvider{Provider: p})
		s.d.Providers = append(s.d.Providers, Inference{Provider: p.Name})
	}
	if kind == "spf" && s.inferred[at].label == "" && len(name) > len(suffix) {
		if label, _, _ := strings.Cut(name, "."); isAccount(label) {
			s.inferred[at].label = label
		}
	}
	why := &s.d.Providers[at].Why
	if reason := kind + " " + name; !slices.Contains(*why, reason) && len(*why) < 10 {
		*why = append(*why, reason)
	}
}

// isAccount reports whether a label can be a customer's number.
func isAccount(label string) bool {
	return label != "" && strings.Trim(label, "0123456789") == ""
}

// name says whose key a selector is, if that is known.
func (s *search) name(sel *Selector) {
	if sel.Wildcard {
		return
	}
	if p := s.c.providerOfAlias(sel.CNAMEs); p != nil {
		sel.Provider, sel.ProviderBy = p.Name, "cname"
		return
	}
	if sel.Status != SelectorFound || len(sel.CNAMEs) > 0 {
		return
	}
	for _, p := range s.inferred {
		if slices.Contains(p.selectors, sel.Name) {
			sel.Provider, sel.ProviderBy = p.Name, "inferred"
			return
		}
	}
	if p := s.c.owner[sel.Name]; p != nil {
		sel.Provider, sel.ProviderBy = p.Name, "selector"
	}
}

// shape describes an answer so that the answers that a wildcard (or a DNAME at
// _domainkey) gives to two selectors are equal: the selector itself, if it is a
// label of an alias, is replaced.
func shape(selector string, a *resolver.Answer) string {
	var b strings.Builder
	if a.Status == resolver.Found {
		b.WriteString("found")
	} else {
		b.WriteString("absent")
	}
	for _, target := range a.CNAMEs {
		b.WriteString("\x00>")
		for i, label := range strings.Split(target, ".") {
			if i > 0 {
				b.WriteByte('.')
			}
			if label == selector {
				label = "\x00"
			}
			b.WriteString(label)
		}
	}
	texts := make([]string, len(a.Records))
	for i := range a.Records {
		texts[i] = a.Records[i].Text()
	}
	slices.Sort(texts)
	for _, text := range texts {
		b.WriteString("\x00=" + text)
	}
	return b.String()
}

// judgeWildcard says what selectors that nobody publishes were answered with.
func (s *search) judgeWildcard() {
	w := &s.d.Wildcard
	w.Evidence = []finding.Evidence{s.probes[0].evidence(), s.probes[1].evidence()}
	for i, p := range s.probes {
		if p.err != nil {
			continue
		}
		if p.answer.Status == resolver.Found || len(p.answer.CNAMEs) > 0 {
			selector, _, _ := strings.Cut(s.guards[i], ".")
			s.shapes = append(s.shapes, shape(selector, p.answer))
		}
		if p.answer.Status != resolver.Found {
			if w.Status == WildcardUnknown {
				w.Status = WildcardNone
			}
			continue
		}
		if w.Records != nil {
			continue // the first answer is described
		}
		w.CNAMEs, w.Status = p.answer.CNAMEs, WildcardOther
		for j := range p.answer.Records {
			record := &p.answer.Records[j]
			w.Records = append(w.Records, show.Cut(record.Text(), mostText))
			switch key := keyOf(record); {
			case key.Live():
				w.Status = WildcardKey
			case key.Revoked && key.refusal() == nil && w.Status == WildcardOther:
				w.Status = WildcardRevoked
			}
		}
	}
}

// attachWildcard marks the selectors from an index on that are answered like any
// other.
func (s *search) attachWildcard(from int) {
	if len(s.shapes) == 0 {
		return
	}
	for i := range s.d.Selectors[from:] {
		sel := &s.d.Selectors[from+i]
		if sel.Domain == s.d.Domain && sel.answer != nil && slices.Contains(s.shapes, shape(sel.Name, sel.answer)) {
			sel.Wildcard = true
			if !sel.Stated {
				sel.Evidence = nil // that of the guards says it
			}
		}
	}
}
