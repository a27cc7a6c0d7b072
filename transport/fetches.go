package transport

import (
	"context"
	"sync"
)

// maxFetches bounds the fetches that are remembered, and by that the memory for them:
// each has at most MaxPolicy bytes, a logo 32 KB.
const maxFetches = 256

// Fetches are shared by the audits of a run: so many are made at once, and what one audit
// has got, another need not fetch again, such as the one of a proposal. What was not
// answered is fetched anew.
type Fetches struct {
	places chan struct{}

	mu   sync.Mutex
	done map[string]*sharedFetch
	// order has the names of done, the oldest first.
	order []string
}

// sharedFetch is a fetch that is under way or over.
type sharedFetch struct {
	over chan struct{}
	got  *Fetch
}

// NewFetches makes room for so many fetches at once.
func NewFetches(atOnce int) *Fetches {
	return &Fetches{places: make(chan struct{}, max(1, atOnce)), done: map[string]*sharedFetch{}}
}

// get returns what is known of a name, or fetches it.
func (s *Fetches) get(ctx context.Context, name string, fetch func() *Fetch) *Fetch {
	waited := func() *Fetch {
		return &Fetch{URL: "https://" + name, Outcome: Unanswered, Reason: "the time was over before it was fetched"}
	}
	for {
		s.mu.Lock()
		f := s.done[name]
		if f == nil {
			f = &sharedFetch{over: make(chan struct{})}
			s.done[name] = f
			s.order = append(s.order, name)
			s.mu.Unlock()
			return s.make(ctx, name, f, fetch, waited)
		}
		s.mu.Unlock()
		select {
		case <-f.over:
		case <-ctx.Done():
			return waited()
		}
		if f.got.Outcome != Unanswered || ctx.Err() != nil {
			got := *f.got
			return &got
		}
		// Its maker has forgotten it: that another audit got no answer is no answer.
	}
}

// make fetches in a free place.
func (s *Fetches) make(ctx context.Context, name string, f *sharedFetch, fetch, waited func() *Fetch) *Fetch {
	select {
	case s.places <- struct{}{}:
		f.got = fetch()
		<-s.places
	case <-ctx.Done():
		f.got = waited()
	}
	s.mu.Lock()
	if f.got.Outcome == Unanswered {
		s.forget(name)
	}
	for len(s.order) > maxFetches {
		s.forget(s.order[0])
	}
	s.mu.Unlock()
	close(f.over)
	got := *f.got
	return &got
}

// forget drops a fetch; s.mu is held.
func (s *Fetches) forget(name string) {
	delete(s.done, name)
	for i, n := range s.order {
		if n == name {
			s.order = append(s.order[:i], s.order[i+1:]...)
			return
		}
	}
}
