package export

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/report"
	"mailworthy/report/reporttest"
	"mailworthy/resolver"
)

// The proposed records are a zone file that a name server reads, and that holds
// just these records.
func TestZoneFileParses(t *testing.T) {
	r := report.New(reporttest.Flawed(), report.DefaultScale(), "1.0.0")
	r.Findings[0].Fix.Value = "v=spf1 " + strings.Repeat("ip4:192.0.2.1 ", 40) + `exp=%{d}"\` + "\xff -all"
	var b bytes.Buffer
	if err := WriteZone(&b, []*report.Report{r}); err != nil {
		t.Fatal(err)
	}
	set, err := resolver.ParseZone(bytes.NewReader(b.Bytes()), "acme.example", "proposed")
	if err != nil {
		t.Fatalf("%v\n%s", err, b.String())
	}
	for _, want := range []struct{ name, value string }{
		{"acme.example", r.Findings[0].Fix.Value},
		{"_dmarc.acme.example", ""}, // a step for later is a comment
	} {
		a, err := resolver.NewOverlay(nil, set).Lookup(context.Background(), want.name, resolver.TypeTXT)
		if err != nil {
			t.Fatal(err)
		}
		if want.value == "" && len(a.Records) == 0 && strings.Contains(b.String(), "\n; later: "+want.name+". ") {
			continue
		}
		if len(a.Records) != 1 || a.Records[0].Text() != want.value {
			t.Fatalf("%s holds %+v, want %q", want.name, a.Records, want.value)
		}
		if slices.ContainsFunc(a.Records[0].TXT, func(s string) bool { return len(s) > 255 }) {
			t.Errorf("%s has a string over 255 bytes", want.name)
		}
	}
}

// The steps of a zone file are numbered as they are shown: those without records are not.
func TestZoneFileNumbersWhatItShows(t *testing.T) {
	r := report.New(reporttest.Flawed(), report.DefaultScale(), "1.0.0")
	rec := []finding.Record{{Name: "acme.example", Type: "TXT", Value: "v=spf1 -all"}}
	r.Plan = &report.Plan{Actions: []report.Action{{Summary: []string{"one"}, Add: rec}, {Summary: []string{"no record"}}, {Summary: []string{"two"}, Remove: rec}}}
	var b bytes.Buffer
	if err := WriteZone(&b, []*report.Report{r}); err != nil {
		t.Fatal(err)
	}
	if text := b.String(); !strings.Contains(text, "\n; 1. one") || !strings.Contains(text, "\n; 2. two") || strings.Contains(text, "no record") {
		t.Error(text)
	}
}

// TestZoneFileHolds: a record is to be removed only beside the active line that takes its
// place; what the plan holds back, in whatever way, is no instruction.
func TestZoneFileHolds(t *testing.T) {
	old := finding.Record{Name: "acme.example", Type: "TXT", Value: "v=spf1 - all"}
	record := finding.Record{Name: "acme.example", Type: "TXT", Value: "v=spf1 -all"}
	open := finding.Record{Name: "acme.example", Type: "TXT", Value: "v=spf1 ip4:<the address of mx1> -all"}
	action := func(change func(a *report.Action), add ...finding.Record) report.Action {
		a := report.Action{Summary: []string{"Publish it."}, Who: report.WhoDNS, Complete: true, Remove: []finding.Record{old}, Add: add}
		change(&a)
		return a
	}
	tests := []struct {
		name   string
		action report.Action
		want   []string
	}{
		{"active", action(func(*report.Action) {}, record), []string{`; remove: acme.example. TXT "v=spf1 - all"`, `acme.example. 3600 IN TXT "v=spf1 -all"`}},
		{"a removal alone", action(func(*report.Action) {}), []string{`; remove: acme.example. TXT "v=spf1 - all"`}},
		{"the audit objects", action(func(a *report.Action) { a.Objection, a.Complete = "With these records nobody may send.", false }, record),
			[]string{`;    With these records nobody may send.`, `; not as it is, remove: acme.example. TXT "v=spf1 - all"`, `; not as it is: acme.example. 3600 IN TXT "v=spf1 -all"`}},
		{"a removal alone that the audit objects to", action(func(a *report.Action) { a.Objection, a.Complete = "With these records nobody may send.", false }),
			[]string{`;    With these records nobody may send.`, `; not as it is, remove: acme.example. TXT "v=spf1 - all"`}},
		{"to fill in", action(func(a *report.Action) { a.Template, a.Complete = true, false }, open, record),
			[]string{`; once filled in, remove: acme.example. TXT "v=spf1 - all"`, `; fill in: acme.example. 3600 IN TXT "v=spf1 ip4:<the address of mx1> -all"`, `; once filled in: acme.example. 3600 IN TXT "v=spf1 -all"`}},
		{"for later", action(func(a *report.Action) { a.When, a.Complete = "the reports are clean", false }, record),
			[]string{`; later, remove: acme.example. TXT "v=spf1 - all"`, `; later: acme.example. 3600 IN TXT "v=spf1 -all"`}},
		{"in another's zone", action(func(a *report.Action) { a.Who, a.Whom = report.WhoProvider, "the operator of esp.example" }, record),
			[]string{`; for the operator of esp.example, remove: acme.example. TXT "v=spf1 - all"`, `; for the operator of esp.example: acme.example. 3600 IN TXT "v=spf1 -all"`}},
		{"after another one", action(func(a *report.Action) { a.Complete = false }, record),
			[]string{`; not complete, remove: acme.example. TXT "v=spf1 - all"`, `; not complete: acme.example. 3600 IN TXT "v=spf1 -all"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := report.New(reporttest.Flawed(), report.DefaultScale(), "1.0.0")
			r.Plan = &report.Plan{Actions: []report.Action{tt.action}}
			var b bytes.Buffer
			if err := WriteZone(&b, []*report.Report{r}); err != nil {
				t.Fatal(err)
			}
			_, block, _ := strings.Cut(b.String(), "; 1. Publish it.\n")
			_, block, _ = strings.Cut(block, "\n") // who and what for
			if got := strings.Split(strings.TrimSpace(block), "\n"); !slices.Equal(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}
