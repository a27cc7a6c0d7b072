package main

import (
	"context"
	"fmt"
	"io"
	"sync"

	"mailworthy/internal/readfile"
	"mailworthy/internal/show"
	"mailworthy/report"
)

// maxFixed bounds the findings fixed that are named.
const maxFixed = 20

// openBaseline reads the file of --baseline; nil for none.
func (f *auditFlags) openBaseline(ctx context.Context) (*report.Baseline, error) {
	if f.baseline == "" {
		return nil, nil
	}
	for _, to := range f.writes {
		if to.Exit != nil {
			return nil, fmt.Errorf("--baseline with --format %s, whose status says all that is found", to.Name)
		}
	}
	file, reader, err := readfile.Open(ctx, f.baseline)
	if err != nil {
		return nil, fmt.Errorf("--baseline: %w", err)
	}
	defer file.Close()
	b, err := report.ReadBaseline(reader)
	if err != nil {
		return nil, withHint(fmt.Errorf("--baseline %s: %w", f.baseline, err), "--format json, ndjson and rows write one")
	}
	return b, nil
}

// fixedSince gathers what is fixed since a baseline, and who is new in the list.
type fixedSince struct {
	mutex        sync.Mutex
	lines        []string
	fixed, fresh int
}

// compareWith has each report of the auditor compared with the baseline.
func (a *auditor) compareWith(b *report.Baseline) *fixedSince {
	s := new(fixedSince)
	a.each = func(r *report.Report) {
		fixed := b.Fixed(r)
		s.mutex.Lock()
		defer s.mutex.Unlock()
		if !b.Has(r.Domain) {
			s.fresh++
		}
		for _, h := range fixed {
			if s.fixed++; len(s.lines) < maxFixed {
				line := r.Domain + ": " + h.Check
				if h.Subject != r.Domain {
					line += " " + show.Cut(h.Subject, 200)
				}
				s.lines = append(s.lines, show.Line(line))
			}
		}
	}
	return s
}

// write says it.
func (s *fixedSince) write(w io.Writer) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, line := range s.lines {
		fmt.Fprintf(w, "fixed since the baseline: %s\n", line)
	}
	if more := s.fixed - len(s.lines); more > 0 {
		fmt.Fprintf(w, "fixed since the baseline: %d more\n", more)
	}
	if s.fresh > 0 {
		fmt.Fprintf(w, "warning: %d of the domains are not in the baseline: all that they have is new\n", s.fresh)
	}
}
