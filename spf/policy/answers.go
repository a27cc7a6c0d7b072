package policy

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/ascii"
	"mailworthy/resolver"
	"mailworthy/spf"
)

// question is what is asked.
type question struct {
	name string
	t    resolver.Type
}

// purpose is what an answer is for: one may be for several things.
type purpose uint8

const (
	// asRecord: its SPF record is part of the tree.
	asRecord purpose = 1 << iota
	// asTarget: a term names it, and it may not exist.
	asTarget
	// asOwn: the domain's own record asks for it (see Own).
	asOwn
	// asMisplaced: the record of the domain may stand there by mistake.
	asMisplaced
)

// outcome is what came of a question.
type outcome struct {
	answer  *resolver.Answer
	err     error
	over    bool // there is one of the two
	cut     bool // it was not put
	purpose purpose
	facts   *recordFacts
	// shown is the answer that the DNS gave, if answer is another one on trial.
	shown *resolver.Answer
}

// answers is all that an examination learnt.
type answers struct {
	root  string
	asked map[question]*outcome
	cut   bool
}

func newAnswers(root string) *answers {
	return &answers{root: root, asked: make(map[question]*outcome)}
}

// get is the outcome of a question; one that was never put was cut.
func (k *answers) get(name string, t resolver.Type) *outcome {
	if o := k.asked[question{name, t}]; o != nil {
		return o
	}
	return &outcome{cut: true}
}

// holds reports whether something that cannot stay beside an SPF record stands at a name, or
// may, as the DNS did not say; not if nobody asked.
func (k *answers) holds(name string) bool {
	o := k.asked[question{name, resolver.TypeTXT}]
	switch {
	case o == nil:
		return false
	case o.answer == nil:
		return o.over
	}
	return o.answer.Wildcard == "" && (len(o.answer.CNAMEs) > 0 || len(o.spfTexts()) > 0)
}

func (o *outcome) status() Status {
	switch {
	case o.cut:
		return StatusNotAsked
	case o.err != nil && resolver.AsError(o.err).Reason == resolver.BadName:
		return StatusInvalid
	case o.err != nil:
		return StatusUnresolved
	case o.answer.Status == resolver.NXDomain:
		return StatusNXDomain
	case o.answer.Absent():
		return StatusNone
	}
	return StatusFound
}

// recordStatus is that of the SPF record in a TXT answer.
func (o *outcome) recordStatus() Status {
	s := o.status()
	if s != StatusFound {
		return s
	}
	switch n := o.record().count; {
	case n == 0:
		return StatusNone
	case n > 1:
		return StatusMultiple
	}
	return StatusFound
}

// records are those of the answer, none if there is none.
func (o *outcome) records() []resolver.Record {
	if o.answer == nil {
		return nil
	}
	return o.answer.Records
}

// record reads the SPF record of a TXT answer, once.
func (o *outcome) record() *recordFacts {
	if o.facts == nil {
		f := &recordFacts{}
		if o.answer != nil {
			if text, n := spf.Select(o.answer); n == 1 {
				f.text, f.count = text, 1
				f.terms, f.layout = spf.Parse(text)
			} else {
				f.count = n
			}
		}
		o.facts = f
	}
	return o.facts
}

// spfTexts are the SPF records of the answer. Servers turn the order of the records;
// what is said and proposed must not turn with it.
func (o *outcome) spfTexts() []string {
	var texts []string
	for i := range o.answer.Records {
		if text := o.answer.Records[i].Text(); spf.IsRecord(text) {
			texts = append(texts, text)
		}
	}
	slices.Sort(texts)
	return texts
}

// endless reports whether the record has neither all nor redirect.
func (f *recordFacts) endless() bool { return !slices.ContainsFunc(f.terms, ends) }

// ends reports whether a term is the last that decides something.
func ends(t spf.Term) bool { return t.Kind == spf.KindAll || t.Kind == spf.KindRedirect }

// goesOn reports whether a repaired record may go on in another text: it is read, and nothing
// ends it.
func (m *repaired) goesOn() bool {
	return !slices.ContainsFunc(m.parts, func(x reading) bool { return x.unread || ends(spf.ParseTerm(x.text)) })
}

