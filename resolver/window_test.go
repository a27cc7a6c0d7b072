package resolver

import (
	"container/heap"
	"math/rand/v2"
	"testing"
	"time"
)

// modelled is a server as far as a window meets it.
type modelled struct {
	trip    time.Duration // from the question to the answer, beside serving
	serving time.Duration // for each question, one after the other
	buffer  int           // questions that may wait to be served; more are lost; 0: no bound
	places  int           // that may be on their trip at once; 0: no bound
	refuses bool          // what has no place, instead of losing it
	slow    float64       // the part of the names that are never answered
	network float64       // the part of the datagrams that is lost whatever the pace
	jitter  bool          // trips differ, from half to twice
}

// simulation asks a modelled server for as much as the window lets it, in its own time.
type simulation struct {
	modelled
	rng    *rand.Rand
	p      pace
	now    time.Duration
	events events
	of     map[*inquiry]*simulated
	inLine int
	free   time.Duration // when all that waits is served
	queued []time.Duration
	onTrip int

	answers, lost, timeouts, refused int
	extra                            int // asked again
	largest                          int
}

type event struct {
	at   time.Duration
	what func()
}

type events []event

func (e events) Len() int           { return len(e) }
func (e events) Less(i, j int) bool { return e[i].at < e[j].at }
func (e events) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)        { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	old := *e
	x := old[len(old)-1]
	*e = old[:len(old)-1]
	return x
}

func (s *simulation) after(d time.Duration, what func()) {
	heap.Push(&s.events, event{s.now + d, what})
}

// simulated is a question with what the server does with it.
type simulated struct {
	inquiry
	silent, over bool
}

// arrive calls back with the answer, if there is one.
func (s *simulation) arrive(answer func(refused bool)) {
	if s.rng.Float64() < s.network {
		return
	}
	for len(s.queued) > 0 && s.queued[0] <= s.now {
		s.queued = s.queued[1:]
	}
	if s.buffer > 0 && len(s.queued) >= s.buffer {
		return
	}
	s.free = max(s.free, s.now) + s.serving
	s.queued = append(s.queued, s.free)
	s.after(s.free-s.now, func() {
		if s.places > 0 && s.onTrip >= s.places {
			if s.refuses {
				answer(true)
			}
			return
		}
		s.onTrip++
		trip := s.trip
		if s.jitter {
			trip = trip/2 + time.Duration(s.rng.Int64N(int64(trip)*3/2))
		}
		s.after(trip, func() {
			s.onTrip--
			answer(false)
		})
	})
}

func (s *simulation) send(q *simulated) {
	tries := q.refusals
	if !q.silent {
		s.arrive(func(refused bool) {
			if q.over || tries != q.refusals {
				return
			}
			if !s.p.answered(&q.inquiry, s.now, refused) {
				s.inLine++
				s.refill()
				return
			}
			if refused {
				s.refused++
			}
			s.answers++
			s.end(q)
		})
	}
	s.after(2*time.Second, func() {
		if !q.over && q.on != &s.p.waiting {
			if !q.silent {
				s.timeouts++
			}
			s.p.drop(&q.inquiry, s.now)
			s.end(q)
		}
	})
}

func (s *simulation) again(q *simulated) {
	s.extra++
	q.again = &again{}
	if q.silent {
		return
	}
	s.arrive(func(bool) {
		s.after(grace, func() {
			if q.over {
				return
			}
			s.lost++
			s.answers++
			s.p.lost(s.now, q.asked, int(q.crowd))
			s.p.drop(&q.inquiry, s.now)
			s.end(q)
		})
	})
}

func (s *simulation) end(q *simulated) {
	q.over = true
	delete(s.of, &q.inquiry)
	s.refill()
}

// refill keeps some questions in line, and sends those that there is room for.
func (s *simulation) refill() {
	for {
		for i, again := s.p.next(s.now); i != nil; i, again = s.p.next(s.now) {
			if again {
				s.again(s.of[i])
				continue
			}
			s.inLine--
			s.send(s.of[i])
		}
		if s.inLine >= 32 {
			return
		}
		q := &simulated{silent: s.rng.Float64() < s.slow}
		s.of[&q.inquiry] = q
		if s.p.enter(&q.inquiry, s.now) {
			s.send(q)
		} else {
			s.inLine++
		}
	}
}

// run lets so much time pass.
func (s *simulation) run(d time.Duration) {
	end := s.now + d
	if s.of == nil {
		s.of = make(map[*inquiry]*simulated)
		s.p.window = newWindow(2048)
		s.watch()
	}
	s.refill()
	for len(s.events) > 0 && s.events[0].at <= end {
		e := heap.Pop(&s.events).(event)
		s.now = e.at
		e.what()
		s.largest = max(s.largest, s.p.size)
	}
	s.now = end
}

func (s *simulation) watch() {
	wait := s.p.overdue(s.now)
	s.refill()
	if wait <= 0 {
		wait = lateAgain
	}
	s.after(wait, s.watch)
}

