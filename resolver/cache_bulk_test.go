package resolver

import (
	"context"
	"fmt"
	"testing"
)

// TestCacheKeepsWhatIsShared: a run over many domains does not push out the answers
// that all of them need.
func TestCacheKeepsWhatIsShared(t *testing.T) {
	for _, shards := range []int{1, cacheShards} {
		next := &counting{reply: addr(1 << 20)}
		c := NewCache(next, CacheOptions{Entries: shards * leastEntries, Bytes: 64 << 20})
		if len(c.shards) != shards {
			t.Fatalf("%d shards, want %d", len(c.shards), shards)
		}
		const domains, each, providers = 4000, 10, 200
		for i := range 2 * providers {
			c.Lookup(context.Background(), fmt.Sprintf("p%d.test", i/2), TypeA)
		}
		for i := range domains {
			for k := range each {
				c.Lookup(context.Background(), fmt.Sprintf("h%d.d%d.test", k, i), TypeA)
			}
			c.Lookup(context.Background(), fmt.Sprintf("p%d.test", i%providers), TypeA)
		}
		asked := next.total() - domains*each
		// Between two questions for a provider come 2,000 for others: twice what the
		// smaller cache holds.
		if asked != providers {
			t.Errorf("%d shards: the %d answers that are shared were asked for %d times", shards, providers, asked)
		}
		s := c.Stats()
		if s.Entries > shards*leastEntries || s.Evicted == 0 || s.Hits+s.Misses != domains*(each+1)+2*providers {
			t.Errorf("%d shards: %+v", shards, s)
		}
	}
}

// TestCacheCountsBytes: what is counted is what is kept, whichever way it went.
func TestCacheCountsBytes(t *testing.T) {
	c := NewCache(&counting{reply: addr(300)}, CacheOptions{Entries: 10})
	for i := range 1000 {
		c.Lookup(context.Background(), fmt.Sprintf("h%d.test", i*i%17), TypeA)
	}
	s := &c.shards[0]
	bytes, kept := 0, 0
	for _, list := range []*slotList{&s.once, &s.again} {
		var before *slot
		n := 0
		for e := list.first; e != nil; before, e = e, e.after {
			if e.before != before || e.kept != list || s.slots[e.q] != e {
				t.Errorf("%+v stands wrong", e)
			}
			bytes += e.size
			n++
		}
		if list.last != before || list.n != n {
			t.Errorf("%d in a list of %d", n, list.n)
		}
		kept += n
	}
	if got := c.Stats(); got.Bytes != bytes || got.Entries > 10 || got.Entries != kept || len(s.slots) != kept {
		t.Errorf("%+v, and %d bytes are kept in %d of %d slots", got, bytes, kept, len(s.slots))
	}
}
