package resolver

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// counting answers every question with what reply says, and counts. With a gate,
// it waits for the gate or the end of the context.
type counting struct {
	reply func(name string, t Type) (*Answer, error)
	gate  chan struct{}

	mu    sync.Mutex
	asked map[question]int
}

func (c *counting) Lookup(ctx context.Context, name string, t Type) (*Answer, error) {
	c.mu.Lock()
	if c.asked == nil {
		c.asked = make(map[question]int)
	}
	c.asked[question{name, t}]++
	c.mu.Unlock()
	if c.gate != nil {
		select {
		case <-c.gate:
		case <-ctx.Done():
			return nil, canceled(ctx, name, t, "")
		}
	}
	return c.reply(name, t)
}

func (c *counting) total() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, k := range c.asked {
		n += k
	}
	return n
}

// addr answers with one address and the TTL given.
func addr(ttl uint32) func(string, Type) (*Answer, error) {
	return func(name string, t Type) (*Answer, error) {
		return &Answer{Name: name, Type: t, Status: Found, TTL: ttl, Records: []Record{{Name: name, Type: TypeTXT, TXT: []string{"x"}}}}, nil
	}
}

func absent(s Status, ttl uint32) func(string, Type) (*Answer, error) {
	return func(name string, t Type) (*Answer, error) {
		return &Answer{Name: name, Type: t, Status: s, TTL: ttl}, nil
	}
}

func fails(r Reason) func(string, Type) (*Answer, error) {
	return func(name string, t Type) (*Answer, error) { return nil, &Error{Name: name, Type: t, Reason: r} }
}

func TestCacheTTL(t *testing.T) {
	for _, tc := range []struct {
		label string
		reply func(string, Type) (*Answer, error)
		kept  time.Duration // how long the answer is kept
	}{
		{"found", addr(300), 300 * time.Second},
		{"no data", absent(NoData, 60), 60 * time.Second},
		{"no name", absent(NXDomain, 60), 60 * time.Second},
		{"not to be kept", addr(0), 0},
		{"absence without an SOA", absent(NXDomain, 0), 0},
		{"found, capped", addr(1 << 30), 24 * time.Hour},
		{"absence, capped", absent(NoData, 1<<30), time.Hour},
		{"servfail", fails(ServFail), 0},
		{"timeout", fails(Timeout), 0},
	} {
		now := time.Unix(1e9, 0)
		next := &counting{reply: tc.reply}
		c := NewCache(next, CacheOptions{Now: func() time.Time { return now }})
		ask := func(want int) {
			t.Helper()
			c.Lookup(context.Background(), "a.test", TypeA)
			if n := next.total(); n != want {
				t.Errorf("%s: asked %d times, want %d", tc.label, n, want)
			}
		}
		ask(1)
		if tc.kept > 0 {
			now = now.Add(tc.kept - 1)
			ask(1)
			now = now.Add(1)
		}
		ask(2)
	}
}

func TestCacheKeys(t *testing.T) {
	next := &counting{reply: absent(NXDomain, 300)}
	c := NewCache(next, CacheOptions{})
	for _, q := range []struct {
		name string
		typ  Type
		want int
	}{
		{"a.test", TypeA, 1},
		{"A.Test.", TypeA, 1},
		{"a.test", TypeAAAA, 2}, // NXDOMAIN is not applied to other types,
		{"x.a.test", TypeA, 3},  // nor to names below
		{"x.a.test", TypeA, 3},
	} {
		c.Lookup(context.Background(), q.name, q.typ)
		if n := next.total(); n != q.want {
			t.Errorf("%s %s: asked %d, want %d", q.name, q.typ, n, q.want)
		}
	}
	if _, err := c.Lookup(context.Background(), "a..test", TypeA); AsError(err).Reason != BadName {
		t.Errorf("a bad name: %v", err)
	}
	if s := c.Stats(); s.Hits != 2 || s.Misses != 3 || s.Entries != 3 {
		t.Errorf("%+v", s)
	}
}

func TestCacheBounds(t *testing.T) {
	next := &counting{reply: addr(300)}
	c := NewCache(next, CacheOptions{Entries: 3})
	look := func(names ...string) {
		for _, n := range names {
			if _, err := c.Lookup(context.Background(), n, TypeA); err != nil {
				t.Fatal(err)
			}
		}
	}
	look("a", "b", "c", "a", "d") // b is the one used longest ago
	if s := c.Stats(); s.Entries != 3 || s.Evicted != 1 {
		t.Errorf("%+v", s)
	}
	look("a", "c", "d")
	if n := next.total(); n != 4 {
		t.Errorf("asked %d, want 4", n)
	}
	look("b")
	if n := next.total(); n != 5 {
		t.Errorf("asked %d, want 5", n)
	}

	c = NewCache(&counting{reply: addr(300)}, CacheOptions{Bytes: 10_000})
	for i := range 1000 {
		look(fmt.Sprint(i, ".test"))
	}
	if s := c.Stats(); s.Bytes > 10_000 || s.Entries < 5 || s.Entries > 25 {
		t.Errorf("%+v", s)
	}
	c = NewCache(&counting{reply: func(name string, t Type) (*Answer, error) {
		return &Answer{Status: Found, TTL: 9, Records: []Record{{TXT: []string{strings.Repeat("x", 20_000)}}}}, nil
	}}, CacheOptions{Bytes: 10_000})
	if look("big"); c.Stats().Entries != 0 {
		t.Errorf("an answer larger than the cache is kept: %+v", c.Stats())
	}
}

