package report

import (
	"bytes"
	"os"
	"slices"
	"testing"

	"mailworthy/finding"
	"mailworthy/receiver"
	"mailworthy/report/reporttest"
)

// A lean report has no passes and no requirement that is met; what passed is named, and
// comparing with it gives what comparing with the whole gives.
func TestLean(t *testing.T) {
	zones := reporttest.BundledZones(t)
	for name, target := range reporttest.BundledTargets {
		t.Run(name, func(t *testing.T) {
			whole := bundledReport(t, target, zones)
			lean := Lean(whole)
			for _, f := range lean.Findings {
				if f.Severity == finding.Pass {
					t.Errorf("%s passed and is there", f.Check)
				}
			}
			open := 0
			for _, v := range lean.Receivers {
				for _, q := range v.Requirements {
					if open++; q.Result == receiver.Meets || !q.ShownByDNS {
						t.Errorf("%s: %s is there", v.Receiver, q.Text)
					}
				}
			}
			if open == 0 && slices.ContainsFunc(whole.Receivers, func(v receiver.Verdict) bool { return v.Result != receiver.Meets }) {
				t.Error("no receiver says what fails")
			}
			for _, f := range whole.Findings {
				if slices.Contains(lean.Passed, f.Check) != slices.ContainsFunc(whole.Findings, func(g finding.Finding) bool { return g.Check == f.Check && g.Severity == finding.Pass }) {
					t.Errorf("passed %v: %s", lean.Passed, f.Check)
				}
			}
			long, _ := AppendJSON(nil, whole)
			short, err := AppendJSON(nil, lean)
			if err != nil || len(short) > len(long)*2/3 && len(lean.Passed) > 20 {
				t.Errorf("%d bytes of %d, %v", len(short), len(long), err)
			}
			back, err := ReadJSON(bytes.NewReader(short))
			if err != nil {
				t.Fatal(err)
			}
			for other, target := range reporttest.BundledTargets {
				against := bundledReport(t, target, zones)
				want, _ := MarshalJSON(Compare(whole, against), "  ")
				if got, _ := MarshalJSON(Compare(back[0], against), "  "); !bytes.Equal(got, want) {
					t.Errorf("before %s: %s, want %s", other, got, want)
				}
			}
		})
	}
}

// What a version wrote that left empty keys out is read as what this one writes.
func TestReadOldJSON(t *testing.T) {
	old, err := os.ReadFile("testdata/old/keys-left-out.json")
	if err != nil {
		t.Fatal(err)
	}
	reports, err := ReadJSON(bytes.NewReader(old))
	if err != nil {
		t.Fatal(err)
	}
	now := New(reporttest.Results()["flawed"], DefaultScale(), "1.0.0")
	if c := Compare(reports[0], now); !c.Same() || !c.SameOutcome() {
		t.Errorf("%+v", c)
	}
	if base, err := ReadBaseline(bytes.NewReader(old)); err != nil || !base.Has(now.Domain) {
		t.Errorf("baseline %v, %v", base, err)
	}
	reports[0].Passed = now.Passed
	for section, weight := range now.Score.Scale.Weights {
		if _, had := reports[0].Score.Scale.Weights[section]; !had && weight == 0 {
			reports[0].Score.Scale.Weights[section] = 0 // a section that the version did not have
		}
	}
	got, _ := MarshalJSON(reports[0], "  ")
	if want, _ := MarshalJSON(now, "  "); !bytes.Equal(got, want) {
		t.Errorf("%s, want %s", got, want)
	}
}
