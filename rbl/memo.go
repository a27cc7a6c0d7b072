package rbl

import (
	"context"
	"sync"
	"time"
)

// memo remembers what was found out once: who asks for it while it is being
// found out waits for that, and does not ask again.
type memo[K comparable, V any] struct {
	mu      sync.Mutex
	entries map[K]*remembered[V]
}

type remembered[V any] struct {
	done  chan struct{}
	value V
	// until is when the value expires; zero is before it is there.
	until time.Time
	kept  bool
}

// forTheRun is how long to keep what does not change during a run.
const forTheRun = 365 * 24 * time.Hour

// get returns the value of the key, asking for it if nobody has. The function
// says how long its value holds; zero is for this caller only, and the next one
// asks again. It is false when the context ended first.
func (m *memo[K, V]) get(ctx context.Context, key K, ask func() (V, time.Duration)) (V, bool) {
	for {
		m.mu.Lock()
		e := m.entries[key]
		if e == nil || e.kept && time.Now().After(e.until) {
			e = &remembered[V]{done: make(chan struct{})}
			if m.entries == nil {
				m.entries = make(map[K]*remembered[V])
			}
			m.entries[key] = e
			m.mu.Unlock()
			return m.fill(key, e, ask), true
		}
		m.mu.Unlock()
		select {
		case <-e.done:
			if v, ok := m.peek(key); ok {
				return v, true
			}
		case <-ctx.Done():
			var zero V
			return zero, false
		}
	}
}

func (m *memo[K, V]) fill(key K, e *remembered[V], ask func() (V, time.Duration)) V {
	v, hold := ask()
	m.mu.Lock()
	defer m.mu.Unlock()
	if hold > 0 {
		e.value, e.kept, e.until = v, true, time.Now().Add(hold)
	} else {
		delete(m.entries, key)
	}
	close(e.done)
	return v
}

// peek returns the value of the key if it is known already.
func (m *memo[K, V]) peek(key K) (V, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.entries[key]; e != nil && e.kept && !time.Now().After(e.until) {
		return e.value, true
	}
	var zero V
	return zero, false
}
