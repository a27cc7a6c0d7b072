package audit

import (
	"encoding/json"
	"os"
	"testing"

	"mailworthy/internal/bombtest"
	"mailworthy/internal/golden"
	"mailworthy/resolver"
)

// tolerance is by how much allocations may differ from the golden file: they are
// counted, but hang on the version of Go, on the order in which maps are read and on how
// far pools are filled. Questions and rounds are exact.
const tolerance = 0.10

// counted is the work that something takes.
type counted struct {
	What      string  `json:"what"`
	Questions int     `json:"questions"`
	Rounds    int     `json:"rounds"`
	Allocs    float64 `json:"allocations"`
}

// TestCounts: an audit and a lookup take no more questions, rounds and allocations than
// testdata/counts.json says, and no fewer without saying so there.
func TestCounts(t *testing.T) {
	r := world(t)
	var got []counted
	for _, target := range []Target{{Domain: "acme.example"}, {Domain: "tidy.example", Selectors: []string{"s1"}}, {Domain: "parked.example"}, {Domain: "absent.example"}} {
		one := counted{What: "audit of " + target.Domain, Rounds: rounds(t, r, target)}
		one.Questions = Run(t.Context(), r, target, Options{}).Queries
		one.Allocs = testing.AllocsPerRun(20, func() { Run(t.Context(), r, target, Options{}) })
		got = append(got, one)
	}
	cache := resolver.NewCache(r, resolver.CacheOptions{})
	session := resolver.NewSession(cache, 0)
	for _, layer := range []struct {
		what string
		r    resolver.Resolver
	}{{"lookup in a zone", r}, {"lookup in the cache", cache}, {"lookup again in a session", session}} {
		got = append(got, counted{What: layer.what, Questions: 1, Rounds: 1,
			Allocs: testing.AllocsPerRun(1000, func() { _, _ = layer.r.Lookup(t.Context(), "tidy.example", resolver.TypeTXT) })})
	}

	const file = "testdata/counts.json"
	text, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if *golden.Update {
		golden.Compare(t, file, append(text, '\n'))
		return
	}
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var want []counted
	if err := json.Unmarshal(before, &want); err != nil || len(want) != len(got) {
		t.Fatalf("%s has %d counts, %d are made: %v", file, len(want), len(got), err)
	}
	for i, w := range want {
		g := got[i]
		if g.What != w.What || g.Questions != w.Questions || g.Rounds != w.Rounds {
			t.Errorf("%s: %d questions in %d rounds, and %s has %s with %d in %d", g.What, g.Questions, g.Rounds, file, w.What, w.Questions, w.Rounds)
		}
		// Under the race detector pools forget what they hold.
		if most := w.Allocs * tolerance; !bombtest.Raced && (g.Allocs > w.Allocs+most+1 || g.Allocs < w.Allocs-most-1) {
			t.Errorf("%s: %.0f allocations, and %s has %.0f: more than %.0f %% off", g.What, g.Allocs, file, w.Allocs, 100*tolerance)
		}
	}
	if t.Failed() {
		t.Log("if that is meant: go test ./audit -run TestCounts -update")
	}
}
