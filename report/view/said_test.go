package view_test

import (
	"net/netip"
	"strings"
	"testing"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/report"
	"mailworthy/report/view"
	spfpolicy "mailworthy/spf/policy"
)

// TestWhatWasNotChecked: what an offline audit did not ask for is said beside what is good.
func TestWhatWasNotChecked(t *testing.T) {
	unasked := finding.Finding{Check: "hosts-unresolved", Section: finding.Hosts, Severity: finding.NotChecked, Undecides: true, Subject: "mx.host.test"}
	of := finding.Finding{Check: "spf-unresolved", Section: finding.SPF, Severity: finding.NotChecked, Subject: "acme.example",
		Evidence: []finding.Evidence{{Name: "web.host.test", Type: "A", Status: "offline"}, {Name: "mx.host.test", Type: "A", Status: "offline"}}}
	decides := finding.Finding{Check: "spf-unresolved", Section: finding.SPF, Severity: finding.NotChecked, Undecides: true, Subject: "_spf.esp.test"}
	passed := finding.Finding{Check: "spf-syntax", Section: finding.SPF, Severity: finding.Pass}
	for _, tt := range []struct {
		name     string
		findings []finding.Finding
		headline string
		spf      string
	}{
		{"all was checked", []finding.Finding{passed}, "No problems found.", "nothing wrong"},
		{"a section was not", []finding.Finding{passed, unasked}, "No problems found in what was checked; not checked: MX & PTR.", "nothing wrong"},
		{"a part of one was not", []finding.Finding{passed, of}, "No problems found in what was checked.", "nothing wrong; not checked: web.host.test and 1 more"},
		{"what decides was not", []finding.Finding{passed, decides}, "No problems found in what was checked; without what no zone holds there is no verdict.", "not checked: _spf.esp.test"},
		{"nothing was", []finding.Finding{decides}, "Nothing could be judged: no zone holds what the checks ask for.", "not checked: _spf.esp.test"},
	} {
		r := report.New(&audit.Result{Domain: "acme.example", Profile: finding.Sender, Findings: tt.findings}, report.DefaultScale(), "1")
		if got := view.Headline(r); got != tt.headline {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.headline)
		}
		if lines := view.SectionLines(r); lines[0].Text != tt.spf {
			t.Errorf("%s: %q, want %q", tt.name, lines[0].Text, tt.spf)
		}
	}
}

// TestWhenceMailComes: no mail comes from a private address, and a record in error lets
// nobody send.
func TestWhenceMailComes(t *testing.T) {
	at := func(addr, from string) audit.Sender {
		return audit.Sender{Addr: netip.MustParseAddr(addr), From: []string{from}}
	}
	for _, tt := range []struct {
		name    string
		senders []audit.Sender
		wrong   string // with the record
		want    []string
	}{
		{"public", []audit.Sender{at("192.0.2.1", "MX host mx"), at("192.0.2.2", "SPF ip4:192.0.2.2")}, "",
			[]string{"Sending from 192.0.2.1 (MX), 192.0.2.2 (SPF).", "SPF also authorises (not checked): spf.host.test."}},
		{"some private", []audit.Sender{at("10.0.0.1", "MX host mx"), at("192.0.2.2", "SPF ip4:192.0.2.2")}, "",
			[]string{"Sending from 192.0.2.2 (SPF); no mail comes from private addresses (10.0.0.1).", "SPF also authorises (not checked): spf.host.test."}},
		{"private alone", []audit.Sender{at("fd00::1", "stated")}, "",
			[]string{"No mail comes from private addresses (fd00::1).", "SPF also authorises (not checked): spf.host.test."}},
		{"a record in error", []audit.Sender{at("192.0.2.2", "SPF ip4:192.0.2.2")}, "syntax",
			[]string{"Sending from 192.0.2.2 (SPF record in error).", "The SPF record, which is in error, also names (not checked): spf.host.test."}},
	} {
		r := &report.Report{Result: audit.Result{Domain: "acme.example", Examined: audit.Examined{Senders: tt.senders, SenderRanges: []string{"spf.host.test"}},
			SPF: &spfpolicy.Policy{Record: &spfpolicy.Record{Error: tt.wrong}}}}
		if got := strings.Join(view.ExaminedText(r), "|"); got != strings.Join(tt.want, "|") {
			t.Errorf("%s: %q", tt.name, got)
		}
	}
}

// TestOneCauseIsTheHeadline: what makes checks unknown in several sections is named.
func TestOneCauseIsTheHeadline(t *testing.T) {
	cause := finding.Finding{Check: "resolver-not-public", Section: finding.Hosts, Severity: finding.Unknown, Title: "DNS resolver does not see the public DNS"}
	open := []finding.Finding{
		{Check: "spf-unresolved", Section: finding.SPF, Severity: finding.Unknown, CouldBe: finding.Critical, Undecides: true, Title: "SPF lookup failed"},
		{Check: "dkim-unresolved", Section: finding.DKIM, Severity: finding.Unknown, CouldBe: finding.Error, Undecides: true, Title: "DKIM lookup failed"},
		{Check: "dkim-unresolved", Section: finding.DKIM, Severity: finding.Unknown, CouldBe: finding.Error, Subject: "s", Title: "DKIM lookup failed"}}
	cause.Blame(open, func(*finding.Finding) bool { return true })
	r := report.New(&audit.Result{Domain: "acme.example", Findings: []finding.Finding{cause}}, report.DefaultScale(), "1")
	if got, want := view.Headline(r), "DNS resolver does not see the public DNS, so that 2 checks could not be completed."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := view.FollowText(r.Findings), "Not decided for it: spf-unresolved, dkim-unresolved."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if lines := view.SectionLines(r); len(lines) != 2 || lines[0].Text != "SPF lookup failed" || lines[0].Mark != finding.Unknown {
		t.Errorf("%+v", lines)
	}
}
