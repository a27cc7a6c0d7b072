package finding

import (
	"cmp"
	"math/bits"
	"slices"
)

// List is the checks of one package by their IDs, made once and shared by all its
// sheets.
type List struct {
	checks   []Check
	at       map[string]int
	sections []inSection
}

// NewList makes a list of at most 64 checks: a sheet keeps a bit for each.
func NewList(checks []Check) *List {
	if len(checks) > 64 {
		panic("finding: more than 64 checks in a list")
	}
	l := &List{checks: checks, at: make(map[string]int, len(checks))}
	for i := range checks {
		l.at[checks[i].ID] = i
		at := slices.IndexFunc(l.sections, func(s inSection) bool { return s.section == checks[i].Section })
		if at < 0 {
			at = len(l.sections)
			l.sections = append(l.sections, inSection{section: checks[i].Section})
		}
		l.sections[at].checks |= 1 << i
	}
	return l
}

// Find returns the check of the ID, and false if the list has none.
func (l *List) Find(id string) (Check, bool) {
	i, ok := l.at[id]
	if !ok {
		return Check{}, false
	}
	return l.checks[i], true
}

// place is that of a check. A package that names one which it does not list has a
// mistake in the program, not in its input.
func (l *List) place(id string) int {
	i, ok := l.at[id]
	if !ok {
		panic("finding: no check " + id)
	}
	return i
}

// places are those of several checks.
func (l *List) places(ids []string) (out set) {
	for _, id := range ids {
		out |= 1 << l.place(id)
	}
	return out
}

// set is a set of places in a list.
type set uint64

// Sheet gathers what the checks of one package found about one subject. A check
// that was decided and added nothing becomes a finding of severity Pass, so that
// a report can tell "looked and good" from "not looked".
type Sheet struct {
	list    *List
	subject string
	found   []*Finding
	// decided are the checks that were applied, open those that could not be
	// everywhere, and hit those that have added a finding.
	decided, open, hit set
}

// NewSheet starts a sheet over the package's checks. The subject is the one of
// passes, and of findings that name none.
func NewSheet(list *List, subject string) *Sheet {
	return &Sheet{list: list, subject: subject}
}

// Add records a finding of the check id. What f leaves empty (severity, title,
// reference, subject) is taken from the check. Add panics on an ID that the
// package does not list: that is a mistake in the program, not in its input.
func (s *Sheet) Add(id string, f Finding) {
	i := s.list.place(id)
	c := &s.list.checks[i]
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
	s.found = append(s.found, &f)
	s.hit |= 1 << i
}

// Decided says that the checks were applied. Those that add nothing, before or
// after, are passes.
func (s *Sheet) Decided(ids ...string) { s.decided |= s.list.places(ids) }

// Undecided says that the checks could not be applied to all that they are about:
// they are no passes, whatever was decided of the rest.
func (s *Sheet) Undecided(ids ...string) { s.open |= s.list.places(ids) }

// Has reports whether the check id has added a finding.
func (s *Sheet) Has(id string) bool {
	i, ok := s.list.at[id]
	return ok && s.hit>>i&1 == 1
}

// Found are the findings that were added, to be amended where they stand.
func (s *Sheet) Found() []*Finding { return s.found }

// Findings returns what was found, worst first and else in the order of the
// checks, and then the passes.
func (s *Sheet) Findings() []Finding { return Collect(s) }

// Collect returns the findings of several sheets, sheet by sheet.
func Collect(sheets ...*Sheet) []Finding {
	n := 0
	for _, s := range sheets {
		n += len(s.found) + bits.OnesCount64(uint64(s.passes()))
	}
	// Findings are large, and most are passes: they are made where they stay.
	out := make([]Finding, n)
	free := out
	for _, s := range sheets {
		free = s.fill(free)
	}
	return out
}

func (s *Sheet) passes() set { return s.decided &^ s.open &^ s.hit }

// fill writes the findings to the start of out and returns the rest.
func (s *Sheet) fill(out []Finding) []Finding {
	out = s.fillFound(out)
	for left := s.passes(); left != 0; left &= left - 1 {
		c, f := &s.list.checks[bits.TrailingZeros64(uint64(left))], &out[0]
		f.Check, f.Severity, f.Section, f.Subject = c.ID, Pass, c.Section, s.subject
		f.Title, f.Reference = cmp.Or(c.Passed, c.Title), c.Reference
		out = out[1:]
	}
	return out
}

// fillFound is fill without what passed.
func (s *Sheet) fillFound(out []Finding) []Finding {
	slices.SortStableFunc(s.found, func(a, b *Finding) int {
		if d := b.Severity.Rank() - a.Severity.Rank(); d != 0 {
			return d
		}
		return s.list.at[a.Check] - s.list.at[b.Check]
	})
	for i, f := range s.found {
		f.Partial = s.list.checks[s.list.at[f.Check]].Whole && !f.Undecides
		if f.Fix != nil {
			f.Fix.Complete = f.Fix.complete()
		}
		out[i] = *f
	}
	return out[len(s.found):]
}
