package dmarc

import (
	"context"

	"golang.org/x/sync/errgroup"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// maxAtOnce bounds the questions in flight. One domain needs fewer, so that
// everything independent is on its way in the same round.
const maxAtOnce = 128

// asker puts questions without waiting for the answers. Equal questions are one.
// It belongs to one goroutine, which must call finish.
type asker struct {
	ctx   context.Context
	r     resolver.Resolver
	group errgroup.Group
	asked map[asked]*question
}

type asked struct {
	name string
	t    resolver.Type
}

// question is one that is on its way.
type question struct {
	done   chan struct{}
	answer *resolver.Answer
	err    *resolver.Error
}

func newAsker(ctx context.Context, r resolver.Resolver) *asker {
	a := &asker{ctx: ctx, r: r, asked: make(map[asked]*question)}
	a.group.SetLimit(maxAtOnce)
	return a
}

// ask puts the question.
func (a *asker) ask(name string, t resolver.Type) *question {
	key := asked{name, t}
	if q := a.asked[key]; q != nil {
		return q
	}
	q := &question{done: make(chan struct{})}
	a.asked[key] = q
	a.group.Go(func() error {
		defer close(q.done)
		answer, err := a.r.Lookup(a.ctx, name, t)
		if err != nil {
			q.err = resolver.AsError(err)
			if q.err.Name == "" {
				q.err = &resolver.Error{Name: name, Type: t, Reason: q.err.Reason, Detail: q.err.Detail}
			}
			return nil
		}
		q.answer = answer
		return nil
	})
	return q
}

// finish waits for everything that is on its way.
func (a *asker) finish() { _ = a.group.Wait() }

// wait returns the answer, or why there is none.
func (q *question) wait() (*resolver.Answer, *resolver.Error) {
	<-q.done
	return q.answer, q.err
}

// evidence of a question, answered or not. It waits.
func (q *question) evidence() finding.Evidence {
	answer, err := q.wait()
	if err != nil {
		return err.Evidence()
	}
	return answer.Evidence()
}

// texts are the TXT records of an answer, strings joined (RFC 9989, 4.5). It waits.
func (q *question) texts() []string {
	answer, err := q.wait()
	if err != nil {
		return nil
	}
	var out []string
	for i := range answer.Records {
		if len(out) == maxTexts {
			break
		}
		out = append(out, answer.Records[i].Text())
	}
	return out
}

// maxTexts bounds the TXT records read at one name.
const maxTexts = 64
