package dkim

import (
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// firstRound asks at once whatever depends on nothing.
func (s *search) firstRound(b *resolver.Batch) {
	s.d.Questions = 3 + len(s.d.Selectors)
	room, reserve := s.room(), forSiblings
	if s.guided {
		reserve = forInferred
	}
	if s.d.Catalogue == Inferred {
		reserve = max(0, room-commonInBulk)
	}
	n := room - min(reserve, room/2)
	s.d.Selectors = slices.Grow(s.d.Selectors, min(n, len(s.pending))+min(reserve, forSiblings))
	s.guess(n)

	s.guards = guards(s.d.Domain)
	_, name, _ := strings.Cut(s.guards[0], ".")
	b.Ask(name, resolver.TypeTXT, s.proof.set)
	for i := range s.guards {
		b.Ask(s.guards[i], resolver.TypeTXT, s.probes[i].set)
	}
	s.ask(b, 0)
	s.d.Questions = 3 + len(s.d.Selectors)
}

// judgeFirst says what the first round proves about the names below _domainkey.
func (s *search) judgeFirst() {
	s.d.Evidence = []finding.Evidence{s.proof.evidence()}
	switch {
	case s.proof.err != nil:
	case s.proof.answer.Status == resolver.NXDomain && len(s.proof.answer.CNAMEs) == 0:
		s.d.Proof = ProofAbsent
	default:
		// With an alias the NXDOMAIN is that of its target: the name itself exists.
		s.d.Proof = ProofExists
	}
	s.judgeWildcard()
	s.attachWildcard(0)
}

// secondRound asks for the selectors of the providers inferred, and then for what
// is left of the mode's guesses.
func (s *search) secondRound(b *resolver.Batch) {
	n := s.room()
	// One of each in turn, so that a provider with many does not use up the bound.
	for i, more := 0, true; more; i++ {
		more = false
		for _, p := range s.inferred {
			if i >= len(p.selectors) {
				continue
			}
			more = true
			switch sel := p.selectors[i]; {
			case s.asked(sel):
			case n > 0:
				s.add(sel)
				n--
			default:
				s.pending = append(s.pending, sel) // counted as left out
			}
		}
	}
	s.guess(n)
	s.ask(b, s.second)
	s.d.Questions += len(s.d.Selectors) - s.second
}

// ask asks for the selectors from an index on.
func (s *search) ask(b *resolver.Batch, from int) {
	for i := range s.d.Selectors[from:] {
		sel := &s.d.Selectors[from+i]
		b.Ask(sel.QueryName(), resolver.TypeTXT, sel.set)
	}
}
