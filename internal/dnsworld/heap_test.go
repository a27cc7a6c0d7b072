package dnsworld

import (
	"context"
	"os"
	"runtime"
	"testing"
	"time"
	"weak"

	"mailworthy/audit"
	"mailworthy/resolver"
)

// ownStack is the resolver of one audit alone: as long as anything of the audit is
// held, it is.
type ownStack struct{ *resolver.Stack }

// TestEndedAuditsAreForgotten: an audit that has ended leaves nothing behind in what
// the audits share, however many have and however many questions wait in line. So the
// heap is what is under way, and the cache.
func TestEndedAuditsAreForgotten(t *testing.T) {
	if testing.Short() {
		t.Skip("over a thousand audits over loopback")
	}
	const (
		concurrency = 384 // over 10,000 questions at once, of which a window is let out
		step        = 400
		// allowed are those whose last answer is just being handed on.
		allowed = 8
	)
	steps := 3
	if os.Getenv("IN_FULL") != "" {
		steps = 5
	}
	s, err := Serve(New(1, 0), 5*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	st, err := resolver.Build(resolver.Options{Config: resolver.Config{Servers: []string{s.Addr()}},
		Cache: resolver.CacheOptions{Bytes: 2 << 20}})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	k := newBulk(10, nothing)
	k.options.Deadline = 0
	inputs := func(yield func(int) bool) {
		for i := 0; yield(i); i++ {
		}
	}
	work := func(ctx context.Context, i int) weak.Pointer[ownStack] {
		own := &ownStack{st}
		k.audit(ctx, own, i)
		return weak.Make(own)
	}
	var ended []weak.Pointer[ownStack]
	var held, live []int
	for _, own := range audit.Stream(context.Background(), inputs, audit.StreamOptions{Concurrency: concurrency}, work) {
		if ended = append(ended, own); len(ended)%step != 0 {
			continue
		}
		runtime.GC()
		runtime.GC() // pools are empty after the second one
		n := 0
		for _, own := range ended {
			if own.Value() != nil {
				n++
			}
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		held, live = append(held, n), append(live, int(m.HeapAlloc>>20))
		if n > allowed {
			t.Errorf("of %d audits that have ended, %d are held", len(ended), n)
		}
		if len(held) == steps {
			break
		}
	}
	t.Logf("held after every %d audits: %d, live MB: %d", step, held, live)
}
