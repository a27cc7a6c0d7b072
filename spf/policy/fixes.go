package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/ascii"
	"mailworthy/resolver"
	"mailworthy/spf"
)

// proposal is what to publish in place of one record of the domain's own. Every
// finding about the record adds its change to it and shares it, so that the fixes of
// a report never contradict each other: there is one text with all that can be done
// as it stands, and if knowledge is needed that the DNS does not have, a second
// one with all of the first and placeholders besides.
type proposal struct {
	// record is the one that is judged: the published one, or what it was meant to be.
	record *Record
	// published is the text in the DNS, of a record or of what was meant to be one.
	published string
	// half is the text of another TXT record that goes on where it ends.
	half string
	// parts are the terms of a record that had to be repaired to be read.
	parts []reading
	// edits are the changes to single terms, by their index in the record.
	edits map[int]edit
	// first stands before all other terms, add behind them, ask behind these in the
	// second text alone.
	first, add, ask []string
	// spell says for which families addresses replace names, to avoid void lookups.
	spell families
	// all is the sign to end the record with, 0 for what is there; allAsk is that of
	// the second text.
	all, allAsk spf.Qualifier
	// move puts terms behind all before it.
	move bool
	// careful keeps what could be spared.
	careful bool
	// broken: what is published is not what was meant. astray: a name in it leads
	// nowhere, so that it may be another mistake of the same hand.
	broken, astray bool

	fixes []*shared
}

// edit replaces a term by others, or by none. It asks if that needs knowledge, is firm if
// nothing else that is found of the term changes that, and is spare if it only makes the
// record shorter.
type edit struct {
	to                []string
	asks, firm, spare bool
}

// shared is a fix whose record is filled in when all changes are known.
type shared struct {
	fix  *finding.Fix
	asks bool
	// sure is what is true of the record that needs no knowledge alone.
	sure string
}

// proposal is the one for a record of the domain's own.
func (k *checker) proposal(r *Record) *proposal {
	for _, p := range k.proposals {
		if p.record.Domain == r.Domain {
			return p
		}
	}
	p := &proposal{record: r, published: r.Text, edits: make(map[int]edit), spell: r.crowded}
	k.proposals = append(k.proposals, p)
	return p
}

// replace changes a term. A change that asks never takes the place of one that does
// not.
func (p *proposal) replace(t *Term, asks bool, to ...string) {
	for i := range p.record.Terms {
		if &p.record.Terms[i] != t {
			continue
		}
		if old, ok := p.edits[i]; !ok || old.asks && !asks && !old.firm {
			p.edits[i] = edit{to: to, asks: asks}
		}
	}
}

// wrong puts a placeholder in place of a term whose name leads nowhere.
func (p *proposal) wrong(t *Term, placeholder string) {
	p.astray = true
	p.replace(t, true, placeholder)
}

// read puts what a term was probably meant to be in its place, or asks if it would
// exclude a sender by a sign that may be a slip as well.
func (p *proposal) read(t *Term) {
	meant := strings.Fields(t.Meant)
	if t.Qualifier == "+" && doubtfulSign(meant) {
		p.wrong(t, excludedOrNot(meant))
		return
	}
	if len(meant) == 2 && endsPolicy(meant[1]) {
		if first := spf.ParseTerm(meant[0]); first.Kind == spf.KindRedirect {
			// Beside all it would be ignored.
			p.wrong(t, "<include:"+forPlaceholder(first.Spec)+", if its senders are yours> "+meant[1])
			return
		}
	}
	p.replace(t, false, meant...)
}

// spare leaves out a term that others make superfluous.
func (p *proposal) spare(t *Term) {
	for i := range p.record.Terms {
		if _, ok := p.edits[i]; !ok && &p.record.Terms[i] == t {
			p.edits[i] = edit{spare: true}
		}
	}
}

// share makes a fix of the proposal.
func (p *proposal) share(asks bool, format string, args ...any) *finding.Fix {
	f := &finding.Fix{Summary: fmt.Sprintf(format, args...), Name: p.record.Domain, Type: "TXT"}
	p.fixes = append(p.fixes, &shared{fix: f, asks: asks})
	return f
}

