package terminal

import (
	"io"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/report"
	"mailworthy/report/view"
)

// WriteComparison writes what differs for a person at a terminal.
func WriteComparison(w io.Writer, c *report.Comparison, o Options) error {
	s := newScreen(o)
	s.line(s.bold(s.text(c.Domain)) + "  " + s.fold(view.OutcomeText(c.Before)+" → "+view.OutcomeText(c.After)))
	if c.Same() {
		s.para("", "No finding and no record differs.")
	}
	s.findingList("New", c.New, "")
	for _, m := range c.Changed {
		s.findingList("Changed", []finding.Finding{m.Finding}, "was "+string(m.Was)+", ")
	}
	s.findingList("Gone", c.Gone, "was ")
	s.findingList("Not known on one side", c.Unsure, "")
	if len(c.Added)+len(c.Removed) > 0 {
		s.blank()
		s.line(s.bold("Records"))
		for _, a := range c.Altered {
			s.alteration(a)
		}
		for _, l := range diff(c) {
			code := sgrGreen
			if strings.HasPrefix(l, "-") {
				code = "31"
			}
			s.hang("  ", "      ", s.fold(l), func(l string) string { return s.style(code, l) })
		}
	}
	return s.writeTo(w)
}

// diff are the records that came or went, apart from those altered, in
// master-file syntax, by name.
func diff(c *report.Comparison) []string {
	var lines []string
	done := make(map[string]bool)
	added, removed := c.Unaltered()
	for _, rec := range slices.Concat(removed, added) {
		key := strings.ToLower(rec.Name) + " " + rec.Type
		if done[key] {
			continue
		}
		done[key] = true
		of := func(list []finding.Record, sign string) {
			for _, rec := range list {
				if strings.ToLower(rec.Name)+" "+rec.Type == key {
					lines = append(lines, sign+show.Clip(show.ZoneLine(rec), show.MaxRecordText))
				}
			}
		}
		of(removed, "- ")
		of(added, "+ ")
	}
	return lines
}

func (s *screen) findingList(title string, list []finding.Finding, prefix string) {
	if len(list) == 0 {
		return
	}
	s.blank()
	s.line(s.bold(title))
	for _, f := range list {
		text := prefix + string(f.Severity) + ": " + f.Title
		if f.Subject != "" {
			text += " (" + f.Subject + ")"
		}
		s.hang("  "+s.severity(f.Severity, s.mark(f.Severity))+" ", "    ", s.text(text+", "+f.Check), nil)
	}
}

// longWord is how much of a word that came or went is shown.
const longWord = 48

// alteration writes an edited record with what went in [-…-] and what came in
// {+…+}, the notation of wdiff.
func (s *screen) alteration(a report.Alteration) {
	var texts []string
	for i, w := range a.Words {
		// Two keys are told apart where they begin to differ.
		at := 0
		for _, o := range a.Words[max(i-1, 0):min(i+2, len(a.Words))] {
			if o.Op != w.Op && o.Op != report.WordSame && w.Op != report.WordSame {
				at = commonPrefix(w.Text, o.Text)
			}
		}
		var text string
		switch w.Op {
		case report.WordSame:
			text = s.text(cutAround(w.Text, 0, show.MaxRecordText))
		case report.WordRemoved:
			text = "[-" + s.text(cutAround(w.Text, at, longWord)) + "-]"
		case report.WordAdded:
			text = "{+" + s.text(cutAround(w.Text, at, longWord)) + "+}"
		}
		texts = append(texts, text)
	}
	s.hang("  ", "      ", "~ "+s.text(show.ZoneName(a.Name))+" "+a.Type+" "+s.fold(show.Clip(strings.Join(texts, " "), show.MaxRecordText)),
		func(l string) string { return s.style("33", l) })
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
