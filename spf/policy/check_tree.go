package policy

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/ascii"
	"mailworthy/internal/show"
	"mailworthy/provider"
	"mailworthy/resolver"
	"mailworthy/spf"
)

// tree judges what the records lead to.
func (k *checker) tree() {
	k.targets()
	k.lookups()
	k.voids()
	k.exchangers()
	k.unregistered()
	k.uncountable()
}

// targets judges every include and redirect.
func (k *checker) targets() {
	if !k.unknownRecords {
		k.Decided("spf-include-missing", "spf-include-permerror", "spf-loop")
	}
	if k.p.Cut {
		k.Add("spf-unresolved", finding.Finding{
			Detail:    fmt.Sprintf("The policy of %s is larger than what is examined, %d terms of a record or %d that ask the DNS, %d records and %d questions. What lies beyond is not known.", k.p.Domain, maxTerms, maxWeight/weightOfAsked, maxRecords, maxExamined),
			Evidence:  []finding.Evidence{k.p.Record.Evidence},
			CouldBe:   finding.Critical,
			Undecides: true,
		})
	}
	k.p.walk(func(r *Record, _ bool) {
		// No receiver reads a term of a record in error, and its owner has to correct it first.
		unread := r.Error != "" && r != k.p.Record && k.mine(r)
		for i := range r.Terms {
			t := &r.Terms[i]
			if unread && (t.Record == nil || !t.Record.Loop) || t.Error != "" || t.Ignored != "" || t.Kind != spf.KindInclude && t.Kind != spf.KindRedirect {
				continue
			}
			k.target(r, t)
		}
	})
}

// chain says how the own record leads to a term of another one.
func (k *checker) chain(r *Record) string {
	if t := k.leads(r.Domain); t != nil && r != k.p.Record {
		return fmt.Sprintf(" %s leads there by %s.", k.p.Domain, quote(t.Text))
	}
	return ""
}

// mine reports whether the domain's own administration writes a record: one at a name
// below the same registrable domain.
func (k *checker) mine(r *Record) bool {
	return slices.Contains(k.own, r) || sameOwner(r.Domain, k.p.Domain)
}

// right is the fix for a term whose target is wrong: its right name, which nobody but
// its owner knows.
func (k *checker) right(r *Record, t *Term) *finding.Fix {
	if k.mine(r) {
		p := k.proposal(r)
		p.wrong(t, rightName(t))
		return p.share(true, "Correct the name in %s; if that sender is gone, publish the record without it.", quotable(t.Text))
	}
	return k.tell(r)
}

// tell is what can be done about a record that is somebody else's.
func (k *checker) tell(r *Record) *finding.Fix {
	if via := k.leads(r.Domain); via != nil {
		return advice("Tell the owner of %s. If you can do without that sender, publish your record without %s.", r.Domain, quotable(via.Text))
	}
	return advice("Tell the owner of %s.", r.Domain)
}

