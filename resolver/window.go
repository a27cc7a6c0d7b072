package resolver

import "time"

// window is how many questions may be under way to one server, by what became of
// those before: the arithmetic alone, without a clock and without questions.
//
// More questions at once than a server has room for are lost, and a lost question is
// waited for two seconds. How much room there is nobody says: a home router has 150
// places, a stock unbound a socket buffer of 270 questions, and one behind a network
// of 100 ms needs a thousand under way to be busy. So the window
//
//   - begins small and doubles with every round trip, up to trustedWindow: so much
//     every server has room for that is heard of;
//   - goes beyond that only as long as a larger window brings more answers a second.
//     If it does not, what is asked more only waits in the server's buffer, until
//     that is full. So a window stays below what a server loses at, mostly;
//   - is halved if questions were lost, and then grows back to just below where
//     that was, and stays there for a while.
//
// Lost is a question only if it was asked again and that was answered, and the first
// one was not (pace). A name whose servers are silent answers neither, and a slow one
// answers both.
type window struct {
	size int // so many may be under way
	most int // size is never more
	// flying are under way, without those that are late: these wait for something
	// else than for room.
	flying int
	// ceiling bounds size until it is lifted; 0: there is none. hold is how long.
	ceiling, bottom int // and where it is not lowered below
	lifted, hold    time.Duration
	// cut is when size was last reduced: what became of questions that were asked
	// before that is known.
	cut time.Duration
	// debt is what losses add and answers work off, and then some in advance.
	debt int
	// crowded is the crowd of the first question that was lost since cut.
	crowded int
	// undo is the size before a doubt, 0 if there is none. The next one is not before
	// doubts, and that is put off further by each that was for nothing.
	undo          int
	doubts, doubt time.Duration
	// refusals are asked about no earlier, for the same reason.
	refusals, refusal time.Duration
	// credit is how many questions may be asked again early; losses are how many were
	// found to be lost.
	credit    int
	refreshed time.Duration
	losses    int
	// answers were there so far, and trip is what they took, smoothed.
	answers int
	trip    time.Duration
	// What was under way at most since checked.
	peak    int
	checked time.Duration

	// A phase measures the answers a second.
	began      time.Duration
	seen, held int // answers in this phase, and those that another question waited for
	settle     int // so many answers are still those of the size before
	probing    bool
	careful    bool    // steps are small, for the last one brought nothing
	before     int     // the size before the step
	rate       float64 // answers a second, with the size before
	rest       time.Duration
}

const (
	firstWindow   = 32
	leastWindow   = 8
	trustedWindow = 64

	firstHold = 10 * time.Second
	mostHold  = 5 * time.Minute

	// A loss costs lossDebt answers: one in thirty goes for what a network loses by
	// itself. More than mostDebt cuts; leastDebt is what answers work off in advance.
	lossDebt  = 32
	mostDebt  = 2 * lossDebt
	leastDebt = -4 * lossDebt

	firstDoubt, mostDoubt = time.Second, time.Minute

	firstCredit, mostCredit = 4, 32
	answersForCredit        = 16
	timeForCredit           = 50 * time.Millisecond

	// Of a step, only so much may fill the buffer of a server.
	mostStep, carefulStep = 128, 64

	phaseLength = 10 * time.Millisecond
	phaseRest   = 100 * time.Millisecond

	leastPatience, mostPatience = 100 * time.Millisecond, time.Second
)

// newWindow is that of a server that was not asked yet.
func newWindow(most int) window {
	most = max(most, 1)
	return window{size: min(firstWindow, most), most: most, credit: firstCredit, trip: 50 * time.Millisecond}
}

// room reports whether another question may be asked.
func (w *window) room() bool { return w.flying < w.size }

// patience is when a question is late.
func (w *window) patience() time.Duration { return min(max(4*w.trip, leastPatience), mostPatience) }

// enter counts a question that is asked. It returns how many were under way.
func (w *window) enter() (crowd int) {
	w.flying++
	w.peak = max(w.peak, w.flying)
	return w.flying - 1
}

// answered notes an answer that took so long; waiting says that another question
// waits for room.
func (w *window) answered(now, took time.Duration, waiting bool) {
	if w.answers++; w.answers == 1 {
		w.trip, w.checked = took, now
	} else {
		w.trip += (took - w.trip) / 16
	}
	w.debt = max(leastDebt, w.debt-1)
	if w.answers%answersForCredit == 0 {
		w.credit = min(w.credit+1, mostCredit)
	}
	w.grow(now, waiting)
}

// refresh gives credit for time.
func (w *window) refresh(now time.Duration) {
	if now-w.refreshed >= timeForCredit {
		w.refreshed = now
		w.credit = max(w.credit, min(w.credit+1, firstCredit))
	}
}

// grow makes the window larger, if it was full.
func (w *window) grow(now time.Duration, waiting bool) {
	if w.seen++; waiting {
		w.held++
	}
	if now-w.checked > time.Second {
		w.unused(now)
	}
	limit := w.limit(now)
	switch {
	case w.undo > 0 || w.size >= limit:
		w.size = min(w.size, limit)
		w.measure(now, 0)
	case w.ceiling == 0 && w.size < trustedWindow:
		if waiting {
			if w.size++; w.size == trustedWindow {
				w.measure(now, w.size)
			}
		}
	case w.ceiling > 0 && (now < w.lifted || w.size < trustedWindow):
		if w.seen < w.size {
			return
		}
		if 2*w.held >= w.seen {
			step := 1
			if now < w.lifted {
				step = max(1, (limit-w.size)/4)
			}
			w.size += step
		}
		w.measure(now, 0)
	default:
		w.climb(now, limit)
	}
}

