package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mailworthy/audit"
	"mailworthy/finding"
)

func TestBaseline(t *testing.T) {
	f := func(check string, severity finding.Severity, subject string) finding.Finding {
		c, _ := FindCheck(check)
		return finding.Finding{Check: check, Severity: severity, Section: c.Section, Subject: subject, CouldBe: map[bool]finding.Severity{true: finding.Error}[severity == finding.Unknown]}
	}
	of := func(list ...finding.Finding) *Report {
		return New(&audit.Result{Domain: "a.example", Findings: list}, DefaultScale(), "1.0.0")
	}
	ptr := f("ptr-missing", finding.Error, "192.0.2.1")
	other := f("ptr-missing", finding.Error, "192.0.2.2")
	spf := f("spf-multiple-records", finding.Critical, "a.example")
	for _, tt := range []struct {
		name          string
		before, after *Report
		status        int
		fixed         string
	}{
		{"the same", of(ptr, spf), of(ptr, spf), 0, "[]"},
		{"one more", of(ptr), of(ptr, spf), 1, "[]"},
		{"another subject", of(ptr), of(ptr, other), 1, "[]"},
		{"worse", of(f("ptr-missing", finding.Warning, "192.0.2.1")), of(ptr), 1, "[]"},
		{"better", of(ptr), of(f("ptr-missing", finding.Warning, "192.0.2.1")), 0, "[]"},
		{"fixed", of(ptr, other), of(other), 0, "[{ptr-missing 192.0.2.1}]"},
		{"not looked at", of(ptr, spf), of(ptr), 0, "[]"},
		{"now unknown", of(ptr), of(f("ptr-unknown", finding.Unknown, "192.0.2.1")), 3, "[]"},
		{"unknown as before", of(f("ptr-unknown", finding.Unknown, "192.0.2.1")), of(f("ptr-unknown", finding.Unknown, "192.0.2.1")), 0, "[]"},
		{"unknown before", of(f("ptr-missing", finding.Unknown, "192.0.2.1")), of(ptr), 1, "[]"},
		{"a notice", of(), of(f("dkim-shared-key", finding.Notice, "x")), 0, "[]"},
	} {
		row, err := AppendJSON(nil, NewRow(tt.before))
		if err != nil {
			t.Fatal(err)
		}
		whole, err := MarshalJSON([]*Report{tt.before}, "  ")
		if err != nil {
			t.Fatal(err)
		}
		one, err := AppendJSON(nil, tt.before)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{string(row), string(whole), string(one), "\n" + string(one)} {
			b, err := ReadBaseline(strings.NewReader(text))
			if err != nil {
				t.Errorf("%s: %v", tt.name, err)
				continue
			}
			if got, fixed := b.Exit(tt.after, finding.Error), fmt.Sprint(b.Fixed(tt.after)); got != tt.status || fixed != tt.fixed {
				t.Errorf("%s by %.30q: status %d, fixed %s, want %d, %s", tt.name, text, got, fixed, tt.status, tt.fixed)
			}
		}
	}
}

func TestBaselineErrors(t *testing.T) {
	row := `{"schema":"mailworthy/row/1","domain":"a.example","findings":[]}`
	for in, want := range map[string]string{
		"": "it is empty", "[]": "it is empty", " \n": "it is empty", "{": "it ends within value 1", "[" + row: "it ends within value 2", row + `{"sch`: "it ends within value 2",
		"domain,verdict": "value 1 is not a report or row: invalid character", "{}": `value 1 is not a report or row: its schema is ""`, row + "\n[1]": "value 2 is not a report or row: json: cannot unmarshal",
		`{"schema":"mailworthy/report/2","domain":"x"}`: `value 1 is not a report or row: its schema is "mailworthy/report/2", not mailworthy/report/1 or mailworthy/row/1`,
		"null": "value 1 is not a report",
	} {
		if _, err := ReadBaseline(strings.NewReader(in)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", in, err, want)
		}
	}
}

func FuzzBaseline(f *testing.F) {
	f.Add(`{"schema":"mailworthy/row/1","domain":"a.example","findings":[{"check":"x","severity":"error","subjects":["\\xff"]}]}`)
	f.Add(`[{"schema":"mailworthy/report/1","domain":"a.example","findings":[{"check":"x","severity":"error","subject":""}]}]`)
	f.Fuzz(func(t *testing.T, text string) {
		b, err := ReadBaseline(strings.NewReader(text))
		if (b == nil) == (err == nil) {
			t.Errorf("%v, %v", b, err)
		}
	})
}

// TestSince: what is fixed is named up to a bound and counted beyond it, once for each
// subject, and domains that the baseline does not have are counted.
func TestSince(t *testing.T) {
	c, _ := FindCheck("ptr-missing")
	with := func(domain string, subjects int) *Report {
		result := &audit.Result{Domain: domain}
		for i := range subjects {
			result.Findings = append(result.Findings, finding.Finding{Check: c.ID, Severity: finding.Error, Section: c.Section, Subject: fmt.Sprintf("192.0.2.%d", i)})
		}
		return New(result, DefaultScale(), "1.0.0")
	}
	before, err := AppendJSON(nil, with("a.example", maxFixed+3))
	if err != nil {
		t.Fatal(err)
	}
	b, err := ReadBaseline(strings.NewReader(string(before)))
	if err != nil {
		t.Fatal(err)
	}
	s := NewSince(b)
	if lines := s.Lines(); len(lines) != 0 {
		t.Errorf("of no report: %q", lines)
	}
	s.Add(with("a.example", 1))
	s.Add(with("b.example", 1))
	lines := s.Lines()
	if len(lines) != maxFixed+2 || lines[0] != "fixed since the baseline: a.example: ptr-missing 192.0.2.1" || lines[maxFixed] != "fixed since the baseline: 2 more" ||
		!strings.HasPrefix(lines[maxFixed+1], "warning: 1 of the domains") {
		t.Errorf("%q", lines)
	}
}

// TestSummarize: a summary has the ten most frequent findings, and the tally's own.
func TestSummarize(t *testing.T) {
	tally := Tally{Domains: 3, Checks: map[string]map[finding.Severity]int{}}
	for i, check := range AllChecks()[:12] {
		tally.Checks[check.ID] = map[finding.Severity]int{finding.Error: i + 1}
	}
	s := tally.Summarize(1500*time.Millisecond, nil)
	if s.Domains != 3 || s.DurationMS != 1500 || len(s.MostFrequent) != mostFrequent || s.MostFrequent[0].Domains != 12 || s.FromCache != nil {
		t.Errorf("%+v", s)
	}
}
