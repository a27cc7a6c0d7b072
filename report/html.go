package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"

	"mailworthy/dmarc"
	"mailworthy/finding"
	"mailworthy/mailhost"
	"mailworthy/rbl"
	"mailworthy/receiver"
	"mailworthy/spf"
)

var (
	//go:embed html/page.html
	pageHTML string
	//go:embed html/page.css
	pageCSS string
)

// page is what the template draws. Text in it is raw: the template escapes it
// for HTML, and what t is applied to for the eye too.
type page struct {
	Title   string
	Version string
	Style   template.CSS
	Count   int
	Columns []string
	Reports []pageReport
}

type pageReport struct {
	*Report
	ID, Title, Class, Mark string
	VerdictText, ScoreText string
	Number, GaugeText      string
	GaugeLabel             string
	Range                  int
	Cells                  []pageCell
	Lines                  []pageLine
	Receivers              []pageReceiver
	Plan                   pagePlan
	Groups                 []pageGroup
	Policies               []pagePolicy
	Keys                   []pageKey
	Walk                   []pageStep
	Addresses              []pageAddress
	Grid                   *pageGrid
	Passes                 []string
	Arithmetic, Asked      string
}

type pageCell struct{ Class, Mark, Value string }

type pageLine struct {
	SectionLine
	Class, MarkText string
}

type pageReceiver struct {
	Name, Class, Mark, Text string
	Requirements            []pageRequirement
}

type pageRequirement struct{ Class, Mark, Result, Text, Because, Answer string }

type pagePlan struct {
	After   bool
	Outcome string
	Actions []pageAction
}

type pageAction struct {
	ID, Meta, Objection, Verify string
	Summary                     []string
	Remove, Add                 []string
}

type pageGroup struct {
	Class, Mark, Heading, Check, Reference, Points, Why, Evidence string
	Severity                                                      finding.Severity
	Details                                                       []string
	// Step is the action of the plan that closes it; Fixes where there is none.
	Step  *pageLink
	Fixes []pageFix
}

type pageLink struct {
	ID     string
	Number int
}

type pageFix struct {
	Summary     string
	Remove, Add []string
}

type pagePolicy struct {
	Domain, Counted, Authorises string
	Record                      pageRecord
}

type pageRecord struct {
	Class, Text string
	Terms       []pageTerm
}

type pageTerm struct {
	Class, Cost, Text, Notes string
	Record                   *pageRecord
}

type pageKey struct{ Selector, Domain, Key, Provider, State string }

type pageStep struct {
	Name, Answer string
	Records      []string
}

type pageAddress struct{ Addr, From, PTR string }

type pageGrid struct {
	Subjects []string
	Rows     []pageRow
}

type pageRow struct {
	List  string
	Cells []pageCell
}

// WriteHTML writes reports as one page that needs nothing else: no script, no
// network, no file beside it.
func WriteHTML(w io.Writer, reports []*Report) error {
	tmpl, err := template.New("page").Funcs(template.FuncMap{"t": shown, "answer": answerText,
		"value": func(n *int) string { return orText(number(n), "–") }}).Parse(pageHTML)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	p := page{Title: fmt.Sprintf("Mail of %s", counted(len(reports), "domain")), Style: template.CSS(pageCSS), Count: len(reports)}
	for _, s := range finding.Sections[:5] {
		p.Columns = append(p.Columns, sectionTitles[s])
	}
	for i, r := range reports {
		p.Version = r.Version
		p.Reports = append(p.Reports, newPageReport(r, fmt.Sprintf("r%d", i+1)))
	}
	if len(reports) == 1 {
		p.Title = fmt.Sprintf("%s: %s, %s", shown(reports[0].Domain), reports[0].Verdict, scoreText(reports[0].Score))
	}
	var b bytes.Buffer
	if err := tmpl.Execute(&b, p); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	_, err = w.Write(b.Bytes())
	return err
}

