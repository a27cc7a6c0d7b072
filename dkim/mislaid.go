package dkim

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// Mislaid is a key at a name where no verifier looks for it.
type Mislaid struct {
	Selector string `json:"selector"`
	Domain   string `json:"domain"`
	// Name is where the key stands.
	Name string `json:"name"`
	// Why says what is wrong with the name, as part of a sentence.
	Why string `json:"why"`
	// CNAMEs are the aliases followed to the record.
	CNAMEs []string `json:"cnames"`
	Record string   `json:"record"`

	evidence    finding.Evidence
	fingerprint string
	// rival is another wrong name of the selector, with another key.
	rival string
}

// compare takes another key that was found for the same selector, at another wrong name.
func (m *Mislaid) compare(name string, k *Key) {
	if k.Fingerprint != m.fingerprint && m.Record != "" && m.rival == "" {
		m.rival = name
	}
}

// RightName is where verifiers look for the key, with a placeholder if the name
// does not tell the selector.
func (m *Mislaid) RightName() string {
	if m.Selector == "" {
		return "<selector>._domainkey." + m.Domain
	}
	return m.Selector + "._domainkey." + m.Domain
}

// mislaid is a name at which the key of a selector may stand by mistake, and the
// answer for it.
type mislaid struct {
	selector, domain, name, why string
	resolved
}

// aliases are those that the question for the name followed, answered or not.
func (m *mislaid) aliases() []string {
	if m.err != nil {
		return resolver.AsError(m.err).CNAMEs
	}
	return m.answer.CNAMEs
}

// The bounds on wrong names.
const (
	// mostMissing bounds the stated selectors that are looked for elsewhere, and mostSigning the other
	// signing domains for which they are.
	mostMissing, mostSigning = 4, 4
	// mostNames bounds the names of a zone that are searched for keys.
	mostNames = 5000
	// mostMislaid bounds the names that are asked, and mostOfSigning those of other signing domains
	// that are asked beyond.
	mostMislaid, mostOfSigning = 60, 12
)

// The ways in which a name goes wrong.
const (
	whyDoubled    = "the domain is in the name twice: the control panel adds it to what is typed"
	whyUnderscore = "the underscore before domainkey is missing"
	whyLabel      = "the label _domainkey is missing"
	whyDot        = "the dot before _domainkey is missing"
	whyTwice      = "the label _domainkey is there twice"
	whySwapped    = "_domainkey and the selector are swapped"
	whySpelt      = "_domainkey is misspelt"
	whyOrigin     = "the name of the zone is in it twice: the control panel adds it to what is typed"
	whyPart       = "a part of the domain is in the name twice"
	whyTenant     = "it is the name that the alias should lead to, published as a selector"
	whyApex       = "it is the name of the domain itself, without selector and _domainkey"
	whySelector   = "the selector is missing before _domainkey"
)

// misspelt are labels that stand for _domainkey.
var misspelt = []string{"_domainkeys", "_domain_key", "_domain-key", "_dkim", "_domainkay", "_domankey", "domain_key", "dkim"}

// mislay lists the names at which the keys may stand that were not found: of stated
// selectors, and of those that a zone which was loaded has at a wrong name. Only
// what is missing is looked for, so that a domain in order costs no question.
func (s *search) mislay() {
	found := map[string]bool{}
	var missing []string
	for i := range s.d.Selectors {
		sel := &s.d.Selectors[i]
		found[sel.Name] = found[sel.Name] || s.d.answered(sel) || sel.Status == SelectorUnresolved || len(sel.CNAMEs) > 0 && !sel.Wildcard
	}
	for i := range s.d.Selectors {
		sel := &s.d.Selectors[i]
		if sel.Stated && !found[sel.Name] && !slices.Contains(missing, sel.Name) && len(missing) < mostMissing {
			missing = append(missing, sel.Name)
		}
	}
	domains := append([]string{s.d.Domain}, s.d.DKIMDomains[:min(len(s.d.DKIMDomains), mostSigning)]...)
	for i, d := range domains {
		if i == 0 {
			s.mislayListed(d, found)
		} else {
			s.mislayListed(d, s.foundAt(d))
		}
	}
	s.mislayStated(domains, missing)
	s.mislayGuessed(missing)
	s.d.Questions += len(s.mislaid)
}

