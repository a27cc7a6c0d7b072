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

const maxSubjects = 6

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
	notices := s.showNotices(r)
	for _, g := range view.ShownGroups(r) {
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
		s.blank()
		s.group(r, g, why[g.Check])
	}
	if s.o.Verbose {
		s.passes(r)
	}
}

// group writes one check with all its findings.
func (s *screen) group(r *report.Report, g view.Group, why string) {
	first := g.Findings[0]
	label := strings.ToUpper(string(g.Severity))
	title := s.text(g.Heading())
	points := ""
	if p := g.Points(); p > 0 {
		points = fmt.Sprintf("+%s", show.Counted(int(p), "point"))
		if p != float64(int(p)) {
			points = fmt.Sprintf("+%.1f points", p)
		}
	}
	lead := s.mark(g.Severity) + " " + label + "  "
	room := s.width - show.Width(lead) - show.Width(points) - 2
	for i, l := range show.Wrap(title, room) {
		if i == 0 {
			styled := s.severity(g.Severity, s.mark(g.Severity)+" "+label) + "  " + s.bold(l)
			s.ends(styled, show.Width(lead)+show.Width(l), s.dim(points), show.Width(points))
		} else {
			s.line(strings.Repeat(" ", show.Width(lead)) + s.bold(l))
		}
	}
	meta := []string{g.Check}
	if first.Reference != "" {
		meta = append(meta, first.Reference)
	}
	s.hang("  ", "  ", s.text(strings.Join(meta, " · ")), s.dim)

	shownFindings := g.Findings
	if len(shownFindings) > maxSubjects && !s.o.Verbose {
		shownFindings = shownFindings[:maxSubjects]
	}
	full := g.Severity != finding.Warning && g.Severity != finding.Notice && g.Severity != finding.Info
	for _, f := range shownFindings {
		s.detail(r, f, len(g.Findings) > 1)
		if full || s.o.Verbose {
			s.evidence(f)
		}
	}
	if left := len(g.Findings) - len(shownFindings); left > 0 {
		s.para("  ", s.fold(fmt.Sprintf("… and %d more (--verbose shows them)", left)))
	}
	if why != "" && (full || s.o.Verbose) {
		s.hang("  "+s.bold("Why")+"  ", "       ", s.text(why), nil)
	}
	s.fixes(shownFindings)
	if text := view.FollowText(g.Findings); text != "" {
		s.hang("  ", "  ", s.text(text), s.dim)
	}
}

// detail writes what was seen.
func (s *screen) detail(r *report.Report, f finding.Finding, several bool) {
	text := s.text(view.DetailText(f, r.Domain, several))
	if text == "" {
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
		if e.Status != "found" {
			head += ": " + s.text(e.Status)
		} else if !s.o.Verbose && view.Quotes(f.Detail, e.Answer) {
			continue
		}
		if s.o.Verbose {
			head += s.text(view.EvidenceSource(e))
		}
		if e.Note != "" {
			head += " (" + s.text(e.Note) + ")"
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
			s.hang("      ", "        ", s.fold(show.Quoted(e.Type, show.Clip(a, limit))), s.dim)
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
			s.fix(f.Check, f.Fix)
		}
	}
}

// fix writes one fix: the sentence, what to remove, and what to publish.
// Records that stand above already are not repeated.
func (s *screen) fix(check string, f *finding.Fix) {
	s.hang("  "+s.bold("Fix")+"  ", "       ", s.text(view.FixText(f)), nil)
	publish := f.Records()
	if len(f.Remove)+len(publish) > 0 {
		key := fmt.Sprintf("%q", [][]finding.Record{f.Remove, publish})
		if above, ok := s.shownFixes[key]; ok {
			s.hang("      ", "      ", s.text("with the same "+show.Plural(len(f.Remove)+len(publish), "record")+" as under "+above+" above"), s.dim)
			return
		}
		s.shownFixes[key] = check
	}
	if len(f.Remove) > 0 {
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

// records writes records to publish in master-file syntax, complete.
func (s *screen) records(records []finding.Record) {
	const indent = "      "
	for _, rec := range records {
		for _, l := range show.ZoneLines(rec, s.wide-len(indent)) {
			s.line(indent + s.bold(s.fold(l)))
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
