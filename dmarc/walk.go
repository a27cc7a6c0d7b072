package dmarc

import (
	"errors"

	"mailworthy/resolver"
)

// askWalk puts all questions of a walk at once, in its order.
func (a *asker) askWalk(domain string) []*question {
	var qs []*question
	for _, d := range walkDomains(domain) {
		qs = append(qs, a.ask(recordName(d), resolver.TypeTXT))
	}
	return qs
}

// readWalk waits for the answers and returns the steps up to where the walk
// stops: the first that surely has a record with psd=y or psd=n, or the last
// (RFC 9989, 4.10, steps 2 and 6).
func readWalk(domain string, qs []*question) []Step {
	var steps []Step
	for i, d := range walkDomains(domain) {
		s := readStep(d, qs[i])
		steps = append(steps, s)
		if s.Outcome == HasRecord && s.Record.PSD != "u" {
			break
		}
	}
	return steps
}

// readStep tells policy records from other TXT. Several policy records at one
// name are discarded together (RFC 9989, 4.10, step 2).
func readStep(domain string, q *question) Step {
	s := Step{Domain: domain, Name: recordName(domain), Outcome: NoRecord, Suffix: isSuffix(domain), Evidence: q.evidence()}
	if _, err := q.wait(); err != nil {
		if err.Reason == resolver.BadName {
			s.Evidence.Note = "the name is too long for the DNS: no record can be there"
			return s
		}
		s.Outcome = Unanswered
		return s
	}
	for _, text := range q.texts() {
		record, err := ParseRecord(text)
		var not *NotPolicyError
		if errors.As(err, &not) {
			s.Others = append(s.Others, Other{Text: text, Intended: not.Intended, Reason: not.Reason, Hint: not.Hint})
			continue
		}
		s.Record = record
		s.Records = append(s.Records, text)
	}
	switch {
	case len(s.Records) > 1:
		s.Outcome, s.Record = Multiple, nil
	case s.Record != nil:
		s.Outcome, s.Records = HasRecord, nil
	}
	return s
}

// queries are the names of the steps.
func queries(steps []Step) []string {
	out := make([]string, len(steps))
	for i := range steps {
		out[i] = steps[i].Name
	}
	return out
}

// held is what stands at a step, known or supposed: psd is "" for no record.
type held struct{ psd string }

// holds is every way that a step can be: one for an answered step. Of a public
// suffix that did not answer only psd=y is supposed, since its operator may
// publish nothing else (RFC 9989, 5.2).
func (s *Step) holds() []held {
	switch {
	case s.Outcome == HasRecord:
		return []held{{s.Record.PSD}}
	case s.Outcome != Unanswered:
		return []held{{""}}
	case s.Suffix:
		return []held{{""}, {"y"}}
	}
	return []held{{""}, {"u"}, {"n"}, {"y"}}
}

// maxSupposed bounds the unanswered steps whose contents are supposed in turn;
// with more, nothing that depends on them is decided.
const maxSupposed = 6

// everyWay calls f with each combination of what the unanswered steps could
// hold, by domain, until f returns false. It reports false where there are too
// many, and f was not called.
func everyWay(steps []Step, f func(map[string]held) bool) bool {
	open := map[string][]held{}
	var order []string
	for i := range steps {
		s := &steps[i]
		if s.Outcome == Unanswered && open[s.Domain] == nil {
			open[s.Domain] = s.holds()
			order = append(order, s.Domain)
		}
	}
	if len(order) > maxSupposed {
		return false
	}
	supposed := make(map[string]held, len(order))
	var turn func(int) bool
	turn = func(i int) bool {
		if i == len(order) {
			return f(supposed)
		}
		for _, h := range open[order[i]] {
			supposed[order[i]] = h
			if !turn(i + 1) {
				return false
			}
		}
		return true
	}
	turn(0)
	return true
}

// conclusion is what a walk comes to.
type conclusion struct {
	// org is the Organizational Domain.
	org string
	// policy is the step whose record applies, -1 for none.
	policy int
}

// conclude selects the Organizational Domain (RFC 9989, 4.10.2) and the record
// that applies (4.10.1), with what is supposed of unanswered steps.
func conclude(steps []Step, supposed map[string]held) conclusion {
	start := steps[0].Domain
	at := func(i int) held {
		if h, ok := supposed[steps[i].Domain]; ok && steps[i].Outcome == Unanswered {
			return h
		}
		return steps[i].holds()[0]
	}
	c := conclusion{org: start, policy: -1}
	suffix := -1
	for i := range steps {
		h := at(i)
		switch h.psd {
		case "":
			continue
		case "y":
			// Rule 2: not at the start of the walk, the domain one label below.
			if i > 0 {
				c.org, suffix = lastLabels(start, labels(steps[i].Domain)+1), i
				break
			}
			fallthrough
		default:
			// Rules 1 and 3: psd=n is it; otherwise the shortest name with a record.
			c.org = steps[i].Domain
		}
		if h.psd != "u" {
			break
		}
	}
	// The Author Domain, then its Organizational Domain, then the public suffix.
	if at(0).psd != "" {
		c.policy = 0
		return c
	}
	for i := range steps {
		if steps[i].Domain == c.org && at(i).psd != "" {
			c.policy = i
			return c
		}
	}
	c.policy = suffix
	return c
}
