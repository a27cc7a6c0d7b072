package dmarc

import (
	"slices"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/resolver"
)

// asker puts the questions of one discovery, each once. It belongs to the
// goroutine of the batch.
type asker struct {
	last *question
	room []question
}

// question is one that was put. Its answer is there when the part of the batch that
// it was put on is done.
type question struct {
	name   string
	t      resolver.Type
	answer *resolver.Answer
	err    *resolver.Error // nil if there is an answer
	before *question
}

// ask puts the question on a batch, unless it was put before.
func (a *asker) ask(b *resolver.Batch, name string, t resolver.Type) *question {
	for q := a.last; q != nil; q = q.before {
		if q.t == t && q.name == name {
			return q
		}
	}
	if len(a.room) == 0 {
		a.room = make([]question, 6) // what is asked of a domain without a record
	}
	q := &a.room[0]
	a.room = a.room[1:]
	*q = question{name: name, t: t, before: a.last}
	a.last = q
	b.Ask(name, t, q.set)
	return q
}

func (q *question) set(answer *resolver.Answer, err error) {
	if err == nil {
		q.answer = answer
		return
	}
	q.err = resolver.AsError(err)
	if q.err.Name == "" {
		q.err = &resolver.Error{Name: q.name, Type: q.t, Reason: q.err.Reason, Detail: q.err.Detail}
	}
}

// evidence of a question, answered or not. Of an answer that is larger than any that
// is meant, it has the start.
func (q *question) evidence() finding.Evidence {
	if q.err != nil {
		return q.err.Evidence()
	}
	e := q.answer.Evidence()
	size := 0
	for i := range e.Answer {
		if size += len(e.Answer[i]); size > maxEvidence || i == maxTexts {
			e.Answer = append(slices.Clone(e.Answer[:i]), show.Cut(e.Answer[i], max(0, min(len(e.Answer[i]), maxEvidence-size+len(e.Answer[i])))))
			e.Note = "the answer is larger than what is shown"
			break
		}
	}
	return e
}

const (
	// maxTexts bounds the TXT records read at one name.
	maxTexts = 64
	// maxEvidence bounds the octets of an answer that are kept as evidence.
	maxEvidence = maxRepair
)

// texts are the TXT records of an answer, strings joined (RFC 9989, 4.5); e is its
// evidence.
func (q *question) texts(e *finding.Evidence) []string {
	all := e.Answer
	if e.Note != "" && q.answer != nil {
		all = q.answer.Evidence().Answer
	}
	return all[:min(len(all), maxTexts)]
}

// quoted is what the i-th text would be in quotes, if it lost its rest for want of them
// in a zone file; otherwise "".
func (q *question) quoted(i int) string {
	if q.answer == nil || i >= len(q.answer.Records) {
		return ""
	}
	return q.answer.Records[i].Quoted()
}
