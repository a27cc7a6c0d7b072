package report

import (
	"slices"
	"strings"

	"mailworthy/finding"
)

// maxUnchecked bounds the names in the line of what was not checked.
const maxUnchecked = 4

// notCheckedLine says in the line of a section what it cannot be judged without.
func (r *Report) notCheckedLine(section finding.Section) string {
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
	return "not checked: " + listed(subjects, 2)
}

// notCheckedText says in one sentence what an offline audit did not ask for: the
// names that no zone holds, PTR records and block lists by their number.
func (r *Report) notCheckedText() string {
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
			switch name := strings.ToLower(e.Name); {
			case isAnswer(e.Status):
			case within(name, "arpa"):
				addresses[name] = true
			case !slices.ContainsFunc(names, func(n string) bool { return within(name, n) }):
				names = append(names, name)
			}
		}
	}
	var parts []string
	if len(names) > 0 {
		slices.SortStableFunc(names, func(a, b string) int { return strings.Count(a, ".") - strings.Count(b, ".") })
		var roots []string
		for _, name := range names {
			if !slices.ContainsFunc(roots, func(n string) bool { return within(name, n) }) {
				roots = append(roots, name)
			}
		}
		parts = append(parts, listed(roots, maxUnchecked))
	}
	if n := len(addresses); n > 0 {
		parts = append(parts, "the PTR "+plural(n, "record")+" of "+counted(n, "address"))
	}
	if n := len(lists); n > 0 {
		parts = append(parts, counted(n, "block list"))
	}
	if len(parts) == 0 && r.count(finding.NotChecked) == 0 {
		return ""
	}
	if len(parts) == 0 {
		parts = append(parts, "what no zone holds")
	}
	return "Not checked (offline): " + strings.Join(parts, ", ") + "."
}
