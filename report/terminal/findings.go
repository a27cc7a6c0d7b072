package terminal

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/report"
	"mailworthy/report/view"
)

const maxSubjects = 3

const maxEvidence = 4

// showNotices reports whether notices are written out: when asked to, or when
// there is nothing worse to read.
func (s *screen) showNotices(r *report.Report) bool {
	return s.o.Verbose || r.Number(finding.Critical)+r.Number(finding.Error)+r.Number(finding.Unknown)+r.Number(finding.Warning) == 0
}

// findings writes what was found, worst first, and with --verbose what passed.
func (s *screen) findings(r *report.Report) {
	why := make(map[string]string)
	for _, c := range report.AllChecks() {
		why[c.ID] = c.Why
	}
	notices, lesser := s.showNotices(r), false
	// What receivers act on comes first: beside it the rest has a line each.
	broken := r.Number(finding.Critical)+r.Number(finding.Error) > 0
	for _, g := range view.Groups(r) {
		switch g.Severity {
		case finding.Pass, finding.NotChecked:
			continue
		case finding.Info:
			if !s.o.Verbose {
				continue
			}
		case finding.Notice:
			if !notices {
				continue
			}
		}
		serious := s.serious(g.Severity)
		if serious || s.o.Verbose || !lesser {
			s.blank()
			lesser = !serious
		}
		if broken && !serious && !s.o.Verbose {
			s.listed(r, g)
		} else {
			s.group(r, g, why[g.Check])
		}
	}
	if s.o.Verbose {
		s.passes(r)
	}
}

// serious reports whether findings are shown with what was seen, and apart from each other.
func (s *screen) serious(severity finding.Severity) bool {
	return severity.AtLeast(finding.Error) || severity == finding.Unknown
}

// listed writes one check on a line: its title with the subjects, and its ID.
func (s *screen) listed(r *report.Report, g view.Group) {
	title, id := s.text(g.Title(r.Domain)), s.text(g.Check)
	lead := show.Width(s.mark(g.Severity)) + 1
	lines := show.Wrap(title, s.width-lead)
	for i, l := range lines {
		styled := strings.Repeat(" ", lead) + l
		if i == 0 {
			styled = s.severity(g.Severity, s.mark(g.Severity)) + " " + l
		}
		if i == len(lines)-1 && lead+show.Width(l)+2+show.Width(id) <= s.width {
			s.ends(styled, lead+show.Width(l), s.dim(id), show.Width(id))
		} else {
			s.line(styled)
		}
	}
}

// group writes one check with all its findings: a title, what was seen in a sentence, and
// the fix with its records. Without --verbose one that is not serious is its title and what
// to do.
func (s *screen) group(r *report.Report, g view.Group, why string) {
	first := g.Findings[0]
	label := strings.ToUpper(string(g.Severity))
	short := !s.o.Verbose && !s.serious(g.Severity) && slices.ContainsFunc(g.Findings, func(f finding.Finding) bool { return f.Fix != nil })
	title := s.text(g.Heading())
	if short {
		title = s.text(g.Title(r.Domain))
	}
	// At the end of the line: the ID, which policies and checks WORD take, and the points.
	points := s.text(g.Check)
	if p := g.Points(); p > 0 {
		points += fmt.Sprintf("  +%.3g", p)
	}
	lead := s.mark(g.Severity) + " " + label + "  "
	lines := show.Wrap(title, s.width-show.Width(lead))
	for i, l := range lines {
		styled, wide := strings.Repeat(" ", show.Width(lead))+s.bold(l), show.Width(lead)+show.Width(l)
		if i == 0 {
			styled = s.severity(g.Severity, s.mark(g.Severity)+" "+label) + "  " + s.bold(l)
		}
		if i == len(lines)-1 {
			s.ends(styled, wide, s.dim(points), show.Width(points))
		} else {
			s.line(styled)
		}
	}
	if s.o.Verbose {
		s.references(first)
	}
	shownFindings, most := g.Findings, maxSubjects
	if len(shownFindings) > most && !s.o.Verbose {
		shownFindings = shownFindings[:most]
	}
	for _, f := range shownFindings {
		if !short {
			s.detail(r, f, len(g.Findings) > 1)
		}
		if s.o.Verbose {
			s.evidence(f)
		}
	}
	if left := len(g.Findings) - len(shownFindings); left > 0 && !short {
		s.para("  ", s.fold(fmt.Sprintf("… and %d more (-v shows them)", left)))
	}
	if why != "" && s.o.Verbose {
		s.hang("  "+s.bold("Why")+"  ", "       ", s.text(why), nil)
	}
	s.fixes(shownFindings)
	if text := view.FollowText(g.Findings); text != "" && s.o.Verbose {
		s.hang("  ", "  ", s.text(text), s.dim)
	}
}

// references writes the ID of the check and the rules that it comes from, as links if the
// terminal has them.
func (s *screen) references(f finding.Finding) {
	line, plain := s.dim(s.text(f.Check)), s.text(f.Check)
	for _, ref := range view.References(f.Reference) {
		plain += s.fold(" · ") + s.text(ref.Text)
		line += s.dim(s.fold(" · ")) + s.link(ref.URL, s.dim(s.text(ref.Text)))
	}
	if show.Width(plain)+2 <= s.width {
		s.line("  " + line)
		return
	}
	s.hang("  ", "  ", plain, s.dim)
}

