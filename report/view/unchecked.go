package view

import (
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/report"
)

// maxUnchecked bounds the names in the line of what was not checked.
const maxUnchecked = 4

// notCheckedLine says in the line of a section what it cannot be judged without.
func notCheckedLine(r *report.Report, section finding.Section) string {
	var subjects []string
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Section == section && f.Severity == finding.NotChecked && f.Undecides && f.Subject != r.Domain && !slices.Contains(subjects, f.Subject) {
			subjects = append(subjects, f.Subject)
		}
	}
	if section == finding.Reputation || len(subjects) == 0 {
		return "not checked"
	}
	return "not checked: " + show.Listed(subjects, 2)
}

// unheld lists names that an offline audit did not ask for and findings rest on.
func unheld(groups []Group) string {
	var names []string
	for _, g := range groups {
		for i := range g.Findings {
			if g.Severity != finding.NotChecked {
				continue
			}
			for _, e := range g.Findings[i].Evidence {
				if e.Kind == finding.DNS && !e.Answered() && e.Name != "." && !slices.Contains(names, e.Name) {
					names = append(names, e.Name)
				}
			}
		}
	}
	if len(names) == 0 {
		return ""
	}
	return show.Listed(names, 1)
}

// NotCheckedText says in one sentence what an offline audit did not ask for: the
// names that no zone holds, PTR records and block lists by their number.
func NotCheckedText(r *report.Report) string {
	var names, lists []string
	addresses := make(map[string]bool)
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Severity != finding.NotChecked {
			continue
		}
		if f.Section == finding.Reputation {
			if f.Subject != r.Domain && !slices.Contains(lists, f.Subject) {
				lists = append(lists, f.Subject)
			}
			continue
		}
		for _, e := range f.Evidence {
			name := strings.ToLower(e.Name)
			if n := len(e.CNAMEs); n > 0 {
				name = strings.ToLower(e.CNAMEs[n-1])
			}
			switch {
			case e.Kind != finding.DNS, e.Answered(), name == ".":
			case report.Within(name, "arpa"):
				addresses[name] = true
			case !slices.ContainsFunc(names, func(n string) bool { return report.Within(name, n) }):
				names = append(names, name)
			}
		}
	}
	var parts []string
	if len(names) > 0 {
		slices.SortStableFunc(names, func(a, b string) int { return strings.Count(a, ".") - strings.Count(b, ".") })
		var roots []string
		for _, name := range names {
			if !slices.ContainsFunc(roots, func(n string) bool { return report.Within(name, n) }) {
				roots = append(roots, name)
			}
		}
		parts = append(parts, show.Listed(roots, maxUnchecked))
	}
	if n := len(addresses); n > 0 {
		parts = append(parts, "the PTR "+show.Plural(n, "record")+" of "+show.Counted(n, "address"))
	}
	if n := len(lists); n > 0 {
		parts = append(parts, show.Counted(n, "block list"))
	}
	if len(parts) == 0 && r.Number(finding.NotChecked) == 0 {
		return ""
	}
	if len(parts) == 0 {
		parts = append(parts, "what no zone holds")
	}
	return "Not checked (offline): " + strings.Join(parts, ", ") + "."
}