// repaired is what the record was meant to be if it is in error; nil if it is not.
func (f *recordFacts) repaired() *repaired {
	if f.meant == nil && f.count == 1 && f.layout.ErrorAt >= 0 {
		r := repair(f.text)
		f.meant = &r
	}
	return f.meant
}

// otherwise is what else a record in error may have been meant to be: the underscore
// of "include_spf…" stands for the colon, or for itself.
func (f *recordFacts) otherwise() *repaired {
	i := indexFold(f.text, " include_")
	if i < 0 || f.count != 1 || f.layout.ErrorAt < 0 {
		return nil
	}
	i += len(" include")
	other := f.text[:i] + ":" + f.text[i:]
	if rest, ok := strings.CutPrefix(f.text[i:], "_:"); ok {
		other = f.text[:i] + ":" + rest // "include_:spf.esp.example"
	}
	r := repair(other)
	if r.text == "" {
		return nil
	}
	return &r
}

// near is the text that was meant to be the SPF record if there is none, and what
// it was meant to be.
func (o *outcome) near() (text string, meant *repaired) {
	f := o.record()
	if f.count > 0 || o.answer == nil {
		return "", nil
	}
	if !f.sought {
		f.sought = true
		for i := range o.answer.Records {
			s := o.answer.Records[i].Text()
			if looksLikeRecord(s) {
				r := repair(cmp.Or(unquoted(o.answer.Records[i].TXT), s))
				f.nearText, f.meant = s, &r
				break
			}
			if list, is := senderID(plainText(s)); is && f.meant == nil && useful(spf.Version+" "+list) {
				r := repair(s)
				f.nearText, f.meant = s, &r
			}
		}
	}
	return f.nearText, f.meant
}

// bare is the text that is an SPF record but for its version, and the record; nothing if
// there is none, or several.
func (o *outcome) bare() (text string, meant *repaired) {
	for _, r := range o.records() {
		terms, l := spf.Parse(spf.Version + " " + r.Text())
		if l.ErrorAt >= 0 || !useful(spf.Version+" "+r.Text()) || slices.ContainsFunc(terms, func(t spf.Term) bool { return t.Kind == spf.KindModifier || suspicious(&t) }) {
			continue
		}
		if meant != nil {
			return "", nil
		}
		m := repair(spf.Version + " " + r.Text())
		text, meant = r.Text(), &m
	}
	return text, meant
}

// ofType99 is the SPF record that a loaded zone has as type SPF alone, "" if there is none or
// more than one.
func (o *outcome) ofType99() string {
	if o.answer == nil || o.record().count > 0 {
		return ""
	}
	records := o.answer.OfSPF()
	if len(records) != 1 || !spf.IsRecord(records[0].Text()) {
		return ""
	}
	return records[0].Text()
}

// unmarked is the text that was meant to be the SPF record, with a mistyped version or
// with none, and what it was meant to be.
func (o *outcome) unmarked() (text string, meant *repaired) {
	if text, meant = o.near(); meant == nil {
		text, meant = o.bare()
	}
	return text, meant
}

// publish puts a text in place of the SPF record of a domain, or of what was meant to
// be one.
func (k *answers) publish(domain, text string) {
	q := question{domain, resolver.TypeTXT}
	o := &outcome{over: true, purpose: asRecord}
	a := &resolver.Answer{Name: domain, Type: resolver.TypeTXT, Status: resolver.Found}
	if old := k.asked[q]; old != nil {
		*o = *old
		o.facts = nil
		if o.shown == nil {
			o.shown = old.answer
		}
		if old.answer != nil {
			meant, _ := old.near()
			*a = *old.answer
			a.Status, a.Records = resolver.Found, nil
			for i := range old.answer.Records {
				if s := old.answer.Records[i].Text(); !spf.IsRecord(s) && !looksLikeRecord(s) && (meant == "" || s != meant) {
					a.Records = append(a.Records, old.answer.Records[i])
				}
			}
		}
	}
	a.Records = append(a.Records, resolver.Record{Name: domain, Type: resolver.TypeTXT, TXT: stringsOf(text)})
	o.answer = a
	k.asked[q] = o
}