// TestFlights: equal questions under way are one; who leaves does not harm the rest.
func TestFlights(t *testing.T) {
	for _, label := range []string{"cache", "session"} {
		t.Run(label, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				next := &counting{reply: addr(300), gate: make(chan struct{})}
				var r Resolver = NewSession(next, 0)
				if label == "cache" {
					r = NewCache(next, CacheOptions{})
				}
				first, leave := context.WithCancel(context.Background())
				got := make([]string, 50)
				var wg sync.WaitGroup
				for i := range got {
					ctx := context.Background()
					if i == 0 {
						ctx = first
					}
					wg.Go(func() {
						got[i] = say(r.Lookup(ctx, "a.test", TypeA))
					})
					synctest.Wait() // so that the first one is first
				}
				leave()
				synctest.Wait()
				close(next.gate)
				wg.Wait()
				for i, s := range got {
					if want := map[bool]string{true: "canceled", false: `found "x"`}[i == 0]; !strings.HasPrefix(s, want[:5]) {
						t.Errorf("%d: got %s, want %s", i, s, want)
					}
				}
				if n := next.total(); n != 1 {
					t.Errorf("asked %d times, want once", n)
				}
			})
		})
	}
}

// TestFlightsLeft: when all who wait have left the question ends, and the next one
// to ask starts anew.
func TestFlightsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &counting{reply: addr(300), gate: make(chan struct{})}
		s := NewSession(NewCache(next, CacheOptions{}), 1)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		for range 3 {
			go s.Lookup(ctx, "a.test", TypeA)
		}
		_, err := s.Lookup(ctx, "a.test", TypeA)
		if e := AsError(err); e.Reason != Canceled || e.Detail != "the deadline passed before the answer" {
			t.Errorf("got %v", e)
		}
		synctest.Wait() // the question itself is over: synctest.Test would not end otherwise
		close(next.gate)
		if got := say(s.Lookup(context.Background(), "a.test", TypeA)); !strings.HasPrefix(got, "found") {
			t.Errorf("asked again: %s", got)
		}
		if s.Queries() != 1 || next.total() != 2 {
			t.Errorf("%d questions of the budget, %d asked; want 1 and 2", s.Queries(), next.total())
		}
	})
}

func TestSession(t *testing.T) {
	next := &counting{reply: func(name string, t Type) (*Answer, error) {
		if strings.HasPrefix(name, "bad") {
			return fails(ServFail)(name, t)
		}
		return addr(0)(name, t)
	}}
	s := NewSession(next, 3)
	for _, tc := range []struct {
		name string
		typ  Type
		want string
		sent int
	}{
		{"a.test", TypeA, "found", 1},
		{"A.test.", TypeA, "found", 1},
		{"bad.test", TypeA, "servfail", 2},
		{"bad.test", TypeA, "servfail", 2}, // the same question has one answer
		{"a..test", TypeA, "bad-name", 2},
		{"a.test", TypeTXT, "found", 3},
		{"c.test", TypeA, "budget-spent", 3},
		{"c.test", TypeA, "budget-spent", 3},
		{"a.test", TypeA, "found", 3}, // what is known stays known
		{"bad.test", TypeA, "servfail", 3},
	} {
		got, _, _ := strings.Cut(say(s.Lookup(context.Background(), tc.name, tc.typ)), " ")
		if got != tc.want || next.total() != tc.sent {
			t.Errorf("%s %s: got %s after %d questions, want %s after %d", tc.name, tc.typ, got, next.total(), tc.want, tc.sent)
		}
	}
	if s.Queries() != 3 {
		t.Errorf("%d queries, want 3", s.Queries())
	}
	var trace []string
	for _, q := range s.Trace() {
		trace = append(trace, fmt.Sprintf("%s %s %s", q.Name, q.Type, q.Status))
	}
	if got := strings.Join(trace, ", "); got != "a.test A found, bad.test A servfail, a.test TXT found" {
		t.Errorf("trace %s", got)
	}
}

func TestHitsAllocateNothing(t *testing.T) {
	c := NewCache(&counting{reply: addr(300)}, CacheOptions{})
	s := NewSession(c, 10)
	e := NewSession(&counting{reply: fails(Timeout)}, 10)
	ctx := context.Background()
	for label, r := range map[string]Resolver{"cache": c, "session": s, "session, error": e} {
		r.Lookup(ctx, "mail.acme.example", TypeA)
		if n := testing.AllocsPerRun(100, func() { r.Lookup(ctx, "mail.acme.example", TypeA) }); n != 0 {
			t.Errorf("%s: a hit allocates %v times", label, n)
		}
	}
}

func BenchmarkCacheHit(b *testing.B) {
	c := NewCache(&counting{reply: addr(1 << 20)}, CacheOptions{})
	b.ReportAllocs()
	for b.Loop() {
		c.Lookup(context.Background(), "mail.acme.example", TypeA)
	}
}

func BenchmarkSessionHit(b *testing.B) {
	s := NewSession(&counting{reply: addr(1 << 20)}, 0)
	b.ReportAllocs()
	for b.Loop() {
		s.Lookup(context.Background(), "mail.acme.example", TypeA)
	}
}

func BenchmarkCacheMiss(b *testing.B) {
	s := NewCache(&counting{reply: addr(0)}, CacheOptions{})
	b.ReportAllocs()
	for b.Loop() {
		s.Lookup(context.Background(), "mail.acme.example", TypeA)
	}
}

func BenchmarkZone(b *testing.B) {
	r := NewOverlay(nil, mustParse(b, zoneText, ""))
	b.ReportAllocs()
	for b.Loop() {
		r.Lookup(context.Background(), "chain.example", TypeA)
	}
}
