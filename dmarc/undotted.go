package dmarc

import (
	"fmt"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// undotted is the question for the TXT at the name that an alias was meant to lead to,
// if the zone added its own name to the target because its final dot is missing.
type undotted struct {
	step *Step
	*question
}

// meantAlias is where an alias was meant to lead, and the record there; nil if none was
// found.
type meantAlias struct {
	target string
	record *Record
}

// askUndotted asks for what the aliases of the walk that lead nowhere were meant to lead to.
func (s *search) askUndotted() {
	for i := range s.d.Walk {
		if step := &s.d.Walk[i]; step.leadsNowhere() && resolver.Within(step.lastOwner(), resolver.Registrable(step.Domain)) {
			if right := resolver.Undotted(step.alias(), step.Domain, resolver.Registrable(step.Domain)); right != "" {
				s.undotted = append(s.undotted, undotted{step, s.ask(s.batch, right, resolver.TypeTXT)})
			}
		}
	}
}

// lastOwner is the name at which the last alias of the step stands.
func (s *Step) lastOwner() string { return resolver.LastOwner(s.Name, s.Evidence.CNAMEs) }

// readUndotted takes the answer.
func (s *Step) readUndotted(q *question) {
	s.meant = &meantAlias{target: q.name}
	if q.err != nil {
		return
	}
	e := q.evidence()
	for _, text := range q.texts(&e) {
		if r, err := ParseRecord(text); err == nil {
			if s.meant.record != nil {
				s.meant.record = nil // of several none counts
				return
			}
			s.meant.record = r
		}
	}
}

// withoutDot says that the alias at the step lost the final dot of its target; "" if it did
// not.
func (s *Step) withoutDot() string {
	if s.meant == nil {
		return ""
	}
	text := fmt.Sprintf("%s is an alias of %s, which does not exist: the zone added its own name to the target, because the final dot is missing.", s.lastOwner(), s.alias())
	if s.meant.record != nil {
		text += fmt.Sprintf(" At %s there is the record %s.", s.meant.target, quoted(s.meant.record.Text))
	}
	return text
}

// dotted is the alias with its final dot. That it is the one that was meant is certain
// if a record is there.
func (s *Step) dotted() *finding.Fix {
	if s.meant.record == nil {
		return &finding.Fix{Summary: fmt.Sprintf("Publish the alias at %s with the final dot of its target (%s.), if the service asks for that one.", s.lastOwner(), s.meant.target)}
	}
	return &finding.Fix{Summary: fmt.Sprintf("Publish the alias at %s with its final dot.", s.lastOwner()), Name: s.lastOwner(), Type: "CNAME", Value: s.meant.target,
		Remove: []finding.Record{{Name: s.lastOwner(), Type: "CNAME", Value: s.alias()}}}
}
