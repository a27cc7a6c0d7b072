package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/ascii"
	"mailworthy/resolver"
	"mailworthy/spf"
)

// mend reports the errors of the domain's own records, and goes on with what these
// were meant to be: a receiver reads nothing of them as they are (RFC 7208, 4.6). It
// returns false if nobody can tell.
func (k *checker) mend() bool {
	texts, unsure := make(map[string]string), make(map[string]string)
	if both := k.halves(); both != "" {
		texts[k.p.Domain] = both
		k.judgeWith(texts)
	}
	for range maxMended {
		before := len(texts)
		for _, r := range k.own {
			if _, done := texts[r.Domain]; done || r.Error == "" || r.Status != StatusFound {
				continue
			}
			m := r.facts.repaired()
			if other := r.facts.otherwise(); other != nil {
				gone, found := k.includesOf(r.Domain, m.text)
				otherGone, otherFound := k.includesOf(r.Domain, other.text)
				switch {
				case gone > otherGone:
					m = other
				case found == otherFound && gone == otherGone && !k.resolved(r.Domain, m.text):
					unsure[r.Domain] = other.text // the DNS does not tell
				}
			}
			m = k.chosen(r.Domain, m)
			texts[r.Domain] = m.text
			k.misreads(r.Domain)
			k.unclear = k.unclear || r.Domain != k.p.Domain && !m.complete()
			k.syntax(r, m)
			if m.text == "" {
				return false
			}
		}
		if len(texts) == before {
			break
		}
		k.judgeWith(texts)
	}
	for domain, other := range unsure {
		if r := k.full()[domain]; r != nil {
			k.either(r, other)
		}
	}
	return true
}

// either asks which of two readings of a record was meant, if they differ.
func (k *checker) either(r *Record, other string) {
	terms, _ := spf.Parse(other)
	for i := range r.Terms {
		if t := &r.Terms[i]; i < len(terms) && t.Kind == spf.KindInclude && t.Text != terms[i].Text {
			k.proposal(r).wrong(t, "include:<"+forPlaceholder(t.Value)+" or "+forPlaceholder(terms[i].Spec)+">")
		}
	}
}

// includesOf counts the includes of a text that have no record, and those that have.
func (k *checker) includesOf(domain, text string) (gone, found int) {
	terms, _ := spf.Parse(text)
	for i := range terms {
		t := &terms[i]
		if name, _, ok := t.Target(domain, k.p.Domain); ok && t.Kind == spf.KindInclude {
			switch s := k.p.answers.get(name, resolver.TypeTXT).recordStatus(); {
			case s.absent():
				gone++
			case s == StatusFound:
				found++
			}
		}
	}
	return gone, found
}

// resolved reports whether the DNS said of every include of a text what it leads to.
func (k *checker) resolved(domain, text string) bool {
	terms, _ := spf.Parse(text)
	return !slices.ContainsFunc(terms, func(t spf.Term) bool {
		name, _, ok := t.Target(domain, k.p.Domain)
		return t.Kind == spf.KindInclude && ok && k.p.answers.get(name, resolver.TypeTXT).recordStatus().unknown()
	})
}

// judgeWith goes on with other texts for some records.
func (k *checker) judgeWith(texts map[string]string) {
	if k.texts == nil {
		k.texts = make(map[string]string)
	}
	maps.Copy(k.texts, texts)
	k.p = k.published.with(k.texts)
	k.own, k.byName, k.via, k.end = nil, nil, nil, nil
	k.survey()
	for _, p := range k.proposals {
		if r := k.full()[p.record.Domain]; r != nil {
			p.record, p.spell = r, r.crowded
		}
	}
}

// misreads notes that the record of a domain is in error as it is published.
func (k *checker) misreads(domain string) {
	if k.misread == nil {
		k.misread = make(map[string]bool)
	}
	k.misread[domain] = true
}

// mendBelow does the same for the records of the domain's own administration that includes
// lead to, as far as these can be read without asking: what they lead to in their turn is
// found out, and repaired beside them.
func (k *checker) mendBelow() {
	for range maxBelow {
		texts := make(map[string]string)
		k.p.walk(func(r *Record, _ bool) {
			for i := range r.Terms {
				t := &r.Terms[i]
				if t.Error != "" || t.Ignored != "" || t.Kind != spf.KindInclude && t.Kind != spf.KindRedirect || t.Record == nil || texts[t.Target] != "" {
					continue
				}
				if m := k.legible(t.Record); m != nil {
					texts[t.Target] = m.text
					k.syntaxBelow(r, t, m)
				}
			}
		})
		if len(texts) == 0 {
			return
		}
		k.judgeWith(texts)
	}
}

