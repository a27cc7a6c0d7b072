package format

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"mailworthy/finding"
	"mailworthy/internal/bombtest"
	"mailworthy/internal/show"
	"mailworthy/report"
	"mailworthy/report/reporttest"
	"mailworthy/smtp/roundtrip"
)

// TestBeside: what a run found of no domain stands in each format that has room for it, with
// domains and alone, and text of servers is harmless in all of them.
func TestBeside(t *testing.T) {
	ms := int64(90_000)
	began := time.Date(2026, 3, 1, 6, 17, 0, 0, time.UTC)
	beside := &report.Beside{Schema: report.RunSchemaID, Configured: true, Logs: true, NotSent: []string{"third"}, Errors: []string{"roundtrip fourth: no key"},
		Findings: []report.Remark{{Check: "roundtrip-slow", Severity: finding.Warning, Subject: "own", Title: "own: it took 1m30s until the mail was there (limit 1m0s)"},
			{Check: "roundtrip-bounced", Severity: finding.Error, Subject: "dead", Title: "dead: bounced: " + bombtest.Attack},
			{Check: "logs-deferred", Severity: finding.Warning, Subject: "logs", Title: "40 % were deferred"}},
		Roundtrips: []report.Roundtrip{{Name: "own", Report: roundtrip.Report{Schema: roundtrip.Schema, Verdict: roundtrip.Arrived, Why: "It is in INBOX.", From: "a@acme.example", To: "b@acme.example", Began: began, DeliverMS: &ms}},
			{Name: "dead", Report: roundtrip.Report{Schema: roundtrip.Schema, Verdict: roundtrip.Bounced, Why: bombtest.Attack, From: "a@acme.example", To: "c@acme.example", Began: began}}}}
	one := report.New(reporttest.Results()["clean"], report.DefaultScale(), "1.0.0")
	wanted := map[string][]string{
		"json":       {`"schema": "mailworthy/run/1"`, `"name": "own"`, `"not_sent": [`},
		"ndjson":     {`{"schema":"mailworthy/run/1"`, `"name":"dead"`},
		"rows":       {`{"schema":"mailworthy/run/1"`, `"name":"dead"`},
		"markdown":   {"## Round trips", "| ▲ arrived | own | 90.0 s | it took 1m30s until the mail was there (limit 1m0s) |", "| ✖ bounced | dead | – |", "not sent | third", "## Mail logs", "40 % were deferred", "no key"},
		"html":       {"<h2>Round trips</h2>", "it took 1m30s until the mail was there (limit 1m0s)", "<h2>Mail logs</h2>", "40 % were deferred", "no key", "<summary>own</summary>"},
		"nagios":     {"2 round trips: 1 arrived, 1 bounced; 1 round trip not sent; also 3 findings", "roundtrip-bounced"},
		"prometheus": {`mailworthy_roundtrip_verdict{from="a@acme.example",to="b@acme.example",via="",verdict="arrived"} 1`},
	}
	for name, texts := range wanted {
		f, _ := Find(name)
		for _, reports := range [][]*report.Report{nil, {one}, {one, one}} {
			var b bytes.Buffer
			o := usual
			o.Beside = beside
			if err := f.Write(&b, reports, o); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			text := b.String()
			for _, want := range texts {
				if !strings.Contains(text, want) {
					t.Errorf("%s of %d domains has no %q:\n%s", name, len(reports), want, text[max(0, len(text)-3000):])
				}
			}
			if strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && show.Invisible(r) }) || name == "html" && strings.Count(text, "<script") != 1 {
				t.Errorf("%s of %d domains: text of a server is not harmless", name, len(reports))
			}
			// Without anything configured the run writes what an audit does.
			var plain, nothing bytes.Buffer
			o.Beside = nil
			if err := f.Write(&plain, reports, o); err != nil {
				t.Fatal(err)
			}
			o.Beside = &report.Beside{Schema: report.RunSchemaID}
			if err := f.Write(&nothing, reports, o); err != nil {
				t.Fatal(err)
			}
			if name != "prometheus" && !bytes.Equal(plain.Bytes(), nothing.Bytes()) {
				t.Errorf("%s of %d domains differs although nothing is configured", name, len(reports))
			}
		}
	}
}
