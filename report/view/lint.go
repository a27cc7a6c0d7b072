package view

import (
	"slices"
	"strings"

	"mailworthy/finding"
)

// LintDoc says whether a text is a valid record of its type, and what is wrong with it.
func LintDoc(kind string, valid bool, findings []finding.Finding) *Doc {
	kind = strings.ToUpper(kind)
	d := &Doc{}
	if valid {
		d.Add(Title{Text: Joined(Marked(finding.Pass, ""), T(" a valid "+kind+" record"))})
	} else {
		d.Add(Title{Text: Joined(Marked(finding.Error, ""), T(" not a valid "+kind+" record"))})
	}
	notable := slices.DeleteFunc(slices.Clone(findings), func(f finding.Finding) bool { return f.Severity == finding.Pass })
	d.Add(Findings{List: notable})
	return d
}
