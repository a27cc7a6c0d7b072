package report

import (
	"reflect"
	"testing"
	"time"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/mailhost"
)

// open are findings that are unknown for one cause, apart, and as one.
func open() (apart, one []finding.Finding) {
	for _, f := range []finding.Finding{
		{Check: "spf-unresolved", Section: finding.SPF, CouldBe: finding.Critical, Undecides: true},
		{Check: "dkim-unresolved", Section: finding.DKIM, CouldBe: finding.Error, Undecides: true},
		{Check: "dkim-unresolved", Section: finding.DKIM, CouldBe: finding.Warning, Subject: "s1._domainkey.acme.example"},
		{Check: "dmarc-unresolved", Section: finding.DMARC, CouldBe: finding.Warning},
		{Check: "dnssec-unresolved", Section: finding.Transport},
	} {
		f.Severity = finding.Unknown
		apart = append(apart, f)
	}
	cause := mailhost.Silent("acme.example", "udp://192.0.2.53:53: timeout", false, nil)
	cause.Blame(apart, func(*finding.Finding) bool { return true })
	return apart, []finding.Finding{cause}
}

// TestOneCauseIsGradedAsItsConsequences: what is unknown for one cause counts once, and
// leaves each section undecided as it does apart.
func TestOneCauseIsGradedAsItsConsequences(t *testing.T) {
	known := []finding.Finding{{Check: "rbl-listed", Section: finding.Reputation, Severity: finding.Warning}}
	expired, lasting := "2026-01-01", "2027-12-31"
	for _, tt := range []struct {
		name   string
		policy *Policy
	}{
		{"by default", nil},
		{"severities", &Policy{Severities: map[string]finding.Severity{"spf-unresolved": finding.Notice, "dkim-unresolved": finding.Info}}},
		{"accepted", &Policy{Accept: []Acceptance{{Check: "spf-unresolved", Until: lasting, Reason: "known"}}}},
		{"accepted until lately", &Policy{Accept: []Acceptance{{Check: "spf-unresolved", Until: expired, Reason: "known"}}}},
		{"another weight", &Policy{Weights: map[finding.Section]int{finding.SPF: 90}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			apart, one := open()
			made := func(findings []finding.Finding) *Report {
				return NewWithPolicy(&audit.Result{Domain: "acme.example", Started: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
					Findings: append(findings, known...)}, tt.policy, "1")
			}
			a, b := made(apart), made(one)
			if b.Number(finding.Unknown) != 1 || b.Findings[0].Check != "resolver-silent" {
				t.Fatalf("%d unknown: %+v", b.Number(finding.Unknown), b.Findings)
			}
			if a.Verdict != b.Verdict || !reflect.DeepEqual(a.Score, b.Score) {
				t.Errorf("apart %s %+v\nas one %s %+v", a.Verdict, a.Score, b.Verdict, b.Score)
			}
			for _, failOn := range []finding.Severity{finding.Critical, finding.Error, finding.Warning, finding.Notice, Never} {
				if a.Exit(failOn) != b.Exit(failOn) {
					t.Errorf("fail on %s: apart %d, as one %d", failOn, a.Exit(failOn), b.Exit(failOn))
				}
			}
			if len(a.AcceptancesEnded) != len(b.AcceptancesEnded) {
				t.Errorf("ended: apart %v, as one %v", a.AcceptancesEnded, b.AcceptancesEnded)
			}
			if x, y := NewStanding(a), NewStanding(b); x.Verdict != y.Verdict || len(x.Findings) != len(y.Findings) {
				t.Errorf("known: apart %d findings, as one %d", len(x.Findings), len(y.Findings))
			}
		})
	}
	if first, _ := open(); len(first) != 5 {
		t.Error("what was apart is changed")
	}
}

// TestBaselineOfNothing: of a run in which nothing was known, what is not known now is not
// new; what is known to be wrong is.
func TestBaselineOfNothing(t *testing.T) {
	apart, one := open()
	b := &Baseline{domains: map[string]map[Held]finding.Severity{"acme.example": {{"resolver-silent", "acme.example"}: finding.Unknown}}}
	wrong := finding.Finding{Check: "spf-syntax", Section: finding.SPF, Severity: finding.Critical, Subject: "acme.example"}
	for _, tt := range []struct {
		findings []finding.Finding
		want     int
	}{{one, 0}, {apart, 0}, {append(one, wrong), 1}} {
		r := &Report{Result: audit.Result{Domain: "acme.example", Findings: tt.findings}}
		if got := b.Exit(r, finding.Error); got != tt.want {
			t.Errorf("%d, want %d", got, tt.want)
		}
	}
	r := &Report{Result: audit.Result{Domain: "acme.example", Findings: one}}
	b.domains["acme.example"] = map[Held]finding.Severity{{"spf-syntax", "acme.example"}: finding.Critical}
	if fixed := b.Fixed(r); len(fixed) > 0 || b.Exit(r, finding.Error) != 3 {
		t.Errorf("fixed: %v, exit %d", fixed, b.Exit(r, finding.Error))
	}
}
