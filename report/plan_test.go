package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/internal/bombtest"
	"mailworthy/report/reporttest"
)

// world is the report of an audit of a made-up record.
func world(record string) *Report {
	return New(reporttest.World(record), DefaultScale(), "1.0.0")
}

// publish applies changes to the one record.
func publish(t *testing.T, record string, changes []Change) string {
	t.Helper()
	for _, c := range changes {
		for _, rec := range c.Remove {
			if rec.Value != record {
				t.Fatalf("removes %q where %q is published", rec.Value, record)
			}
		}
		for _, rec := range c.Add {
			record = rec.Value
		}
	}
	return record
}

func TestPlanComposesFixesOfOneRecord(t *testing.T) {
	const before = "v=spf1 broken weak long -all"
	audits := 0
	p := MakePlan(world(before), func(changes []Change) *Report {
		audits++
		return world(publish(t, before, changes))
	})
	if len(p.Actions) != 1 || audits != 3 {
		t.Fatalf("%d actions after %d audits, want 1 after 3: %+v", len(p.Actions), audits, p.Actions)
	}
	a := p.Actions[0]
	if len(a.Add) != 1 || a.Add[0].Value != "v=spf1 -all" || len(a.Remove) != 1 || a.Remove[0].Value != before {
		t.Errorf("changes %v into %v", a.Remove, a.Add)
	}
	if got := a.Closes; len(got) != 3 || got[0].Check != "spf-broken" || got[1].Check != "spf-weak" || got[2].Check != "spf-long" {
		t.Errorf("closes %v", got)
	}
	if len(a.Summary) != 3 || !a.Audited || a.Who != WhoDNS || a.Severity != finding.Critical || a.TTL != 7200 {
		t.Errorf("action %+v", a)
	}
	if a.Points != 25 || *p.Before.Score != 49 || p.After == nil || *p.After.Score != 100 {
		t.Errorf("%v points, from %v to %+v", a.Points, *p.Before.Score, p.After)
	}
	if !strings.Contains(a.Verify, "2 hours") || !strings.Contains(a.Verify, "spf-broken, spf-weak, spf-long") {
		t.Errorf("verify: %s", a.Verify)
	}
	if got := publish(t, before, p.Changes()); got != "v=spf1 -all" {
		t.Errorf("the changes make %q", got)
	}
}

// A fix that makes things worse is kept, with what speaks against it, and not applied.
func TestPlanObjects(t *testing.T) {
	const before = "v=spf1 weak long -all"
	p := MakePlan(world(before), func(changes []Change) *Report {
		record := publish(t, before, changes)
		if !strings.Contains(record, "weak") {
			record += " broken"
		}
		return world(record)
	})
	if len(p.Actions) != 2 {
		t.Fatalf("%d actions, want 2", len(p.Actions))
	}
	if a := p.Actions[0]; !a.Audited || a.Add[0].Value != "v=spf1 weak -all" {
		t.Errorf("the good one: %+v", a)
	}
	if a := p.Actions[1]; a.Audited || !strings.Contains(a.Objection, "spf-broken") || a.Remove[0].Value != "v=spf1 weak -all" {
		t.Errorf("the harmful one, tried again after the other: %+v", a)
	}
}

