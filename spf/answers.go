package spf

import (
	"iter"

	"mailworthy/finding"
	"mailworthy/resolver"
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
)

// outcome is what came of a question.
type outcome struct {
	answer  *resolver.Answer
	err     error
	over    bool // there is one of the two
	cut     bool // it was not put
	purpose purpose
	facts   *recordFacts
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

// records are those of the answer, none where there is none.
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
			if text, n := selectRecord(o.answer); n == 1 {
				f.text, f.count = text, 1
				f.terms, f.layout = parse(text, nil)
			} else {
				f.count = n
			}
		}
		o.facts = f
	}
	return o.facts
}

// terms are those of a TXT answer that count: valid ones, and none that no receiver
// reads. Nobody evaluates two records, but both say whence mail comes.
func (o *outcome) terms() iter.Seq[*term] {
	f := o.record()
	return func(yield func(*term) bool) {
		for i := range f.terms {
			if t := &f.terms[i]; t.wrong == "" && f.layout.ignored(i, t) == "" && !yield(t) {
				return
			}
		}
		if f.count < 2 {
			return
		}
		for i := range o.answer.Records {
			text := o.answer.Records[i].Text()
			if !isRecord(text) {
				continue
			}
			terms, _ := parse(text, nil)
			for j := range terms {
				if terms[j].wrong == "" && !yield(&terms[j]) {
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
			if name := targetName(r.Host); i < 2*maxHosts && askable(name) && !yield(name) {
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
	return resolver.Outcome(o.answer, o.err)
}
