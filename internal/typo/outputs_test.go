package typo

import (
	"fmt"
	"html"
	"slices"
	"strings"
	"testing"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/report"
	"mailworthy/report/export"
	reporthtml "mailworthy/report/html"
	"mailworthy/report/reporttest"
	"mailworthy/report/terminal"
	"mailworthy/report/view"
	"mailworthy/resolver"
)

// TestOutputsAgree: the outputs of a report say the same of each proposal, for mistyped
// zones and for the bundled ones. TYPO_ZONES says how many, and TYPO_FIRST from which.
func TestOutputsAgree(t *testing.T) {
	w, templates, _ := world(t)
	first, n := seeds(t, 60)
	for seed := first; seed < first+n; seed++ {
		i, c := seeded(templates, seed)
		if c == nil {
			continue
		}
		r, err := w.With(c.Records)
		if err != nil {
			t.Fatal(err)
		}
		o := outputs{t, fmt.Sprintf("seed %d: %s", seed, c)}
		o.agree(resolver.NewSession(r, 0), templates[i].Target)
	}
	zones := resolver.NewOverlay(nil, reporttest.BundledZones(t)...)
	for name, target := range reporttest.BundledTargets {
		o := outputs{t, name}
		o.agree(resolver.NewSession(zones, 0), target)
	}
}

// outputs compares what is written of one report.
type outputs struct {
	t    *testing.T
	name string
}

func (o outputs) errorf(format string, args ...any) {
	o.t.Helper()
	o.t.Errorf("%s\n  %s", o.name, fmt.Sprintf(format, args...))
}

func (o outputs) agree(r resolver.Resolver, target audit.Target) {
	rep := run(o.t.Context(), r, target, nil)
	o.contents(rep)
	fixes := shown(rep)
	for _, plan := range []*report.Plan{report.MakePlan(rep, nil), report.MakePlan(rep, func(changes []report.Change) *report.Report {
		amended := r
		for _, c := range changes {
			var err error
			if amended, err = resolver.Amend(amended, c.Remove, c.Add); err != nil {
				o.errorf("%v", err)
				return nil
			}
		}
		return run(o.t.Context(), amended, target, rep)
	})} {
		planned := *rep
		planned.Plan = plan
		o.json(&planned, fixes)
		o.zone(&planned, fixes)
		o.pages(&planned, fixes)
	}
}

// shown are the findings with a fix that every output has.
func shown(r *report.Report) (out []finding.Finding) {
	for _, f := range r.Findings {
		if f.Fix != nil && (f.Severity.AtLeast(finding.Notice) || f.Severity == finding.Unknown) {
			out = append(out, f)
		}
	}
	return out
}

// contents: what is for now puts one content into each place that has only one, and a fix is complete if
// nothing is left to fill in or to wait for.
func (o outputs) contents(r *report.Report) {
	type at struct{ name, rtype, version string }
	has := make(map[at]string)
	for _, f := range r.Findings {
		if f.Fix == nil {
			continue
		}
		ready := f.Fix.When == "" && f.Fix.After == "" && !f.Fix.HasPlaceholder() && len(f.Fix.Records())+len(f.Fix.Remove) > 0
		if f.Fix.Complete != ready {
			o.errorf("%s is complete: %v, with %+v", f.Check, f.Fix.Complete, f.Fix)
		}
		for _, rec := range f.Fix.Records() {
			place := at{strings.ToLower(rec.Name), rec.Type, ""}
			switch rec.Type {
			case "CNAME":
			case "TXT":
				place.version, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(rec.Value))+" ", " ")
				place.version = strings.TrimSuffix(place.version, ";")
			default:
				continue
			}
			if was, ok := has[place]; ok && was != rec.Value && f.Fix.When == "" && f.Fix.After == "" {
				o.errorf("%s has two contents by fixes for now\n    %s\n    %s", rec.Name, was, rec.Value)
			} else if f.Fix.When == "" && f.Fix.After == "" {
				has[place] = rec.Value
			}
		}
	}
}

// json: a fix comes back as it is, and an action is complete only if its records can be published.
func (o outputs) json(r *report.Report, fixes []finding.Finding) {
	var b strings.Builder
	if err := report.WriteJSON(&b, r); err != nil {
		o.errorf("%v", err)
		return
	}
	back, err := report.ReadJSON(strings.NewReader(b.String()))
	if err != nil || len(back) != 1 || back[0].Plan == nil {
		o.errorf("reads back as %d reports: %v", len(back), err)
		return
	}
	if got := shown(back[0]); !slices.EqualFunc(got, fixes, func(a, b finding.Finding) bool { return a.Check == b.Check && a.Fix.Equal(b.Fix) }) {
		o.errorf("the fixes read back otherwise")
	}
	for _, a := range back[0].Plan.Actions {
		left := a.When != "" || a.Objection != "" || a.Template || slices.ContainsFunc(a.Add, finding.Record.HasPlaceholder) || len(a.Add)+len(a.Remove) == 0
		if left && (a.Complete || a.Audited) {
			o.errorf("an action that is not complete is called so, or applied: %+v", a)
		}
	}
}