// shareSure makes a fix whose sentence says more of a record that needs no knowledge.
func (p *proposal) shareSure(summary, sure string) *finding.Fix {
	f := p.share(false, "%s.", summary)
	p.fixes[len(p.fixes)-1].sure = sure
	return f
}

// drop proposes the record without a term that authorises nobody.
func (k *checker) drop(r *Record, t *Term, format string, args ...any) *finding.Fix {
	p := k.proposal(r)
	p.replace(t, false)
	return p.share(false, format, args...)
}

// ask proposes the record with a placeholder in place of a term.
func (k *checker) ask(r *Record, t *Term, placeholder, format string, args ...any) *finding.Fix {
	p := k.proposal(r)
	p.replace(t, true, placeholder)
	return p.share(true, format, args...)
}

// anySender is the placeholder for senders that nothing is known of.
const anySender = "ip4:<the address of each server that sends for you>"

// sendersOf is the placeholder for the senders that a term stands for.
func sendersOf(t *Term) string {
	kind := "ip4"
	if t.Kind == spf.KindIP6 {
		kind = "ip6"
	}
	return kind + ":<the address of each sender that " + forPlaceholder(t.Text) + " stands for>"
}

// rightName is the placeholder for a term that is not in the tree.
func rightNameOf(t *spf.Term) string {
	x := &Term{Kind: t.Kind, Value: t.Spec}
	if t.Prefix.IsValid() {
		x.Value = valueOf(t.Text) // an address with its length
	}
	if t.Kind.Directive() {
		x.Qualifier = t.Sign.String()
	}
	return rightName(x)
}

// rightName is the placeholder for a term whose name leads nowhere.
func rightName(t *Term) string {
	sign := t.Qualifier
	if sign == "+" {
		sign = ""
	}
	sep := ":"
	if t.Kind == spf.KindRedirect || t.Kind == spf.KindExp {
		sep = "="
	}
	name, what := t.Target, "name"
	if name == "" {
		name = t.Value
	}
	if t.Kind == spf.KindIP4 || t.Kind == spf.KindIP6 {
		what = "address"
	}
	return sign + string(t.Kind) + sep + "<the right " + what + " in place of " + forPlaceholder(name) + ">"
}

// moves reports whether a term behind all goes before it: one that authorises, and
// not half of the world. What looks like a slip may lead nowhere: it stays where it is
// ignored.
func (p *proposal) moves(t *Term) bool {
	return p.move && t.Meant == "" && movable(t.parsed) && !p.leadsBack(t)
}

// leadsBack reports whether a term includes the record that it stands in.
func (p *proposal) leadsBack(t *Term) bool {
	name, _, ok := t.parsed.Target(p.record.Domain, p.record.Domain)
	return t.Kind == spf.KindInclude && ok && strings.EqualFold(name, p.record.Domain)
}

// useful reports whether a text names somebody who may send.
func useful(text string) bool {
	terms, _ := spf.Parse(text)
	return slices.ContainsFunc(terms, func(t spf.Term) bool {
		return t.Error == "" && (t.Kind == spf.KindRedirect || t.Kind.Directive() && t.Kind != spf.KindAll && t.Sign == '+')
	})
}

