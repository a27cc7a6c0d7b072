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
