package history

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"mailworthy/audit"
	"mailworthy/report"
	"mailworthy/report/terminal"
	"mailworthy/resolver"
)

var targets = []audit.Target{
	{Domain: "acme.example"},
	{Domain: "tidy.example", Selectors: []string{"s1"}},
	{Domain: "parked.example"},
	{Domain: "crm.example", MailFrom: []string{"esp.example"}},
}

// TestSilenceIsNoChange: whatever question is not answered, nothing is reported
// as changed: not then, not when it stays so, not when the answer comes back.
func TestSilenceIsNoChange(t *testing.T) {
	for _, target := range targets {
		t.Run(target.Domain, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			asked := w.questions(t, target)
			if len(asked) < 10 {
				t.Fatalf("only %d questions", len(asked))
			}
			before := w.run(t, target, 0)
			known := report.NewStanding(before)
			check := func(what any, silent func(name string, typ resolver.Type) bool) {
				w.silent = silent
				now := w.run(t, target, 1)
				settled := known.Settle(now).Settle(now)
				unchanged(t, what, report.CompareStandings(known, settled))
				unchanged(t, what, report.CompareStandings(known, settled.Settle(before)))
			}
			for _, q := range asked {
				check(q, func(name string, typ resolver.Type) bool { return q == [2]string{name, typ.String()} })
			}
			check("everything", func(string, resolver.Type) bool { return true })
			w.denies = true
			check("a resolver that denies everything", nil)
			w.denies = false
			random := rand.New(rand.NewPCG(1, 2))
			for range 20 {
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

func keys[K comparable](m map[K]bool) func(func(K) bool) {
	return func(yield func(K) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// unchanged fails the test where the comparison shows a change.
func unchanged(t *testing.T, what any, c *report.Comparison) {
	t.Helper()
	if c.Unchanged() {
		return
	}
	var b bytes.Buffer
	if err := terminal.WriteComparison(&b, c, terminal.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Errorf("silent: %.300v\n%s", what, &b)
}
