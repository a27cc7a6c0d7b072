package audit

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

// upTo yields 0 to n-1 and counts what was taken.
func upTo(n int, taken *atomic.Int64) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			taken.Add(1)
			if !yield(i) {
				return
			}
		}
	}
}

// TestStream: every input comes out once with its outcome, in order if asked,
// with no more under way than allowed.
func TestStream(t *testing.T) {
	for _, ordered := range []bool{false, true} {
		t.Run(fmt.Sprintf("ordered=%v", ordered), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const n, concurrency = 500, 16
				var taken, under, most atomic.Int64
				work := func(_ context.Context, i int) int {
					now := under.Add(1)
					for m := most.Load(); now > m && !most.CompareAndSwap(m, now); m = most.Load() {
					}
					time.Sleep(time.Duration(i*7919%100) * time.Millisecond)
					under.Add(-1)
					return i * i
				}
				var got []int
				for in, out := range Stream(t.Context(), upTo(n, &taken), StreamOptions{Concurrency: concurrency, Ordered: ordered}, work) {
					if out != in*in {
						t.Fatalf("%d came with the outcome %d", in, out)
					}
					got = append(got, in)
				}
				if ordered != slices.IsSorted(got) {
					t.Errorf("in order: %v", slices.IsSorted(got))
				}
				slices.Sort(got)
				if len(got) != n || len(slices.Compact(got)) != n {
					t.Errorf("%d of %d came", len(got), n)
				}
				if most.Load() != concurrency {
					t.Errorf("%d at once, want %d", most.Load(), concurrency)
				}
			})
		})
	}
}

// TestStreamWindow: an ordered stream waits for a slow input after a bounded
// number of others, an unordered one goes on.
func TestStreamWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const window = 40
		for _, ordered := range []bool{false, true} {
			var taken atomic.Int64
			var before int64
			work := func(_ context.Context, i int) int {
				if i == 0 {
					time.Sleep(time.Hour)
					before = taken.Load()
				}
				return i
			}
			n := 0
			for range Stream(t.Context(), upTo(1000, &taken), StreamOptions{Concurrency: 8, Ordered: ordered, Window: window}, work) {
				n++
			}
			if n != 1000 {
				t.Errorf("ordered=%v: %d of 1000 came", ordered, n)
			}
			// The one that waits for room in the window is taken, and not begun.
			if want := int64(window + 1); ordered && before > want {
				t.Errorf("%d inputs taken behind a slow one, at most %d wanted", before, want)
			} else if !ordered && before != 1000 {
				t.Errorf("unordered, %d of 1000 inputs taken while one was slow", before)
			}
		}
	})
}

// TestStreamEnds: a stop lets what is under way finish, a cancelled context and a
// break do not wait for it; no goroutine stays.
func TestStreamEnds(t *testing.T) {
	defer goleak.VerifyNone(t)
	const concurrency = 8
	for _, ordered := range []bool{false, true} {
		t.Run(fmt.Sprintf("stop ordered=%v", ordered), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var taken atomic.Int64
				stop := make(chan struct{})
				time.AfterFunc(90*time.Second, func() { close(stop) })
				n := 0
				work := func(context.Context, int) int { time.Sleep(time.Minute); return 0 }
				for range Stream(t.Context(), upTo(1000, &taken), StreamOptions{Concurrency: concurrency, Ordered: ordered, Stop: stop}, work) {
					n++
				}
				if n != 2*concurrency || taken.Load() != int64(n) {
					t.Errorf("%d taken and %d came, want %d of each", taken.Load(), n, 2*concurrency)
				}
			})
		})
		t.Run(fmt.Sprintf("cancel ordered=%v", ordered), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
				defer cancel()
				var taken atomic.Int64
				n, started := 0, time.Now()
				work := func(ctx context.Context, _ int) int {
					select {
					case <-time.After(time.Minute):
					case <-ctx.Done():
					}
					return 0
				}
				for range Stream(ctx, upTo(1000, &taken), StreamOptions{Concurrency: concurrency, Ordered: ordered}, work) {
					n++
				}
				if d := time.Since(started); n != concurrency || d != 90*time.Second {
					t.Errorf("%d came in %s, want those of the first minute, %d, in 1m30s", n, d, concurrency)
				}
			})
		})
		t.Run(fmt.Sprintf("break ordered=%v", ordered), func(t *testing.T) {
			var taken atomic.Int64
			for range Stream(t.Context(), upTo(1000, &taken), StreamOptions{Concurrency: concurrency, Ordered: ordered},
				func(context.Context, int) int { return 0 }) {
				break
			}
			if n := taken.Load(); n > 5*concurrency {
				t.Errorf("%d inputs taken for a break at the first", n)
			}
		})
	}
}
