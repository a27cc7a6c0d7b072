package historytest

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"mailworthy/history"
)

// NewMemory returns a backend in memory, for tests: the least that the suite asks for.
func NewMemory() history.Backend { return &memory{state: newState()} }

type memory struct {
	mu    sync.Mutex
	state *state
}

// state is all that is kept. A transaction works on a copy.
type state struct {
	contents map[int64][]byte
	byHash   map[history.Hash]int64
	runs     map[int64]stored
	byKey    map[history.Hash]int64
	beliefs  map[string]history.Belief
	mails    []history.Roundtrip
	last     int64 // number of a content or run
	lastRun  int64
}

type stored struct {
	history.Run
	volatile []byte
	parts    []history.Part
}

func newState() *state {
	return &state{contents: map[int64][]byte{}, byHash: map[history.Hash]int64{}, runs: map[int64]stored{}, byKey: map[history.Hash]int64{},
		beliefs: map[string]history.Belief{}}
}

func (s *state) clone() *state {
	c := *s
	c.contents, c.byHash, c.runs = maps.Clone(s.contents), maps.Clone(s.byHash), maps.Clone(s.runs)
	c.byKey, c.beliefs, c.mails = maps.Clone(s.byKey), maps.Clone(s.beliefs), slices.Clone(s.mails)
	return &c
}

// Read implements history.Backend.
func (m *memory) Read(ctx context.Context, work func(history.Tx) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := work(m.state); err != nil {
		return fmt.Errorf("history in memory: %w", err)
	}
	return nil
}

// Write implements history.Backend.
func (m *memory) Write(ctx context.Context, work func(history.Tx) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	next := m.state.clone()
	if err := work(next); err != nil {
		return fmt.Errorf("history in memory: %w", err)
	}
	m.state = next
	return nil
}

// Compact and Close implement history.Backend.
func (m *memory) Compact(context.Context) error { return nil }
func (m *memory) Close() error                  { return nil }

// Keep and the following methods implement history.Tx.
func (s *state) Keep(_ context.Context, hash history.Hash, data func() ([]byte, error)) (int64, error) {
	if id, ok := s.byHash[hash]; ok {
		return id, nil
	}
	text, err := data()
	if err != nil {
		return 0, err
	}
	s.last++
	s.contents[s.last], s.byHash[hash] = bytes.Clone(text), s.last
	return s.last, nil
}

func (s *state) Content(_ context.Context, id int64) ([]byte, error) {
	data, ok := s.contents[id]
	if !ok {
		return nil, history.ErrDamaged
	}
	return data, nil
}

func (s *state) AddRun(_ context.Context, key history.Hash, run history.Run, volatile []byte, parts []history.Part) (int64, error) {
	s.lastRun++
	run.ID = s.lastRun
	s.runs[run.ID], s.byKey[key] = stored{run, bytes.Clone(volatile), slices.Clone(parts)}, run.ID
	return run.ID, nil
}

func (s *state) RunOf(_ context.Context, key history.Hash) (history.Run, error) {
	r, ok := s.runs[s.byKey[key]]
	if !ok {
		return history.Run{}, history.ErrNoRun
	}
	return r.Run, nil
}

func (s *state) Runs(_ context.Context, q history.Query) ([]history.Run, error) {
	out := []history.Run{}
	for id, r := range s.runs {
		if (q.Domain == "" || r.Domain == q.Domain) && (q.ID == 0 || id == q.ID) && (q.Below == 0 || id < q.Below) &&
			(q.Until.IsZero() || r.Started.Before(q.Until)) {
			out = append(out, r.Run)
		}
	}
	slices.SortFunc(out, func(a, b history.Run) int {
		order := cmp.Compare(a.ID, b.ID)
		if !q.Until.IsZero() {
			order = cmp.Or(a.Started.Compare(b.Started), order)
		}
		if !q.First {
			order = -order
		}
		return order
	})
	if q.Limit > 0 {
		out = out[:min(len(out), q.Limit)]
	}
	return out, nil
}

func (s *state) Report(_ context.Context, run int64) (volatile []byte, parts []history.Part, err error) {
	r, ok := s.runs[run]
	if !ok {
		return nil, nil, history.ErrNoRun
	}
	for _, p := range r.parts {
		parts = append(parts, history.Part{Name: p.Name, Data: s.contents[p.Content]})
	}
	return r.volatile, parts, nil
}

func (s *state) Belief(_ context.Context, domain string) (b history.Belief, ok bool, err error) {
	b, ok = s.beliefs[domain]
	return b, ok, nil
}

func (s *state) SetBelief(_ context.Context, domain string, b history.Belief) error {
	s.beliefs[domain] = b
	return nil
}

func (s *state) SetTold(_ context.Context, domain string, told int64) error {
	b, ok := s.beliefs[domain]
	if _, there := s.contents[told]; ok && there {
		b.Told = told
		s.beliefs[domain] = b
	}
	return nil
}

func (s *state) AddRoundtrip(_ context.Context, r history.Roundtrip) error {
	r.Started = r.Started.UTC().Truncate(time.Millisecond)
	if i := slices.IndexFunc(s.mails, func(m history.Roundtrip) bool { return m.MessageID == r.MessageID }); i >= 0 {
		r.ID = s.mails[i].ID
		s.mails[i] = r
		return nil
	}
	s.last++
	r.ID = s.last
	s.mails = append(s.mails, r)
	return nil
}

func (s *state) Roundtrips(_ context.Context, name string, limit int) ([]history.Roundtrip, error) {
	out := slices.DeleteFunc(slices.Clone(s.mails), func(m history.Roundtrip) bool { return name != "" && m.Name != name })
	slices.Reverse(out)
	if limit > 0 {
		out = out[:min(len(out), limit)]
	}
	return out, nil
}

func (s *state) Prune(_ context.Context, before time.Time) (int64, error) {
	last := map[string]int64{}
	for id, r := range s.runs {
		last[r.Domain] = max(last[r.Domain], id)
	}
	latest := map[string]int64{}
	for _, m := range s.mails {
		latest[m.Name] = max(latest[m.Name], m.ID)
	}
	s.mails = slices.DeleteFunc(s.mails, func(m history.Roundtrip) bool { return m.Started.Before(before) && latest[m.Name] != m.ID })
	var removed int64
	used := map[int64]bool{}
	for id, r := range s.runs {
		if r.Started.Before(before) && last[r.Domain] != id {
			delete(s.runs, id)
			removed++
			continue
		}
		used[r.Standing] = true
		for _, p := range r.parts {
			used[p.Content] = true
		}
	}
	for _, b := range s.beliefs {
		used[b.Believed], used[b.Told] = true, true
	}
	maps.DeleteFunc(s.contents, func(id int64, _ []byte) bool { return !used[id] })
	maps.DeleteFunc(s.byHash, func(_ history.Hash, id int64) bool { return !used[id] })
	maps.DeleteFunc(s.byKey, func(_ history.Hash, id int64) bool { _, ok := s.runs[id]; return !ok })
	return removed, nil
}
