package transport

import (
	"context"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// maxFetches bounds the fetches that are remembered, those used last, and by that the memory
// for them: each has at most bimi.MaxEvidence bytes, nearly all a few.
const maxFetches = 256

// Fetches are shared by the audits of a run: so many are made at once, and what one audit
// has got, another need not fetch again, such as the one of a proposal. What was not
// answered is fetched anew.
type Fetches struct {
	places chan struct{}

	mu   sync.Mutex
	done *simplelru.LRU[string, *sharedFetch]
}

// sharedFetch is a fetch that is under way or over.
type sharedFetch struct {
	over chan struct{}
	got  *Fetch
}

// NewFetches makes room for so many fetches at once.
func NewFetches(atOnce int) *Fetches {
	done, _ := simplelru.NewLRU[string, *sharedFetch](maxFetches, nil) // the size is over zero, so there is no error
	return &Fetches{places: make(chan struct{}, max(1, atOnce)), done: done}
}

// get returns what is known of a name, or fetches it.
func (s *Fetches) get(ctx context.Context, name string, fetch func() *Fetch) *Fetch {
	waited := func() *Fetch {
		return &Fetch{URL: "https://" + name, Outcome: Unanswered, Reason: "the time was over before it was fetched"}
	}
	for {
		s.mu.Lock()
		f, shared := s.done.Get(name)
		if !shared {
			f = &sharedFetch{over: make(chan struct{})}
			s.done.Add(name, f)
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
	if f.got.Outcome == Unanswered {
		s.mu.Lock()
		if now, _ := s.done.Peek(name); now == f {
			s.done.Remove(name)
		}
		s.mu.Unlock()
	}
	close(f.over)
	got := *f.got
	return &got
}
