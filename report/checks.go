package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"mailworthy/dkim"
	"mailworthy/dmarc"
	"mailworthy/finding"
	"mailworthy/mailhost"
	"mailworthy/message"
	"mailworthy/rbl"
	"mailworthy/spf"
	"mailworthy/transport"
)

// AllChecks lists every check of every section, in the order of a report.
func AllChecks() []finding.Check {
	return slices.Concat(spf.Checks, dkim.Checks, dmarc.Checks, rbl.Checks, mailhost.Checks, message.Checks, transport.Checks)
}

// FindCheck returns the check with the ID.
func FindCheck(id string) (finding.Check, bool) {
	for _, c := range AllChecks() {
		if c.ID == id {
			return c, true
		}
	}
	return finding.Check{}, false
}

// SimilarChecks returns the IDs that somebody may have meant by id: those that
// hold it, or else the nearest by spelling.
func SimilarChecks(id string) []string {
	var holding []string
	best, nearest := len(id)/2+1, []string(nil)
	for _, c := range AllChecks() {
		if strings.Contains(c.ID, id) {
			holding = append(holding, c.ID)
		}
		switch d := distance(id, c.ID); {
		case d < best:
			best, nearest = d, []string{c.ID}
		case d == best && nearest != nil:
			nearest = append(nearest, c.ID)
		}
	}
	if len(holding) > 0 {
		return holding
	}
	return nearest
}

// distance is the number of letters to insert, delete or replace to turn a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

// WriteChecks lists checks for a person: a table a section.
func WriteChecks(w io.Writer, checks []finding.Check, o TableOptions) error {
	s := newScreen(o)
	for _, section := range finding.Sections {
		var rows [][]string
		for _, c := range checks {
			if c.Section == section {
				rows = append(rows, []string{c.ID, string(c.Severity), c.Title})
			}
		}
		if len(rows) == 0 {
			continue
		}
		s.blank()
		s.line(s.bold(sectionTitles[section]))
		s.list(nil, rows)
	}
	s.blank()
	s.line(s.dim("mailworthy checks ID explains one"))
	return s.writeTo(w)
}

// WriteCheck explains one check to a person.
func WriteCheck(w io.Writer, c finding.Check, o TableOptions) error {
	s := newScreen(o)
	s.line(s.bold(c.ID) + "  " + s.severity(c.Severity, string(c.Severity)) + "  " + s.dim(sectionTitles[c.Section]))
	s.para("", s.text(c.Title))
	for _, part := range []struct{ label, text string }{
		{"When", c.Condition}, {"Why", c.Why}, {"What to do", c.Remedy}, {"By", c.Reference},
	} {
		if part.text == "" {
			continue
		}
		s.blank()
		s.line(s.bold(part.label))
		s.para("  ", s.text(part.text))
	}
	return s.writeTo(w)
}

// ChecksMarkdown is the page docs/checks.md.
func ChecksMarkdown() []byte {
	var b strings.Builder
	b.WriteString(`# The checks

Every rule that an audit, a message or a record by itself is held against. IDs and severities are a contract: policies and scripts may rely on them.
This page is generated from the program (` + "`go test ./report -run TestChecksPage -update`" + `); ` + "`mailworthy checks ID`" + ` shows the same in a terminal.

| severity | meaning | deduction from its section | cap on the total |
| --- | --- | --- | --- |
`)
	scale := DefaultScale()
	for _, row := range []struct {
		severity finding.Severity
		meaning  string
	}{
		{finding.Critical, "mail is rejected, or anyone can spoof or hijack the domain"},
		{finding.Error, "a receiver will act on it"},
		{finding.Warning, "a receiver may act on it, or it breaks when something small changes"},
		{finding.Notice, "worth knowing; hardly any receiver acts on it"},
		{finding.Unknown, "the DNS did not say: the check is not decided"},
		{finding.NotChecked, "the audit was not to ask (--offline): it counts as nothing"},
	} {
		limit := "none"
		if c, ok := scale.Caps[row.severity]; ok {
			limit = fmt.Sprint(c)
		}
		fmt.Fprintf(&b, "| %s | %s | %d | %s |\n", row.severity, row.meaning, scale.Deductions[row.severity], limit)
	}
	all := AllChecks()
	for _, section := range finding.Sections {
		if !slices.ContainsFunc(all, func(c finding.Check) bool { return c.Section == section }) {
			continue
		}
		fmt.Fprintf(&b, "\n## %s (weight %d)\n", sectionTitles[section], scale.Weights[section])
		for _, c := range all {
			if c.Section != section {
				continue
			}
			fmt.Fprintf(&b, "\n### %s\n\n**%s**: %s\n\n", c.ID, c.Severity, mdText(c.Title))
			for _, part := range []struct{ label, text string }{
				{"When", c.Condition}, {"Why", c.Why}, {"What to do", c.Remedy}, {"By", c.Reference},
			} {
				if part.text != "" {
					fmt.Fprintf(&b, "- %s: %s\n", part.label, mdText(part.text))
				}
			}
		}
	}
	return []byte(b.String())
}
