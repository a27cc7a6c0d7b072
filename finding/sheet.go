package finding

import "slices"

// Sheet gathers what the checks of one package found about one subject. A check
// that was decided and added nothing becomes a finding of severity Pass, so that
// a report can tell "looked and good" from "not looked".
type Sheet struct {
	checks  map[string]*Check
	order   []string
	subject string
	found   []Finding
	decided map[string]bool
	hit     map[string]bool
}

// NewSheet starts a sheet over the package's checks. The subject is the one of
// passes, and of findings that name none.
func NewSheet(checks []Check, subject string) *Sheet {
	s := &Sheet{
		checks:  make(map[string]*Check, len(checks)),
		subject: subject,
		decided: make(map[string]bool),
		hit:     make(map[string]bool),
	}
	for i := range checks {
		s.checks[checks[i].ID] = &checks[i]
		s.order = append(s.order, checks[i].ID)
	}
	return s
}

// Add records a finding of the check id. What f leaves empty (severity, title,
// reference, subject) is taken from the check. Add panics on an ID that the
// package does not list: that is a mistake in the program, not in its input.
func (s *Sheet) Add(id string, f Finding) {
	c := s.checks[id]
	if c == nil {
		panic("finding: no check " + id)
	}
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
	s.hit[id] = true
}

// Decided says that the checks were applied. Those that add nothing, before or
// after, are passes.
func (s *Sheet) Decided(ids ...string) {
	for _, id := range ids {
		if s.checks[id] == nil {
			panic("finding: no check " + id)
		}
		s.decided[id] = true
	}
}

// Has reports whether the check id has added a finding.
func (s *Sheet) Has(id string) bool { return s.hit[id] }

// Findings returns what was found, worst first and else in the order of the
// checks, and then the passes.
func (s *Sheet) Findings() []Finding {
	out := slices.Clone(s.found)
	for _, id := range s.order {
		if s.decided[id] && !s.hit[id] {
			c := s.checks[id]
			out = append(out, Finding{Check: id, Severity: Pass, Section: c.Section, Subject: s.subject,
				Title: c.Title, Reference: c.Reference})
		}
	}
	at := make(map[string]int, len(s.order))
	for i, id := range s.order {
		at[id] = i
	}
	slices.SortStableFunc(out, func(a, b Finding) int {
		if d := b.Severity.Rank() - a.Severity.Rank(); d != 0 {
			return d
		}
		return at[a.Check] - at[b.Check]
	})
	return out
}