// detail writes what was seen.
func (s *screen) detail(r *report.Report, f finding.Finding, several bool) {
	text := view.DetailText(f, r.Domain, several)
	if !s.o.Verbose {
		text = view.FirstSentence(text)
	}
	if text = s.text(text); text == "" {
		return
	}
	if several {
		s.hang("  - ", "    ", text, nil)
	} else {
		s.para("  ", text)
	}
}

// evidence writes the questions asked and the answers, few and short unless all
// are asked for.
func (s *screen) evidence(f finding.Finding) {
	list := f.Evidence
	if !s.o.Verbose && len(list) > maxEvidence {
		list = list[:maxEvidence]
	}
	for _, e := range list {
		head := s.text(e.Name) + " " + s.text(e.Type)
		status, note := view.EvidenceStatus(e)
		if e.Status != "found" {
			head += ": " + s.text(status)
		} else if !s.o.Verbose && view.Quotes(f.Detail, e.Answer) {
			continue
		}
		if s.o.Verbose {
			head += s.text(view.EvidenceSource(e))
		}
		if note != "" {
			head += " (" + s.text(note) + ")"
		}
		s.hang("    ", "      ", head, s.dim)
		for i, a := range e.Answer {
			limit := show.MaxRecordText
			if !s.o.Verbose {
				limit = show.MaxAnswer
				if i == maxEvidence {
					s.hang("      ", "      ", s.fold(fmt.Sprintf("… and %d more", len(e.Answer)-i)), s.dim)
					break
				}
			}
			s.hang("      ", "        ", s.fold(show.Quoted(e.Type, show.Cut(a, limit))), s.dim)
		}
		if s.o.Verbose {
			for _, said := range e.Transcript {
				s.hang("      ", "                  ", s.fold(view.SaidLine(said)), s.dim)
			}
		}
	}
	if left := len(f.Evidence) - len(list); left > 0 {
		s.hang("    ", "    ", s.fold(fmt.Sprintf("… and %d more answers", left)), s.dim)
	}
}

// fixes writes what to do, equal ones once.
func (s *screen) fixes(findings []finding.Finding) {
	var seen []string
	for _, f := range findings {
		if f.Fix == nil {
			continue
		}
		if key := f.Fix.Key(); !slices.Contains(seen, key) {
			seen = append(seen, key)
			s.fix(f.Fix, f.Severity)
		}
	}
}

// fix writes one fix: the sentence, and what to publish for a DNS panel. With --verbose
// that is in master-file syntax too, with what is to be removed; without, what waits for
// something or is to be filled in is left to it if nothing is broken.
// Records that stand above already are not repeated.
func (s *screen) fix(f *finding.Fix, severity finding.Severity) {
	publish, withRecords := f.Records(), s.o.Verbose || f.Complete || s.serious(severity)
	s.hang("  "+s.bold("Fix")+"  ", "       ", s.text(view.FixText(f, withRecords)), nil)
	if !withRecords {
		return
	}
	if len(f.Remove)+len(publish) > 0 {
		key := fmt.Sprintf("%q", [][]finding.Record{f.Remove, publish})
		if s.shownFixes[key] {
			s.hang("       ", "       ", s.text("(the same "+show.Plural(len(f.Remove)+len(publish), "record")+" as above)"), s.dim)
			return
		}
		s.shownFixes[key] = true
	}
	replaced := len(f.Remove) > 0 && !slices.ContainsFunc(f.Remove, func(old finding.Record) bool {
		return !slices.ContainsFunc(publish, func(rec finding.Record) bool { return rec.Name == old.Name && rec.Type == old.Type })
	})
	if len(f.Remove) > 0 && (s.o.Verbose || !replaced) {
		s.line("    " + s.dim("remove"))
		for _, rec := range f.Remove {
			for _, l := range show.OldZoneLines(rec, s.wide-6) {
				s.line("      " + s.fold(l))
			}
		}
		if len(publish) > 0 {
			s.line("    " + s.dim("publish"))
		}
	}
	s.records(publish)
	if f.Name == "" && f.Value != "" {
		// A record without a place: to be pasted as it is.
		s.line("      " + s.bold(s.fold(show.Escape(f.Value))))
	}
}

// records writes records as a DNS panel asks for them, each part on a line of its own:
// whole and unquoted, however long it is, so that it can be copied.
func (s *screen) records(records []finding.Record) {
	const indent = "       "
	for _, rec := range records {
		for _, part := range []struct{ label, text string }{{"Name   ", rec.Name}, {"Type   ", rec.Type}, {"Value  ", rec.Value}} {
			s.line(indent + s.dim(part.label) + s.bold(s.fold(show.Escape(part.text))))
		}
	}
}

// passes lists the checks that were decided and found nothing, by section.
func (s *screen) passes(r *report.Report) {
	var rows [][]string
	for _, section := range finding.Sections {
		var ids []string
		for _, f := range r.Findings {
			if f.Section == section && f.Severity == finding.Pass && !slices.Contains(ids, f.Check) {
				ids = append(ids, f.Check)
			}
		}
		if len(ids) > 0 {
			rows = append(rows, []string{section.Title(), strings.Join(ids, " ")})
		}
	}
	if len(rows) == 0 {
		return
	}
	s.blank()
	s.line(s.severity(finding.Pass, s.mark(finding.Pass)+" PASSED"))
	s.list(nil, rows)
}
