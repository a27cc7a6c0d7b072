package report

import (
	"strings"
	"testing"

	"mailworthy/audit"
	"mailworthy/finding"
	spfpolicy "mailworthy/spf/policy"
)

// TestAskedBelowADeniedName: below a name that does not exist there is nothing (RFC 8020), so
// that what was not asked there is no missing answer.
func TestAskedBelowADeniedName(t *testing.T) {
	seen := func(e finding.Evidence) *Coverage {
		return NewCoverage(&Report{Result: audit.Result{Domain: "acme.example",
			Findings: []finding.Finding{{Check: "dkim-proved-absent", Section: finding.DKIM, Severity: finding.Error, Evidence: []finding.Evidence{e}}}}})
	}
	denied := finding.Evidence{Name: "_domainkey.Acme.example", Type: "TXT", Status: "nxdomain"}
	for _, tt := range []struct {
		name string
		e    finding.Evidence
		of   string
		want bool
	}{
		{"below", denied, "S1._domainkey.acme.example", true},
		{"further below", denied, "a.s1._domainkey.acme.example", true},
		{"above", denied, "acme.example", false},
		{"beside", denied, "s1._domainkey.news.acme.example", false},
		{"not a label of it", denied, "x_domainkey.acme.example", false},
		{"empty, and so there", finding.Evidence{Name: denied.Name, Type: "TXT", Status: "nodata"}, "s1._domainkey.acme.example", false},
		{"the end of an alias", finding.Evidence{Name: denied.Name, Type: "TXT", Status: "nxdomain", CNAMEs: []string{"gone.example"}}, "s1._domainkey.acme.example", false},
		{"not answered", finding.Evidence{Name: denied.Name, Type: "TXT", Status: "servfail"}, "s1._domainkey.acme.example", false},
	} {
		if got := seen(tt.e).Asked(tt.of, "TXT"); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// TestStandingOfAMissingDomain: of a domain that does not exist nothing else stands, whatever an
// earlier audit found, so that verdict and score are those of the audit.
func TestStandingOfAMissingDomain(t *testing.T) {
	of := func(findings ...finding.Finding) *Report {
		r := &Report{Result: audit.Result{Domain: "acme.example", Profile: finding.Sender, ProfileWhy: "stated", Findings: findings}}
		r.Verdict, r.Score = Grade(r.Findings, DefaultScale())
		return r
	}
	seen := []finding.Evidence{{Name: "acme.example", Type: "TXT", Status: "found"}}
	before := NewStanding(of(
		finding.Finding{Check: "spf-record-missing", Section: finding.SPF, Severity: finding.Pass, Subject: "acme.example", Evidence: seen},
		finding.Finding{Check: "dmarc-policy-none", Section: finding.DMARC, Severity: finding.Warning, Subject: "acme.example", Evidence: seen},
		finding.Finding{Check: "rbl-listed", Section: finding.Reputation, Severity: finding.Pass, Subject: "192.0.2.10"}))
	denied := []finding.Evidence{{Name: "acme.example", Type: "MX", Status: "nxdomain"}}
	for _, tt := range []struct {
		name, subject string
		severity      finding.Severity
		stands        bool
	}{
		{"it does not exist", "acme.example", finding.Critical, false},
		{"an envelope domain does not", "bounce.acme.example", finding.Critical, true},
		{"it may not exist", "acme.example", finding.Unknown, true},
		{"it exists", "acme.example", finding.Pass, true},
	} {
		after := of(finding.Finding{Check: "domain-missing", Section: finding.Hosts, Severity: tt.severity, Subject: tt.subject, Evidence: denied})
		got := before.Settle(after)
		if stands := len(got.Findings) > 1; stands != tt.stands {
			t.Errorf("%s: %+v", tt.name, got.Findings)
		}
		if want := NewStanding(after); !tt.stands && (got.Verdict != want.Verdict || got.Score.Value == nil || *got.Score.Value != *want.Score.Value) {
			t.Errorf("%s: %s %v, want %s %v", tt.name, got.Verdict, got.Score.Value, want.Verdict, want.Score.Value)
		}
	}
}

// TestTermGone: what was said of a term of the SPF record is over once the record that was answered
// does not have it, though the check leaves no pass behind.
func TestTermGone(t *testing.T) {
	of := func(status spfpolicy.Status, record string, findings ...finding.Finding) *Report {
		p := &spfpolicy.Policy{Domain: "acme.example", Record: &spfpolicy.Record{Status: status}}
		p.Status = status
		for text := range strings.FieldsSeq(record) {
			p.Record.Terms = append(p.Record.Terms, spfpolicy.Term{Text: text})
		}
		r := &Report{Result: audit.Result{Domain: "acme.example", SPF: p, Findings: findings}}
		r.Verdict, r.Score = Grade(r.Findings, DefaultScale())
		return r
	}
	left := finding.Finding{Check: "provider-left-behind", Section: finding.Hygiene, Severity: finding.Notice, Subject: "include:_spf.esp.example"}
	other := left
	other.Subject = "news.acme.example"
	before := of(spfpolicy.StatusFound, "mx include:_spf.esp.example -all", left, other)
	for _, tt := range []struct {
		name   string
		after  *Report
		gone   int
		unsure int
	}{
		{"without the term", of(spfpolicy.StatusFound, "mx -all"), 1, 1},
		{"with it", of(spfpolicy.StatusFound, "mx include:_spf.esp.example -all"), 0, 2},
		{"no record", of(spfpolicy.StatusNone, ""), 1, 1},
		{"not answered", of(spfpolicy.StatusUnresolved, ""), 0, 2},
		{"SPF was not examined", &Report{Result: audit.Result{Domain: "acme.example"}}, 0, 2},
	} {
		c := Compare(before, tt.after)
		if len(c.Gone) != tt.gone || len(c.Unsure) != tt.unsure {
			t.Errorf("%s: gone %v, unsure %v", tt.name, c.Gone, c.Unsure)
		}
		if got := NewCoverage(tt.after).Decides(left); got != (tt.gone == 1) {
			t.Errorf("%s: decides %t", tt.name, got)
		}
	}
}