// settle fills in the records of the fixes, now that all changes are known. What
// can be published as it stands is tried before it is offered: on the same answers
// it must authorise all that the record was meant to, and add no error.
func (k *checker) settle() {
	if k.trial {
		return
	}
	for _, p := range k.proposals {
		if len(p.fixes) == 0 {
			continue
		}
		if p.broken {
			// Nothing of the record is in force: which of the texts there was to be it nobody knows.
			if more := k.besides(p.record.Domain, p.text(false), p.published, p.half); more != nil {
				p.ask, p.astray = append(p.ask, more...), true
			}
		}
		sure, asking := p.text(false), p.text(true)
		if slices.ContainsFunc(p.parts, func(x reading) bool { return x.unread }) {
			sure = "" // without a sender that nobody can read
		}
		if p.astray {
			sure = ""
		}
		if sure != "" && sure != p.published && !k.holds(p, sure) {
			p.careful = true
			if sure, asking = p.text(false), p.text(true); sure != p.published && !k.holds(p, sure) {
				if sure = ""; useful(p.record.Text) && !useful(p.text(false)) && len(p.ask) == 0 {
					p.ask = append(p.ask, anySender)
					asking = p.text(true)
				}
			}
		}
		var more []finding.Record
		if root := p.record.Domain == k.p.Domain; root && sure != "" && k.flatten {
			sure, more = k.flat(sure)
		} else if root && k.shortened != nil && sure == p.published {
			if s := k.shorten(); s != nil {
				sure, more, k.shortened.Summary = s.Value, s.More, s.Summary
			}
		}
		x := texts{sure: sure, asking: asking, more: more}
		if sure != "" && sure != p.published && k.loses(k.p.with(textsOf(p.record.Domain, sure, more))) {
			x = texts{asking: asking, later: sure, laterMore: more}
		}
		if len(asking) > maxRepaired || len(p.published) > maxRepaired {
			x.sure, x.asking = "", ""
		}
		x.opens = x.sure == "" && x.asking != "" && !strings.Contains(x.asking, "<") && k.opens(p, x.asking)
		x.own = k.keepTokens(p)
		for _, s := range p.fixes {
			k.fill(p, s, &x)
		}
	}
}

// texts are what a proposal comes to: what can be published as it stands with its further
// records, what asks, and what can be published once the errors that it leads to are repaired.
type texts struct {
	sure, asking, later  string
	more, laterMore, own []finding.Record
	// opens: what is behind an error today lets everyone pass.
	opens bool
}

// fill puts the record into a fix of a proposal.
func (k *checker) fill(p *proposal, s *shared, x *texts) {
	f, text := s.fix, x.sure
	if s.asks || x.sure == "" && strings.Contains(x.asking, "<") {
		text = x.asking
	}
	if x.opens && text == "" {
		text, f.When = x.asking, "what it leads to lets no others pass than your senders"
	} else if x.later != "" && (text == "" || text == x.later) {
		text, f.When, f.More = x.later, "what it leads to is repaired", x.laterMore
	} else if !strings.Contains(text, "<") {
		text = x.sure // it asks nothing, and is held to what can be published as it stands
	}
	if over := f == k.flattened && x.more == nil && text == x.sure && k.stillOver(text); over || text == "" || text == p.published || f.Value != "" {
		if f.Value == "" {
			f.Name, f.Type, f.Remove = "", "", nil
		}
		return
	}
	f.Value, f.More = text, append(slices.Clip(f.More), x.own...)
	if text == x.sure {
		f.More = append(slices.Clip(x.more), x.own...)
		if s.sure != "" {
			f.Summary = strings.TrimSuffix(f.Summary, ".") + s.sure + "."
		}
	}
	if p.published != "" {
		f.Remove = []finding.Record{{Name: f.Name, Type: f.Type, Value: p.published}}
		if p.half != "" {
			f.Remove = append(f.Remove, finding.Record{Name: f.Name, Type: f.Type, Value: p.half})
		}
	}
}

// holds reports whether a text can stand in place of a record: it loses no address,
// ends no weaker, leaves somebody who may send if there was one, and has no error
// that the record had not.
func (k *checker) holds(p *proposal, text string) bool {
	terms, l := spf.Parse(text)
	if !spf.IsRecord(text) || l.ErrorAt >= 0 || useful(p.record.Text) && !useful(text) {
		return false
	}
	if l.All >= 0 && terms[l.All].Sign == '+' && p.broken {
		return false
	}
	q := k.p.with(map[string]string{p.record.Domain: text})
	if p.broken && (broad(text) || k.leadsToBroad(q)) {
		return false
	}
	if q.passesWorld() && !k.published.passesWorld() {
		return false
	}
	if lost := k.p.pass.minus(q.pass).minus(unroutable); len(lost) > 0 && !k.Has("spf-all-pass") {
		return false
	}
	return len(k.worse(q)) == 0
}

// opens reports whether a text in place of a record lets everyone pass, or half of the world, by
// what is behind an error today.
func (k *checker) opens(p *proposal, text string) bool {
	q := k.p.with(map[string]string{p.record.Domain: text})
	return p.broken && (broad(text) || k.leadsToBroad(q)) || !k.published.passesWorld() && q.passesWorld()
}

