package report

import (
	"fmt"
	"sync"

	"mailworthy/internal/show"
)

// maxFixed bounds the findings fixed that are named.
const maxFixed = 20

// Since gathers what is fixed since a baseline, and which domains that does not have.
// Several goroutines may add to it.
type Since struct {
	baseline *Baseline

	mu           sync.Mutex
	named        []string
	fixed, fresh int
}

// NewSince begins with no report.
func NewSince(b *Baseline) *Since { return &Since{baseline: b} }

// Add compares a report with the baseline.
func (s *Since) Add(r *Report) {
	fixed := s.baseline.Fixed(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.baseline.Has(r.Domain) {
		s.fresh++
	}
	for _, h := range fixed {
		if s.fixed++; len(s.named) < maxFixed {
			name := r.Domain + ": " + h.Check
			if h.Subject != r.Domain {
				name += " " + show.Cut(h.Subject, 200)
			}
			s.named = append(s.named, show.Line(name))
		}
	}
}

// Lines say it, escaped; there are none if nothing is fixed and no domain is new.
func (s *Since) Lines() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lines []string
	for _, name := range s.named {
		lines = append(lines, "fixed since the baseline: "+name)
	}
	if more := s.fixed - len(s.named); more > 0 {
		lines = append(lines, fmt.Sprintf("fixed since the baseline: %d more", more))
	}
	if s.fresh > 0 {
		lines = append(lines, fmt.Sprintf("warning: %d of the domains are not in the baseline: all that they have is new", s.fresh))
	}
	return lines
}
