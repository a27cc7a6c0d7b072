package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/report"
	"mailworthy/resolver"
)

type GroupBlock struct {
	Class, Mark, Heading, Check, Reference, Points, Why, Evidence string
	Severity                                                      finding.Severity
	Section                                                       finding.Section
	Details                                                       []string
	// Step is the action of the plan that closes it; Fixes if there is none.
	Step  *StepLink
	Fixes []FixBlock
}

type StepLink struct {
	ID     string
	Number int
}

type FixBlock struct {
	Summary     string
	Remove, Add []RecordLine
}

// NewGroupBlocks are the groups that a page shows, and the checks that passed.
func NewGroupBlocks(r *report.Report, plan *report.Plan, id string) (groups []GroupBlock, passes []string) {
	for _, g := range Groups(r) {
		switch {
		case g.Severity == finding.Pass:
			if !slices.Contains(passes, g.Check) {
				passes = append(passes, g.Check)
			}
		case g.Severity != finding.Info && g.Severity != finding.NotChecked:
			group := NewGroupBlock(r, g, plan, id)
			if text := FollowText(g.Findings); text != "" {
				group.Details = append(group.Details, text)
			}
			groups = append(groups, group)
		}
	}
	return groups, passes
}

func NewGroupBlock(r *report.Report, g Group, plan *report.Plan, id string) GroupBlock {
	first := g.Findings[0]
	p := GroupBlock{Class: string(g.Severity), Mark: Mark(g.Severity), Heading: g.Heading(), Check: g.Check, Severity: g.Severity, Section: first.Section, Reference: first.Reference}
	if points := g.Points(); points > 0 {
		p.Points = fmt.Sprint(points)
	}
	if c, ok := report.FindCheck(g.Check); ok {
		p.Why = c.Why
	}
	for i, a := range plan.Actions {
		if p.Step == nil && slices.Contains(closedChecks(a.Closes), g.Check) {
			p.Step = &StepLink{stepID(id, i), i + 1}
		}
	}
	var evidence strings.Builder
	var seen []string
	for _, f := range g.Findings {
		if detail := DetailText(f, r.Domain, len(g.Findings) > 1); detail != "" {
			p.Details = append(p.Details, detail)
		}
		if f.Fix != nil && p.Step == nil && !slices.Contains(seen, f.Fix.Key()) {
			seen = append(seen, f.Fix.Key())
			p.Fixes = append(p.Fixes, FixBlock{FixText(f.Fix, true), RecordLines(f.Fix.Remove, true), RecordLines(f.Fix.Records(), false)})
		}
		for _, line := range EvidenceLines(f) {
			evidence.WriteString(line + "\n")
		}
	}
	p.Evidence = evidence.String()
	return p
}

// Group is one check at one severity with all its findings.
type Group struct {
	Check    string
	Severity finding.Severity
	Findings []finding.Finding
}

// Groups gathers the findings of the same check and severity, in their order.
func Groups(r *report.Report) []Group { return Grouped(r.Findings) }

func Grouped(findings []finding.Finding) []Group {
	type key struct {
		check    string
		severity finding.Severity
	}
	var out []Group
	at := make(map[key]int)
	for i := range findings {
		f := &findings[i]
		k := key{f.Check, f.Severity}
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			out = append(out, Group{Check: f.Check, Severity: f.Severity})
		}
		out[i].Findings = append(out[i].Findings, *f)
	}
	return out
}

// Title is the group's title with its subjects if they are not the domain.
func (g Group) Title(domain string) string {
	var subjects []string
	for _, f := range g.Findings {
		if f.Subject != "" && f.Subject != domain && !slices.Contains(subjects, f.Subject) {
			subjects = append(subjects, f.Subject)
		}
	}
	title := g.Heading()
	switch {
	case len(subjects) == 0 || strings.Contains(title, subjects[0]):
		return title
	case len(subjects) == 1:
		return title + " (" + show.Cut(subjects[0], 80) + ")"
	}
	return fmt.Sprintf("%s (%s and %d more)", title, show.Cut(subjects[0], 80), len(subjects)-1)
}