// target judges one include or redirect.
func (k *checker) target(r *Record, t *Term) {
	if t.Unknown != "" {
		return
	}
	switch {
	case t.Record != nil && t.Record.Loop:
		k.Add("spf-loop", finding.Finding{
			Subject:  t.Target,
			Detail:   fmt.Sprintf("%s in the record of %s leads back to %s, which led there. A receiver goes round until the limit of ten lookups, and answers permerror.%s", quote(t.Text), r.Domain, t.Target, k.chain(r)),
			Evidence: answersOf(r, t),
			Fix:      k.opened(r, t),
		})
	case t.Status == StatusUnresolved:
		k.Add("spf-unresolved", finding.Finding{
			Subject: t.Target,
			Detail: fmt.Sprintf("The DNS did not say what %s in the record of %s leads to (%s). Receivers with the same failure return temperror; what the record costs and authorises is not known.%s",
				quote(t.Text), r.Domain, why(t.Record.Evidence), k.chain(r)),
			Evidence: answersOf(r, t), CouldBe: finding.Critical, Undecides: true,
		})
	case t.Status == StatusNone, t.Status == StatusNXDomain, t.Status == StatusInvalid:
		what, alias, at := t.Target+" has no SPF record", "", ""
		switch t.Status {
		case StatusNXDomain:
			if t.Record == nil {
				what = "no name stands at or below " + t.Target + ", whatever the client is"
				break
			}
			what = resolver.Absence(t.Target, t.Record.Evidence.CNAMEs)
			alias, at = undotted(t.Target, k.p.Domain, k.p.answers.get(t.Target, resolver.TypeTXT))
		case StatusInvalid:
			what = quote(t.Target) + " is not a name that can have one"
		}
		detail := fmt.Sprintf("%s in the record of %s leads to no SPF record: %s. A receiver that comes to the term answers permerror.%s", quote(t.Text), r.Domain, what, k.chain(r))
		var fix *finding.Fix
		if t.Meant != "" && k.mine(r) && !k.nowhere(r.Domain, strings.Fields(t.Meant)...) {
			detail += fmt.Sprintf(" It was probably meant to be %s.", quote(t.Meant))
			p := k.proposal(r)
			p.broken = true
			p.read(t)
			fix = p.share(p.astray, "Publish the corrected record.")
		} else if alias != "" {
			said, dotted := k.dotted(t.Target, at, alias)
			detail, fix = detail+said, dotted
		} else if name := k.appended(t); name != "" && k.mine(r) {
			detail += fmt.Sprintf(" It was probably meant to be %s: what appended the domain took the name for one of its own.", name)
			p := k.proposal(r)
			p.broken = true
			p.replace(t, false, strings.TrimSuffix(t.Text, t.Value)+name)
			fix = p.share(false, "Publish the corrected record.")
		} else if at := t.Target + "." + k.p.Domain; k.mine(r) && k.p.answers.get(at, resolver.TypeTXT).recordStatus() == StatusFound {
			detail += fmt.Sprintf(" A record stands at %s: the zone added its own name to one that was whole.", at)
			fix = k.undoubled(t, at)
		} else if text, meant := k.unmarked(t); meant != "" && k.mine(r) {
			detail += fmt.Sprintf(" The TXT record %s there was probably meant to be one.", quote(text))
			fix = &finding.Fix{Summary: "Publish the corrected record.", Name: t.Target, Type: "TXT", Value: meant, Remove: []finding.Record{{Name: t.Target, Type: "TXT", Value: text}}}
		} else {
			if text := k.typeSPF(t); text != "" {
				detail += fmt.Sprintf(" The zone has %s there as a record of type SPF (99). Receivers ask for TXT alone.", quote(text))
			}
			fix = k.right(r, t)
		}
		f := finding.Finding{Subject: t.Target, Detail: detail, Evidence: answersOf(r, t), Fix: fix}
		if !k.readInto(r, t, &f) {
			k.Add("spf-include-missing", f)
		}
	case t.Record != nil && t.Record.Error != "" && !t.Record.Repeated:
		fix := k.tell(t.Record)
		if t.Record.Status == StatusMultiple && k.mine(t.Record) {
			fix = k.oneOf(t.Target)
		}
		if m := t.Record.facts.repaired(); k.mine(t.Record) && m != nil && m.text != "" && len(m.parts) > 0 {
			fix = &finding.Fix{Summary: corrected(m), Name: t.Record.Domain, Type: "TXT", Value: k.readable(t.Record.Domain, m),
				Remove: []finding.Record{{Name: t.Record.Domain, Type: "TXT", Value: t.Record.Text}}}
			if q := k.p.with(map[string]string{t.Record.Domain: fix.Value}); !fix.HasPlaceholder() && !k.trial && (q.passesWorld() || len(k.worse(q)) > 0 || k.besides(t.Record.Domain, fix.Value) != nil) {
				fix.When = "what it leads to is repaired"
			}
		}
		k.Add("spf-include-permerror", finding.Finding{
			Subject:  t.Target,
			Detail:   k.inError(r, t),
			Evidence: answersOf(r, t), Fix: fix,
		})
	}
}

// dotted is what is said of the alias at the target of a term, or behind one there, and the fix: the alias
// with its final dot, if the record is there that it was meant to lead to. It may be that no dot is missing:
// where the zone has names beside the target as it stands, that is a name of its own, and is gone.
func (k *checker) dotted(name, at, alias string) (said string, fix *finding.Fix) {
	end := aliasEnd(k.p.answers.get(name, resolver.TypeTXT))
	if own := resolver.OwnParent(end, alias); own != "" {
		if s := k.p.answers.get(own, resolver.TypeTXT).status(); s == StatusFound || s == StatusNone {
			return "", advice("Correct the target of the alias at %s: nothing stands at %s.", at, end)
		}
	}
	said = fmt.Sprintf(" The zone added its own name to the target of the alias, because the final dot of %s is missing.", alias)
	o := k.p.answers.get(alias, resolver.TypeTXT)
	if q := k.p.with(map[string]string{name: o.record().text}); at != name || o.recordStatus() != StatusFound || k.trial || q.passesWorld() || len(k.worse(q)) > 0 {
		return said, advice("Publish the alias at %s with the final dot of its target (%s.), if the sender's record is there.", at, alias)
	}
	return said, &finding.Fix{Summary: fmt.Sprintf("Publish the alias at %s with its final dot.", name), Name: name, Type: "CNAME", Value: alias,
		Remove: []finding.Record{{Name: name, Type: "CNAME", Value: k.p.answers.get(name, resolver.TypeTXT).answer.CNAMEs[0]}}}
}

