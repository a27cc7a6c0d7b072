package audit

import (
	"context"
	"iter"
	"runtime"
	"sync"
)

// StreamOptions say how many inputs are worked on at once and in which order the
// outcomes come.
type StreamOptions struct {
	// Concurrency bounds the inputs under way at once; zero: DefaultConcurrency.
	Concurrency int
	// Ordered yields the outcomes in the order of the inputs.
	Ordered bool
	// Window bounds how many inputs of an ordered stream are begun and not yielded:
	// it goes on so far behind its slowest. Zero: four times Concurrency.
	Window int
	// Stop, once closed, ends the stream after what is under way; nil: never.
	Stop <-chan struct{}
}

// DefaultConcurrency is how many domains are audited at once, at most, if nothing
// else is said: 128 for each processor. An audit costs a processor less than a
// millisecond and waits for the network a hundred, and six seconds if a server is
// silent. If that is one domain in a hundred, 128 keep a processor busy; more
// take memory that the garbage collector then has to do without
// (docs/performance.md).
func DefaultConcurrency() int { return min(128*runtime.GOMAXPROCS(0), 1024) }

// job is one input under way; out is there once done is closed.
type job[In, Out any] struct {
	in   In
	out  Out
	done chan struct{}
}

// Stream does work on each input, several at once, and yields each input with its
// outcome: as soon as it is there, or in the order of the inputs. What it holds is
// bounded, however many inputs there are: no input is taken before there is room
// for it, and a slow consumer slows the stream down.
//
// If ctx ends, work is expected to return soon; what it returns from then on is
// dropped. If Stop is closed no further input is taken, and what is under way
// is finished and yielded. When the iteration ends, by itself or by a break, no
// goroutine of the stream is left. The inputs are ranged over in one of them, so
// an input that is long in coming delays the end.
func Stream[In, Out any](ctx context.Context, inputs iter.Seq[In], o StreamOptions, work func(context.Context, In) Out) iter.Seq2[In, Out] {
	if o.Concurrency <= 0 {
		o.Concurrency = DefaultConcurrency()
	}
	if o.Window <= 0 {
		o.Window = 4 * o.Concurrency
	}
	return func(yield func(In, Out) bool) {
		ctx, cancel := context.WithCancel(ctx)
		// Unordered, a job comes here when it is done; ordered, when it is begun.
		jobs := make(chan *job[In, Out])
		if o.Ordered {
			jobs = make(chan *job[In, Out], o.Window-1)
		}
		go func() {
			defer close(jobs)
			begin(ctx, inputs, o, work, jobs)
		}()
		defer func() {
			cancel()
			for range jobs { // closed when all have ended
			}
		}()
		for j := range jobs {
			select {
			case <-j.done:
			case <-ctx.Done():
				return
			}
			if ctx.Err() != nil || !yield(j.in, j.out) {
				return
			}
		}
	}
}

// begin starts the work on each input and returns when all of it has ended.
func begin[In, Out any](ctx context.Context, inputs iter.Seq[In], o StreamOptions, work func(context.Context, In) Out, jobs chan<- *job[In, Out]) {
	var wg sync.WaitGroup
	defer wg.Wait()
	slots := make(chan struct{}, o.Concurrency)
	// room waits for a slot; none is given any more once the stream is to end.
	room := func() bool {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
		case <-o.Stop:
		}
		select {
		case <-ctx.Done():
			return false
		case <-o.Stop:
			return false
		default:
			return true
		}
	}
	send := func(j *job[In, Out]) {
		select {
		case jobs <- j:
		case <-ctx.Done():
		}
	}
	if !room() {
		return
	}
	for in := range inputs {
		j := &job[In, Out]{in: in, done: make(chan struct{})}
		if o.Ordered {
			send(j)
		}
		wg.Go(func() {
			j.out = work(ctx, j.in)
			close(j.done)
			if !o.Ordered {
				send(j)
			}
			<-slots
		})
		// What is under way goes first: a further input is begun when the processors
		// have nothing better to do. So if answers come quickly few inputs are
		// under way, whatever the bound, and their memory stays in the caches.
		runtime.Gosched()
		if !room() {
			return
		}
	}
}
