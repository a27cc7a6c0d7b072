package view

import (
	"slices"
	"strings"

	"mailworthy/finding"
)

// LintDoc says whether a text is a valid record of its type, what is wrong with it, and
// what to serve in its place if it is a file.
func LintDoc(kind string, valid bool, findings []finding.Finding, proposed *string) *Doc {
	kind = strings.ToUpper(kind) + " record"
	if kind == "MTA-STS-POLICY record" {
		kind = "MTA-STS policy"
	}
	d := &Doc{}
	if valid {
		d.Add(Title{Text: Joined(Marked(finding.Pass, ""), T(" a valid "+kind))})
	} else {
		d.Add(Title{Text: Joined(Marked(finding.Error, ""), T(" not a valid "+kind))})
	}
	notable := slices.DeleteFunc(slices.Clone(findings), func(f finding.Finding) bool { return f.Severity == finding.Pass })
	d.Add(Findings{List: notable})
	if proposed != nil {
		d.Add(PolicyToServe(*proposed, ""))
	}
	return d
}

// PolicyToServe is the text of an MTA-STS policy to publish. Where is its URL, which may
// be empty.
func PolicyToServe(text, where string) Section {
	lines := []string{"Serve this in place of the old policy, then give the record at _mta-sts a new id."}
	if where != "" {
		lines[0] = "Serve this at " + where + ", then give the record at _mta-sts a new id."
	}
	if (finding.Record{Value: text}).HasPlaceholder() {
		lines = append(lines, fillIn+": as it stands it is not complete.")
	}
	return Section{Title: "Policy to publish", Lines: Texts(lines...), Blocks: []Block{Pre{Lines: strings.Split(strings.TrimSuffix(text, "\n"), "\n")}}}
}
