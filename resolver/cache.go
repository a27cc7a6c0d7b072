package resolver

import (
	"container/list"
	"context"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// CacheOptions bound a Cache. A zero is the default.
type CacheOptions struct {
	// Entries, 100,000; Bytes (roughly), 64 MiB.
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
// not know.
//
// A hit returns the answer as it came: its TTL does not count down.
type Cache struct {
	next    Resolver
	o       CacheOptions
	flights flights

	mu      sync.Mutex
	entries map[question]*list.Element
	recent  list.List // of *cached, the last used first
	bytes   int

	hits, misses, shared, evicted atomic.Int64
}

type cached struct {
	q       question
	answer  *Answer
	expires time.Time
	size    int
}

// CacheStats counts. Shared are misses that waited for an equal question.
type CacheStats struct {
	Hits, Misses, Shared, Evicted int64
	Entries, Bytes                int
}

// NewCache puts a cache in front of a resolver.
func NewCache(next Resolver, o CacheOptions) *Cache {
	if o.Entries <= 0 {
		o.Entries = 100_000
	}
	if o.Bytes <= 0 {
		o.Bytes = 64 << 20
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
	return &Cache{next: next, o: o, entries: make(map[question]*list.Element)}
}

// Lookup implements Resolver.
func (c *Cache) Lookup(ctx context.Context, name string, t Type) (*Answer, error) {
	key, wrong := canonical(name)
	if wrong != "" {
		return nil, &Error{Name: name, Type: t, Reason: BadName, Detail: wrong}
	}
	q := question{key, t}
	if a := c.get(q); a != nil {
		c.hits.Add(1)
		return a, nil
	}
	return c.miss(ctx, q, name)
}

func (c *Cache) miss(ctx context.Context, q question, name string) (*Answer, error) {
	a, err, shared := c.flights.do(ctx, q, func(ctx context.Context) (*Answer, error) {
		// An equal question may have ended since this one was missed.
		if a := c.get(q); a != nil {
			c.hits.Add(1)
			return a, nil
		}
		c.misses.Add(1)
		a, err := c.next.Lookup(ctx, name, q.typ)
		if err == nil {
			c.put(q, a)
		}
		return a, err
	})
	if shared {
		c.shared.Add(1)
	}
	return a, err
}

// Stats returns the counters.
func (c *Cache) Stats() CacheStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return CacheStats{c.hits.Load(), c.misses.Load(), c.shared.Load(), c.evicted.Load(), len(c.entries), c.bytes}
}

func (c *Cache) get(q question) *Answer {
	now := c.o.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	el := c.entries[q]
	if el == nil {
		return nil
	}
	e := el.Value.(*cached)
	if !now.Before(e.expires) {
		c.remove(el)
		return nil
	}
	c.recent.MoveToFront(el)
	return e.answer
}

func (c *Cache) put(q question, a *Answer) {
	ttl := min(time.Duration(a.TTL)*time.Second, c.o.MaxTTL)
	if a.Absent() {
		ttl = min(ttl, c.o.MaxNegativeTTL)
	}
	e := &cached{q, a, c.o.Now().Add(ttl), sizeOf(a)}
	if ttl <= 0 || e.size > c.o.Bytes {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if el := c.entries[q]; el != nil {
		c.remove(el)
	}
	c.entries[q] = c.recent.PushFront(e)
	c.bytes += e.size
	for len(c.entries) > c.o.Entries || c.bytes > c.o.Bytes {
		c.remove(c.recent.Back())
		c.evicted.Add(1)
	}
}

func (c *Cache) remove(el *list.Element) {
	e := c.recent.Remove(el).(*cached)
	delete(c.entries, e.q)
	c.bytes -= e.size
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
