package report

import (
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
)

// Agree makes the complete fixes of a list agree, the first one going first: all
// that are complete can be published together. A fix that changes a record which
// one before it changes in another way is not complete, and says which it waits for.
func Agree(findings []finding.Finding) {
	type set struct {
		record finding.Record
		by     string
	}
	// added is by place, removed by record; a place is one that only one record has.
	var added map[finding.Record]set
	var removed map[finding.Record]string
	var made []*finding.Fix
	for i := range findings {
		f := &findings[i]
		if f.Fix == nil || !f.Fix.Complete {
			continue
		}
		if slices.ContainsFunc(made, f.Fix.Equal) {
			continue
		}
		add := f.Fix.Records()
		if len(add) == 0 && f.Fix.Value != "" {
			add = append(add, finding.Record{Value: f.Fix.Value})
		}
		other := ""
		for _, rec := range add {
			if s, ok := added[place(rec)]; ok && s.record != rec {
				other = s.by
			}
			if by, ok := removed[rec]; ok {
				other = by
			}
		}
		for _, rec := range f.Fix.Remove {
			if s, ok := added[place(rec)]; ok && s.record == rec {
				other = s.by
			}
		}
		if other != "" {
			later := *f.Fix
			later.Complete, later.After = false, other
			f.Fix = &later
			continue
		}
		if made == nil {
			added, removed = make(map[finding.Record]set), make(map[finding.Record]string)
		}
		made = append(made, f.Fix)
		for _, rec := range add {
			added[place(rec)] = set{rec, f.Check}
		}
		for _, rec := range f.Fix.Remove {
			removed[rec] = f.Check
		}
	}
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