// stringsOf cuts a text into strings of up to 255 octets.
func stringsOf(text string) []string {
	var out []string
	for len(text) > 255 {
		out, text = append(out, text[:255]), text[255:]
	}
	return append(out, text)
}

// terms are those of a TXT answer that count: valid ones, and none that no receiver
// reads, nor any beyond what is examined. Nobody evaluates two records, but both say
// whence mail comes.
func (o *outcome) terms() iter.Seq[*spf.Term] {
	f := o.record()
	return func(yield func(*spf.Term) bool) {
		weight := 0
		for i := range f.terms {
			if weight += weightOf(&f.terms[i]); weight > maxWeight {
				break
			}
			if t := &f.terms[i]; t.Error == "" && f.layout.Ignored(i, t) == "" && !yield(t) {
				return
			}
		}
		if f.count < 2 {
			return
		}
		for i := range o.answer.Records {
			text := o.answer.Records[i].Text()
			if !spf.IsRecord(text) {
				continue
			}
			terms, _ := spf.Parse(text)
			for j := range terms {
				if weight += weightOf(&terms[j]); weight > maxWeight {
					return
				}
				if terms[j].Error == "" && !yield(&terms[j]) {
					return
				}
			}
		}
	}
}

// exchangers are the names of the hosts in an MX answer, as far as they are
// examined.
func exchangers(o *outcome) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i, r := range o.records() {
			if name := spf.TargetName(r.Host); i < 2*spf.MaxHosts && spf.Askable(name) && !yield(name) {
				return
			}
		}
	}
}

// evidence shows the question with its outcome.
func (k *answers) evidence(name string, t resolver.Type) finding.Evidence {
	o := k.get(name, t)
	if o.cut {
		return finding.Evidence{Name: name, Type: t.String(), Status: string(StatusNotAsked), Note: "the bound of the examination was reached"}
	}
	a := o.answer
	if o.shown != nil {
		a = o.shown
	}
	e := resolver.Outcome(a, o.err)
	e.Answer = bounded(e.Answer)
	return e
}

// maxShown is the most of one answer that evidence shows: a finding carries it, and a
// report has many.
const maxShown = 6 << 10

// bounded cuts what is too large to be shown; answers of honest size stay as they are.
func bounded(answer []string) []string {
	n := 0
	for _, s := range answer {
		n += len(s)
	}
	if n <= maxShown {
		return answer
	}
	var out []string
	left := maxShown
	for _, s := range answer {
		if len(s) > left {
			out = append(out, fmt.Sprintf("%s… (%d octets)", s[:min(left, len(s))], len(s)))
			break
		}
		out = append(out, s)
		left -= len(s)
	}
	return out
}

// dotForMark is the name of an include or redirect with a dot in place of the one comma or semicolon
// in it, if that is one of the domain's own; else "". Of another domain's, nobody can tell whether a
// dot stood there (see strangersDomain).
func dotForMark(t *spf.Term, root string) string {
	if t.Kind != spf.KindInclude && t.Kind != spf.KindRedirect || strings.Count(t.Spec, ",")+strings.Count(t.Spec, ";") != 1 {
		return ""
	}
	name := ascii.ToLower(strings.NewReplacer(",", ".", ";", ".").Replace(t.Spec))
	if name == root || !hostLike(name) || !sameOwner(name, root) {
		return ""
	}
	return name
}

// markForDot is a term with the name of dotForMark, if a record stands there which no wildcard
// answers with: not the one of a loaded zone, and on the network not for a name beside it.
func (k *answers) markForDot(t *spf.Term) string {
	if t.Error != "" {
		return ""
	}
	name := dotForMark(t, k.root)
	o := k.asked[question{name, resolver.TypeTXT}]
	if name == "" || o == nil || o.answer == nil || o.answer.Wildcard != "" || o.recordStatus() != StatusFound {
		return ""
	}
	if beside := k.asked[question{guardBeside(name), resolver.TypeTXT}]; !o.answer.OfZone() && (beside == nil || beside.answer == nil || slices.Contains(beside.spfTexts(), o.record().text)) {
		return ""
	}
	return strings.TrimSuffix(t.Text, t.Spec) + name
}