// maxBelow is how many includes deep records in error are judged as they were meant.
const maxBelow = spf.MaxLookups

// legible is what a record in error of the domain's own administration that an include leads to
// was meant to be; nil if it is none, or that has to be asked.
func (k *checker) legible(r *Record) *repaired {
	if r.Error == "" || r.Status != StatusFound || r.Loop || r.Repeated || r.Domain == k.p.Domain || !k.mine(r) {
		return nil
	}
	m := r.facts.repaired()
	if m == nil || !m.complete() || len(m.parts) == 0 || r.facts.otherwise() != nil {
		return nil
	}
	if slices.ContainsFunc(m.parts, func(x reading) bool {
		return x.or != "" || x.cut && !k.vouched(r.Domain, x.text) || k.idle(r.Domain, x.text)
	}) {
		return nil
	}
	return m
}

// idle reports whether the DNS says that a term leads nowhere, or finds no address, so that it is
// hardly what was meant.
func (k *checker) idle(domain, text string) bool {
	t := spf.ParseTerm(text)
	finds := t.Kind == spf.KindA || t.Kind == spf.KindMX || t.Kind == spf.KindExists
	return k.nowhere(domain, text) || t.Error == "" && finds && !t.Macros && k.stands(domain, &t).absent()
}

// syntaxBelow reports the errors of a record that a term leads to.
func (k *checker) syntaxBelow(r *Record, t *Term, m *repaired) {
	p := k.proposal(t.Record)
	p.parts, p.broken = m.parts, true
	k.misreads(t.Target)
	k.Add("spf-include-permerror", finding.Finding{
		Subject:  t.Target,
		Detail:   k.inError(r, t),
		Evidence: answersOf(r, t), Fix: p.share(false, "%s", corrected(m)),
	})
}

// inError says that a term leads to a record in error.
func (k *checker) inError(r *Record, t *Term) string {
	return fmt.Sprintf("%s in the record of %s leads to a record in error (%s). A receiver that comes to the term answers permerror.%s", quote(t.Text), r.Domain, quotable(t.Record.Error), k.chain(r))
}

// besides asks for the senders of other texts at a domain that were meant to be SPF records as
// well, and that a proposal in place of the replaced ones does not name.
func (k *checker) besides(domain, proposed string, replaced ...string) (ask []string) {
	have := strings.Fields(ascii.ToLower(proposed))
	for _, r := range k.published.answers.get(domain, resolver.TypeTXT).records() {
		s := r.Text()
		alone := ""
		switch {
		case spf.IsRecord(s) || slices.Contains(replaced, s):
			continue
		case termsAlone(s):
			alone = spf.Version + " "
		case !looksLikeRecord(s):
			if s = namedTerms(s); s == "" {
				continue
			}
			alone = spf.Version + " "
		}
		meant := repair(alone + s)
		for _, part := range meant.parts {
			t := spf.ParseTerm(part.text)
			known := slices.ContainsFunc(have, func(h string) bool {
				return strings.TrimPrefix(h, "+") == strings.TrimPrefix(ascii.ToLower(part.text), "+")
			})
			switch {
			case strings.HasPrefix(part.text, "<-all or"), !part.unread && (known || !t.Kind.Directive() && t.Kind != spf.KindRedirect || t.Kind == spf.KindAll):
				continue
			case !part.unread && t.Kind == spf.KindRedirect:
				part.text = "<include:" + forPlaceholder(t.Spec) + ", if its senders are yours>"
			case !part.unread:
				part.text = "<" + forPlaceholder(part.text) + ", if its senders are yours>"
			}
			if !slices.Contains(ask, part.text) && len(ask) < maxNamed {
				ask = append(ask, part.text)
			}
		}
	}
	return ask
}

// namedTerms are the terms that name somebody in a text that is no record by its beginning: its
// version may have more than one mistake.
func namedTerms(text string) string {
	if len(text) > maxRepaired {
		return ""
	}
	var out []string
	for f := range strings.FieldsSeq(text) {
		if t := spf.ParseTerm(f); t.Error == "" && t.Kind.Directive() && t.Kind != spf.KindAll && (t.Spec != "" || t.Prefix.IsValid()) && !suspicious(&t) && len(out) < maxNamed {
			out = append(out, f)
		}
	}
	return strings.Join(out, " ")
}