// Notable are the groups that are a warning or worse, and those that the DNS left
// undecided, each worst first.
func Notable(groups []Group) (known, open []Group) {
	for _, g := range groups {
		switch {
		case g.Severity == finding.Unknown:
			open = append(open, g)
		case g.Severity.AtLeast(finding.Warning):
			known = append(known, g)
		}
	}
	return known, open
}

// Heading is the title of the group alone: that of its findings, or the one of the
// check if they differ.
func (g Group) Heading() string {
	title := g.Findings[0].Title
	if slices.ContainsFunc(g.Findings, func(f finding.Finding) bool { return f.Title != title }) {
		if c, ok := report.FindCheck(g.Check); ok {
			title = c.Title
		}
	}
	return strings.TrimSuffix(title, ".")
}

// Points is what closing the check gains.
func (g Group) Points() float64 {
	p := 0.0
	for _, f := range g.Findings {
		p = max(p, f.Points)
	}
	return p
}

// DetailText is the detail, led by the subject if it does not name it.
func DetailText(f finding.Finding, domain string, several bool) string {
	if f.Subject != "" && !strings.Contains(f.Detail, f.Subject) && (several || f.Subject != domain) {
		return strings.TrimSuffix(f.Subject+": "+f.Detail, ": ")
	}
	return f.Detail
}

// EvidenceLines are the questions and answers of a finding, a line each.
func EvidenceLines(f finding.Finding) []string {
	var out []string
	for _, e := range f.Evidence {
		status, note := EvidenceStatus(e)
		line := show.Escape(e.Name) + " " + show.Escape(e.Type) + ": " + show.Escape(status) + show.Line(EvidenceSource(e))
		if note != "" {
			line += " (" + show.Line(note) + ")"
		}
		out = append(out, line)
		for _, a := range e.Answer {
			out = append(out, "  "+show.Quoted(e.Type, show.Cut(a, show.MaxRecordText)))
		}
		for _, said := range e.Transcript {
			out = append(out, "  "+SaidLine(said))
		}
	}
	return out
}

// SaidLine is a line of a transcript: when, who ("C" the client, "S" the server, as in
// RFC 5321), and what.
func SaidLine(s finding.Said) string {
	by := "--"
	switch s.By {
	case "client":
		by = "C:"
	case "server":
		by = "S:"
	}
	return fmt.Sprintf("%d ms %s %s", s.MS, by, show.Line(show.Cut(s.Text, show.MaxAnswer)))
}

// Quotes reports whether the detail quotes each answer already.
func Quotes(detail string, answers []string) bool {
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

// evidenceTexts are the words for what became of a question.
var evidenceTexts = map[string]string{
	"nodata":                   "no record (NODATA)",
	"nxdomain":                 "name does not exist (NXDOMAIN)",
	string(resolver.Offline):   "not checked (--offline, not in any --zone)",
	string(resolver.Canceled):  "not finished (--deadline)",
	string(resolver.Budget):    "not asked (--max-queries)",
	string(resolver.ServFail):  "SERVFAIL",
	string(resolver.Refused):   "REFUSED",
	string(resolver.AliasLoop): "CNAME loop",
	string(resolver.BadName):   "not a valid name",
	string(resolver.Malformed): "malformed answer",
	string(resolver.NotPublic): "not believed (the resolver does not see the public DNS)",
	string(resolver.BadRcode):  "error",
	string(resolver.Timeout):   "timeout",
	string(resolver.Network):   "network error",
}

// EvidenceStatus says in words what became of the question, and what there is to note
// beside.
func EvidenceStatus(e finding.Evidence) (status, note string) {
	if e.Kind != finding.DNS {
		return e.Status, e.Note
	}
	note = e.Note
	if e.Status == string(resolver.Offline) && note == resolver.NoZone {
		note = ""
	}
	return cmp.Or(evidenceTexts[e.Status], e.Status), note
}

// EvidenceSource says where an answer came from and how long it holds.
func EvidenceSource(e finding.Evidence) string {
	var b strings.Builder
	if e.Server != "" {
		b.WriteString(" from " + e.Server)
	}
	if e.Rcode != "" && e.Rcode != "NOERROR" && e.Status != "nxdomain" {
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