// readInto says of a term that stands only in the corrected record that it leads nowhere, with the
// error that is corrected: no receiver comes to it. It reports whether it did.
func (k *checker) readInto(r *Record, t *Term, f *finding.Finding) bool {
	if !k.misread[r.Domain] || slices.Contains(strings.Fields(k.published.answers.get(r.Domain, resolver.TypeTXT).record().text), t.Text) {
		return false
	}
	found := k.Found()
	i := slices.IndexFunc(found, func(x *finding.Finding) bool {
		return (x.Check == "spf-syntax" || x.Check == "spf-include-permerror") && x.Subject == r.Domain
	})
	if i < 0 || f.Fix == nil || f.Fix.Name != r.Domain {
		return false
	}
	found[i].Detail += fmt.Sprintf(" %s, as it is corrected, leads to no SPF record.", quote(t.Text))
	k.Undecided("spf-include-missing")
	return true
}

// appended is the name that a term leads to without the domain behind it, if a record stands there,
// or the catalogue of services has it; else "".
func (k *checker) appended(t *Term) string {
	name, ok := strings.CutSuffix(t.Target, "."+k.p.Domain)
	if !ok || !strings.Contains(name, ".") || !ascii.EqualFold(strings.TrimSuffix(t.Value, "."), t.Target) {
		return ""
	}
	switch s := k.p.answers.get(name, resolver.TypeTXT).recordStatus(); {
	case s == StatusFound, s.unknown() && provider.Builtin().OfSPF(name) != nil:
		return name
	}
	return ""
}

// undoubled is the fix for a record, or an alias of one, that stands at the doubled name in place
// of the target of a term.
func (k *checker) undoubled(t *Term, at string) *finding.Fix {
	o := k.p.answers.get(at, resolver.TypeTXT)
	text := o.record().text
	f := &finding.Fix{Summary: "Move the record to " + t.Target + ".", Name: t.Target, Type: "TXT", Value: text}
	if len(o.answer.CNAMEs) > 0 {
		f.Summary, f.Type, f.Value = "Move the alias to "+t.Target+".", "CNAME", o.answer.CNAMEs[0]
	}
	f.Remove = []finding.Record{{Name: at, Type: f.Type, Value: f.Value}}
	if q := k.p.with(map[string]string{t.Target: text}); k.trial || q.passesWorld() || len(k.worse(q)) > 0 {
		return advice("%s Correct it before.", f.Summary)
	}
	return f
}

// oneOf is the fix for several records at one name of the domain's own that another record
// leads to: one of all.
func (k *checker) oneOf(domain string) *finding.Fix {
	texts := k.p.answers.get(domain, resolver.TypeTXT).spfTexts()
	fix := advice("Merge the %d SPF records of %s into one.", len(texts), domain)
	merged, _, _ := Merge(texts)
	merged, _ = k.reaching(domain, merged, texts)
	if q := k.p.with(map[string]string{domain: merged}); len(texts) > maxMerged || strings.Contains(merged, "<") || broad(merged) || shutOut(texts) != nil || k.besides(domain, merged) != nil || k.trial || q.passesWorld() || q.Lookups > spf.MaxLookups || len(k.worse(q)) > 0 {
		return fix
	}
	fix.Name, fix.Type, fix.Value = domain, "TXT", merged
	for _, text := range texts {
		fix.Remove = append(fix.Remove, finding.Record{Name: domain, Type: "TXT", Value: text})
	}
	return fix
}

