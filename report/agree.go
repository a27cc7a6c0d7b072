package report

import (
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
)

// Agree makes the fixes of a list agree: all that are complete can be published together,
// and no record has two contents by what is for now. A fix that changes a record which one
// before it changes in another way is not complete, and says which it waits for. One with a
// place to fill in waits for a complete one, and holds none up.
func Agree(findings []finding.Finding) {
	var a agreement
	for _, complete := range [...]bool{true, false} {
		for i := range findings {
			f := &findings[i]
			if f.Fix == nil || f.Fix.When != "" || f.Fix.After != "" || f.Fix.Complete != complete {
				continue
			}
			if first := a.contradicted(f); first != "" {
				later := *f.Fix
				later.Complete, later.After = false, first
				f.Fix = &later
			}
		}
	}
}

// agreement is what fixes change, with the checks that they belong to.
type agreement struct {
	made []*finding.Fix
	// added is by place, removed by record; a place is one that only one record has.
	added   map[finding.Record]change
	removed map[finding.Record]string
}

type change struct {
	record finding.Record
	by     string
}

// contradicted is the check whose fix changes in another way what the fix of a finding
// changes. If there is none, the fix becomes one of those that agree.
func (a *agreement) contradicted(f *finding.Finding) (first string) {
	add := f.Fix.Records()
	if len(add) == 0 && f.Fix.Value != "" {
		add = append(add, finding.Record{Value: f.Fix.Value})
	}
	if len(add)+len(f.Fix.Remove) == 0 || slices.ContainsFunc(a.made, f.Fix.Equal) {
		return ""
	}
	for _, rec := range add {
		if s, ok := a.added[place(rec)]; ok && s.record != rec {
			first = s.by
		}
		if by, ok := a.removed[rec]; ok {
			first = by
		}
	}
	for _, rec := range f.Fix.Remove {
		if s, ok := a.added[place(rec)]; ok && s.record == rec {
			first = s.by
		}
	}
	if first != "" {
		return first
	}
	if a.made == nil {
		a.added, a.removed = make(map[finding.Record]change), make(map[finding.Record]string)
	}
	a.made = append(a.made, f.Fix)
	for _, rec := range add {
		a.added[place(rec)] = change{rec, f.Check}
	}
	for _, rec := range f.Fix.Remove {
		a.removed[rec] = f.Check
	}
	return ""
}

// place is what only one record may have: the name and type, and of a TXT record
// the version that it begins with (v=spf1). Of other types a name may have several,
// so that the record is its own place.
func place(rec finding.Record) finding.Record {
	at := finding.Record{Name: strings.ToLower(rec.Name), Type: rec.Type}
	switch {
	case rec.Type == "CNAME":
	case show.IsText(rec.Type) || rec.Type == "":
		word, _, _ := strings.Cut(strings.TrimSpace(rec.Value), " ")
		word, _, _ = strings.Cut(word, ";")
		at.Value = strings.ToLower(word)
	default:
		at.Value = rec.Value
	}
	return at
}
