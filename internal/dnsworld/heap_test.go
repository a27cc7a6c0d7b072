package dnsworld

import (
	"context"
	"runtime"
	"testing"
	"time"

	"mailworthy/audit"
	"mailworthy/resolver"
)

// TestHeapOfManyAudits: what has ended leaves nothing behind. More questions are
// under way than the client lets out at once, so that they wait in line; what lives
// after a forced collection is then what is under way and the cache, however many
// audits have ended.
func TestHeapOfManyAudits(t *testing.T) {
	if testing.Short() {
		t.Skip("thousands of audits over loopback")
	}
	const (
		concurrency = 384
		step        = 400
		steps       = 6
		// bound is what the heap may grow by, in MB: the cache fills up to 2, and which
		// domains are under way differs.
		bound = 10
	)
	w := New(1, 0)
	s, err := Serve(w, 5*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	st, err := resolver.Build(resolver.Options{Config: resolver.Config{Servers: []string{s.Addr()}, MaxInFlight: 2048},
		Cache: resolver.CacheOptions{Bytes: 2 << 20}})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	k := newBulk(10, false)
	k.options.Deadline = 0
	inputs := func(yield func(int) bool) {
		for i := 0; yield(i); i++ {
		}
	}
	work := func(ctx context.Context, i int) struct{} {
		k.audit(ctx, st, i)
		return struct{}{}
	}
	var live []uint64
	ended := 0
	for range audit.Stream(context.Background(), inputs, audit.StreamOptions{Concurrency: concurrency}, work) {
		if ended++; ended%step == 0 {
			runtime.GC()
			runtime.GC() // pools are empty after the second one
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			if live = append(live, m.HeapAlloc>>20); len(live) == steps {
				break
			}
		}
	}
	t.Logf("live MB after every %d audits: %d", step, live)
	if first, last := max(live[0], live[1]), min(live[steps-2], live[steps-1]); last > first+bound {
		t.Errorf("the heap grew from %d to %d MB with the number of audits", first, last)
	}
}
