package dmarc

import (
	"slices"
	"strings"

	"mailworthy/internal/show"
	"mailworthy/resolver"
)

// askWalk puts all questions of a walk, in its order.
func (a *asker) askWalk(b *resolver.Batch, domain string) []*question {
	domains := walkDomains(domain)
	qs := make([]*question, len(domains))
	for i, d := range domains {
		qs[i] = a.ask(b, recordName(d), resolver.TypeTXT)
	}
	return qs
}

// readWalk returns the steps up to where the walk stops: the first that surely has
// a record with psd=y or psd=n, or the last (RFC 9989, 4.10, steps 2 and 6).
func readWalk(qs []*question) []Step {
	steps := make([]Step, 0, len(qs))
	for _, q := range qs {
		steps = append(steps, Step{})
		s := &steps[len(steps)-1]
		if s.read(q); s.Outcome == HasRecord && s.Record.PSD != "u" {
			break
		}
	}
	return steps
}

// read tells policy records from other TXT. Several policy records at one name are
// discarded together (RFC 9989, 4.10, step 2).
func (s *Step) read(q *question) {
	s.Name, s.Domain = q.name, strings.TrimPrefix(q.name, recordPrefix)
	s.Outcome, s.Suffix, s.Evidence = NoRecord, isSuffix(s.Domain), q.evidence()
	s.wildcard = q.answer != nil && q.answer.Wildcard != ""
	if q.err != nil {
		if q.err.Reason == resolver.BadName {
			s.Evidence.Note = "the name is too long for the DNS: no record can be there"
			return
		}
		s.Outcome = Unanswered
		return
	}
	for i, text := range q.texts(&s.Evidence) {
		record, err := ParseRecord(text)
		if not, ok := err.(*NotPolicyError); ok {
			not.atName(text)
			s.Others = append(s.Others, Other{Text: show.Cut(text, maxRepair), Intended: not.Intended, Reason: not.Reason, Hint: not.Hint, quoted: q.quoted(i)})
			continue
		}
		record.quoted = q.quoted(i)
		switch {
		case s.Record == nil:
			s.Record = record
		case s.Records == nil:
			s.Records = []string{s.Record.Text, show.Cut(text, maxRepair)}
		default:
			s.Records = append(s.Records, show.Cut(text, maxRepair))
		}
	}
	switch {
	case s.Records != nil:
		s.Outcome, s.Record = Multiple, nil
	case s.Record != nil:
		s.Outcome = HasRecord
	}
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

// holds is what stands at a step that was answered.
func (s *Step) holds() held {
	if s.Outcome == HasRecord {
		return held{s.Record.PSD}
	}
	return held{}
}

// Every way that a step can be that was not answered. Of a public suffix only psd=y
// is supposed, since its operator may publish nothing else (RFC 9989, 5.2).
var (
	anyHeld    = []held{{""}, {"u"}, {"n"}, {"y"}}
	suffixHeld = []held{{""}, {"y"}}
)

// maxSupposed bounds the unanswered steps whose contents are supposed in turn;
// with more, nothing that depends on them is decided.
const maxSupposed = 6

// everyWay calls f with each combination of what the unanswered steps of some walks
// could hold, by domain, until f returns false. It reports false if there are
// too many, and f was not called.
func everyWay(f func(map[string]held) bool, walks ...[]Step) bool {
	var silent []*Step
	for _, steps := range walks {
		for i := range steps {
			s := &steps[i]
			if s.Outcome == Unanswered && !slices.ContainsFunc(silent, func(other *Step) bool { return other.Domain == s.Domain }) {
				silent = append(silent, s)
			}
		}
	}
	if len(silent) > maxSupposed {
		return false
	}
	if silent == nil {
		f(nil)
	} else {
		suppose(silent, make(map[string]held, len(silent)), f)
	}
	return true
}

// suppose supposes something of each silent step.
func suppose(silent []*Step, supposed map[string]held, f func(map[string]held) bool) bool {
	if len(silent) == 0 {
		return f(supposed)
	}
	all := anyHeld
	if silent[0].Suffix {
		all = suffixHeld
	}
	for _, h := range all {
		supposed[silent[0].Domain] = h
		if !suppose(silent[1:], supposed, f) {
			return false
		}
	}
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
		if steps[i].Outcome == Unanswered {
			return supposed[steps[i].Domain]
		}
		return steps[i].holds()
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
