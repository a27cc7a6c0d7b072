package resolver

import (
	"context"
	"hash/maphash"
	"sync"
	"time"
	"unsafe"
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
	mu    sync.Mutex
	cache *Cache
	// slots are the questions under way and the answers that are kept.
	slots map[question]*slot
	once  slotList // not used since they came, or not for long
	again slotList // used since, up to a share of the room
	bytes int
	most  int // bytes
	room  int // entries that are kept, at most

	hits, misses, shared, evicted int64
	_                             [64]byte // shards on cache lines of their own
}

// slot is a question under way and then, in the same place, its answer: most questions
// of a list are asked once, and an entry of a map and of a list for each of the two
// would be most of what a cache costs.
type slot struct {
	flight
	shard *cacheShard
	q     question
	// kept is the list that the answer stands in; nil: there is none.
	kept          *slotList
	before, after *slot
	answer        *Answer
	expires       time.Time
	size          int
}

// slotList has the slot first that was used last.
type slotList struct {
	first, last *slot
	n           int
}

func (l *slotList) add(e *slot) {
	e.kept, e.before, e.after = l, nil, l.first
	if l.first != nil {
		l.first.before = e
	} else {
		l.last = e
	}
	l.first = e
	l.n++
}

// remove takes a slot out of the list that it stands in.
func (e *slot) remove() {
	l := e.kept
	if e.before != nil {
		e.before.after = e.after
	} else {
		l.first = e.after
	}
	if e.after != nil {
		e.after.before = e.before
	} else {
		l.last = e.before
	}
	e.kept, e.before, e.after = nil, nil, nil
	l.n--
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
		s.cache, s.most, s.room, s.slots = c, o.Bytes/n, o.Entries/n, map[question]*slot{}
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
	a, e := s.get(q)
	if a != nil {
		s.mu.Unlock()
		return a, nil
	}
	w := newWaiter()
	return w.wait(ctx, c.next, q, s.miss(q, e, w))
}

// start implements starter.
func (c *Cache) start(q question, to taker) stopper {
	s := c.shard(q)
	s.mu.Lock()
	a, e := s.get(q)
	if a != nil {
		s.mu.Unlock()
		to.take(a, nil)
		return nil
	}
	return s.miss(q, e, to)
}

func (c *Cache) flush() { c.next.flush() }

func (c *Cache) shard(q question) *cacheShard {
	if len(c.shards) == 1 {
		return &c.shards[0]
	}
	return &c.shards[maphash.String(c.seed, q.name)%uint64(len(c.shards))]
}

// miss asks, or waits for an equal question under way. It unlocks the shard.
func (s *cacheShard) miss(q question, under *slot, to taker) stopper {
	if under != nil {
		s.shared++
		p := under.join(to)
		s.mu.Unlock()
		return p
	}
	s.misses++
	e := &slot{shard: s, q: q}
	e.open(&s.mu, e, to)
	s.slots[q] = e
	s.mu.Unlock()
	return e.depart(s.cache.next, q, &e.flight)
}

// landed implements landing. A late answer is dropped if the question was asked again
// meanwhile.
func (e *slot) landed(a *Answer, err error, late bool) {
	s := e.shard
	if late {
		there := s.slots[e.q]
		if err != nil || there != nil && there.kept == nil {
			return
		}
		if there != nil {
			s.drop(there)
		}
		s.slots[e.q] = e
	}
	if err != nil || !s.keep(e, a) {
		delete(s.slots, e.q)
	}
}

// left implements landing.
func (e *slot) left() { delete(e.shard.slots, e.q) }

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
		out.Entries += s.once.n + s.again.n
		out.Bytes += s.bytes
		s.mu.Unlock()
	}
	return out
}

// get returns what is kept and has not expired, or else the question under way, if there
// is one. The lock is held.
func (s *cacheShard) get(q question) (*Answer, *slot) {
	e := s.slots[q]
	if e == nil || e.kept == nil {
		return nil, e
	}
	if !s.cache.o.Now().Before(e.expires) {
		s.drop(e)
		return nil, nil
	}
	e.remove()
	s.again.add(e)
	if s.again.n > max(1, s.room*againShare/100) {
		back := s.again.last
		back.remove()
		s.once.add(back)
	}
	s.hits++
	return e.answer, nil
}

// drop takes an answer out that is kept. The lock is held.
func (s *cacheShard) drop(e *slot) {
	e.remove()
	s.bytes -= e.size
	delete(s.slots, e.q)
}

// keep stores the answer of a slot, evicting others if the cache is full, and reports
// whether it is to be kept. The caller holds the lock.
func (s *cacheShard) keep(e *slot, a *Answer) bool {
	o := &s.cache.o
	ttl := min(time.Duration(a.TTL)*time.Second, o.MaxTTL)
	if a.Absent() {
		ttl = min(ttl, o.MaxNegativeTTL)
	}
	size := sizeOf(a)
	if ttl <= 0 || size > s.most {
		return false
	}
	e.answer, e.expires, e.size = a, o.Now().Add(ttl), size
	s.bytes += size
	s.once.add(e)
	for s.bytes > s.most || s.once.n+s.again.n > s.room {
		old := s.once.last
		if old == nil {
			old = s.again.last
		}
		s.drop(old)
		s.evicted++
	}
	return true
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