// TestWindowServers: the window finds what a server has room for, and then loses
// nothing.
func TestWindowServers(t *testing.T) {
	const ms = time.Millisecond
	for _, tc := range []struct {
		label string
		modelled
		// best is how many answers a second the best fixed window brings.
		best float64
		// early and late are how many may be lost in the first second and in the ten
		// after that.
		early, late int
		most        int           // size at most; 0: any
		warm        time.Duration // until late; a second if it is 0
	}{
		{"a processor and a stock buffer", modelled{serving: 50 * time.Microsecond, buffer: 270}, 20_000, 0, 0, 200, 0},
		{"the same, far away", modelled{trip: 20 * ms, serving: 50 * time.Microsecond, buffer: 270}, 20_000, 0, 0, 0, 0},
		{"a slow one with a stock buffer", modelled{trip: 5 * ms, serving: ms, buffer: 270}, 1000, 0, 0, 200, 0},
		{"far away, no bound", modelled{trip: 20 * ms, jitter: true}, 2048 / 0.025, 0, 0, 0, 0},
		{"farther, no bound", modelled{trip: 200 * ms, jitter: true}, 2048 / 0.250, 0, 0, 0, 7 * time.Second},
		{"150 places, refusing", modelled{trip: 20 * ms, serving: 20 * time.Microsecond, places: 150, refuses: true}, 150 / 0.020, 0, 0, 0, 0},
		{"150 places, losing", modelled{trip: 20 * ms, serving: 20 * time.Microsecond, places: 150}, 150 / 0.020, 200, 20, 0, 0},
		{"50 places, losing", modelled{trip: 10 * ms, serving: 20 * time.Microsecond, places: 50}, 50 / 0.010, 100, 20, 128, 0},
		{"16 places, losing", modelled{trip: 10 * ms, serving: 20 * time.Microsecond, places: 16}, 16 / 0.010, 120, 0, 128, 0},
		{"slow names", modelled{trip: 10 * ms, serving: 50 * time.Microsecond, buffer: 270, slow: 0.02}, 20_000, 0, 0, 0, 0},
		{"slow names and 150 places, refusing", modelled{trip: 10 * ms, serving: 20 * time.Microsecond, places: 150, refuses: true, slow: 0.01}, 135 / 0.010, 0, 0, 0, 0},
		{"a network that loses one in a hundred", modelled{trip: 20 * ms, serving: 50 * time.Microsecond, buffer: 270, network: 0.01}, 0, 1 << 20, 1 << 20, 0, 0},
	} {
		t.Run(tc.label, func(t *testing.T) {
			s := &simulation{modelled: tc.modelled, rng: rand.New(rand.NewPCG(1, 2))}
			s.run(max(tc.warm, time.Second))
			early, size := s.lost, s.p.size
			answers, timeouts, extra := s.answers, s.timeouts, s.extra
			s.run(time.Second)
			rate := float64(s.answers - answers)
			t.Logf("%.0f answers a second, %.0f is best; lost %d, then %d; %d timeouts, then %d; %d refused; asked again %d, then %d; size %d after a second, %d in the end, %d at most",
				rate, tc.best, early, s.lost-early, timeouts, s.timeouts-timeouts, s.refused, extra, s.extra-extra, size, s.p.size, s.largest)
			if rate < 0.9*tc.best {
				t.Error("slower than the best fixed window")
			}
			if early > tc.early || s.lost-early > tc.late || s.timeouts > 0 && tc.network == 0 || s.refused > 0 {
				t.Error("too many lost")
			}
			if tc.most > 0 && s.largest > tc.most {
				t.Error("too large")
			}
		})
	}
}

// TestWindowRecovers: a server that has room again is asked more again, at the latest
// when the ceiling is lifted.
func TestWindowRecovers(t *testing.T) {
	s := &simulation{modelled: modelled{trip: 10 * time.Millisecond, serving: 20 * time.Microsecond, places: 16}, rng: rand.New(rand.NewPCG(1, 2))}
	s.run(time.Second)
	if s.p.size > 16 {
		t.Fatalf("%d questions at once for 16 places", s.p.size)
	}
	s.places = 0
	s.run(firstHold + time.Second)
	if s.p.size < 200 {
		t.Errorf("a window of %d although nothing is lost any more", s.p.size)
	}
	// What is not needed for a while is taken back: nobody knows whether it is still there.
	w := &s.p.window
	for range 10 {
		s.now += 1001 * time.Millisecond
		w.enter()
		w.flying = 0
		w.answered(s.now, 10*time.Millisecond, false)
	}
	if w.size != firstWindow {
		t.Errorf("a window of %d that nothing needs", w.size)
	}
}

// FuzzWindow: whatever happens in whatever order, the window has its bounds, and
// something can be asked.
func FuzzWindow(f *testing.F) {
	f.Add([]byte{0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 1, 1, 200, 0}, uint16(64))
	f.Add([]byte("answers, losses and doubts as they come"), uint16(1))
	f.Fuzz(func(t *testing.T, does []byte, most uint16) {
		w := newWindow(int(most))
		least := min(leastWindow, w.most)
		var now time.Duration
		for at, b := range does[:min(len(does), 500)] {
			now += time.Duration(b) * time.Millisecond
			size, asked, crowd := w.size, now-time.Duration(b)*time.Second/16, int(b)*8
			switch b % 8 {
			case 0, 1:
				w.enter()
			case 2, 3, 4:
				for range int(b) {
					w.answered(now, time.Duration(b)*time.Millisecond/4, b%16 > 4)
				}
				w.flying = 0
			case 5:
				if w.lost(now, asked, crowd); w.size > size {
					t.Fatalf("%d: a loss makes the window larger: %d to %d", at, size, w.size)
				}
			case 6:
				if w.suspect(now, asked, crowd); w.size > size {
					t.Fatalf("%d: a doubt makes the window larger: %d to %d", at, size, w.size)
				}
			case 7:
				switch b / 8 % 4 {
				case 0:
					w.confirm(now, asked, crowd)
				case 1:
					w.clear(now)
				case 2:
					w.slow(now)
				case 3:
					w.means(now)
				}
			}
			if w.size < least || w.size > w.most {
				t.Fatalf("%d: a window of %d, at most %d", at, w.size, w.most)
			}
			if w.credit < 0 || w.credit > mostCredit || w.debt < leastDebt || w.patience() < leastPatience || w.patience() > mostPatience {
				t.Fatalf("%d: %+v", at, w)
			}
		}
	})
}