// zone: the active lines are the records of complete actions in the zone of the domain, all
// of them; and each complete fix there has its action.
func (o outputs) zone(r *report.Report, fixes []finding.Finding) {
	var b strings.Builder
	if err := export.WriteZone(&b, []*report.Report{r}); err != nil {
		o.errorf("%v", err)
		return
	}
	var active, want []string
	for line := range strings.Lines(b.String()) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, ";") {
			active = append(active, line)
		}
	}
	for _, a := range r.Plan.Actions {
		if !a.Complete || a.Who != report.WhoDNS {
			continue
		}
		ttl := a.TTL
		if ttl == 0 {
			ttl = 3600
		}
		for _, rec := range a.Add {
			want = append(want, fmt.Sprintf("%s %d IN %s %s", show.ZoneName(rec.Name), ttl, rec.Type, show.ZoneData(rec.Type, rec.Value)))
		}
	}
	if !slices.Equal(active, want) {
		o.errorf("the active lines are\n    %s\n  and the complete actions have\n    %s", strings.Join(active, "\n    "), strings.Join(want, "\n    "))
	}
	for _, f := range fixes {
		if !slices.ContainsFunc(r.Plan.Actions, func(a report.Action) bool {
			return slices.Contains(a.Closes, report.Closed{Check: f.Check, Subject: f.Subject})
		}) {
			o.errorf("no action closes %s of %s: %+v", f.Check, f.Subject, f.Fix)
		}
		for _, rec := range f.Fix.Records() {
			line := fmt.Sprintf(" IN %s %s", rec.Type, show.ZoneData(rec.Type, rec.Value))
			if !f.Fix.Complete && f.Fix.After == "" && slices.ContainsFunc(active, func(s string) bool {
				return strings.HasPrefix(s, show.ZoneName(rec.Name)+" ") && strings.HasSuffix(s, line)
			}) &&
				!slices.ContainsFunc(fixes, func(g finding.Finding) bool { return g.Fix.Complete && slices.Contains(g.Fix.Records(), rec) }) {
				o.errorf("a record of a fix that is not complete is active: %s%s", rec.Name, line)
			}
		}
	}
}

// pages: a person finds each fix, with its records and what is left to do, wherever he reads.
func (o outputs) pages(r *report.Report, fixes []finding.Finding) {
	var brief, table, plan, markdown, page strings.Builder
	for _, err := range []error{
		terminal.WriteTable(&brief, r, terminal.Options{Width: 80}), terminal.WriteTable(&table, r, terminal.Options{Width: 100, Verbose: true}),
		terminal.WritePlan(&plan, r, terminal.Options{Width: 100}), export.WriteMarkdown(&markdown, []*report.Report{r}, nil), reporthtml.Write(&page, []*report.Report{r}, nil, nil),
	} {
		if err != nil {
			o.errorf("%v", err)
			return
		}
	}
	for _, f := range fixes {
		text := view.FixText(f.Fix, true)
		if records := f.Fix.Records(); !f.Fix.Complete && len(records)+len(f.Fix.Remove) > 0 && !strings.Contains(text, "ill in") && !strings.HasPrefix(text, "When ") && !strings.Contains(text, "publish that one first") {
			o.errorf("%s does not say that it is not complete: %s", f.Check, text)
		}
		if !strings.Contains(squeezed(table.String()), squeezed(text)) {
			o.errorf("the terminal has not %q", text)
		}
		if !strings.Contains(unmarked(markdown.String()), unmarked(html.EscapeString(text))) && !strings.Contains(unmarked(html.UnescapeString(markdown.String())), unmarked(text)) {
			o.errorf("Markdown has not %q", text)
		}
		for _, rec := range f.Fix.Records() {
			if value := "Value  " + show.Escape(rec.Value); !strings.Contains(table.String(), value) {
				o.errorf("the terminal has not %q", value)
			}
			if line := "+ " + show.ZoneLine(rec); !strings.Contains(markdown.String(), line) {
				o.errorf("Markdown has not %q", line)
			}
		}
		// What the short screen shows of records is marked as the long one is.
		for _, rec := range f.Fix.Records() {
			if rec.HasPlaceholder() && strings.Contains(brief.String(), "Value  "+show.Escape(rec.Value)+"\n") && !slices.ContainsFunc(fixes, func(g finding.Finding) bool {
				return slices.Contains(g.Fix.Records(), rec) && strings.Contains(squeezed(brief.String()), squeezed(view.FixText(g.Fix, true)))
			}) {
				o.errorf("the short screen shows %q without what is left to do", rec.Value)
			}
		}
	}
	said := html.UnescapeString(page.String())
	for _, a := range r.Plan.Actions {
		meta := view.ActionMeta(a)
		if marked := strings.Contains(meta, "to be filled in") || strings.Contains(meta, "not yet: "); !a.Complete && a.When == "" && a.Objection == "" && len(a.Add)+len(a.Remove) > 0 && !marked {
			o.errorf("a step does not say that it is not complete: %s", meta)
		} else if a.Complete && marked {
			o.errorf("a step that is complete says that it is not: %s", meta)
		}
		for _, text := range append(slices.Clone(a.Summary), meta, a.Objection) {
			if !strings.Contains(squeezed(plan.String()), squeezed(text)) {
				o.errorf("the plan on the terminal has not %q", text)
			}
			if !strings.Contains(squeezed(said), squeezed(text)) {
				o.errorf("HTML has not %q", text)
			}
		}
		for _, rec := range a.Add {
			if line := show.ZoneLine(rec); !strings.Contains(said, line) {
				o.errorf("HTML has not %q", line)
			}
		}
	}
}

// squeezed is text without white space, so that it does not matter where lines end.
func squeezed(s string) string { return strings.Join(strings.Fields(s), "") }

// unmarked is squeezed text without the marks of Markdown.
func unmarked(s string) string { return strings.ReplaceAll(squeezed(s), `\`, "") }
