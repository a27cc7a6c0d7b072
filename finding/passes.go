package finding

import (
	"iter"
	"math/bits"
)

// Passes are the checks of one sheet that passed, without a finding for each: most of
// what is checked passes, and a row of a list shows nothing of it.
type Passes struct {
	list  *List
	which set
}

// Checks are those that passed, in the order of their list.
func (p Passes) Checks() iter.Seq[*Check] {
	return func(yield func(*Check) bool) {
		for left := p.which; left != 0; left &= left - 1 {
			if !yield(&p.list.checks[bits.TrailingZeros64(uint64(left))]) {
				return
			}
		}
	}
}

// Len is how many passed.
func (p Passes) Len() int { return bits.OnesCount64(uint64(p.which)) }

// Count is how many of a section passed.
func (p Passes) Count(section Section) int {
	return bits.OnesCount64(uint64(p.which & p.list.in(section)))
}

// Of returns those of the sections that are wanted.
func (p Passes) Of(wanted func(Section) bool) Passes {
	for _, s := range p.list.sections {
		if !wanted(s.section) {
			p.which &^= s.checks
		}
	}
	return p
}

// inSection are the checks of a list that belong to a section.
type inSection struct {
	section Section
	checks  set
}

// in are the checks of the section.
func (l *List) in(section Section) set {
	for i := range l.sections {
		if l.sections[i].section == section {
			return l.sections[i].checks
		}
	}
	return 0
}

// AppendPassed adds the IDs of the checks of a section that passed, each once.
func AppendPassed(to []string, passes []Passes, section Section) []string {
	for i, p := range passes {
		p.which &= p.list.in(section)
		for _, before := range passes[:i] {
			if before.list == p.list {
				p.which &^= before.which
			}
		}
		for c := range p.Checks() {
			to = append(to, c.ID)
		}
	}
	return to
}

// CollectFound returns the findings of several sheets as Collect does, but for what
// passed, which it returns by itself.
func CollectFound(sheets ...*Sheet) ([]Finding, []Passes) {
	n := 0
	for _, s := range sheets {
		n += len(s.found)
	}
	out := make([]Finding, n)
	passes := make([]Passes, 0, len(sheets))
	free := out
	for _, s := range sheets {
		free = s.fillFound(free)
		if which := s.passes(); which != 0 {
			passes = append(passes, Passes{list: s.list, which: which})
		}
	}
	return out, passes
}