// foundAt are the selectors that have something at another signing domain: of one that was not asked
// there the zone tells.
func (s *search) foundAt(d string) map[string]bool {
	found := map[string]bool{}
	for i := range s.d.Selectors {
		if sel := &s.d.Selectors[i]; sel.Domain == d {
			found[sel.Name] = s.d.answered(sel) || sel.Status == SelectorUnresolved || len(sel.CNAMEs) > 0
		}
	}
	if s.names != nil {
		for _, name := range s.names("_domainkey."+d, mostNames) {
			found[strings.TrimSuffix(name, "._domainkey."+d)] = true
		}
	}
	return found
}

// mislayStated lists the names at which stated selectors without a key may stand, of each signing domain:
// the domain's own first, and name by name, so that a bound cuts the rarer ones.
func (s *search) mislayStated(domains, missing []string) {
	for i, d := range domains {
		for _, sel := range missing {
			if sel == "selector1" || sel == "selector2" {
				for _, name := range tenantNames(sel, d) {
					s.perhaps(sel, d, name, whyTenant)
				}
			}
		}
		first, _, _ := strings.Cut(d, ".")
		wrong := []struct{ before, after, why string }{
			{"", "._domainkey." + d + "." + d, whyDoubled},
			{"", "._domainkey." + d + "." + resolver.Registrable(d), whyOrigin}, // the same of an organization's domain
			{"", ".domainkey." + d, whyUnderscore},
			{"", "." + d, whyLabel},
			{"", "_domainkey." + d, whyDot},
			{"", "._domainkey._domainkey." + d, whyTwice},
			{"_domainkey.", "." + d, whySwapped},
			{"", "._domainkey." + first + "." + d, whyPart},
			{"", "._domainkeys." + d, whySpelt},
		}
		if i > 0 {
			wrong = wrong[:3] // the commonest
		}
		for _, w := range wrong {
			for _, sel := range missing {
				s.perhaps(sel, d, w.before+sel+w.after, w.why)
			}
		}
	}
}

// mislayGuessed looks for what is cheap if nothing is known: whether anything is
// below the two names that are met most, and the alias of Microsoft 365 as typed.
func (s *search) mislayGuessed(missing []string) {
	if s.d.Catalogue == Inferred || len(missing) > 0 || s.anything() || s.d.Wildcard.Status == WildcardKey {
		return
	}
	d := s.d.Domain
	s.perhaps("", d, d, whyApex) // SPF has the same question, and so it costs none
	for _, p := range s.inferred {
		for _, sel := range p.selectors[:min(2, len(p.selectors))] {
			s.perhaps(sel, d, sel+"._domainkey."+d+"."+d, whyDoubled)
			s.perhaps(sel, d, sel+".domainkey."+d, whyUnderscore)
			if p.Standby {
				for _, name := range tenantNames(sel, d) {
					s.perhaps(sel, d, name, whyTenant)
				}
			}
		}
	}
}

// mislayListed takes the wrong names of a signing domain's keys from the zone. A key at a label of its own is not wrong:
// services publish those that their customers' aliases lead to at such names. An alias of a
// service's key there is.
func (s *search) mislayListed(d string, found map[string]bool) {
	if s.names == nil {
		return
	}
	if origin := resolver.Registrable(d); origin != d {
		for _, name := range s.names("_domainkey."+d+"."+origin, mostNames) {
			if sel := strings.TrimSuffix(name, "._domainkey."+d+"."+origin); sel != name && !found[sel] && !strings.Contains(sel, "*") {
				s.perhaps(sel, d, name, whyOrigin)
			}
		}
	}
	first, _, _ := strings.Cut(d, ".")
	for _, name := range s.names(d, mostNames) {
		relative := strings.TrimSuffix(name, "."+d)
		cut := func(suffix string) (string, bool) {
			sel, ok := strings.CutSuffix(relative, suffix)
			return sel, ok && sel != "" && !strings.Contains(sel, "*")
		}
		try := func(sel, why string) {
			if !found[sel] {
				s.perhaps(sel, d, name, why)
			}
		}
		if sel, ok := cut("._domainkey." + d); ok {
			try(sel, whyDoubled)
		} else if sel, ok := cut("._domainkey." + first); ok {
			try(sel, whyPart)
		} else if sel, ok := cut("._domainkey._domainkey"); ok {
			try(sel, whyTwice)
		} else if sel, ok := cut(".domainkey"); ok {
			try(sel, whyUnderscore)
		} else if sel, ok := cut("_domainkey"); ok && !strings.Contains(sel, ".") {
			try(strings.TrimRight(sel, "_-"), whyDot) // typed for the dot: no selector ends so (RFC 6376, 3.1)
		} else if sel, ok := strings.CutPrefix(relative, "_domainkey."); ok && !strings.Contains(sel, ".") {
			try(sel, whySwapped)
		} else if sel, ok := tenantSelector(relative, d); ok {
			if !found[strings.TrimSuffix(relative, "._domainkey")] { // it was stated
				try(sel, whyTenant)
			}
		} else if slices.Contains(s.c.common, relative) {
			try(relative, whyLabel)
		} else {
			for _, label := range misspelt {
				if sel, ok := cut("." + label); ok {
					try(sel, whySpelt)
				}
			}
		}
	}
}

