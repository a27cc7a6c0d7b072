package policy

import "mailworthy/finding"

// maxInReport is how much of a tree a report has, in octets of JSON: some 400 terms, more than the largest
// honest trees have.
const maxInReport = 300_000

// Bounded is the policy with as much of its tree as a report shows, the terms nearest to its root
// first: those left out are counted in LeftOut. A policy that is small enough is returned as it is.
func (p *Policy) Bounded() *Policy {
	if p == nil || p.Record == nil {
		return p
	}
	room := maxInReport
	shown := map[*Record]int{} // how many terms of each record
	for level := []*Record{p.Record}; len(level) > 0; {
		var below []*Record
		for _, r := range level {
			for i := range r.Terms {
				if room -= r.Terms[i].size(); room < 0 {
					break
				}
				shown[r] = i + 1
				if next := r.Terms[i].Record; next != nil {
					room -= next.size()
					below = append(below, next)
				}
			}
		}
		level = below
	}
	if room >= 0 {
		return p
	}
	out := *p
	out.Record = p.Record.first(shown)
	return &out
}

// first is the record with the first terms alone, as many as are shown of each record.
func (r *Record) first(shown map[*Record]int) *Record {
	if r == nil {
		return nil
	}
	out, n := *r, shown[r]
	out.LeftOut += len(r.Terms) - n
	out.Terms = make([]Term, n)
	for i := range out.Terms {
		out.Terms[i] = r.Terms[i]
		out.Terms[i].Record = r.Terms[i].Record.first(shown)
	}
	return &out
}

// The sizes are about those of the JSON: the keys, and each text as often as it is said.
const (
	sizeOfRecord   = 500
	sizeOfTerm     = 550
	sizeOfHost     = 80
	sizeOfAddress  = 25
	sizeOfEvidence = 250
)

func (r *Record) size() int {
	n := sizeOfRecord + 2*len(r.Domain) + len(r.Text) + sizeOf(&r.Evidence)
	for i := range r.Published {
		n += len(r.Published[i].Text())
	}
	return n
}

func (t *Term) size() int {
	n := sizeOfTerm + 3*len(t.Text) + len(t.Explanation) + sizeOfAddress*len(t.Prefixes)
	for i := range t.Hosts {
		n += sizeOfHost + len(t.Hosts[i].Name) + sizeOfAddress*len(t.Hosts[i].Addresses)
	}
	for i := range t.Evidence {
		n += sizeOf(&t.Evidence[i])
	}
	return n
}

func sizeOf(e *finding.Evidence) int {
	n := sizeOfEvidence + len(e.Name)
	for _, text := range e.Answer {
		n += len(text) + 4
	}
	return n
}
