package view

import (
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/rbl"
)

type Grid struct {
	Subjects []string
	Rows     []GridRow
}

type GridRow struct {
	List  string
	Cells []Cell
}

// NewGrid is the table of lists by subject; nil if no list was asked.
func NewGrid(survey *rbl.Survey) *Grid {
	if survey == nil || len(survey.Listings) == 0 {
		return nil
	}
	g := &Grid{}
	var lists []string
	cells := make(map[[2]string]Cell)
	for _, l := range survey.Listings {
		if !slices.Contains(g.Subjects, l.Subject) {
			g.Subjects = append(g.Subjects, l.Subject)
		}
		if !slices.Contains(lists, l.Zone) {
			lists = append(lists, l.Zone)
		}
		mark, word := verdictWord(&l)
		cell := Cell{string(mark), Mark(mark), word}
		switch {
		case l.Allow && l.Verdict == rbl.Listed:
			cell = Cell{string(finding.Pass), Mark(finding.Pass), "vouches"}
		case l.Allow && l.Verdict == rbl.Clean:
			cell = Cell{Value: "no entry"}
		}
		cells[[2]string{l.Zone, l.Subject}] = cell
	}
	for _, zone := range lists {
		row := GridRow{List: zone}
		for _, subject := range g.Subjects {
			row.Cells = append(row.Cells, cells[[2]string{zone, subject}])
		}
		g.Rows = append(g.Rows, row)
	}
	return g
}

// VerdictMarks give each verdict of a list the severity whose mark it shows.
var VerdictMarks = map[rbl.Verdict]finding.Severity{
	rbl.Listed: finding.Error, rbl.Clean: finding.Pass, rbl.Unknown: finding.Unknown,
	rbl.Blocked: finding.Unknown, rbl.Dead: finding.Notice,
}

// verdictWord is the verdict of a listing. A list that was not asked is not unknown.
func verdictWord(l *rbl.Listing) (finding.Severity, string) {
	if l.NotAsked() {
		return finding.NotChecked, "not checked"
	}
	return VerdictMarks[l.Verdict], string(l.Verdict)
}

// AllowWord is the verdict of an allow list, if an entry speaks for the subject
// and none says nothing.
func AllowWord(v rbl.Verdict) (finding.Severity, string) {
	switch v {
	case rbl.Listed:
		return finding.Pass, "vouched for"
	case rbl.Clean:
		return finding.Info, "no entry"
	}
	return VerdictMarks[v], string(v)
}

// ListingText says what a list answered. A mask list answers once for several codes.
func ListingText(l rbl.Listing) string {
	parts := []string{strings.Join(l.Answers, ", ")}
	for _, c := range l.Codes {
		if c.Meaning != "" {
			parts = append(parts, c.Meaning)
		}
	}
	parts = append(parts, l.Reasons...)
	if l.Why != "" {
		parts = append(parts, l.Why)
	}
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), "; ")
}
