package history_test

import (
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"mailworthy/finding"
	"mailworthy/history/historytest"
	"mailworthy/report"
	"mailworthy/resolver"
)

// TestSilenceIsNoChange: whatever question is not answered (by hand, a third of them), nothing is reported
// as changed: not then, not when it stays so, not when the answer comes back.
func TestSilenceIsNoChange(t *testing.T) {
	for _, target := range historytest.Targets() {
		t.Run(target.Domain, func(t *testing.T) {
			t.Parallel()
			w := historytest.NewWorld(t)
			asked := w.Questions(t, target)
			if len(asked) < 10 {
				t.Fatalf("only %d questions", len(asked))
			}
			before := w.Run(t, target, 0)
			known := report.NewStanding(before)
			check := func(what any, silent func(name string, typ resolver.Type) bool) {
				w.Silent = silent
				now := w.Run(t, target, 1)
				settled := known.Settle(now).Settle(now)
				historytest.Unchanged(t, what, report.CompareStandings(known, settled))
				historytest.Unchanged(t, what, report.CompareStandings(known, settled.Settle(before)))
			}
			full := os.Getenv("IN_FULL") != ""
			for i, q := range asked {
				if !full && i%3 != 0 {
					continue
				}
				check(q, func(name string, typ resolver.Type) bool { return q == [2]string{name, typ.String()} })
			}
			check("everything", func(string, resolver.Type) bool { return true })
			check("the servers of the domain", func(name string, _ resolver.Type) bool { return resolver.Within(name, target.Domain) })
			now := w.Run(t, target, 1)
			if at := slices.IndexFunc(now.Findings, func(f finding.Finding) bool { return f.Check == "zone-silent" }); at < 0 || len(now.Findings[at].Follows) < 2 {
				t.Errorf("that the servers of the domain are silent is not one finding: %+v", now.Findings[0])
			}
			w.Denies = true
			check("a resolver that denies everything", nil)
			w.Denies = false
			random := rand.New(rand.NewPCG(1, 2))
			subsets := 7
			if full {
				subsets = 20
			}
			for range subsets {
				share := random.Float64()
				dead := make(map[[2]string]bool)
				for _, q := range asked {
					if random.Float64() < share {
						dead[q] = true
					}
				}
				check(slices.Collect(keys(dead)), func(name string, typ resolver.Type) bool { return dead[[2]string{name, typ.String()}] })
			}
		})
	}
}

// TestSilenceIsNoVerdict: what was incomplete before does not become ready because
// nothing is answered any more.
func TestSilenceIsNoVerdict(t *testing.T) {
	tried := 0
	for _, target := range historytest.Targets() {
		w := historytest.NewWorld(t)
		of := 0
		for _, q := range w.Questions(t, target) {
			if of == 2 {
				break
			}
			w.Denies, w.Silent = false, func(name string, typ resolver.Type) bool { return q == [2]string{name, typ.String()} }
			before := w.Run(t, target, 0)
			if before.Verdict != report.Incomplete {
				continue
			}
			of, tried = of+1, tried+1
			for _, denies := range []bool{true, false} {
				w.Denies, w.Silent = denies, func(string, resolver.Type) bool { return !denies }
				if got := report.NewStanding(before).Settle(w.Run(t, target, 1)); got.Verdict != report.Incomplete {
					t.Errorf("%s: %v, then nothing (denies %v): %s", target.Domain, q, denies, got.Verdict)
				}
			}
		}
	}
	if tried == 0 {
		t.Fatal("no question alone makes an audit incomplete")
	}
}

func keys[K comparable](m map[K]bool) func(func(K) bool) {
	return func(yield func(K) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// TestSilenceFirst: a first run that knew nothing, for a resolver that is silent or lies,
// leaves nothing behind once a run is answered; and what was known then stays.
func TestSilenceFirst(t *testing.T) {
	for _, target := range historytest.Targets() {
		w := historytest.NewWorld(t)
		known := w.Run(t, target, 0)
		for _, denies := range []bool{true, false} {
			w.Denies, w.Silent = denies, func(string, resolver.Type) bool { return !denies }
			nothing := w.Run(t, target, 1)
			w.Denies, w.Silent = false, nil
			at := slices.IndexFunc(nothing.Findings, func(f finding.Finding) bool { return f.Severity == finding.Unknown })
			if nothing.Number(finding.Unknown) != 1 || len(nothing.Findings[at].Follows) == 0 {
				t.Fatalf("%s: denies %v: %+v", target.Domain, denies, nothing.Findings)
			}
			first := report.NewStanding(nothing)
			answered := first.Settle(known)
			want := report.NewStanding(known)
			historytest.Unchanged(t, "answered after nothing", report.CompareStandings(want, answered))
			if first.Verdict != nothing.Verdict || first.Score.Value != nil || answered.Verdict != want.Verdict || len(answered.Findings) != len(want.Findings) {
				t.Errorf("%s, denies %v: first %s; then %s with %d findings, want %s with %d", target.Domain, denies,
					first.Verdict, answered.Verdict, len(answered.Findings), want.Verdict, len(want.Findings))
			}
			again := answered.Settle(nothing).Settle(nothing)
			historytest.Unchanged(t, "nothing again", report.CompareStandings(answered, again))
			historytest.Unchanged(t, "answered again", report.CompareStandings(answered, again.Settle(known)))
		}
	}
}