// perhaps adds a name, once.
func (s *search) perhaps(selector, domain, name, why string) {
	most := min(mostMislaid, s.room())
	if domain != s.d.Domain && most > 0 {
		most += mostOfSigning // they take nothing from the domain's own
	}
	if len(s.mislaid) < most && len(name) <= 253 &&
		!slices.ContainsFunc(s.mislaid, func(m mislaid) bool { return m.name == name }) {
		s.mislaid = append(s.mislaid, mislaid{selector: selector, domain: domain, name: name, why: why})
	}
}

func (s *search) askMislaid(b *resolver.Batch) {
	for i := range s.mislaid {
		b.Ask(s.mislaid[i].name, resolver.TypeTXT, s.mislaid[i].set)
	}
}

// takeMislaid keeps the names at which there is a key.
func (s *search) takeMislaid() {
	s.d.Mislaid = nil
	take := func(selector, domain, name, why string, a *resolver.Answer) {
		if a == nil || a.Status != resolver.Found || len(a.Records) > mostTexts {
			return
		}
		for i := range a.Records {
			text := a.Records[i].Text()
			var k Key
			if k.read(text); why == whyApex && !k.resembles() {
				continue // much else stands there
			}
			if !k.Live() {
				if text = k.repaired(); text == "" || strings.HasSuffix(text, "p=") {
					continue
				}
			}
			if at := slices.IndexFunc(s.d.Mislaid, func(m Mislaid) bool { return m.Selector == selector && m.Domain == domain }); at >= 0 {
				s.d.Mislaid[at].compare(name, &k)
				return
			}
			evidence := resolver.Outcome(a, nil)
			evidence.Answer = clipAnswer(evidence.Answer)
			s.d.Mislaid = append(s.d.Mislaid, Mislaid{Selector: selector, Domain: domain, Name: name, Why: why,
				CNAMEs: a.CNAMEs, Record: a.Records[i].Text(), evidence: evidence, fingerprint: k.Fingerprint})
			return
		}
	}
	for i := range s.mislaid {
		m := &s.mislaid[i]
		if m.answer != nil && (m.answer.Wildcard != "" || slices.Contains(s.shapes, shape(m.selector, m.answer))) {
			continue // nobody published it there
		}
		cnames := m.aliases()
		if m.why == whyLabel && !s.stated(m.selector) && !isKeyAlias(cnames) {
			continue // what stands at a name without _domainkey may be meant so
		}
		if mislaidAlias(cnames) && (m.answer == nil || m.answer.Status != resolver.Found) {
			if !slices.ContainsFunc(s.d.Mislaid, func(o Mislaid) bool { return o.Selector == m.selector && o.Domain == m.domain }) {
				s.d.Mislaid = append(s.d.Mislaid, Mislaid{Selector: m.selector, Domain: m.domain, Name: m.name, Why: m.why, CNAMEs: cnames, evidence: m.evidence()})
			}
			continue
		}
		s.d.openNames = s.d.openNames || m.err != nil
		take(m.selector, m.domain, m.name, m.why, m.answer)
	}
	if s.proof.err == nil && s.d.Wildcard.Status == WildcardNone {
		s.takeBare(take)
	}
}

// takeBare keeps the key at _domainkey itself, whose name has no selector: that of the only
// one that is missing, if one is. A copy of a key that is found elsewhere lacks nothing.
func (s *search) takeBare(take func(selector, domain, name, why string, a *resolver.Answer)) {
	if a := s.proof.answer; a == nil || a.Status != resolver.Found || slices.ContainsFunc(a.Records, func(r resolver.Record) bool { return s.isCopy(keyOf(&r)) }) {
		return
	}
	missing := ""
	for i := range s.d.Selectors {
		if sel := &s.d.Selectors[i]; sel.Stated && !s.d.answered(sel) && sel.Status != SelectorUnresolved && !s.d.mislaid(sel.Name) {
			if missing != "" && missing != sel.Name {
				missing = ""
				break
			}
			missing = sel.Name
		}
	}
	take(missing, s.d.Domain, "_domainkey."+s.d.Domain, whySelector, s.proof.answer)
}