// leadsToBroad reports whether a policy has such a range in a record of the domain's own
// administration.
func (k *checker) leadsToBroad(q *Policy) bool {
	return slices.ContainsFunc(q.Addresses.Broad, func(r Range) bool { return sameOwner(r.In, k.p.Domain) && special(r.Prefix) == "" })
}

// broad reports whether a term of a record authorises a range that hardly anyone has: a figure of
// its length may be lost.
func broad(text string) bool {
	terms, _ := spf.Parse(text)
	return slices.ContainsFunc(terms, func(t spf.Term) bool {
		return t.Error == "" && t.Kind.Directive() && t.Kind != spf.KindAll && t.Sign == '+' && (t.Prefix.IsValid() && isBroad(t.Prefix) || t.Bits4 < 16 || t.Bits6 < 32)
	})
}

// textsOf are the texts of a record and of further ones, by domain.
func textsOf(domain, text string, more []finding.Record) map[string]string {
	texts := map[string]string{domain: text}
	for _, r := range more {
		if r.Type == "TXT" {
			texts[r.Name] = r.Value
		}
	}
	return texts
}

// loses reports whether an address that passes today ends in an error with another policy. Where a
// record that is led to is in error, the order of the terms decides who passes before it.
func (k *checker) loses(q *Policy) bool {
	if k.published.Record == nil || !k.published.Record.broken(0) {
		return false
	}
	return slices.ContainsFunc(k.published.clients(), func(a netip.Addr) bool {
		return k.published.try("", "", a).Result == spf.Pass && q.try("", "", a).Result != spf.Pass
	})
}

// worse are the errors that another policy has, and this one has not.
func (k *checker) worse(q *Policy) []*finding.Finding {
	type about struct{ check, subject string }
	before := make(map[about]bool)
	for _, f := range k.Found() {
		before[about{f.Check, f.Subject}] = true
	}
	return slices.DeleteFunc(check(q, k.c, true).Found(), func(f *finding.Finding) bool {
		ends := f.Check == "spf-void-lookup" && strings.Contains(f.Title, "permerror") // for some clients
		return !f.Severity.AtLeast(finding.Error) && !ends || before[about{f.Check, f.Subject}]
	})
}

// nowhere reports whether the DNS says that what one of the terms names does not
// exist, or it leads back to the record itself, so that it is not what was meant.
func (k *checker) nowhere(domain string, texts ...string) bool {
	return slices.ContainsFunc(texts, func(text string) bool {
		t := spf.ParseTerm(text)
		name, _, ok := t.Target(domain, k.p.Domain)
		if !ok || t.Error != "" {
			return false
		}
		switch t.Kind {
		case spf.KindInclude, spf.KindRedirect:
			// One that leads back to where it stands, or to where all begins, is a loop.
			return ascii.EqualFold(name, domain) || ascii.EqualFold(name, k.p.Domain) || k.p.answers.get(name, resolver.TypeTXT).recordStatus().absent()
		case spf.KindExp:
			return k.p.answers.get(name, resolver.TypeTXT).status().absent()
		case spf.KindA, spf.KindMX:
			return slices.ContainsFunc([]resolver.Type{resolver.TypeA, resolver.TypeMX}, func(x resolver.Type) bool {
				return k.p.answers.get(name, x).status() == StatusNXDomain
			})
		}
		return false
	})
}

// with is the policy with other texts for the records of some domains, on the same
// answers.
func (p *Policy) with(texts map[string]string) *Policy {
	k := &answers{root: p.answers.root, cut: p.answers.cut, asked: make(map[question]*outcome, len(p.answers.asked))}
	for q, o := range p.answers.asked {
		c := *o
		c.facts = nil
		k.asked[q] = &c
	}
	for domain, text := range texts {
		k.publish(domain, text)
	}
	return assemble(k)
}

// advice is a fix that is no record.
func advice(format string, args ...any) *finding.Fix {
	return &finding.Fix{Summary: fmt.Sprintf(format, args...)}
}
