package report

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
)

// Bounds on what one check shows without --verbose.
const (
	maxSubjects = 6
	maxEvidence = 4
	maxAnswer   = 300
)

// showNotices reports whether notices are written out: when asked to, or when
// there is nothing worse to read.
func (s *screen) showNotices(r *Report) bool {
	return s.o.Verbose || r.count(finding.Critical)+r.count(finding.Error)+r.count(finding.Unknown)+r.count(finding.Warning) == 0
}

// findings writes what was found, worst first, and with --verbose what passed.
func (s *screen) findings(r *Report) {
	why := make(map[string]string)
	for _, c := range AllChecks() {
		why[c.ID] = c.Why
	}
	notices := s.showNotices(r)
	for _, g := range r.shownGroups() {
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
func (s *screen) group(r *Report, g Group, why string) {
	first := g.Findings[0]
	label := strings.ToUpper(string(g.Severity))
	title := s.text(g.heading())
	points := ""
	if p := g.points(); p > 0 {
		points = fmt.Sprintf("+%s", counted(int(p), "point"))
		if p != float64(int(p)) {
			points = fmt.Sprintf("+%.1f points", p)
		}
	}
	lead := s.mark(g.Severity) + " " + label + "  "
	room := s.width - width(lead) - width(points) - 2
	for i, l := range wrap(title, room) {
		if i == 0 {
			styled := s.severity(g.Severity, s.mark(g.Severity)+" "+label) + "  " + s.bold(l)
			s.ends(styled, width(lead)+width(l), s.dim(points), width(points))
		} else {
			s.line(strings.Repeat(" ", width(lead)) + s.bold(l))
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
	if text := followText(g.Findings); text != "" {
		s.hang("  ", "  ", s.text(text), s.dim)
	}
}

// points is what closing the check gains.
func (g Group) points() float64 {
	p := 0.0
	for _, f := range g.Findings {
		p = max(p, f.Points)
	}
	return p
}

// detail writes what was seen.
func (s *screen) detail(r *Report, f finding.Finding, several bool) {
	text := s.text(detailText(f, r.Domain, several))
	if text == "" {
		return
	}
	if several {
		s.hang("  - ", "    ", text, nil)
	} else {
		s.para("  ", text)
	}
}

// detailText is the detail, led by the subject where it does not name it.
func detailText(f finding.Finding, domain string, several bool) string {
	if f.Subject != "" && !strings.Contains(f.Detail, f.Subject) && (several || f.Subject != domain) {
		return strings.TrimSuffix(f.Subject+": "+f.Detail, ": ")
	}
	return f.Detail
}

// evidenceLines are the questions and answers of a finding, a line each.
func evidenceLines(f finding.Finding) []string {
	var out []string
	for _, e := range f.Evidence {
		line := Escape(e.Name) + " " + Escape(e.Type) + ": " + Escape(e.Status) + shown(evidenceSource(e))
		if e.Note != "" {
			line += " (" + shown(e.Note) + ")"
		}
		out = append(out, line)
		for _, a := range e.Answer {
			out = append(out, "  "+quoted(e.Type, clip(a, maxRecordText)))
		}
	}
	return out
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
		} else if !s.o.Verbose && said(f.Detail, e.Answer) {
			continue
		}
		if s.o.Verbose {
			head += s.text(evidenceSource(e))
		}
		if e.Note != "" {
			head += " (" + s.text(e.Note) + ")"
		}
		s.hang("    ", "      ", head, s.dim)
		for i, a := range e.Answer {
			limit := maxRecordText
			if !s.o.Verbose {
				limit = maxAnswer
				if i == maxEvidence {
					s.hang("      ", "      ", s.fold(fmt.Sprintf("… and %d more", len(e.Answer)-i)), s.dim)
					break
				}
			}
			s.hang("      ", "        ", s.fold(quoted(e.Type, clip(a, limit))), s.dim)
		}
	}
	if left := len(f.Evidence) - len(list); left > 0 {
		s.hang("    ", "    ", s.fold(fmt.Sprintf("… and %d more answers", left)), s.dim)
	}
}

// said reports whether the detail quotes each answer already.
func said(detail string, answers []string) bool {
	if len(answers) == 0 {
		return false
	}
	for _, a := range answers {
		if !strings.Contains(detail, a) {
			return false
		}
	}
	return true
}

// quoted is the data of a record for reading: text in quotes.
func quoted(rtype, data string) string {
	if isText(rtype) {
		return `"` + Escape(data) + `"`
	}
	return Escape(data)
}

// evidenceSource says where an answer came from and how long it holds.
func evidenceSource(e finding.Evidence) string {
	var b strings.Builder
	if e.Server != "" {
		b.WriteString(" from " + e.Server)
	}
	if e.Rcode != "" && e.Rcode != "NOERROR" {
		b.WriteString(", " + e.Rcode)
	}
	if e.TTL > 0 {
		fmt.Fprintf(&b, ", TTL %d", e.TTL)
	}
	if e.AuthenticData {
		b.WriteString(", DNSSEC validated")
	}
	if len(e.CNAMEs) > 0 {
		b.WriteString(", through " + strings.Join(e.CNAMEs, ", "))
	}
	return b.String()
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
	s.hang("  "+s.bold("Fix")+"  ", "       ", s.text(fixText(f)), nil)
	publish := f.Records()
	if len(f.Remove)+len(publish) > 0 {
		key := fmt.Sprintf("%q", [][]finding.Record{f.Remove, publish})
		if above, ok := s.shownFixes[key]; ok {
			s.hang("      ", "      ", s.text("with the same "+plural(len(f.Remove)+len(publish), "record")+" as under "+above+" above"), s.dim)
			return
		}
		s.shownFixes[key] = check
	}
	if len(f.Remove) > 0 {
		s.line("    " + s.dim("remove"))
		for _, rec := range f.Remove {
			for _, l := range oldLines(rec, s.wide-6) {
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
		s.line("      " + s.bold(s.fold(Escape(f.Value))))
	}
}

// records writes records to publish in master-file syntax, complete.
func (s *screen) records(records []finding.Record) {
	const indent = "      "
	for _, rec := range records {
		for _, l := range masterLines(rec, s.wide-len(indent)) {
			s.line(indent + s.bold(s.fold(l)))
		}
	}
}

// passes lists the checks that were decided and found nothing, by section.
func (s *screen) passes(r *Report) {
	var rows [][]string
	for _, section := range finding.Sections {
		var ids []string
		for _, f := range r.Findings {
			if f.Section == section && f.Severity == finding.Pass && !slices.Contains(ids, f.Check) {
				ids = append(ids, f.Check)
			}
		}
		if len(ids) > 0 {
			rows = append(rows, []string{sectionTitles[section], strings.Join(ids, " ")})
		}
	}
	if len(rows) == 0 {
		return
	}
	s.blank()
	s.line(s.severity(finding.Pass, s.mark(finding.Pass)+" PASSED"))
	s.list(nil, rows)
}