// limit is the size that is allowed now.
func (w *window) limit(now time.Duration) int {
	if w.ceiling > 0 && now < w.lifted {
		return min(w.ceiling, w.most)
	}
	return w.most
}

// unused takes back room that was not needed for long: nobody knows whether it is
// still there.
func (w *window) unused(now time.Duration) {
	if w.peak < w.size/2 && w.size > firstWindow {
		w.size = max(firstWindow, w.peak, (w.size+w.peak)/2)
		w.measure(now, 0)
		w.probing, w.careful = false, false
	}
	w.peak, w.checked = w.flying, now
}

// measure begins a phase after so many answers.
func (w *window) measure(now time.Duration, settle int) {
	w.began, w.seen, w.held, w.settle = now, 0, 0, settle
}

// climb tries larger sizes, and keeps one that brings at least half as many answers
// more as it is larger.
func (w *window) climb(now time.Duration, limit int) {
	if w.settle > 0 {
		if w.settle--; w.settle == 0 {
			w.measure(now, 0)
		}
		return
	}
	took := now - w.began
	if w.seen < w.size || took < phaseLength {
		return
	}
	rate := float64(w.seen) / took.Seconds()
	size := w.size
	switch {
	case 2*w.held < w.seen: // nobody needed the room: this says nothing
		if w.probing {
			w.size, w.probing = w.before, false
		}
	case !w.probing:
		if w.rate = rate; now >= w.rest {
			w.step(limit)
		}
	case rate > w.rate*(1+w.share()/2):
		w.careful = rate < w.rate*(1+w.share()*3/4)
		w.rate = rate
		w.step(limit)
	default:
		w.size = max(min(trustedWindow, w.before), w.before*19/20)
		w.probing, w.careful, w.rest = false, true, now+phaseRest
	}
	w.measure(now, size)
}

// step makes the window larger for a trial.
func (w *window) step(limit int) {
	w.before, w.probing = w.size, true
	if w.careful {
		w.size += min(w.size/4, carefulStep)
	} else {
		w.size += max(min(w.size, mostStep), w.size/4)
	}
	w.size = min(w.size, limit)
}

// share is how much larger the step made the window.
func (w *window) share() float64 { return float64(w.size)/float64(w.before) - 1 }

// lost notes that a question was lost that had been asked at that time, in a crowd of
// so many.
func (w *window) lost(now, asked time.Duration, crowd int) {
	w.losses++
	w.credit = min(w.credit+2, mostCredit)
	if asked < w.cut && w.undo == 0 {
		return
	}
	if w.crowded == 0 {
		w.crowded = crowd
	}
	switch w.debt += lossDebt; {
	case w.debt >= mostDebt:
		w.size = w.half(w.crowded)
		w.bound(now)
	case w.ceiling > 0 && now < w.lifted && w.size == w.ceiling && w.undo == 0:
		// It is a little too high.
		w.ceiling = max(w.ceiling-max(1, w.ceiling/32), w.bottom)
		w.size, w.cut, w.crowded = w.ceiling, now, 0
	}
}

// half is half of what was too much.
func (w *window) half(crowd int) int { return min(w.size, max(crowd/2, min(leastWindow, w.most))) }

// bound sets the ceiling just below where something was lost.
func (w *window) bound(now time.Duration) {
	if w.hold = 2 * w.hold; w.ceiling == 0 || now > w.lifted+w.hold {
		w.hold = firstHold
	}
	w.hold = min(w.hold, mostHold)
	w.ceiling = min(max(w.crowded*15/16, leastWindow), w.most)
	w.bottom = max(w.ceiling/2, min(leastWindow, w.most))
	w.lifted, w.cut = now+w.hold, now
	w.debt, w.crowded, w.undo, w.probing, w.careful = 0, 0, 0, false, true
	w.doubts, w.doubt, w.refusals, w.refusal = 0, 0, 0, 0
	w.measure(now, 0)
}

// suspect halves the window, for a question that was refused or is not answered in such
// a crowd, until it is known whether for that: it is asked again, while there is room.
func (w *window) suspect(now, asked time.Duration, crowd int) {
	if asked < w.cut || w.undo > 0 {
		return
	}
	w.undo, w.crowded, w.cut = w.size, crowd, now
	w.size = w.half(crowd)
}

// confirm says that a question was refused in such a crowd and answered in another one.
func (w *window) confirm(now, asked time.Duration, crowd int) {
	switch {
	case w.undo > 0:
		w.bound(now)
	case asked >= w.cut:
		w.crowded, w.size = crowd, w.half(crowd)
		w.bound(now)
	}
}

// means says that a refusal was meant: the next ones are no reason to doubt for some
// time.
func (w *window) means(now time.Duration) {
	w.clear(now)
	w.refusal = min(max(2*w.refusal, firstDoubt), mostDoubt)
	w.refusals = now + w.refusal
}

// slow says that what is late is not answered in a smaller crowd either: such names
// are no reason to doubt for some time.
func (w *window) slow(now time.Duration) {
	w.clear(now)
	w.doubt = min(max(2*w.doubt, firstDoubt), mostDoubt)
	w.doubts = now + w.doubt
}

// clear says that the crowd was not the reason.
func (w *window) clear(now time.Duration) {
	if w.undo > 0 {
		w.size, w.undo, w.crowded = w.undo, 0, 0
		w.measure(now, 0)
	}
}