// stated reports whether a selector is one that is said to be in use.
func (s *search) stated(selector string) bool {
	return slices.ContainsFunc(s.d.Selectors, func(sel Selector) bool { return sel.Stated && sel.Name == selector })
}

// isCopy reports whether a key is also that of a selector, or at a wrong name that tells its
// selector.
func (s *search) isCopy(k *Key) bool {
	return k.Fingerprint != "" && (slices.ContainsFunc(s.d.Keys, func(other PublishedKey) bool { return other.Fingerprint == k.Fingerprint && other.Live() }) ||
		slices.ContainsFunc(s.d.Mislaid, func(m Mislaid) bool { return m.Selector != "" && m.fingerprint == k.Fingerprint }))
}

// wrongNames reports the keys at wrong names.
func (j *judge) wrongNames(d *Discovery) {
	for i := range d.Mislaid {
		m := &d.Mislaid[i]
		key := PublishedKey{Selector: m.Selector, Domain: m.Domain, RecordCount: 1}
		key.Key.read(m.Record)
		fix := &finding.Fix{Summary: fmt.Sprintf("Move the record to %s.", m.RightName()), Name: m.RightName(), Type: "TXT", Value: m.Record,
			Remove: []finding.Record{{Name: m.Name, Type: "TXT", Value: m.Record}}}
		mend, also := &mending{PublishedKey: &key}, ""
		switch {
		case len(m.CNAMEs) > 0:
			fix.Type, fix.Value = "CNAME", m.CNAMEs[0]
			fix.Remove = []finding.Record{{Name: m.Name, Type: "CNAME", Value: m.CNAMEs[0]}}
			if right, why := m.target(); why != "" {
				fix.Value, fix.Summary = right, fmt.Sprintf("Move the alias to %s, with the target that the service shows.", m.RightName())
				also = why
			}
		case len(m.Record) > mostText:
			fix.Value, fix.Remove = "<the record, without what is wrong in it>", nil
		case !key.Live() || len(key.Problems) > 0:
			fix.Value = mend.value()
			fix.Summary = fmt.Sprintf("Move the record to %s, in the right form.", m.RightName())
		}
		if meant := mend.key(); meant != nil && tooWeak(meant) {
			fix = key.fixNewKey("Create a 2048-bit key, and publish it under a new selector.")
		}
		what := "A DKIM key is"
		if m.Record == "" {
			what = "The alias of a DKIM key is"
		}
		if m.rival != "" {
			fix.Value = fmt.Sprintf("<the key of %s or of %s>", m.Name, m.rival)
			also += fmt.Sprintf(" Another key for it is at %s.", m.rival)
		}
		detail := fmt.Sprintf("%s published at %s: %s. Verifiers look for it at %s.", what, m.Name, m.Why, m.RightName()) + also
		j.Add("dkim-wrong-name", finding.Finding{Subject: m.RightName(), Detail: detail, Evidence: []finding.Evidence{m.evidence}, Fix: fix})
	}
}

// target is where an alias at a wrong name was meant to lead, or a placeholder, and what is
// wrong with where it leads; why is empty if nothing is known to be.
func (m *Mislaid) target() (right, why string) {
	last := m.CNAMEs[len(m.CNAMEs)-1]
	if m.Record != "" || !isAnswer(m.evidence.Status) {
		return "", ""
	}
	if right = resolver.Undotted(last, m.Domain, resolver.Registrable(m.Domain)); right != "" {
		if p, _ := bySuffix(loaded().cname, right); p != nil && len(m.CNAMEs) == 1 {
			return right, fmt.Sprintf(" It leads to %s, which does not exist: the domain was added to the target, because the final dot is missing in the zone.", last)
		}
	}
	return "<target of the alias, as the service shows it>", fmt.Sprintf(" It leads to %s, which has no key either.", last)
}

// mislaid reports whether the key of a selector was found at a wrong name.
func (d *Discovery) mislaid(selector string) bool {
	return slices.ContainsFunc(d.Mislaid, func(m Mislaid) bool { return m.Selector == selector })
}
