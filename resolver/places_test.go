package resolver

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"weak"
)

// visitor notes that it was let in, and leaves at once if it is to.
type visitor struct {
	places *places
	log    *[]int
	n      int
	leaves bool
}

func (e *visitor) entered() {
	*e.log = append(*e.log, e.n)
	if e.leaves {
		e.places.leave()
	}
}

func TestPlaces(t *testing.T) {
	p := &places{free: 1}
	var log []int
	if !p.enter(&visitor{p, &log, 0, false}) {
		t.Fatal("the first place was free")
	}
	// Calls that nest would be a hundred thousand deep here.
	const many = 100_000
	for i := range many {
		if p.enter(&visitor{p, &log, i, true}) {
			t.Fatal("there was one place")
		}
	}
	p.leave()
	if len(log) != many || p.free != 1 || !p.enter(nil) {
		t.Fatalf("%d let in, %d free", len(log), p.free)
	}
	for i, n := range log {
		if i != n {
			t.Fatalf("%d was let in as number %d", n, i)
		}
	}
}

// TestPlacesForget: who was let in is not held by the queue, however long that stays.
func TestPlacesForget(t *testing.T) {
	p := &places{}
	var log []int
	seen := make([]weak.Pointer[visitor], 1000)
	for i := range seen {
		v := &visitor{places: p, log: &log, n: i}
		seen[i] = weak.Make(v)
		p.enter(v)
	}
	held := func() (n int) {
		runtime.GC()
		for _, v := range seen {
			if v.Value() != nil {
				n++
			}
		}
		return n
	}
	for let := 0; let < len(seen); {
		for range 150 {
			if let < len(seen) {
				p.leave()
				let++
			}
		}
		p.enter(&visitor{places: p, log: &log}) // closes the gap, at times
		if n := held(); n != len(seen)-let {
			t.Fatalf("%d of %d were let in, and %d are held", let, len(seen), n)
		}
	}
	runtime.KeepAlive(p)
}

// TestPlacesWait: never more inside than there are places, whoever gives up.
func TestPlacesWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &places{free: 3}
		var inside, gone, most atomic.Int32
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%40)*time.Second+time.Millisecond)
				defer cancel()
				if !p.wait(ctx) {
					gone.Add(1)
					return
				}
				most.Store(max(most.Load(), inside.Add(1)))
				time.Sleep(time.Second)
				inside.Add(-1)
				p.leave()
			})
		}
		wg.Wait()
		if most.Load() != 3 || gone.Load() == 0 || gone.Load() == 200 || p.free != 3 {
			t.Errorf("at most %d inside, %d gave up, %d free in the end", most.Load(), gone.Load(), p.free)
		}
	})
}