// A fix that does harm only before another is tried again behind it.
func TestPlanTriesAgain(t *testing.T) {
	record := func(name, value string) finding.Record { return finding.Record{Name: name, Type: "TXT", Value: value} }
	audited := func(changes []Change) *Report {
		published := map[string]string{"acme.example": "wrong", "_spf.acme.example": "wrong"}
		for _, c := range changes {
			for _, r := range c.Add {
				published[r.Name] = r.Value
			}
		}
		r := &audit.Result{Domain: "acme.example", Findings: reporttest.AllPassed()}
		for i, name := range []string{"acme.example", "_spf.acme.example"} {
			if published[name] == "wrong" {
				r.Findings = append(r.Findings, finding.Finding{Check: fmt.Sprintf("spf-%d", i), Section: finding.SPF, Severity: []finding.Severity{finding.Critical, finding.Error}[i], Subject: name, Title: name,
					Fix: &finding.Fix{Complete: true, Summary: "Mend it.", Name: name, Type: "TXT", Value: "right", Remove: []finding.Record{record(name, "wrong")}}})
			}
		}
		if published["acme.example"] == "right" && published["_spf.acme.example"] == "wrong" {
			r.Findings = append(r.Findings, finding.Finding{Check: "spf-new", Section: finding.SPF, Severity: finding.Error, Subject: "acme.example", Title: "New"})
		}
		return New(r, DefaultScale(), "1.0.0")
	}
	asked := 0
	p := MakePlan(audited(nil), func(changes []Change) *Report { asked++; return audited(changes) })
	if len(p.Actions) != 2 || !p.Actions[0].Audited || p.Actions[0].Add[0].Name != "_spf.acme.example" || !p.Actions[1].Audited || p.Actions[1].Objection != "" {
		t.Errorf("%+v", p.Actions)
	}
	if asked != 3 {
		t.Errorf("%d audits, want 3", asked)
	}
}

// What comes up only with the proposal is a later stage, not part of this plan.
func TestPlanGoesOneStage(t *testing.T) {
	stage := func(record string) *Report {
		next := map[string]string{"p=none": "p=quarantine", "p=quarantine": "p=reject"}[record]
		r := &audit.Result{Domain: "acme.example", Findings: reporttest.AllPassed()}
		if next != "" {
			r.Findings = append(r.Findings, finding.Finding{Check: "dmarc-" + record, Section: finding.DMARC, Severity: finding.Warning, Subject: "acme.example", Title: record,
				Fix: &finding.Fix{Complete: true, Summary: "Go on to " + next + ".", Name: "_dmarc.acme.example", Type: "TXT", Value: next,
					Remove: []finding.Record{{Name: "_dmarc.acme.example", Type: "TXT", Value: record}}}})
		}
		return New(r, DefaultScale(), "1.0.0")
	}
	p := MakePlan(stage("p=none"), func(changes []Change) *Report { return stage(publish(t, "p=none", changes)) })
	if len(p.Actions) != 1 || p.Actions[0].Add[0].Value != "p=quarantine" {
		t.Errorf("%+v", p.Actions)
	}
}

func TestPlanWithoutAudit(t *testing.T) {
	p := MakePlan(New(reporttest.Flawed(), DefaultScale(), "1.0.0"), nil)
	if p.After != nil {
		t.Error("an outcome that nobody computed")
	}
	want := []struct {
		who    Who
		points float64
	}{{WhoDNS, 25}, {WhoHost, 5}, {WhoProvider, 3}, {WhoDNS, 3.8}}
	for i, a := range p.Actions {
		later := i == len(want)-1
		if i >= len(want) || a.Who != want[i].who || a.Points != want[i].points || a.Audited || (a.When != "") != later || later && a.Complete {
			t.Errorf("action %d: %+v", i+1, a)
		}
	}
	if len(p.Actions) != len(want) {
		t.Errorf("%d actions, want %d", len(p.Actions), len(want))
	}
}

func TestCompare(t *testing.T) {
	c := Compare(world("v=spf1 broken weak -all"), world("v=spf1 weak long -all"))
	checks := func(list []finding.Finding) string {
		var out []string
		for _, f := range list {
			out = append(out, f.Check)
		}
		return strings.Join(out, " ")
	}
	if checks(c.New) != "spf-long" || checks(c.Gone) != "spf-broken" || len(c.Changed)+len(c.Unsure) > 0 {
		t.Errorf("new %s, gone %s, changed %v, unsure %s", checks(c.New), checks(c.Gone), c.Changed, checks(c.Unsure))
	}
	if *c.Before.Score != 49 || *c.After.Score != 96 {
		t.Errorf("from %d to %d", *c.Before.Score, *c.After.Score)
	}
	if same := Compare(world("v=spf1 weak -all"), world("v=spf1 weak -all")); !same.Same() {
		t.Errorf("the same differs: %+v", same)
	}
}