func newPageReport(r *Report, id string) pageReport {
	severity := verdictSeverity(r.Verdict)
	p := pageReport{Report: r, ID: id, Title: r.Domain, Class: string(severity), Mark: markOf(severity),
		VerdictText: strings.ToUpper(string(r.Verdict[:1])) + string(r.Verdict[1:]), ScoreText: scoreText(r.Score),
		Number: orText(number(r.Score.Value), "–"), Range: r.Score.High - r.Score.Low}
	if r.Unicode != "" && r.Unicode != r.Domain {
		p.Title = r.Unicode + " (" + r.Domain + ")"
	}
	p.GaugeLabel = "of 100, grade " + r.Score.Grade
	if r.Score.Value == nil {
		p.GaugeLabel = "not known"
	} else if p.Range > 0 {
		p.GaugeLabel = fmt.Sprintf("%d–%d, grade %s", r.Score.Low, r.Score.High, r.Score.Grade)
	}
	p.GaugeText = "Score: " + p.ScoreText
	if r.Score.Value != nil {
		p.GaugeText += ", grade " + r.Score.Grade
	}
	lines := r.SectionLines()
	for _, l := range lines {
		p.Lines = append(p.Lines, pageLine{SectionLine: l, Class: string(l.Mark), MarkText: markOf(l.Mark)})
	}
	for _, s := range finding.Sections[:5] {
		cell := pageCell{}
		if i := slices.IndexFunc(lines, func(l SectionLine) bool { return l.Section == s }); i >= 0 {
			cell = pageCell{string(lines[i].Mark), markOf(lines[i].Mark), lines[i].Value()}
		}
		p.Cells = append(p.Cells, cell)
	}
	for i := range r.Receivers {
		p.Receivers = append(p.Receivers, newPageReceiver(r, &r.Receivers[i]))
	}
	plan := r.plan()
	p.Plan = newPagePlan(plan, id)
	for _, g := range r.shownGroups() {
		switch {
		case g.Severity == finding.Pass:
			if !slices.Contains(p.Passes, g.Check) {
				p.Passes = append(p.Passes, g.Check)
			}
		case g.Severity != finding.Info && g.Severity != finding.NotChecked:
			group := newPageGroup(r, g, plan, id)
			if text := followText(g.Findings); text != "" {
				group.Details = append(group.Details, text)
			}
			p.Groups = append(p.Groups, group)
		}
	}
	for _, policy := range append([]*spf.Policy{r.SPF}, r.Envelope...) {
		if policy != nil && policy.Record != nil {
			p.Policies = append(p.Policies, newPagePolicy(policy))
		}
	}
	p.Keys, p.Walk, p.Addresses, p.Grid = pageKeys(r), pageWalk(r), pageAddresses(r), newPageGrid(r.RBL)
	p.Arithmetic = arithmetic(r.Score)
	p.Asked = fmt.Sprintf("%s to the DNS in %s, %s.", counted(r.Queries, "question"), durationText(r.DurationMS), r.Started.UTC().Format("2 January 2006, 15:04 UTC"))
	return p
}

// arithmetic says how the total follows from the sections.
func arithmetic(s Score) string {
	if s.Value == nil {
		return "No section could be judged, so there is no score."
	}
	text := fmt.Sprintf("The mean of the sections by weight is %d.", *s.BeforeCap)
	if s.CappedBy != "" {
		text += fmt.Sprintf(" While a finding of severity %s stands, the total is at most %d.", s.CappedBy, *s.Value)
	}
	if s.Low != s.High {
		text += fmt.Sprintf(" If all that is unknown were bad it would be %d, if all were good %d.", s.Low, s.High)
	}
	return text
}

func newPageReceiver(r *Report, v *receiver.Verdict) pageReceiver {
	mark := receiverMarks[v.Result]
	p := pageReceiver{Name: receiverName(v), Class: string(mark), Mark: markOf(mark), Text: r.receiverText(v)}
	for _, q := range v.Requirements {
		mark := receiverMarks[q.Result]
		row := pageRequirement{string(mark), markOf(mark), string(q.Result), q.Text, q.Because, ""}
		if q.Result == receiver.Fails {
			row.Answer = strings.TrimSpace(q.Code + " " + q.Reply)
		}
		p.Requirements = append(p.Requirements, row)
	}
	return p
}

func newPagePlan(plan *Plan, id string) pagePlan {
	p := pagePlan{After: plan.After != nil, Outcome: planOutcome(plan)}
	for i, a := range plan.Actions {
		p.Actions = append(p.Actions, pageAction{ID: stepID(id, i), Summary: a.Summary, Meta: actionMeta(a),
			Objection: a.Objection, Verify: a.Verify, Remove: recordTexts(a.Remove, true), Add: recordTexts(a.Add, false)})
	}
	return p
}

// recordTexts are records as they can be pasted; what is to be removed may be cut.
func recordTexts(records []finding.Record, cut bool) []string {
	var out []string
	for _, rec := range records {
		line := masterLine(rec)
		if cut {
			line = clip(line, maxRecordText)
		}
		out = append(out, line)
	}
	return out
}

func stepID(report string, step int) string { return fmt.Sprintf("%s-step%d", report, step+1) }

func newPageGroup(r *Report, g Group, plan *Plan, id string) pageGroup {
	first := g.Findings[0]
	p := pageGroup{Class: string(g.Severity), Mark: markOf(g.Severity), Heading: g.heading(), Check: g.Check, Severity: g.Severity, Reference: first.Reference}
	if points := g.points(); points > 0 {
		p.Points = fmt.Sprint(points)
	}
	if c, ok := FindCheck(g.Check); ok {
		p.Why = c.Why
	}
	for i, a := range plan.Actions {
		if p.Step == nil && slices.Contains(closedChecks(a.Closes), g.Check) {
			p.Step = &pageLink{stepID(id, i), i + 1}
		}
	}
	var evidence strings.Builder
	var seen []string
	for _, f := range g.Findings {
		if detail := detailText(f, r.Domain, len(g.Findings) > 1); detail != "" {
			p.Details = append(p.Details, detail)
		}
		if f.Fix != nil && p.Step == nil && !slices.Contains(seen, f.Fix.Key()) {
			seen = append(seen, f.Fix.Key())
			p.Fixes = append(p.Fixes, pageFix{fixText(f.Fix), recordTexts(f.Fix.Remove, true), recordTexts(f.Fix.Records(), false)})
		}
		for _, line := range evidenceLines(f) {
			evidence.WriteString(line + "\n")
		}
	}
	p.Evidence = evidence.String()
	return p
}

