package terminal

import (
	"bytes"
	"strings"
	"testing"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/report"
	"mailworthy/report/reporttest"
	"mailworthy/report/view"
	"mailworthy/resolver"
	spfpolicy "mailworthy/spf/policy"
)

// drawn is a report as a table.
func drawn(t *testing.T, r *report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteTable(&b, r, Options{}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// What the table says, by what the audit found.
func TestTableSays(t *testing.T) {
	listedOn := func(subject string) finding.Finding {
		f := reporttest.Found(finding.Reputation, "rbl-listed", finding.Critical)
		f.Subject = subject
		return f
	}
	weak := reporttest.Found(finding.DKIM, "dkim-key-weak", finding.Warning)
	weak.Title = "The key is short"
	open := reporttest.Unresolved(finding.DKIM, finding.Warning, false)
	open.Title, open.Detail = "DKIM lookup failed: result unknown", "Of the 57 selectors tried, 1 got no answer: s1. There may be a key or none."
	old := finding.Record{Name: "acme.example", Type: "TXT", Value: "v=spf1 -all"}
	mx := finding.Record{Name: "acme.example", Type: "MX", Value: "10 mx.other.example"}
	key := finding.Record{Name: "s1._domainkey.acme.example", Type: "TXT", Value: `v=DKIM1; n="x"; p=` + strings.Repeat("A", 400)}
	fixing := func(check string, severity finding.Severity, remove ...finding.Record) finding.Finding {
		f := reporttest.Found(finding.SPF, check, severity)
		f.Fix = &finding.Fix{Complete: true, Summary: "Mend " + check + ".", Name: "acme.example", Type: "TXT", Value: "v=spf1 mx -all", Remove: remove}
		return f
	}
	ask := func(statuses ...string) (trace []resolver.Trace) {
		for _, s := range statuses {
			trace = append(trace, resolver.Trace{Status: s, Server: "udp://127.0.0.1:5399"})
		}
		return trace
	}
	tests := []struct {
		name          string
		findings      []finding.Finding
		result        audit.Result
		want, wantNot []string
	}{
		{name: "header and footer count the same", findings: []finding.Finding{listedOn("192.0.2.1"), listedOn("192.0.2.2"), listedOn("192.0.2.3")},
			want: []string{"\n1 critical. Fix first: ", "\n1 critical · 0 passed"}, wantNot: []string{"3 critical"}},
		{name: "what is known stands before what is not", findings: []finding.Finding{open, weak},
			want: []string{"DKIM  ▲  85  The key is short; 1 more", "UNKNOWN  DKIM lookup failed: result unknown                    dkim-unresolved\n  Of the 57 selectors tried, 1 got no answer: s1."}},
		{name: "some selectors unanswered", findings: []finding.Finding{open},
			want: []string{"DKIM  ?  100  DKIM lookup failed: result unknown"}},
		{name: "nobody answered", result: audit.Result{Trace: ask("timeout", "timeout", "network")}, findings: []finding.Finding{reporttest.Unresolved(finding.SPF, finding.Critical, true)},
			want: []string{"INCOMPLETE   no score\nNo resolver answered any question (udp://127.0.0.1:5399: network,\nudp://127.0.0.1:5399: timeout): nothing is known of the domain."}, wantNot: []string{"/100"}},
		{name: "one answer", result: audit.Result{Trace: ask("timeout", "nxdomain")}, findings: []finding.Finding{reporttest.Unresolved(finding.SPF, finding.Critical, true)},
			wantNot: []string{"No resolver"}},
		{name: "nobody was to be asked", result: audit.Result{Trace: ask("offline")}, findings: []finding.Finding{reporttest.Unresolved(finding.SPF, finding.Critical, true)},
			wantNot: []string{"No resolver"}},
		{name: "what goes is master-file syntax", findings: []finding.Finding{fixing("spf-multiple-records", finding.Error, mx, key)},
			want: []string{"\n      acme.example. MX 10 mx.other.example.\n", `n=\"x\"; p=AAA`, "AAA\" )  ; … shortened\n"}},
		{name: "the same records once", findings: []finding.Finding{fixing("spf-multiple-records", finding.Error, old), fixing("spf-syntax", finding.Error, old)},
			want: []string{"Mend spf-syntax", "\n       (the same records as above)\n"}},
		{name: "hosts that receive alone", result: audit.Result{Examined: audit.Examined{NotSenders: []string{"mx1.other.example", "mx2.other.example"}}},
			want: []string{"MX hosts that only receive, not examined as senders: mx1.other.example,\nmx2.other.example.\n"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.result.Domain, tt.result.Findings = "acme.example", tt.findings
			got := drawn(t, report.New(&tt.result, report.DefaultScale(), "test"))
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("%q is missing in\n%s", want, got)
				}
			}
			for _, not := range tt.wantNot {
				if strings.Contains(got, not) {
					t.Errorf("%q stands in\n%s", not, got)
				}
			}
		})
	}
}

// Of several SPF records the tree shows each, and that none counts.
func TestTreeOfSeveralRecords(t *testing.T) {
	several := &spfpolicy.Record{Domain: "acme.example", Status: spfpolicy.StatusMultiple, Published: []spfpolicy.Published{
		{Strings: []string{"v=spf1 mx ", "-all"}, SPF: true}, {Strings: []string{"something else"}}, {Strings: []string{"v=spf1 -all"}, SPF: true}}}
	r := &report.Report{Result: audit.Result{Domain: "acme.example", SPF: &spfpolicy.Policy{Domain: "acme.example", Status: spfpolicy.StatusMultiple, Record: several}}}
	var b bytes.Buffer
	if err := WriteDoc(&b, view.SPFTreeDoc(r), Options{}); err != nil {
		t.Fatal(err)
	}
	want := "acme.example  2 SPF records: none is evaluated, the result is permerror\n  \"v=spf1 mx -all\"\n  \"v=spf1 -all\"\n"
	if b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}
