package resolver

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// slow answers each question after a second, those below "never" never.
type slow struct{ asked, left atomic.Int32 }

func (s *slow) Lookup(ctx context.Context, name string, t Type) (*Answer, error) {
	s.asked.Add(1)
	var after <-chan time.Time
	if !strings.HasPrefix(name, "never") {
		after = time.After(time.Second)
	}
	select {
	case <-after:
		return &Answer{Name: name, Type: t, Status: NoData}, nil
	case <-ctx.Done():
		s.left.Add(1)
		return nil, canceled(ctx, name, t, "")
	}
}

// TestBatchRounds: what depends on nothing takes one round however much it is, and
// a chain as many as it is long; parts are done when all of theirs is.
func TestBatchRounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, r := range []Resolver{new(slow), NewSession(new(slow), 0), NewSession(NewCache(new(slow), CacheOptions{}), 0)} {
			began := time.Now()
			b := NewBatch(t.Context(), r)
			var log []string
			note := func(what string) { log = append(log, fmt.Sprint(what, " ", int(time.Since(began).Seconds()))) }
			answers := 0
			b.Part(func(b *Batch) {
				for i := range 100 {
					b.Ask(fmt.Sprintf("h%d.test", i), TypeA, func(a *Answer, err error) {
						if err == nil && a.Status == NoData {
							answers++
						}
					})
				}
			}, func() { note("wide") })
			b.Part(func(b *Batch) {
				b.Ask("one.test", TypeMX, func(*Answer, error) {
					b.Part(func(b *Batch) {
						b.Ask("two.test", TypeA, func(*Answer, error) {})
						b.Ask("two.test", TypeA, func(*Answer, error) { b.Ask("three.test", TypeA, func(*Answer, error) {}) })
					}, func() { note("inner") })
				})
			}, func() { note("long") })
			b.Part(func(*Batch) {}, func() { note("empty") })
			b.Go(func() { time.Sleep(5 * time.Second) }, func() { note("work") })
			b.Ask("not..a.name", TypeA, func(_ *Answer, err error) { note(string(AsError(err).Reason)) })
			b.Run()
			want := []string{"empty 0", string(BadName) + " 0", "wide 1", "inner 3", "long 3", "work 5"}
			if !slices.Equal(log, want) || answers != 100 {
				t.Errorf("%T: %q and %d answers, not %q", r, log, answers, want)
			}
		}
	})
}

// TestBatchEnds: when the context ends, so does what has no answer, and what was
// asked of the resolver is left; what has one keeps it.
func TestBatchEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := new(slow)
		s := NewSession(NewCache(next, CacheOptions{}), 0)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		b := NewBatch(ctx, s)
		got := map[string]Reason{}
		ask := func(name string, then func()) {
			b.Ask(name, TypeA, func(a *Answer, err error) {
				if got[name] = "answered"; err != nil {
					got[name] = AsError(err).Reason
				}
				if then != nil {
					then()
				}
			})
		}
		ask("one.test", nil)
		ask("never.test", func() { ask("late.test", nil) })
		b.Run()
		synctest.Wait()
		if got["one.test"] != "answered" || got["never.test"] != Canceled || got["late.test"] != Canceled || len(got) != 3 {
			t.Errorf("%v", got)
		}
		if next.asked.Load() != 2 || next.left.Load() != 1 {
			t.Errorf("%d asked, %d left", next.asked.Load(), next.left.Load())
		}
		// What was stopped may be asked again; what was answered is not.
		again, end := context.WithCancel(t.Context())
		b = NewBatch(again, s)
		ask("one.test", end)
		ask("never.test", nil)
		b.Run()
		synctest.Wait()
		if next.asked.Load() != 3 || next.left.Load() != 2 || got["never.test"] != Canceled {
			t.Errorf("then %d asked, %d left, %v", next.asked.Load(), next.left.Load(), got)
		}
	})
}

// TestBatchAwait: what one batch awaits another goroutine may tell, more often than
// once, before or after the batch runs; when the context ends, the waiting does.
func TestBatchAwait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		b := NewBatch(ctx, new(slow))
		began := time.Now()
		var log []string
		await := func(b *Batch, what string, register func(tell func())) {
			b.Await(register, func(told bool) {
				log = append(log, fmt.Sprint(what, " ", told, " ", int(time.Since(began).Seconds())))
			})
		}
		var late func()
		b.Part(func(b *Batch) {
			await(b, "now", func(tell func()) { tell(); tell() })
			await(b, "soon", func(tell func()) {
				for range 2 {
					go func() { time.Sleep(time.Second); tell() }()
				}
			})
			await(b, "never", func(tell func()) { late = tell })
		}, func() {
			log = append(log, "over")
			await(b, "after the end", func(func()) { t.Error("registered") })
		})
		b.Run()
		late()
		want := []string{"now true 0", "soon true 1", "never false 3", "over", "after the end false 3"}
		if !slices.Equal(log, want) {
			t.Errorf("%q, not %q", log, want)
		}
	})
}

// TestKnown: a session's outcomes can be had without asking.
func TestKnown(t *testing.T) {
	next := &counting{reply: addr(300)}
	s := NewSession(next, 0)
	s.Lookup(t.Context(), "One.test", TypeA)
	k := s.Known()
	if a, err := k.Lookup(t.Context(), "one.test.", TypeA); err != nil || a.Status != Found || k.Missed {
		t.Errorf("%v %v, missed %v", a, err, k.Missed)
	}
	if a, err := k.Lookup(t.Context(), "two.test", TypeA); err == nil || !k.Missed {
		t.Errorf("%v, missed %v", a, k.Missed)
	}
	if s.Queries() != 1 || len(s.Trace()) != 1 {
		t.Errorf("%d asked", s.Queries())
	}
}
