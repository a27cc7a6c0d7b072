package export

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/golden"
	"mailworthy/report"
)

func TestChecksPage(t *testing.T) {
	golden.Compare(t, "../../docs/checks.md", checksPage())
}

// checksPage is the page docs/checks.md.
func checksPage() []byte {
	var b strings.Builder
	b.WriteString(`# The checks

Every rule that an audit, a message or a record by itself is held against. IDs and severities are a contract: policies and scripts may rely on them.
This page is generated from the program (` + "`go test ./report/export -run TestChecksPage -update`" + `); ` + "`mailworthy checks ID`" + ` shows the same in a terminal.

| severity | meaning | deduction from its section | cap on the total |
| --- | --- | --- | --- |
`)
	scale := report.DefaultScale()
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
	all := report.AllChecks()
	for _, section := range finding.Sections {
		if !slices.ContainsFunc(all, func(c finding.Check) bool { return c.Section == section }) {
			continue
		}
		fmt.Fprintf(&b, "\n## %s (weight %d)\n", section.Title(), scale.Weights[section])
		for _, c := range all {
			if c.Section != section {
				continue
			}
			fmt.Fprintf(&b, "\n### %s\n\n**%s**: %s\n\n", c.ID, c.Severity, mdText(c.Title))
			for _, part := range []struct{ label, text string }{
				{"When", c.Condition}, {"Why", c.Why}, {"What to do", c.Remedy}, {"Passes as", c.Passed}, {"By", c.Reference},
			} {
				if part.text != "" {
					fmt.Fprintf(&b, "- %s: %s\n", part.label, mdText(part.text))
				}
			}
		}
	}
	return []byte(b.String())
}
