package report

import (
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/report/reporttest"
)

func TestAccept(t *testing.T) {
	open := New(reporttest.Flawed(), DefaultScale(), "1.0.0")
	for _, tt := range []struct {
		name     string
		accept   Acceptance
		accepted bool
		ended    bool
	}{
		{name: "the subject", accept: Acceptance{Subject: "192.0.2.11", Until: "2026-04-01"}, accepted: true},
		{name: "any subject", accept: Acceptance{Until: "2026-04-01"}, accepted: true},
		{name: "the domain", accept: Acceptance{Domain: "ACME.example", Until: "2026-04-01"}, accepted: true},
		{name: "the last day", accept: Acceptance{Until: "2026-03-01"}, accepted: true},
		{name: "the day after", accept: Acceptance{Until: "2026-02-28"}, ended: true},
		{name: "another subject", accept: Acceptance{Subject: "192.0.2.12", Until: "2026-04-01"}},
		{name: "another domain", accept: Acceptance{Domain: "tidy.example", Until: "2026-04-01"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := tt.accept
			a.Check, a.Reason = "ptr-missing", "the provider moves it"
			result := reporttest.Flawed()
			r := NewWithPolicy(result, &Policy{Accept: []Acceptance{a}}, "1.0.0")
			var got *finding.Finding
			for i := range r.Findings {
				if r.Findings[i].Check == "ptr-missing" {
					got = &r.Findings[i]
				}
			}
			if (got.Accepted != nil) != tt.accepted {
				t.Fatalf("accepted: %+v", got.Accepted)
			}
			if tt.accepted && (got.Severity != finding.Info || got.Accepted.Severity != finding.Error || got.Points != 0) {
				t.Errorf("finding: %+v", got)
			}
			if (len(r.AcceptancesEnded) > 0) != tt.ended {
				t.Errorf("ended: %+v", r.AcceptancesEnded)
			}
			if hosts := r.Score.Sections[4]; (*hosts.Value > *open.Score.Sections[4].Value) != tt.accepted {
				t.Errorf("hosts score %d, without any acceptance %d", *hosts.Value, *open.Score.Sections[4].Value)
			}
			for _, f := range result.Findings {
				if f.Accepted != nil || f.Check == "ptr-missing" && f.Severity != finding.Error {
					t.Error("the result itself was changed")
				}
			}
		})
	}
}

// TestAcceptedCountsNowhere: with all that is wrong accepted a domain is ready, and
// what the DNS left open cannot change that any more.
func TestAcceptedCountsNowhere(t *testing.T) {
	p := &Policy{}
	for _, f := range reporttest.Flawed().Findings {
		if f.Severity != finding.Pass && f.Severity != finding.Info {
			p.Accept = append(p.Accept, Acceptance{Check: f.Check, Until: "2027-01-01", Reason: "a test"})
		}
	}
	r := NewWithPolicy(reporttest.Flawed(), p, "1.0.0")
	if r.Verdict != Ready || *r.Score.Value != 100 || r.Score.Low != 100 || r.Exit(finding.Notice) != 0 {
		t.Errorf("%s, %d (%d), exit %d", r.Verdict, *r.Score.Value, r.Score.Low, r.Exit(finding.Notice))
	}
}

func TestAcceptMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"accept: [{until: 2027-01-01, reason: r}]":                              "check is missing",
		"accept: [{check: ptr-missing, reason: r}]":                             "until is missing",
		"accept: [{check: ptr-missing, until: 2027-01-01}]":                     "reason is missing",
		"accept: [{check: ptr-missing, until: 2027-02-30, reason: r}]":          "until is not a day",
		"accept: [{check: ptr-mising, until: 2027-01-01, reason: r}]":           "did you mean ptr-missing?",
		"accept: [{check: ptr-missing, until: 2027-01-01, reason: r, seit: x}]": "seit",
	} {
		if _, err := LoadPolicy([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q in it", text, err, want)
		}
	}
	if _, err := LoadPolicy([]byte("accept: [{check: ptr-missing, until: 2027-01-01, reason: r}]")); err != nil {
		t.Error(err)
	}
}