// unmarked is the TXT record at the target of a term that was meant to be an SPF record,
// and what it was meant to be: one without its version, or with a mistyped one. It is
// empty if the name is not the domain's own, or the repair would ask or do harm.
func (k *checker) unmarked(t *Term) (text, meant string) {
	if t.Record == nil || t.Status != StatusNone || !k.mine(t.Record) || k.trial {
		return "", ""
	}
	text, m := k.p.answers.get(t.Target, resolver.TypeTXT).unmarked()
	if m == nil || !m.complete() || slices.ContainsFunc(m.parts, func(x reading) bool { return x.or != "" || x.cut && !k.vouched(t.Target, x.text) }) || !useful(m.text) {
		return "", ""
	}
	if q := k.p.with(map[string]string{t.Target: m.text}); q.passesWorld() || len(k.worse(q)) > 0 || k.besides(t.Target, m.text, text) != nil {
		return "", ""
	}
	return text, k.readable(t.Target, m)
}

// typeSPF is the record of type SPF at the target of a term, if the name is the domain's own; else "". Whether
// it was meant for all mail of that name, too, its owner knows.
func (k *checker) typeSPF(t *Term) string {
	if t.Record == nil || t.Status != StatusNone || !k.mine(t.Record) {
		return ""
	}
	return k.p.answers.get(t.Target, resolver.TypeTXT).ofType99()
}

// readable is a repaired record with placeholders for what nobody can read, and for
// what would lead nowhere.
func (k *checker) readable(domain string, m *repaired) string {
	out := []string{spf.Version}
	for _, p := range m.parts {
		if !p.unread && k.idle(domain, p.text) {
			t := spf.ParseTerm(p.text)
			if p.text = rightNameOf(&t); t.Spec == "" {
				p.text = sendersOf(&Term{Kind: t.Kind, Text: t.Text})
			}
		} else if p.or != "" {
			p.text = "<" + forPlaceholder(p.text) + " or " + forPlaceholder(p.or) + ">"
		}
		out = append(out, p.text)
	}
	return strings.Join(out, " ")
}

// opened is the fix for a loop: the record without the term that closes it, which
// authorises nobody whom the rest does not.
func (k *checker) opened(r *Record, t *Term) *finding.Fix {
	if !k.mine(r) {
		return k.tell(r)
	}
	if t.Kind == spf.KindRedirect {
		// It ends the record as well, with an end that nobody knows.
		return k.right(r, t)
	}
	at := r.Domain + "." + k.p.Domain
	if _, m := k.p.answers.get(at, resolver.TypeTXT).unmarked(); r.Domain != k.p.Domain && (m != nil || k.p.answers.get(at, resolver.TypeTXT).record().count > 0) {
		return advice("Make one record of that of %s, without the term that closes the circle, and of the one that stands at %s by mistake.", r.Domain, at)
	}
	if k.besides(r.Domain, r.Text) != nil {
		k.proposal(r).broken = true // another text there may be the one that was meant
		return k.drop(r, t, "Publish the record of %s without the term that closes the circle, and with what another text there names.", r.Domain)
	}
	if via := k.leads(r.Domain); via != nil && via.Target == r.Domain && !useful(withoutTerm(r, t)) {
		if r.Error != "" {
			return advice("Correct the record of %s, without the term that closes the circle.", r.Domain)
		}
		// Nothing is left of the record: it can be spared.
		end := k.endOf(r.Text, 0)
		for _, o := range k.own {
			if via.Kind == spf.KindRedirect && end == 0 {
				break // what ends the record nobody knows
			}
			if slices.ContainsFunc(o.Terms, func(x Term) bool { return x.Text == via.Text }) {
				if p := k.proposal(o); via.Kind == spf.KindRedirect && p.all == 0 {
					p.all = end
				}
				return k.drop(o, via, "Publish the record without %s, which leads back here and to nobody else.", quotable(via.Text))
			}
		}
	}
	return k.drop(r, t, "Publish the record of %s without the term that closes the circle.", r.Domain)
}

// answersOf are the answers for a record and for what a term of it leads to.
func answersOf(r *Record, t *Term) []finding.Evidence {
	if t.Record == nil {
		return append([]finding.Evidence{r.Evidence}, t.Evidence...)
	}
	return []finding.Evidence{r.Evidence, t.Record.Evidence}
}

// treeEvidence is the question for every record of the tree.
func (k *checker) treeEvidence() []finding.Evidence {
	var out []finding.Evidence
	k.p.walk(func(r *Record, _ bool) {
		if !r.Loop && !r.Repeated && len(out) < 30 {
			out = append(out, r.Evidence)
		}
	})
	return out
}

