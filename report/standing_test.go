package report

import (
	"strings"
	"testing"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/mailhost"
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

// TestExchangeGone: what was said of the host of an MX record is over once no MX record names it.
func TestExchangeGone(t *testing.T) {
	f := finding.Finding{Check: "mx-unresolvable", Section: finding.Hosts, Severity: finding.Error, Subject: "old.acme.example"}
	for _, tt := range []struct {
		name     string
		mx       mailhost.MXState
		host     string
		envelope []mailhost.Authority
		check    string
		want     bool
	}{
		{"another host", mailhost.MXPresent, "mx1.acme.example", nil, f.Check, true},
		{"the same host", mailhost.MXPresent, "old.acme.example", nil, f.Check, false},
		{"not answered", mailhost.MXUnknown, "", nil, f.Check, false},
		{"no MX", mailhost.MXNone, "", nil, f.Check, true},
		{"of an envelope domain", mailhost.MXPresent, "mx1.acme.example", []mailhost.Authority{{Domain: "b.acme.example", MX: mailhost.MXPresent, Hosts: []mailhost.Host{{Name: "old.acme.example"}}}}, f.Check, false},
		{"an envelope domain's was not answered", mailhost.MXPresent, "mx1.acme.example", []mailhost.Authority{{Domain: "b.acme.example", MX: mailhost.MXUnknown}}, f.Check, false},
		{"of an address", mailhost.MXPresent, "mx1.acme.example", nil, "ptr-missing", false},
	} {
		d := &mailhost.Domain{Name: "acme.example", MX: tt.mx}
		if tt.host != "" {
			d.Exchanges = []mailhost.Exchange{{Host: mailhost.Host{Name: tt.host}}}
		}
		r := &Report{Result: audit.Result{Domain: "acme.example", Hosts: &mailhost.Facts{Domain: d, Envelope: tt.envelope},
			Findings: []finding.Finding{{Check: "hosts-unresolved", Section: finding.Hosts, Severity: finding.Unknown, Subject: "mx1.acme.example"}}}}
		g := f
		g.Check = tt.check
		if got := NewCoverage(r).Decides(g); got != tt.want || decided(r, g) != tt.want {
			t.Errorf("%s: %t, want %t", tt.name, got, tt.want)
		}
	}
}

// TestRecordFound: a record that is there now ends what was said of its absence, though SPF or
// DKIM are not known.
func TestRecordFound(t *testing.T) {
	seen := finding.Evidence{Name: "_dmarc.acme.example", Type: "TXT", Status: "found"}
	gone := seen
	gone.Status = "nodata"
	f := finding.Finding{Check: "dmarc-record-missing", Section: finding.DMARC, Severity: finding.Error, Subject: "acme.example", Evidence: []finding.Evidence{gone}}
	open := finding.Finding{Check: "spf-unresolved", Section: finding.SPF, Severity: finding.NotChecked, Subject: "spf.esp.example", Undecides: true}
	pass := finding.Finding{Check: f.Check, Section: f.Section, Severity: finding.Pass, Subject: f.Subject}
	policy := finding.Finding{Check: "dmarc-policy-none", Section: f.Section, Severity: finding.Warning, Subject: f.Subject, Evidence: []finding.Evidence{seen}}
	for name, tt := range map[string]struct {
		findings []finding.Finding
		want     bool
	}{
		"found":       {[]finding.Finding{open, pass, policy}, true},
		"not decided": {[]finding.Finding{open, policy}, false},
		"not asked":   {[]finding.Finding{open, pass}, false},
	} {
		if got := NewCoverage(&Report{Result: audit.Result{Domain: "acme.example", Findings: tt.findings}}).Decides(f); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