func newPagePolicy(policy *spf.Policy) pagePolicy {
	p := pagePolicy{Domain: policy.Domain, Counted: spfCounted(policy), Authorises: spfAuthorises(policy), Record: newPageRecord(policy.Record)}
	return p
}

func newPageRecord(rec *spf.Record) pageRecord {
	class, text := spfRecordText(rec)
	p := pageRecord{Class: string(class), Text: rec.Domain}
	if text != "" {
		p.Text += ": " + text
	}
	if rec.Loop || rec.Repeated {
		return p
	}
	for i := range rec.Terms {
		t := &rec.Terms[i]
		severity, notes := spfTermNotes(t)
		term := pageTerm{Class: string(severity), Cost: spfTermCost(t), Text: t.Text, Notes: strings.Join(notes, "; ")}
		if severity == finding.Pass {
			term.Class = ""
		}
		if t.Record != nil {
			below := newPageRecord(t.Record)
			term.Record = &below
		}
		p.Terms = append(p.Terms, term)
	}
	return p
}

func pageKeys(r *Report) []pageKey {
	if r.DKIM == nil {
		return nil
	}
	var out []pageKey
	for _, k := range r.DKIM.Keys {
		state := "not usable"
		switch {
		case k.Revoked:
			state = "revoked"
		case k.Live() && k.Testing:
			state = "testing"
		case k.Live():
			state = "live"
		}
		key := k.Algorithm
		if k.Bits > 0 {
			key = fmt.Sprintf("%s %d", k.Algorithm, k.Bits)
		}
		out = append(out, pageKey{k.Selector, k.Domain, key, k.Provider, state})
	}
	return out
}

var outcomeTexts = map[dmarc.Outcome]string{
	dmarc.HasRecord: "a policy record", dmarc.Multiple: "several records: none applies",
	dmarc.NoRecord: "no policy record", dmarc.Unanswered: "not answered",
}

func pageWalk(r *Report) []pageStep {
	if r.DMARC == nil {
		return nil
	}
	var out []pageStep
	for _, s := range r.DMARC.Walk {
		step := pageStep{Name: s.Name, Answer: orText(outcomeTexts[s.Outcome], string(s.Outcome)), Records: s.Records}
		if s.Record != nil {
			step.Records = []string{s.Record.Text}
		}
		out = append(out, step)
	}
	return out
}

// answerText is what may be known or not.
func answerText(b *bool) string {
	switch {
	case b == nil:
		return "not known"
	case *b:
		return "yes"
	}
	return "no"
}

// pageAddresses are the sending addresses with the names that lead back to them.
func pageAddresses(r *Report) []pageAddress {
	var out []pageAddress
	for _, sender := range r.Examined.Senders {
		a := pageAddress{Addr: sender.Addr.String(), From: strings.Join(sender.From, ", "), PTR: "not examined"}
		if r.Hosts != nil {
			for _, h := range r.Hosts.Addresses {
				if h.Addr == sender.Addr {
					a.PTR = ptrText(h)
				}
			}
		}
		out = append(out, a)
	}
	return out
}

func ptrText(h mailhost.Address) string {
	var names []string
	for _, n := range h.Names {
		text := n.Name
		switch n.Confirmed {
		case mailhost.Present:
			text += " (confirmed)"
		case mailhost.Absent:
			text += " (does not lead back)"
		default:
			text += " (not known whether it leads back)"
		}
		names = append(names, text)
	}
	switch {
	case len(names) > 0:
		return strings.Join(names, ", ")
	case h.PTR == mailhost.Absent:
		return "none"
	}
	return "not answered"
}

// newPageGrid is the table of lists by subject; nil where no list was asked.
func newPageGrid(survey *rbl.Survey) *pageGrid {
	if survey == nil || len(survey.Listings) == 0 {
		return nil
	}
	g := &pageGrid{}
	var lists []string
	cells := make(map[[2]string]pageCell)
	for _, l := range survey.Listings {
		if !slices.Contains(g.Subjects, l.Subject) {
			g.Subjects = append(g.Subjects, l.Subject)
		}
		if !slices.Contains(lists, l.Zone) {
			lists = append(lists, l.Zone)
		}
		cell := pageCell{string(verdictMarks[l.Verdict]), markOf(verdictMarks[l.Verdict]), string(l.Verdict)}
		switch {
		case l.Allow && l.Verdict == rbl.Listed:
			cell = pageCell{string(finding.Pass), markOf(finding.Pass), "vouches"}
		case l.Allow && l.Verdict == rbl.Clean:
			cell = pageCell{Value: "no entry"}
		}
		cells[[2]string{l.Zone, l.Subject}] = cell
	}
	for _, zone := range lists {
		row := pageRow{List: zone}
		for _, subject := range g.Subjects {
			row.Cells = append(row.Cells, cells[[2]string{zone, subject}])
		}
		g.Rows = append(g.Rows, row)
	}
	return g
}
