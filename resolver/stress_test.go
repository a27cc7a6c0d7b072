package resolver_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

// TestManyBatches: batches that share questions, few places, a server that fails in
// many ways and one that is closed. Many batches are stopped at any moment, and in
// one round the stack is closed. Every question is told of once, and nothing stays
// under way.
func TestManyBatches(t *testing.T) {
	const places, batches, each = 40, 60, 40
	for _, closed := range []bool{false, true} {
		t.Run(fmt.Sprint("closed ", closed), func(t *testing.T) {
			s := dnstest.Start(t)
			for i := range 200 {
				s.Add(fmt.Sprintf("h%d.test", i), typeA, fmt.Sprintf("192.0.2.%d", i))
			}
			for _, f := range []dnstest.Fault{{Kind: dnstest.Silence, Percent: 3}, {Kind: dnstest.WrongID, Percent: 3, Then: true},
				{Kind: dnstest.Truncate, Percent: 5}, {Kind: dnstest.ServFail, Percent: 3}} {
				s.Fault("", dnstest.Any, f)
			}
			st, err := resolver.Build(resolver.Options{Config: resolver.Config{Servers: []string{resolver.Nobody, s.Addr()},
				MaxInFlight: places, Timeout: 100 * time.Millisecond}, Cache: resolver.CacheOptions{MaxTTL: time.Millisecond}})
			if err != nil {
				t.Fatal(err)
			}
			defer st.Close()
			resolver.SkipPauses(st.Client, func(time.Duration) {})
			var answered, over atomic.Int32
			var wg sync.WaitGroup
			for n := range batches {
				wg.Go(func() {
					rng := rand.New(rand.NewPCG(uint64(n), 1))
					ctx, stop := context.WithCancel(context.Background())
					defer stop()
					if n%3 == 0 {
						defer time.AfterFunc(time.Duration(rng.IntN(300))*time.Millisecond, stop).Stop()
					}
					session := resolver.NewSession(st, 0)
					b := resolver.NewBatch(ctx, session)
					told := make([]int, 2*each)
					for i := range each {
						b.Part(func(b *resolver.Batch) {
							for k := range 2 {
								name := rng.IntN(200)
								b.Ask(fmt.Sprintf("h%d.test", name), typeA, func(a *resolver.Answer, err error) {
									told[2*i+k]++
									if want := fmt.Sprintf(`found "192.0.2.%d"`, name); err == nil && say(a, err) != want {
										t.Errorf("h%d.test: %s, not %s", name, say(a, err), want)
									}
									if err == nil {
										answered.Add(1)
									}
									if k == 0 && rng.IntN(4) == 0 {
										b.Go(func() { session.Lookup(ctx, fmt.Sprintf("h%d.test", 199-name), typeA) }, func() {})
									}
								})
							}
						}, func() { over.Add(1) })
					}
					b.Run()
					for i, k := range told {
						if k != 1 {
							t.Errorf("question %d was told of %d times", i, k)
						}
					}
					if closed && n == 31 { // one that nobody stops
						st.Close()
					}
				})
			}
			wg.Wait()
			if over.Load() != batches*each || answered.Load() == 0 {
				t.Errorf("%d parts over, %d answers", over.Load(), answered.Load())
			}
			// What was left ends by itself, within the timeout of its try.
			for end := time.Now().Add(10 * time.Second); resolver.UnderWay(st, places) != 0; time.Sleep(time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("%d still under way", resolver.UnderWay(st, places))
				}
			}
		})
	}
}
