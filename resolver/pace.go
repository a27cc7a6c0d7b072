package resolver

import "time"

// pace is the questions of one server: those in line for a place in its window, those
// under way, and those that are late. Its user holds a lock around every call, and
// tells the time.
//
// A question that is late gives its place up, so that names whose servers are silent
// do not stop the others. If others that were asked after it are answered, it may have
// been lost, and is asked again, beside the first time: of two answers it was slow, of
// one to the second it was lost (window.lost), and of none nothing is known. The first
// time is waited for as long as without that.
type pace struct {
	window
	waiting, under, late inquiries
	// doubted are late and may have been lost: they are to be asked again.
	doubted inquiries
	looked  time.Duration // when overdue is to be called
}

// inquiries is a list of questions. A question is on one at most.
type inquiries struct {
	first, last *inquiry
	n           int
}

// paced is what the pace knows of a question.
type paced struct {
	on           *inquiries
	older, newer *inquiry
	asked, since time.Duration // for the first time, and when it took its place
	answers      int           // that there were when it was asked
	crowd        int32         // the questions that had a place when it was asked
	amid         int32         // and all that were under way
	refusedIn    int32         // the crowd that the first refusal was in
	refusals     int8          // how many there were
	again        *again        // the last time that it is asked again, beside the first
	losses       int           // that there were when it was, last
	times        int8          // that it was
	second       bool          // it is one
	moving, gone bool          // from the line to a socket; nobody waits for it any more
}

func (l *inquiries) push(i *inquiry) {
	l.n++
	i.on, i.older, i.newer = l, l.last, nil
	if l.last != nil {
		l.last.newer = i
	} else {
		l.first = i
	}
	l.last = i
}

func (l *inquiries) pushFirst(i *inquiry) {
	l.n++
	i.on, i.older, i.newer = l, nil, l.first
	if l.first != nil {
		l.first.older = i
	} else {
		l.last = i
	}
	l.first = i
}

// leave takes a question from its list.
func (i *inquiry) leave() {
	l := i.on
	l.n--
	if i.older != nil {
		i.older.newer = i.newer
	} else {
		l.first = i.newer
	}
	if i.newer != nil {
		i.newer.older = i.older
	} else {
		l.last = i.older
	}
	i.on, i.older, i.newer = nil, nil, nil
}

// enter reports whether a question may be asked now; if not, it waits in line.
func (p *pace) enter(i *inquiry, now time.Duration) bool {
	if p.waiting.first != nil || !p.room() {
		p.waiting.push(i)
		return false
	}
	p.ask(i, now)
	return true
}

// next is the question to be asked next, if there is room for it, nil otherwise. It is
// asked again, beside the first time, if again says so: these go first.
func (p *pace) next(now time.Duration) (i *inquiry, again bool) {
	if !p.room() {
		return nil, false
	}
	if i = p.doubted.first; i != nil && p.credit > 0 {
		p.credit--
		i.leave()
		i.since, i.losses = now, p.losses
		i.times++
		p.window.enter()
		p.under.push(i)
		return i, true
	}
	if i = p.waiting.first; i != nil {
		i.leave()
		p.ask(i, now)
	}
	return i, false
}

func (p *pace) ask(i *inquiry, now time.Duration) {
	i.asked, i.since, i.answers = now, now, p.answers
	i.crowd = int32(p.window.enter())
	i.amid = i.crowd + int32(p.late.n+p.doubted.n)
	p.under.push(i)
}

// wanted reports whether next has something to ask.
func (p *pace) wanted() bool {
	return p.room() && (p.waiting.first != nil || p.doubted.first != nil && p.credit > 0)
}

// drop ends a question that has no answer.
func (p *pace) drop(i *inquiry, now time.Duration) {
	p.leave(i)
	if i.refusals > 0 {
		p.clear(now)
	}
}

// leave takes a question from where it is.
func (p *pace) leave(i *inquiry) {
	if i.on == &p.under {
		p.flying--
	}
	if i.on != nil {
		i.leave()
	}
}

// answered ends a question that was answered. It returns false if it is to be asked
// once more, and then is in line for that, in front.
func (p *pace) answered(i *inquiry, now time.Duration, refused bool) bool {
	p.leave(i)
	switch {
	case refused && i.amid >= leastWindow && i.again == nil && p.maybeCrowded(i):
		// A server may refuse for lack of room, as dnsmasq does.
		if i.refusals == 0 {
			i.refusedIn = i.crowd
		}
		if i.refusals++; now >= p.refusals {
			p.suspect(now, i.asked, int(i.crowd))
		}
		p.waiting.pushFirst(i)
		return false
	case refused && i.refusals > 0:
		p.means(now)
	case i.refusals > 0:
		p.confirm(now, i.asked, int(i.refusedIn))
	}
	p.window.answered(now, now-i.asked, p.waiting.first != nil)
	return true
}

// maybeCrowded reports whether the crowd may be the reason of a refusal: it is the
// first one, or the crowd was hardly smaller than at the first one.
func (p *pace) maybeCrowded(i *inquiry) bool {
	return i.refusals == 0 || i.refusals < mostRefusals && 4*i.crowd > 3*i.refusedIn
}

// overdue has those give their places up that are late, and doubts them if others were
// answered meanwhile. It returns when to call it again; 0 if there is nothing to look
// at.
func (p *pace) overdue(now time.Duration) time.Duration {
	patience := p.patience()
	if now > p.looked+patience/4 {
		// It is this program that is late: answers may be there, and not be read.
		p.looked = now + lateAgain
		return lateAgain
	}
	wait := p.look(now, patience)
	p.looked = now + wait
	return wait
}

func (p *pace) look(now, patience time.Duration) time.Duration {
	if p.undo > 0 && now > p.cut+patience {
		p.slow(now)
	}
	wait := time.Duration(0)
	for i := p.under.first; i != nil; i = p.under.first {
		if wait = i.since + patience - now; wait > 0 {
			break
		}
		p.leave(i)
		p.late.push(i)
	}
	for i := p.late.first; i != nil; {
		late := i
		i = i.newer
		if !p.doubtful(late) {
			continue
		}
		p.leave(late)
		p.doubted.push(late)
		if now >= p.doubts {
			p.suspect(now, late.asked, int(late.crowd))
		}
	}
	if p.undo > 0 || p.doubted.n > 0 {
		p.refresh(now)
		return lateAgain
	}
	return wait
}

// doubtful reports whether a late question may have been lost. What was asked again in
// vain is asked once more only if others were found to be lost since: then it may
// have been lost the second time, too.
func (p *pace) doubtful(i *inquiry) bool {
	return i.refusals == 0 && i.amid >= leastWindow && p.answers-i.answers >= answersAfter &&
		(i.times == 0 || i.times < mostTimes && p.losses > i.losses)
}

const (
	// lateAgain is when questions that may have been lost are looked at once more.
	lateAgain = 10 * time.Millisecond
	// answersAfter is how many answers to others it takes to suspect a loss.
	answersAfter = 3
	// mostTimes is how often a question is asked again at most: what is asked again
	// may be lost, too.
	mostTimes = 8
	// mostRefusals of a question are taken for lack of room.
	mostRefusals = 3
)
