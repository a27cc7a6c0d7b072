package finding

import "slices"

// Sheet gathers what the checks of one package found about one subject. A check
// that was decided and added nothing becomes a finding of severity Pass, so that
// a report can tell "looked and good" from "not looked".
type Sheet struct {
	checks  []Check
	subject string
	at      map[string]int // the place of each check
	found   []Finding
	state   []checkState // of each check
	decided int          // how many of them are
}

// checkState is what a sheet knows of a check.
type checkState struct{ decided, hit bool }

// NewSheet starts a sheet over the package's checks. The subject is the one of
// passes, and of findings that name none.
func NewSheet(checks []Check, subject string) *Sheet {
	s := &Sheet{checks: checks, subject: subject, at: make(map[string]int, len(checks)), state: make([]checkState, len(checks))}
	for i := range checks {
		s.at[checks[i].ID] = i
	}
	return s
}

// place is that of a check. A package that names one which it does not list has a
// mistake in the program, not in its input.
func (s *Sheet) place(id string) int {
	i, ok := s.at[id]
	if !ok {
		panic("finding: no check " + id)
	}
	return i
}

// Add records a finding of the check id. What f leaves empty (severity, title,
// reference, subject) is taken from the check. Add panics on an ID that the
// package does not list: that is a mistake in the program, not in its input.
func (s *Sheet) Add(id string, f Finding) {
	i := s.place(id)
	c := &s.checks[i]
	f.Check = id
	f.Section = c.Section
	if f.Severity == "" {
		f.Severity = c.Severity
	}
	if f.Title == "" {
		f.Title = c.Title
	}
	if f.Reference == "" {
		f.Reference = c.Reference
	}
	if f.Subject == "" {
		f.Subject = s.subject
	}
	s.found = append(s.found, f)
	s.state[i].hit = true
}

// Decided says that the checks were applied. Those that add nothing, before or
// after, are passes.
func (s *Sheet) Decided(ids ...string) {
	for _, id := range ids {
		if st := &s.state[s.place(id)]; !st.decided {
			st.decided = true
			s.decided++
		}
	}
}

// Has reports whether the check id has added a finding.
func (s *Sheet) Has(id string) bool {
	i, ok := s.at[id]
	return ok && s.state[i].hit
}

// Findings returns what was found, worst first and else in the order of the
// checks, and then the passes.
func (s *Sheet) Findings() []Finding {
	// Findings are large, so what is sorted is their keys.
	type key struct{ rank, check, found int }
	keys := make([]key, 0, len(s.found)+s.decided)
	for i := range s.found {
		keys = append(keys, key{s.found[i].Severity.Rank(), s.at[s.found[i].Check], i})
	}
	for i, st := range s.state {
		if st.decided && !st.hit {
			keys = append(keys, key{Pass.Rank(), i, -1})
		}
	}
	slices.SortStableFunc(keys, func(a, b key) int {
		if a.rank != b.rank {
			return b.rank - a.rank
		}
		return a.check - b.check
	})
	out := make([]Finding, len(keys))
	for i, k := range keys {
		if k.found >= 0 {
			out[i] = s.found[k.found]
			continue
		}
		c := &s.checks[k.check]
		out[i] = Finding{Check: c.ID, Severity: Pass, Section: c.Section, Subject: s.subject,
			Title: c.Title, Reference: c.Reference}
	}
	return out
}
