package dmarc

import (
	"mailworthy/finding"
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
	err    *resolver.Error // nil where there is an answer
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

// evidence of a question, answered or not.
func (q *question) evidence() finding.Evidence {
	if q.err != nil {
		return q.err.Evidence()
	}
	return q.answer.Evidence()
}

// maxTexts bounds the TXT records read at one name.
const maxTexts = 64

// texts are the TXT records of an answer, strings joined (RFC 9989, 4.5).
func texts(e *finding.Evidence) []string { return e.Answer[:min(len(e.Answer), maxTexts)] }
