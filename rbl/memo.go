package rbl

import (
	"sync"
	"time"

	"mailworthy/resolver"
)

// memo remembers what was found out once: who wants it while it is being found out
// is called then, and does not ask again.
type memo[K comparable, V any] struct {
	mu      sync.Mutex
	entries map[K]*remembered[V]
}

type remembered[V any] struct {
	value V
	// until is when the value expires; zero is before it is there.
	until time.Time
	// waiting are called when the value is there, or the asking came to nothing.
	waiting []func()
}

// forTheRun is how long to keep what does not change during a run.
const forTheRun = 365 * 24 * time.Hour

// begin hands the value of the key to then, in the goroutine of the batch. If
// nobody has asked for it, ask does, on that batch: it reports the value and for how
// long that holds. Zero is for this caller only, and one of those who wait asks
// again. It is false when the context ended while another batch was asking.
func (m *memo[K, V]) begin(b *resolver.Batch, key K, ask func(tell func(V, time.Duration)), then func(V, bool)) {
	m.mu.Lock()
	e := m.entries[key]
	switch {
	case e != nil && e.until.IsZero():
		m.mu.Unlock()
		b.Await(func(tell func()) { m.wait(e, tell) }, func(told bool) {
			if !told {
				var none V
				then(none, false)
				return
			}
			m.begin(b, key, ask, then)
		})
	case e != nil && !time.Now().After(e.until):
		m.mu.Unlock()
		then(e.value, true)
	default:
		e = &remembered[V]{}
		if m.entries == nil {
			m.entries = make(map[K]*remembered[V])
		}
		m.entries[key] = e
		m.mu.Unlock()
		ask(func(v V, hold time.Duration) {
			m.fill(key, e, v, hold)
			then(v, true)
		})
	}
}

// wait notes a caller to notify, or notifies it at once if the value was filled meanwhile.
func (m *memo[K, V]) wait(e *remembered[V], tell func()) {
	m.mu.Lock()
	over := !e.until.IsZero()
	if !over {
		e.waiting = append(e.waiting, tell)
	}
	m.mu.Unlock()
	if over {
		tell()
	}
}

// fill ends the asking. A value that does not hold has expired when it is there.
func (m *memo[K, V]) fill(key K, e *remembered[V], v V, hold time.Duration) {
	m.mu.Lock()
	e.value, e.until = v, time.Now().Add(hold)
	if hold <= 0 {
		delete(m.entries, key)
	}
	waiting := e.waiting
	e.waiting = nil
	m.mu.Unlock()
	for _, tell := range waiting {
		tell()
	}
}

// peek returns the value of the key if it is known already.
func (m *memo[K, V]) peek(key K) (V, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.entries[key]; e != nil && !time.Now().After(e.until) {
		return e.value, true
	}
	var none V
	return none, false
}
