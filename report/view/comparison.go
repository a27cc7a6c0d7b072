package view

import (
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/report"
)

// ComparisonDoc is what differs between two reports of a domain.
func ComparisonDoc(c *report.Comparison) *Doc {
	d := &Doc{Name: show.Cut(c.Domain, 255) + ": what changed"}
	title := Title{Text: T(c.Domain), Status: T(OutcomeText(c.Before) + " → " + OutcomeText(c.After))}
	if c.Same() {
		title.Lines = Texts("No finding and no record differs.")
	}
	d.Add(title)
	list := func(title, prefix string, findings []finding.Finding) {
		var items []Item
		for _, f := range findings {
			text := prefix + string(f.Severity) + ": " + f.Title
			if f.Subject != "" {
				text += " (" + f.Subject + ")"
			}
			items = append(items, Item{f.Severity, T(text + ", " + f.Check)})
		}
		if len(items) > 0 {
			d.Add(Section{Title: title, Blocks: []Block{Items{items}}})
		}
	}
	list("New", "", c.New)
	for _, m := range c.Changed {
		list("Changed", "was "+string(m.Was)+", ", []finding.Finding{m.Finding})
	}
	list("Gone", "was ", c.Gone)
	list("Not compared (one side did not answer)", "", c.Unsure)
	if len(c.Added)+len(c.Removed) > 0 {
		d.Add(Section{Title: "Records", Blocks: []Block{recordDiff(c)}})
	}
	return d
}

// ComparisonsDoc is what differs in each of several domains.
func ComparisonsDoc(list []*report.Comparison) *Doc {
	if len(list) == 1 {
		return ComparisonDoc(list[0])
	}
	d := &Doc{Name: "What changed in " + show.Counted(len(list), "domain")}
	for _, c := range list {
		d.Add(ComparisonDoc(c).Blocks...)
	}
	return d
}

// Change is what changed in a domain since it was last reported.
type Change struct {
	// Report is the one of now.
	Report *report.Report
	// First: there is nothing to compare with.
	First bool
	// Changes are believed; nil: the findings of the report are shown instead. Pending are
	// changes that are to be seen again before they are believed.
	Changes, Pending *report.Comparison
}

// PendingText is the heading of changes that are not believed yet.
const PendingText = "Seen, and not believed before it is seen again"

// ChangesDoc is what changed in each of the domains.
func ChangesDoc(list []Change) *Doc {
	d := &Doc{Name: "What changed in " + show.Counted(len(list), "domain")}
	if len(list) == 1 {
		d.Name = show.Cut(list[0].Report.Domain, 255) + ": what changed"
	}
	for _, c := range list {
		if c.Changes == nil {
			title := Title{Text: T(c.Report.Domain), Status: T(OutcomeText(report.OutcomeOf(c.Report)))}
			if c.First {
				title.Lines = Texts("The first audit that is kept: there is nothing to compare with.")
			}
			d.Add(title, Findings{Domain: c.Report.Domain, List: c.Report.Findings})
			continue
		}
		d.Add(ComparisonDoc(c.Changes).Blocks...)
		if !c.Pending.Unchanged() {
			d.Add(Section{Title: PendingText, Blocks: ComparisonDoc(c.Pending).Blocks[1:]})
		}
	}
	return d
}

// recordDiff is the records that were edited, and then those that came or went, by name.
func recordDiff(c *report.Comparison) Diff {
	var out Diff
	for _, a := range c.Altered {
		out.Lines = append(out.Lines, DiffLine{"~", alterationText(a)})
	}
	done := make(map[string]bool)
	added, removed := c.Unaltered()
	for _, rec := range slices.Concat(removed, added) {
		key := strings.ToLower(rec.Name) + " " + rec.Type
		if done[key] {
			continue
		}
		done[key] = true
		of := func(list []finding.Record, op string) {
			for _, rec := range list {
				if strings.ToLower(rec.Name)+" "+rec.Type == key {
					out.Lines = append(out.Lines, DiffLine{op, show.ZoneLine(rec)})
				}
			}
		}
		of(removed, "-")
		of(added, "+")
	}
	return out
}

// longWord is how much of a word that came or went is shown.
const longWord = 48

// alterationText is an edited record with what went in [-…-] and what came in
// {+…+}, the notation of wdiff.
func alterationText(a report.Alteration) string {
	texts := []string{show.ZoneName(a.Name), a.Type}
	for i, w := range a.Words {
		// Two keys are told apart where they begin to differ.
		at := 0
		for _, o := range a.Words[max(i-1, 0):min(i+2, len(a.Words))] {
			if o.Op != w.Op && o.Op != report.WordSame && w.Op != report.WordSame {
				at = commonPrefix(w.Text, o.Text)
			}
		}
		switch w.Op {
		case report.WordSame:
			texts = append(texts, cutAround(w.Text, 0, show.MaxRecordText))
		case report.WordRemoved:
			texts = append(texts, "[-"+cutAround(w.Text, at, longWord)+"-]")
		case report.WordAdded:
			texts = append(texts, "{+"+cutAround(w.Text, at, longWord)+"+}")
		}
	}
	return strings.Join(texts, " ")
}
func commonPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// cutAround shortens long words: their beginning, and what is at the given place.
func cutAround(text string, at, limit int) string {
	words := strings.Fields(text)
	for i, word := range words {
		if i > 0 || len(word) <= limit {
			at = 0
		}
		if len(word) <= limit {
			continue
		}
		const lead = 12
		if at = min(at, len(word)-limit/2); at <= limit/2 {
			words[i] = word[:limit-lead] + "…" + word[len(word)-lead:]
			continue
		}
		end := min(at+limit/2, len(word))
		words[i] = word[:lead] + "…" + word[at-lead/2:end]
		if end < len(word) {
			words[i] += "…"
		}
	}
	return strings.Join(words, " ")
}
