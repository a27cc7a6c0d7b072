package report

import (
	"cmp"
	rand "math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"mailworthy/finding"
	"mailworthy/report/reporttest"
)

func TestGrade(t *testing.T) {
	const none = -1
	tests := []struct {
		name             string
		findings         []finding.Finding
		value, low, high int
		grade            string
		verdict          Verdict
		cappedBy         finding.Severity
	}{
		{"everything passes", reporttest.AllPassed(), 100, 100, 100, "A", Ready, ""},
		{"nothing examined", nil, none, 0, 0, "-", Ready, ""},
		{"notice: 3 of SPF's quarter",
			append(reporttest.AllPassed(), reporttest.Found(finding.SPF, "spf-overlap", finding.Notice)), 99, 99, 99, "A", Ready, ""},
		{"warning: 15 of DMARC's quarter",
			append(reporttest.AllPassed(), reporttest.Found(finding.DMARC, "dmarc-policy-none", finding.Warning)), 96, 96, 96, "A", ReadyWithWarnings, ""},
		{"error: the mean of 88 is capped at 79",
			append(reporttest.AllPassed(), reporttest.Found(finding.SPF, "spf-record-missing", finding.Error)), 79, 79, 79, "C", NotReady, finding.Error},
		{"critical: the mean of 75 is capped at 49",
			append(reporttest.AllPassed(), reporttest.Found(finding.SPF, "spf-multiple-records", finding.Critical)), 49, 49, 49, "F", NotReady, finding.Critical},
		{"one deduction a check, however many subjects",
			append(reporttest.AllPassed(), reporttest.Found(finding.Hosts, "ptr-generic", finding.Warning), reporttest.Found(finding.Hosts, "ptr-generic", finding.Warning)),
			99, 99, 99, "A", ReadyWithWarnings, ""},
		{"the worst of a check counts",
			append(reporttest.AllPassed(), reporttest.Found(finding.Hosts, "ptr-generic", finding.Notice), reporttest.Found(finding.Hosts, "ptr-generic", finding.Warning)),
			99, 99, 99, "A", ReadyWithWarnings, ""},
		{"a section never falls below nothing",
			append(reporttest.AllPassed(), reporttest.Found(finding.Hosts, "a", finding.Error), reporttest.Found(finding.Hosts, "b", finding.Error), reporttest.Found(finding.Hosts, "c", finding.Error)),
			79, 79, 79, "C", NotReady, finding.Error},
		{"undecided section: left out of the mean, widens the range",
			append(reporttest.AllPassed(finding.DMARC), reporttest.Unresolved(finding.DMARC, finding.Critical, true)), 100, 49, 100, "A", Incomplete, ""},
		{"undecided detail: the section stays in",
			append(reporttest.AllPassed(), reporttest.Unresolved(finding.DMARC, finding.Error, false)), 100, 79, 100, "A", Incomplete, ""},
		{"an undecided warning could not change ready into not ready, but into warnings",
			append(reporttest.AllPassed(), reporttest.Unresolved(finding.DMARC, finding.Warning, false)), 100, 96, 100, "A", Incomplete, ""},
		{"an undecided notice changes nothing",
			append(reporttest.AllPassed(), reporttest.Unresolved(finding.DMARC, finding.Notice, false)), 100, 99, 100, "A", Ready, ""},
		{"not ready stays not ready whatever is unknown",
			append(reporttest.AllPassed(), reporttest.Found(finding.SPF, "x", finding.Error), reporttest.Unresolved(finding.DMARC, finding.Critical, false)),
			79, 49, 79, "C", NotReady, finding.Error},
		{"an undecided section that has lost everything is judged",
			append(reporttest.AllPassed(finding.SPF), reporttest.Found(finding.SPF, "x", finding.Critical), reporttest.Unresolved(finding.SPF, finding.Critical, true)),
			49, 49, 49, "F", NotReady, finding.Critical},
		{"nothing could be asked", []finding.Finding{reporttest.Unresolved(finding.SPF, finding.Error, true), reporttest.Unresolved(finding.DMARC, finding.Error, true)},
			none, 50, 100, "-", Incomplete, ""},
		{"not observed: unknown in the score, a warning in the verdict",
			append(reporttest.AllPassed(finding.DKIM), finding.Finding{Check: "dkim-none-observed", Section: finding.DKIM, Severity: finding.Notice,
				CouldBe: finding.Error, Undecides: true, VerdictAs: finding.Warning}),
			100, 79, 100, "A", ReadyWithWarnings, ""},
		{"hygiene weighs nothing, but an error in it caps",
			append(reporttest.AllPassed(), reporttest.Found(finding.Hygiene, "mta-sts-misses-mx", finding.Error)), 79, 79, 79, "C", NotReady, finding.Error},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			verdict, score := Grade(tt.findings, DefaultScale())
			value := none
			if score.Value != nil {
				value = *score.Value
			}
			if value != tt.value || score.Low != tt.low || score.High != tt.high {
				t.Errorf("score %d (%d–%d), want %d (%d–%d)", value, score.Low, score.High, tt.value, tt.low, tt.high)
			}
			if score.Grade != tt.grade || verdict != tt.verdict || score.CappedBy != tt.cappedBy {
				t.Errorf("grade %s, %s, capped by %q; want %s, %s, %q", score.Grade, verdict, score.CappedBy, tt.grade, tt.verdict, tt.cappedBy)
			}
		})
	}
}

// The points of the findings are the way from the mean to 100.
func TestPointsAddUp(t *testing.T) {
	findings := append(reporttest.AllPassed(),
		reporttest.Found(finding.SPF, "a", finding.Critical), reporttest.Found(finding.SPF, "b", finding.Warning), reporttest.Found(finding.SPF, "b", finding.Warning),
		reporttest.Found(finding.DKIM, "c", finding.Warning), reporttest.Found(finding.Hosts, "d", finding.Error), reporttest.Found(finding.Hosts, "e", finding.Notice))
	_, score := Grade(findings, DefaultScale())
	gain := map[string]float64{}
	for _, f := range findings {
		gain[f.Check] = f.Points
	}
	want := map[string]float64{"a": 21.3, "b": 3.8, "c": 3, "d": 5, "e": 0.3}
	sum := float64(*score.BeforeCap)
	for check, points := range want {
		if gain[check] != points {
			t.Errorf("fixing %s gains %v, want %v", check, gain[check], points)
		}
		sum += gain[check]
	}
	if sum < 99 || sum > 101 {
		t.Errorf("mean %d and all points make %.1f, want 100 but for rounding", *score.BeforeCap, sum)
	}
}

// Whatever order the findings come in, sorting moves each to its place.
func TestSortFindings(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	severities := []finding.Severity{finding.Critical, finding.Error, finding.Warning, finding.Pass, finding.Unknown}
	for n := range 200 {
		var list []finding.Finding
		for i := range n {
			list = append(list, finding.Finding{Check: strconv.Itoa(i), Severity: severities[random.IntN(len(severities))],
				Points: float64(random.IntN(3)), Section: finding.Sections[random.IntN(len(finding.Sections))]})
		}
		want := slices.Clone(list)
		slices.SortStableFunc(want, func(a, b finding.Finding) int {
			return cmp.Or(b.Severity.Rank()-a.Severity.Rank(), cmp.Compare(b.Points, a.Points),
				slices.Index(finding.Sections, a.Section)-slices.Index(finding.Sections, b.Section))
		})
		sortFindings(list)
		if !reflect.DeepEqual(list, want) {
			t.Fatalf("%d findings: %+v, want %+v", n, list, want)
		}
	}
}
