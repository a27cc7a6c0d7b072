package format

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/rbl"
	"mailworthy/report"
	"mailworthy/report/reporttest"
	"mailworthy/report/view"
	"mailworthy/resolver"
	spfpolicy "mailworthy/spf/policy"
)

// TestEveryResult: whatever the program shows besides reports is written in each format of
// documents, with what it is about, and with nothing that harms the medium.
func TestEveryResult(t *testing.T) {
	flawed := report.New(reporttest.Flawed(), report.DefaultScale(), "1.0.0")
	clean := report.New(reporttest.Clean(), report.DefaultScale(), "1.0.0")
	clean.Domain = flawed.Domain
	hostile := report.New(reporttest.Hostile(), report.DefaultScale(), "1.0.0")
	zones := resolver.NewOverlay(nil, reporttest.BundledZones(t)...)
	tidy := report.New(audit.Run(t.Context(), zones, audit.Target{Domain: "tidy.example"}, audit.Options{Catalogue: rbl.DefaultCatalogue()}), report.DefaultScale(), "1.0.0")
	comparison := report.Compare(clean, flawed)
	check, _ := report.FindCheck("spf-too-many-lookups")
	day, score := time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC), 77
	tally := new(report.Tally)
	tally.Add(flawed.Count())
	tally.Add(hostile.Count())
	half := 0.5
	flat := &spfpolicy.Flattening{Domain: "acme.example", Current: "v=spf1 a -all", LookupsBefore: 11, LookupsAfter: 1, Upkeep: "Compare the addresses.",
		Records: []finding.Record{{Name: "acme.example", Type: "TXT", Value: "v=spf1 ip4:192.0.2.1 -all"}},
		Ranges:  []spfpolicy.FlatRange{{Record: "acme.example", Prefix: netip.MustParsePrefix("192.0.2.1/32"), Sources: []spfpolicy.Place{{In: "acme.example", Term: "a"}}}}}
	for _, c := range []struct {
		name  string
		doc   *view.Doc
		about string
	}{
		{"message", view.MessageDoc(reporttest.Messages(t)["football"]), "football.example.com"},
		{"hostile message", view.MessageDoc(reporttest.Messages(t)["flawed"]), "football.example.com"},
		{"survey of lists", view.SurveyDoc(tidy.RBL, tidy.Findings), "tidy.example"},
		{"probes of lists", view.ListProbesDoc([]view.ListProbe{{Resolver: "192.0.2.53", Lists: []rbl.ListHealth{{Zone: "zen.spamhaus.org"}}}}), "zen.spamhaus.org"},
		{"catalogue", view.CatalogueDoc(rbl.DefaultCatalogue()), "zen.spamhaus.org"},
		{"SPF tree", view.SPFTreeDoc(tidy), "include:_spf.esp.example"},
		{"flattening", view.FlatteningDoc(flat), "ip4:192.0.2.1"},
		{"lint", view.LintDoc("spf", false, flawed.Findings, nil), "spf"},
		{"checks", view.ChecksDoc(report.AllChecks()), "spf-too-many-lookups"},
		{"checks found", view.FoundChecksDoc("lookups", []finding.Check{check}), "spf-too-many-lookups"},
		{"check", view.CheckDoc(check), "spf-too-many-lookups"},
		{"tally", view.SummaryDoc(tally.Summarize(time.Second, &half)), "2 domains in 1s, 2 a second"},
		{"trend", view.TrendDoc(&report.Trend{Domain: "acme.example", Points: []report.TrendPoint{{Run: 1, Started: day, Score: &score, Grade: "C"}, {Run: 2, Started: day.AddDate(0, 0, 1), Score: &score, Grade: "C"}}}, true), "acme.example"},
		{"runs", view.RunsDoc([]view.RunLine{{Run: 7, Domain: "acme.example", Started: day, Score: &score, Grade: "C", Verdict: report.NotReady}}), "acme.example"},
		{"comparison", view.ComparisonDoc(comparison), "spf-multiple-records"},
		{"comparison of several", view.ComparisonsDoc([]*report.Comparison{comparison, report.Compare(flawed, hostile)}), "spf-multiple-records"},
		{"first changes", view.ChangesDoc([]view.Change{{Report: flawed, First: true}}), "nothing to compare with"},
		{"changes", view.ChangesDoc([]view.Change{{Report: flawed, Changes: comparison, Pending: report.Compare(flawed, hostile)}, {Report: hostile}}), view.PendingText},
	} {
		for _, f := range All {
			if f.Doc == nil {
				continue
			}
			var b bytes.Buffer
			if err := f.Doc(&b, c.doc, usual); err != nil {
				t.Errorf("%s as %s: %v", c.name, f.Name, err)
				continue
			}
			text := b.String()
			if !strings.Contains(text, c.about) || !strings.HasSuffix(text, "\n") {
				t.Errorf("%s as %s does not name %q:\n%.400s", c.name, f.Name, c.about, text)
			}
			if i := slices.IndexFunc([]rune(text), func(r rune) bool { return r != '\n' && show.Invisible(r) }); i >= 0 {
				t.Errorf("%s as %s: %q stands in the output", c.name, f.Name, []rune(text)[i])
			}
			if f.Name != "html" {
				continue
			}
			d := xml.NewDecoder(strings.NewReader(text))
			d.Strict, d.Entity, d.AutoClose = false, xml.HTMLEntity, xml.HTMLAutoClose
			for {
				if _, err := d.Token(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Errorf("%s: the page is not well-formed: %v", c.name, err)
					break
				}
			}
		}
	}
}