// exchangers judges mx terms, and reports names whose answer is not known.
func (k *checker) exchangers() {
	if !k.unknownRecords && !k.unknownNames {
		k.Decided("spf-too-many-mx")
	}
	unknownMX := false
	left := 0 // void lookups that unknown names could add
	k.p.walk(func(r *Record, _ bool) {
		for i := range r.Terms {
			if t := &r.Terms[i]; t.Status.unknown() && (t.Kind == spf.KindA || t.Kind == spf.KindMX || t.Kind == spf.KindExists) {
				left++
			}
		}
	})
	k.p.walk(func(r *Record, own bool) {
		for i := range r.Terms {
			t := &r.Terms[i]
			switch {
			case t.Kind != spf.KindMX && t.Kind != spf.KindA && t.Kind != spf.KindExists:
				continue
			case t.Status == StatusNotAsked:
				// Said once, for the whole tree.
			case t.Status.unknown() || unknownHost(t):
				unknownMX = unknownMX || own && t.Kind == spf.KindMX
				couldBe := finding.Warning
				if k.p.Voids+left > spf.MaxVoidLookups && t.Status.unknown() {
					couldBe = finding.Critical
				}
				k.Add("spf-unresolved", finding.Finding{
					Subject:  t.Target,
					Detail:   fmt.Sprintf("The DNS did not say what addresses %s in the record of %s stands for. Receivers with the same failure return temperror, or permerror if the name is gone.%s", quote(t.Text), r.Domain, k.chain(r)),
					Evidence: t.Evidence, CouldBe: couldBe,
				})
			}
			if t.Kind != spf.KindMX {
				continue
			}
			if mx := len(t.Hosts); mx > spf.MaxHosts {
				k.tooManyHosts(r, t)
			}
			if own && (t.NullMX || t.Void) && !k.slipped[t.Text] {
				k.mxVoid(r, t)
			}
		}
	})
	if !unknownMX {
		k.Decided("spf-mx-void")
	}
}

func unknownHost(t *Term) bool {
	for _, h := range t.Hosts {
		if h.Status.unknown() && !resolver.Within(h.Name, "localhost") {
			return true
		}
	}
	return false
}

// withoutTerm is the text of a record without one of its terms.
func withoutTerm(r *Record, t *Term) string {
	out := []string{spf.Version}
	for i := range r.Terms {
		if &r.Terms[i] != t {
			out = append(out, r.Terms[i].Text)
		}
	}
	return strings.Join(out, " ")
}

// uncountable reports includes and redirects that depend on the client.
func (k *checker) uncountable() {
	if !k.unknownRecords {
		k.Decided("spf-macro-uncountable")
	}
	var terms []string
	var letters []byte
	for _, u := range k.p.Uncountable {
		if strings.HasPrefix(u.Why, "%{") {
			for _, piece := range strings.Split(u.Term, "%{")[1:] {
				letters = append(letters, (piece + " ")[0])
			}
			terms = append(terms, fmt.Sprintf("%s in %s (%s)", quotable(u.Term), u.In, u.Why))
		}
	}
	if len(terms) == 0 {
		return
	}
	detail := fmt.Sprintf("The record behind %s cannot be known in advance, so %s needs at least %s, and for some clients more.",
		strings.Join(terms[:min(len(terms), 10)], ", "), k.p.Domain, show.Counted(k.p.Lookups, "lookup"))
	for i := range k.c.Evaluations {
		if e := &k.c.Evaluations[i]; i < maxNamed && len(e.Unstated) == 0 && e.Error == "" {
			detail += fmt.Sprintf(" For %s as it was stated the evaluation ends in %s after %s.", e.IP, e.Result, show.Counted(e.Lookups, "lookup"))
		}
	}
	k.Add("spf-macro-uncountable", finding.Finding{
		Detail:   detail,
		Fix:      advice("To see what it comes to for one of your senders, state %s.", stating(letters)),
		Evidence: k.treeEvidence(),
	})
}

// stating names the flags that state what macro letters stand for: the address of the
// client, and what of the others is asked for.
func stating(letters []byte) string {
	flags := []string{"--ip"}
	for _, l := range letters {
		flag := ""
		switch ascii.Lower(l) {
		case 'h':
			flag = "--helo"
		case 'l', 's':
			flag = "--mail-from with the whole address"
		}
		if flag != "" && !slices.Contains(flags, flag) {
			flags = append(flags, flag)
		}
	}
	return strings.Join(flags, " and ")
}
