package view

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mailworthy/finding"
	"mailworthy/report"
)

// SectionLine is a section in one line.
type SectionLine struct {
	Section finding.Section
	Title   string
	// Mark is the worst severity known in it, Unknown if nothing worse than a
	// notice is known and something is open.
	Mark finding.Severity
	// Score is nil if the section was not judged.
	Score *int
	// Text is its worst finding, then what is not known, or else what is good
	// about it. Brief is the same for one line, without subjects.
	Text, Brief string
}

// Value is the score as text.
func (l SectionLine) Value() string {
	if l.Score == nil {
		return "–"
	}
	return strconv.Itoa(*l.Score)
}

// SectionLines gives a line for each section that was looked at.
func SectionLines(r *report.Report) []SectionLine {
	// What is open for one cause is open in each section.
	groups := Grouped(finding.Apart(r.Findings))
	var out []SectionLine
	for _, s := range r.Score.Sections {
		line := SectionLine{Section: s.Section, Title: s.Title, Mark: finding.Pass, Score: s.Value}
		var of []Group
		for _, g := range groups {
			if g.Findings[0].Section == s.Section {
				of = append(of, g)
			}
		}
		known, open := Notable(of)
		var parts []string
		if all := slices.Concat(known, open); len(all) > 0 {
			line.Brief = brief(all[0].Heading())
			if len(all) > 1 {
				line.Brief += fmt.Sprintf("; %d more", len(all)-1)
			}
		}
		if len(known) > 0 {
			line.Mark = known[0].Severity
			parts = append(parts, known[0].Title(r.Domain))
			if len(known) > 1 {
				parts = append(parts, fmt.Sprintf("%d more", len(known)-1))
			}
		}
		if len(open) > 0 {
			if len(known) == 0 {
				line.Mark = finding.Unknown
			}
			parts = append(parts, open[0].Title(r.Domain))
			if len(open) > 1 {
				parts = append(parts, fmt.Sprintf("%d more unknown", len(open)-1))
			}
		}
		if line.Text = strings.Join(parts, "; "); line.Text == "" {
			line.Text = good(r, s.Section)
			if names := unheld(of); s.Judged && names != "" && !strings.Contains(line.Text, "not checked") {
				line.Text += "; not checked: " + names
			}
		}
		if !s.Judged && line.Mark == finding.Pass {
			line.Mark = finding.Unknown
			if len(of) > 0 && s.NotChecked > 0 && s.Unknown == 0 {
				line.Mark, line.Text = finding.NotChecked, notCheckedLine(r, s.Section)
				line.Brief = line.Text
				out = append(out, line)
				continue
			}
			for _, g := range groups {
				if g.Findings[0].Section == s.Section && g.Findings[0].Undecides {
					line.Text = g.Title(r.Domain)
					break
				}
			}
		}
		line.Brief = cmp.Or(line.Brief, line.Text)
		out = append(out, line)
	}
	return out
}

// brief is a title without what it adds in brackets at its end.
func brief(title string) string {
	if at := strings.LastIndex(title, " ("); at > 0 && strings.HasSuffix(title, ")") {
		return title[:at]
	}
	return title
}
