package view

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/report"
)

type PlanBlock struct {
	After   bool
	Outcome string
	Actions []ActionBlock
}

type ActionBlock struct {
	ID, Meta, Objection, Verify string
	Summary                     []string
	Remove, Add                 []RecordLine
	// Sections are those of the checks that it closes.
	Sections []finding.Section
}

// RecordLine is a record as a line of a master file, and its value as a DNS panel takes
// it: whole and unquoted; empty if the value has what cannot be seen.
type RecordLine struct{ Text, Value string }

// RecordLines are records as they can be pasted; the text of what is to be removed may
// be cut.
func RecordLines(records []finding.Record, cut bool) []RecordLine {
	var out []RecordLine
	for i, text := range RecordTexts(records, cut) {
		line := RecordLine{Text: text}
		if value := records[i].Value; utf8.ValidString(value) && !strings.ContainsFunc(value, show.Invisible) {
			line.Value = value
		}
		out = append(out, line)
	}
	return out
}

func NewPlanBlock(plan *report.Plan, id string) PlanBlock {
	p := PlanBlock{After: plan.After != nil, Outcome: PlanOutcome(plan)}
	for i, a := range plan.Actions {
		p.Actions = append(p.Actions, ActionBlock{ID: stepID(id, i), Summary: a.Summary, Meta: ActionMeta(a),
			Objection: a.Objection, Verify: a.Verify, Remove: RecordLines(a.Remove, true), Add: RecordLines(a.Add, false), Sections: closedSections(a.Closes)})
	}
	return p
}

// RecordTexts are records as they can be pasted; what is to be removed may be cut.
func RecordTexts(records []finding.Record, cut bool) []string {
	var out []string
	for _, rec := range records {
		line := show.ZoneLine(rec)
		if cut {
			line = show.Cut(line, show.MaxRecordText)
		}
		out = append(out, line)
	}
	return out
}

func stepID(report string, step int) string { return fmt.Sprintf("%s-step%d", report, step+1) }

// PlanOf is the plan of the report, or one made from its fixes alone.
func PlanOf(r *report.Report) *report.Plan {
	if r.Plan != nil {
		return r.Plan
	}
	return report.MakePlan(r, nil)
}

// PlanOutcome says where the plan leads.
func PlanOutcome(p *report.Plan) string {
	if p.After == nil {
		return OutcomeText(p.Before)
	}
	return "After the verified steps: " + OutcomeText(p.Before) + " → " + OutcomeText(*p.After)
}

// ActionMeta says who acts, what is gained, which checks close, and whether the records are
// to be published as they stand.
func ActionMeta(a report.Action) string {
	parts := []string{a.Whom}
	if a.Points > 0 {
		parts = append(parts, fmt.Sprintf("+%.3g points", a.Points))
	}
	if checks := closedChecks(a.Closes); len(checks) > 0 {
		parts = append(parts, "fixes "+strings.Join(checks, ", "))
	}
	switch {
	case a.Audited:
		parts = append(parts, "verified by a new audit")
	case a.Template:
		parts = append(parts, "to be filled in")
	case len(a.Add)+len(a.Remove) > 0 && !a.Complete && a.When == "" && a.Objection == "":
		parts = append(parts, "not yet: another step goes first")
	}
	return strings.Join(parts, " · ")
}

// closedSections are the sections of findings, each once.
func closedSections(list []report.Closed) []finding.Section {
	var out []finding.Section
	for _, c := range list {
		if check, ok := report.FindCheck(c.Check); ok && !slices.Contains(out, check.Section) {
			out = append(out, check.Section)
		}
	}
	return out
}

// closedChecks are the checks of findings, each once.
func closedChecks(list []report.Closed) []string {
	var out []string
	seen := make(map[string]bool)
	for _, c := range list {
		if !seen[c.Check] {
			seen[c.Check] = true
			out = append(out, c.Check)
		}
	}
	return out
}