// What one side could not find out is no change.
func TestCompareUnknownIsNoChange(t *testing.T) {
	known := New(reporttest.Flawed(), DefaultScale(), "1.0.0")
	unknown := reporttest.Silent()
	unknown.Domain = "acme.example"
	for _, c := range []*Comparison{Compare(known, New(unknown, DefaultScale(), "1.0.0")), Compare(New(unknown, DefaultScale(), "1.0.0"), known)} {
		if !c.Same() {
			t.Errorf("new %v, gone %v, records %v %v", c.New, c.Gone, c.Added, c.Removed)
		}
		if len(c.Unsure) == 0 {
			t.Error("nothing is unsure")
		}
	}
}

// A report comes back from its JSON as it was, bytes that are no UTF-8 included.
func TestReadJSON(t *testing.T) {
	var one, many, lines bytes.Buffer
	if err := WriteJSON(&one, reports()[3]); err != nil {
		t.Fatal(err)
	}
	if err := WriteJSON(&many, reports()...); err != nil {
		t.Fatal(err)
	}
	for _, r := range reports() {
		text, err := AppendJSON(nil, r)
		if err != nil {
			t.Fatal(err)
		}
		lines.Write(text)
	}
	for name, in := range map[string]io.Reader{"one": &one, "an array": &many, "lines": &lines} {
		back, err := ReadJSON(in)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		last := back[len(back)-1]
		if got := last.Findings[0].Evidence[0].Answer[0]; got != bombtest.Attack {
			t.Errorf("%s: the record came back as %q", name, got)
		}
		if c := Compare(reports()[3], last); !c.Same() {
			t.Errorf("%s: differs from what was written: %+v", name, c)
		}
	}
	for _, bad := range []string{"", "{}", "[", `{"schema":"other/1"}`, "[null]", "3"} {
		if _, err := ReadJSON(strings.NewReader(bad)); err == nil {
			t.Errorf("%q is read without an error", bad)
		}
	}
}

func TestPlanJSON(t *testing.T) {
	r := reports()[0]
	r.Plan = MakePlan(r, nil)
	text, err := MarshalJSON(r, "")
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	if err := reporttest.CompiledSchema(t, currentSchema(t)).Validate(doc); err != nil {
		t.Error(err)
	}
}

// TestPlanCloses: what is gone, or no more than information, is closed; what is not known of another
// address leaves it so, and what is not known of the same one, or of the domain, does not.
func TestPlanCloses(t *testing.T) {
	at := func(check, subject string, severity finding.Severity) finding.Finding {
		return finding.Finding{Check: check, Section: finding.Hosts, Subject: subject, Severity: severity}
	}
	before := &Report{Result: audit.Result{Findings: []finding.Finding{at("ptr-missing", "192.0.2.1", finding.Error)}}}
	for _, tt := range []struct {
		name   string
		after  []finding.Finding
		closed bool
	}{
		{"gone", []finding.Finding{at("mx-single", "acme.example", finding.Pass)}, true},
		{"still there", []finding.Finding{at("ptr-missing", "192.0.2.1", finding.Error)}, false},
		{"information", []finding.Finding{at("ptr-missing", "192.0.2.1", finding.Info)}, true},
		{"another address is not known", []finding.Finding{at("hosts-unresolved", "192.0.2.2", finding.Unknown)}, true},
		{"another address was not checked", []finding.Finding{at("hosts-unresolved", "192.0.2.2", finding.NotChecked)}, true},
		{"it is not known", []finding.Finding{at("hosts-unresolved", "192.0.2.1", finding.Unknown)}, false},
		{"the domain's hosts are not known", []finding.Finding{at("hosts-unresolved", "acme.example", finding.Unknown)}, false},
		{"nobody looked", []finding.Finding{{Check: "spf-syntax", Section: finding.SPF, Severity: finding.Pass}}, false},
	} {
		if got := closed(before, &Report{Result: audit.Result{Findings: tt.after}}); (len(got) == 1) != tt.closed {
			t.Errorf("%s: closes %v", tt.name, got)
		}
	}
}
