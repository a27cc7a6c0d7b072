package resolver

import (
	"context"
	"hash/maphash"
	"sync"
	"time"
	"unsafe"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// CacheOptions bound a Cache. A zero is the default.
type CacheOptions struct {
	// Entries, 100,000; Bytes (roughly), 8 MiB.
	Entries int
	Bytes   int
	// MaxTTL caps how long an answer is kept, a day; MaxNegativeTTL an absence, an
	// hour (RFC 2308, 5).
	MaxTTL, MaxNegativeTTL time.Duration
	// Now is the clock.
	Now func() time.Time
}

// Cache keeps answers for their TTL, absence included, and lets equal questions
// under way be one. Errors are not kept. What is kept is the answer to one name
// and type: NXDOMAIN says nothing here of other types or of names below, because
// servers exist that answer it for empty non-terminals and for types that they do
// not know. What was not used for the longest time makes room.
//
// A hit returns the answer as it came: its TTL does not count down.
type Cache struct {
	next   starter
	o      CacheOptions
	seed   maphash.Seed
	shards []cacheShard
}

// cacheShards is the number of parts with a lock each. A cache too small to be
// shared out has one.
const (
	cacheShards  = 16
	leastEntries = 1 << 10
	leastBytes   = 1 << 20
	// againShare is the part of the entries, in percent, that stay before others.
	againShare = 80
)

type cacheShard struct {
	mu      sync.Mutex
	cache   *Cache
	missed  map[question]*missed             // under way
	once    *simplelru.LRU[question, cached] // not used since it came, or not for long
	again   *simplelru.LRU[question, cached] // used since, up to a share of the room
	bytes   int
	most    int // bytes
	entries int // at most

	hits, misses, shared, evicted int64
	_                             [64]byte // shards on cache lines of their own
}

// missed is a question that is not kept, under way.
type missed struct {
	flight
	shard *cacheShard
	q     question
}

type cached struct {
	answer  *Answer
	expires time.Time
	size    int
}

// CacheStats counts. Shared are misses that waited for an equal question.
type CacheStats struct {
	Hits, Misses, Shared, Evicted int64
	Entries, Bytes                int
}

// HitRate is the part of the questions that were not passed on, from 0 to 1.
func (s CacheStats) HitRate() float64 {
	all := s.Hits + s.Misses + s.Shared
	if all == 0 {
		return 0
	}
	return float64(s.Hits+s.Shared) / float64(all)
}

// NewCache puts a cache in front of a resolver.
func NewCache(next Resolver, o CacheOptions) *Cache {
	if o.Entries <= 0 {
		o.Entries = 100_000
	}
	if o.Bytes <= 0 {
		o.Bytes = 8 << 20
	}
	if o.MaxTTL <= 0 {
		o.MaxTTL = 24 * time.Hour
	}
	if o.MaxNegativeTTL <= 0 {
		o.MaxNegativeTTL = time.Hour
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	n := cacheShards
	if o.Entries < n*leastEntries || o.Bytes < n*leastBytes {
		n = 1
	}
	c := &Cache{next: starterOf(next), o: o, seed: maphash.MakeSeed(), shards: make([]cacheShard, n)}
	for i := range c.shards {
		s := &c.shards[i]
		s.cache, s.most, s.entries, s.missed = c, o.Bytes/n, o.Entries/n, map[question]*missed{}
		// The sizes are over zero, so there is no error; they are not what bounds.
		s.once, _ = simplelru.NewLRU[question, cached](o.Entries+1, nil)
		s.again, _ = simplelru.NewLRU[question, cached](o.Entries+1, nil)
	}
	return c
}

// Lookup implements Resolver.
func (c *Cache) Lookup(ctx context.Context, name string, t Type) (*Answer, error) {
	key, wrong := canonical(name)
	if wrong != "" {
		return nil, &Error{Name: name, Type: t, Reason: BadName, Detail: wrong}
	}
	q := question{key, t}
	s := c.shard(q)
	s.mu.Lock()
	if a := s.get(q); a != nil {
		s.mu.Unlock()
		return a, nil
	}
	w := newWaiter()
	return w.wait(ctx, c.next, q, s.miss(q, w))
}

// start implements starter.
func (c *Cache) start(q question, to taker) stopper {
	s := c.shard(q)
	s.mu.Lock()
	if a := s.get(q); a != nil {
		s.mu.Unlock()
		to.take(a, nil)
		return nil
	}
	return s.miss(q, to)
}

func (c *Cache) flush() { c.next.flush() }

func (c *Cache) shard(q question) *cacheShard {
	if len(c.shards) == 1 {
		return &c.shards[0]
	}
	return &c.shards[maphash.String(c.seed, q.name)%uint64(len(c.shards))]
}

// miss asks, or waits for an equal question. It unlocks the shard.
func (s *cacheShard) miss(q question, to taker) stopper {
	if m := s.missed[q]; m != nil {
		s.shared++
		p := m.join(to)
		s.mu.Unlock()
		return p
	}
	s.misses++
	m := &missed{shard: s, q: q}
	m.open(&s.mu, m, to)
	s.missed[q] = m
	s.mu.Unlock()
	return m.depart(s.cache.next, q)
}

// landed implements landing.
func (m *missed) landed(a *Answer, err error, late bool) {
	m.shard.keep(m.q, a, err, late)
	if !late {
		delete(m.shard.missed, m.q)
	}
}

// left implements landing.
func (m *missed) left() { delete(m.shard.missed, m.q) }

// Stats returns the counters.
func (c *Cache) Stats() CacheStats {
	var out CacheStats
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		out.Hits += s.hits
		out.Misses += s.misses
		out.Shared += s.shared
		out.Evicted += s.evicted
		out.Entries += s.once.Len() + s.again.Len()
		out.Bytes += s.bytes
		s.mu.Unlock()
	}
	return out
}

// get returns what is kept and has not expired. The lock is held.
func (s *cacheShard) get(q question) *Answer {
	e, ok := s.again.Get(q)
	if !ok {
		if e, ok = s.once.Peek(q); !ok {
			return nil
		}
		s.once.Remove(q)
		s.again.Add(q, e)
		if s.again.Len() > max(1, s.entries*againShare/100) {
			old, back, _ := s.again.RemoveOldest()
			s.once.Add(old, back)
		}
	}
	if !s.cache.o.Now().Before(e.expires) {
		s.drop(q)
		return nil
	}
	s.hits++
	return e.answer
}

// drop takes an answer out, if it is there. The lock is held.
func (s *cacheShard) drop(q question) {
	for _, list := range [...]*simplelru.LRU[question, cached]{s.once, s.again} {
		if e, ok := list.Peek(q); ok {
			s.bytes -= e.size
			list.Remove(q)
		}
	}
}

// keep stores an answer, evicting others if the cache is full. A late answer (the
// question was asked again meanwhile) is dropped. The caller holds the lock.
func (s *cacheShard) keep(q question, a *Answer, err error, late bool) {
	if err != nil {
		return
	}
	o := &s.cache.o
	ttl := min(time.Duration(a.TTL)*time.Second, o.MaxTTL)
	if a.Absent() {
		ttl = min(ttl, o.MaxNegativeTTL)
	}
	e := cached{a, o.Now().Add(ttl), sizeOf(a)}
	if ttl <= 0 || e.size > s.most {
		return
	}
	if late {
		if s.missed[q] != nil {
			return
		}
		s.drop(q)
	}
	s.bytes += e.size
	s.once.Add(q, e)
	for s.bytes > s.most || s.once.Len()+s.again.Len() > s.entries {
		_, old, ok := s.once.RemoveOldest()
		if !ok {
			_, old, _ = s.again.RemoveOldest()
		}
		s.bytes -= old.size
		s.evicted++
	}
}

// sizeOf is about what an answer takes in the cache.
func sizeOf(a *Answer) int {
	n := 400 + 2*len(a.Name) // with its entry
	for _, c := range a.CNAMEs {
		n += 16 + len(c)
	}
	for i := range a.Records {
		r := &a.Records[i]
		n += int(unsafe.Sizeof(*r)) + len(r.Name) + len(r.Host) + len(r.Data)
		for _, s := range r.TXT {
			n += 16 + len(s)
		}
	}
	return n
}
