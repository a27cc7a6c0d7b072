package dnsworld

import (
	"runtime"
	"testing"

	"mailworthy/internal/bombtest"
)

// TestBulkCounts: what a domain of a list takes, in questions and memory. A change
// that asks or allocates more fails, and one that takes fewer says so here.
func TestBulkCounts(t *testing.T) {
	const (
		domains, before = 200, 50
		// These are for all the domains. Questions are exact; allocations and their
		// size hang on pools and on the version of Go.
		asked, sent = 6681, 5568
		allocations = 693
		kilobytes   = 107
		tolerance   = 0.07
	)
	w := New(1, 0)
	s, err := Serve(w, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	st := stack(t, s.Addr())
	defer st.Close()
	k := newBulk(0, rows)
	run := func(from, n int) (questions int) {
		for i := from; n > 0; i++ {
			if w.domain(i).fault != healthy {
				continue
			}
			made := k.audit(t.Context(), st, i)
			if made.err != nil || made.unknown > 0 {
				t.Fatalf("%s: %v, or something is unknown", Domain(i), made.err)
			}
			questions += made.asked
			n--
		}
		return questions
	}
	run(500_000, before) // the cache has what providers share
	var started, ended runtime.MemStats
	misses := st.Cache.Stats().Misses
	runtime.ReadMemStats(&started)
	questions := run(0, domains)
	runtime.ReadMemStats(&ended)
	if n := int(st.Cache.Stats().Misses - misses); questions != asked || n != sent {
		t.Errorf("%d questions asked and %d sent, want %d and %d", questions, n, asked, sent)
	}
	n, kb := float64(ended.Mallocs-started.Mallocs)/domains, float64(ended.TotalAlloc-started.TotalAlloc)/domains/1024
	t.Logf("%.0f allocations and %.1f KB a domain", n, kb)
	if within := func(n, want float64) bool { return n > want*(1-tolerance) && n < want*(1+tolerance) }; !bombtest.Raced && (!within(n, allocations) || !within(kb, kilobytes)) {
		t.Errorf("%.0f allocations and %.1f KB a domain, want %d and %d", n, kb, allocations, kilobytes)
	}
}
