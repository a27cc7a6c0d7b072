// Package bombtest measures what a hostile input costs the code that judges it, for
// the tests of packages that read records, messages and files; and has one such input.
package bombtest

import (
	"encoding/json"
	"runtime"
	"testing"
	"time"
)

// hang is the time after which a judgement counts as one that does not end. It is no
// measure of speed: what takes too long in earnest (a repair of quadratic cost) takes
// minutes.
const hang = 30 * time.Second

// Bounds is what one judgement may cost. A zero bound does not bound.
type Bounds struct {
	Said      int // octets of what was said, as JSON
	Allocated int // octets allocated while judging, in all
}

// Judge runs judge once and fails the test if it costs more than most. It returns
// what was said, as JSON, and its figures, for the log of the test.
//
// Allocations are not held to their bound under the race detector: there a sync.Pool
// forgets at random what it was given, and regular expressions, which keep their
// machines in pools, allocate several times as much.
func Judge(t *testing.T, name string, most Bounds, judge func() any) (said []byte, allocated int) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	v := judge()
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	said, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	allocated = int(after.TotalAlloc - before.TotalAlloc)
	if took > hang {
		t.Errorf("%s: %v", name, took)
	}
	if most.Said > 0 && len(said) > most.Said {
		t.Errorf("%s: %d KB said, at most %d", name, len(said)>>10, most.Said>>10)
	}
	if most.Allocated > 0 && allocated > most.Allocated && !Raced {
		t.Errorf("%s: %d MB allocated, at most %d", name, allocated>>20, most.Allocated>>20)
	}
	return said, allocated
}
