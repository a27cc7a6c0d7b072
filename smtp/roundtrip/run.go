package roundtrip

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"mailworthy/message"
	"mailworthy/smtp/explain"
)

// run is a round trip under way. It is one goroutine.
type run struct {
	o      *Options
	report *Report
	state  *state
	text   []byte
	// began is when this run began.
	began time.Time
	// done: a later run has nothing to go on with.
	done bool
	// late are the places whose look failed when the patience was over: they had their time.
	late map[int]bool
}

// Run sends the mail, or goes on with that of the state file, waits for it and judges it.
// The error is of the options, of the state file (a *StateError), or that of the context:
// then the state is kept, and another run goes on.
func Run(ctx context.Context, o Options) (*Report, error) {
	o.Clock = cmp.Or[Clock](o.Clock, System{})
	if o.Random == nil {
		o.Random = rand.Float64
	}
	if o.Retry == nil {
		o.Retry = DefaultRetry
	}
	o.Timeout, o.Poll = cmp.Or(o.Timeout, DefaultTimeout), cmp.Or(o.Poll, DefaultPoll)
	if len(o.Places) == 0 {
		return nil, errors.New("there is no place to wait at")
	}
	unlock, err := lock(o.State)
	if err != nil {
		return nil, err
	}
	defer unlock()
	r := &run{o: &o, began: o.Clock.Now(), late: map[int]bool{}}
	if err := r.begin(); err != nil {
		return nil, err
	}
	if err := r.loop(ctx); err != nil {
		return nil, err
	}
	rep := r.report
	rep.Attempts, rep.SentAt, rep.SubmitMS = r.state.Attempts, r.state.SentAt, r.state.SubmitMS
	for i := range rep.Attempts {
		if c := rep.Attempts[i].Cause; c != nil {
			c.Submission = o.Via.submission()
		}
	}
	if err := r.lookBack(ctx); err != nil {
		return nil, err
	}
	rep.DurationMS = o.Clock.Now().Sub(r.began).Milliseconds()
	if rep.Verdict.Final() || r.done {
		r.leave()
	}
	return rep, r.save()
}

// begin makes the mail, or that of the state once more.
func (r *run) begin() error {
	o := r.o
	r.report = &Report{Schema: Schema, From: o.From, Via: o.Via.String(), Attempts: []Attempt{}, Places: []PlaceState{}, Copies: []Copy{}, Earlier: []Earlier{}, Hops: []Hop{},
		AuthenticationResults: []message.Text{}, Delays: []explain.Input{}}
	now := r.began
	kept := &state{}
	if o.State != "" {
		switch s, err := load(o.State); {
		case err != nil:
			return err
		case s != nil:
			kept = s
			kept.forgetOld(o, now)
		}
	}
	l := letter{Token: newToken(), From: o.From, To: o.To, Date: now.UTC().Truncate(time.Second)}
	if o.Plus {
		l.plus()
	}
	if kept.underWay() {
		to := kept.Letter
		if o.Plus {
			l.Token, l.To = to.Token, o.To
			l.plus()
		}
		if to.From != l.From || to.To != l.To || kept.Via != o.Via.String() {
			return ofState(fmt.Errorf("%w: from %s to %s by %s", ErrOtherMail, to.From, to.To, kept.Via))
		}
		r.state, r.report.Resumed = kept, true
	} else {
		r.state = &state{Schema: stateSchema, Via: o.Via.String(), Letter: l, Began: now, Attempts: []Attempt{}, NextTry: &now, Earlier: kept.Earlier}
	}
	for _, p := range o.Places {
		r.report.Places = append(r.report.Places, PlaceState{Place: p.String()})
	}
	s, rep := r.state, r.report
	// What is explained is about the recipient that the mail has.
	o.To = s.Letter.To
	rep.Token, rep.MessageID, rep.To, rep.Began = s.Letter.Token, s.Letter.messageID(), s.Letter.To, s.Began
	r.text = s.Letter.text()
	if o.Key != nil {
		var err error
		if r.text, err = o.Key.sign(r.text); err != nil {
			return err
		}
		rep.Signed = &Signed{o.Key.Domain, o.Key.Selector}
	}
	// A run that is killed after the first try must not send another mail.
	return r.save()
}

// end is when the patience is over: with servers that put the mail off from the begin of
// this run on, and with its way since a server accepted it, so that a mail is not lost
// because it was sent late.
func (r *run) end() time.Time {
	from := r.began
	switch s, last := r.state, r.state.last(); {
	case s.SentAt != nil:
		from = *s.SentAt
	case s.Sends > 0 && last != nil:
		from = last.At
	}
	return from.Add(r.o.Timeout)
}

// limit is how long a try that begins now may take.
func (r *run) limit() time.Duration {
	return min(sendTimeout, max(r.end().Sub(r.o.Clock.Now()), sendFloor))
}

// lookLimit is how long a look at one place that begins now may take.
func (r *run) lookLimit() time.Duration {
	return min(lookTimeout, max(r.end().Sub(r.o.Clock.Now()), min(max(r.o.Timeout, minLook), maxLook)))
}

// lookAt looks at a place, for as long as that may take.
func (r *run) lookAt(ctx context.Context, p Place, q Query) (Look, error) {
	ctx, cancel := context.WithTimeout(ctx, r.lookLimit())
	defer cancel()
	return p.Look(ctx, q)
}

// loop tries, looks and waits until there is a verdict.
func (r *run) loop(ctx context.Context) error {
	o, s := r.o, r.state
	nextLook, poll := o.Clock.Now(), o.Poll
	for {
		if now := o.Clock.Now(); s.NextTry != nil && !now.Before(*s.NextTry) {
			if err := r.try(ctx); err != nil {
				return err
			}
		}
		now, end := o.Clock.Now(), r.end()
		over := !now.Before(end)
		if s.Sends == 0 && (s.NextTry == nil || s.NextTry.After(end)) {
			r.unsent()
			return nil
		}
		if s.Sends > 0 && (over || !now.Before(nextLook)) {
			found, err := r.look(ctx)
			if err != nil || found {
				return err
			}
			nextLook, poll = o.Clock.Now().Add(poll), min(2*poll, MaxPoll)
		}
		if over {
			r.missing(end)
			return nil
		}
		until := end
		if s.NextTry != nil && s.NextTry.Before(until) {
			until = *s.NextTry
		}
		if s.Sends > 0 && nextLook.Before(until) {
			until = nextLook
		}
		if d := until.Sub(o.Clock.Now()); d > 0 {
			if err := o.Clock.Sleep(ctx, d); err != nil {
				return err
			}
		}
	}
}

// try makes one try and plans the next one.
func (r *run) try(ctx context.Context) error {
	o, s := r.o, r.state
	r.progress("sending %s to %s by %s", s.Letter.messageID(), s.Letter.To, o.Via)
	a := o.send(ctx, &s.Letter, r.text, r.limit())
	if ctx.Err() != nil {
		// Whatever was under way may have been accepted.
		if a.Stage == "" || a.Stage == StageData {
			s.Sends++
			_ = r.save()
		}
		return ctx.Err()
	}
	now := o.Clock.Now()
	s.NextTry = nil
	never := len(s.Attempts) == 0 && (a.Stage == StageConnect || a.Stage == StageTLS)
	s.Attempts = append(s.Attempts, a)
	r.hide(ctx)
	made := s.last()
	if a.Stage == "" || a.InDoubt {
		s.Sends++
	}
	switch {
	case a.Stage == "":
		s.SentAt = &now
		ms := a.DurationMS
		s.SubmitMS = &ms
		r.progress("accepted: %s", made.Reply)
	case a.final, never:
		// A server that cannot be reached at all is a mistake in the command as likely as
		// one that is down: whoever waits should know at once.
		s.GaveUp = true
		r.progress("%s: %s", a.Stage, made.Reply)
	case s.Retries < len(o.Retry):
		next := now.Add(jitter(o.Retry[s.Retries], o.Random()))
		s.Retries++
		s.NextTry, made.RetryAt = &next, &next
		r.progress("%s: %s; the next try is at %s", a.Stage, made.Reply, next.UTC().Format(time.RFC3339))
	default:
		s.GaveUp = true
		r.progress("%s: %s; no try is left", a.Stage, made.Reply)
	}
	return r.save()
}

// hide takes out of the answers of all tries what they tell of a secret together.
func (r *run) hide(ctx context.Context) {
	list := r.state.Attempts
	said := make([]string, len(list))
	for i := range list {
		said[i] = list[i].Reply
	}
	for i, text := range r.o.secrets().Lines(said) {
		if a := &list[i]; a.Reply != text {
			if a.Reply = text; a.Cause != nil {
				a.Cause = r.o.explained(ctx, text, a.Stage)
			}
		}
	}
}

// jitter is a time within a tenth of d: mails that were put off together do not come back
// together. It is never less than d, which a greylist may demand.
func jitter(d time.Duration, random float64) time.Duration {
	return d + time.Duration(float64(d)*0.1*random)
}

// look looks at every place once. It is true if there is a verdict.
func (r *run) look(ctx context.Context) (bool, error) {
	found := r.lookOnce(ctx)
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	r.conclude()
	if r.report.Verdict == "" {
		return false, nil
	}
	if len(r.report.Copies) > 0 {
		again, err := r.linger(ctx)
		if err != nil {
			return false, err
		}
		found = cmp.Or(again, found)
	}
	r.progress("%s: %s", r.report.Verdict, r.report.Why)
	if found != nil {
		r.arrival(ctx, found)
		if sent := r.state.SentAt; sent != nil {
			ms := max(r.report.Copies[0].SeenAt.Sub(*sent), 0).Milliseconds()
			r.report.SeenMS = &ms
		}
	}
	if b := r.report.Bounce; b != nil {
		r.o.prove(ctx, b)
	}
	for i := range r.report.Delays {
		r.o.prove(ctx, &r.report.Delays[i])
	}
	return true, ctx.Err()
}

// linger goes on looking for further copies of a mail that is there, as long as the options
// say; one look more if several tries may have left one: it may be on its way. It returns
// the copy to judge, nil if it is the one that was found.
func (r *run) linger(ctx context.Context) (found *Found, err error) {
	o, poll := r.o, r.o.Poll
	left := o.Duplicates
	if r.state.Sends > 1 {
		left = max(left, poll)
	}
	if o.Duplicates > 0 {
		r.progress("it is there; looking for further copies for %s", o.Duplicates)
	}
	for left > 0 && ctx.Err() == nil {
		wait := min(poll, left)
		if err := o.Clock.Sleep(ctx, wait); err != nil {
			return found, err
		}
		left, poll = left-wait, min(2*poll, MaxPoll)
		before := r.report.Copies
		if again := r.lookOnce(ctx); again != nil {
			found = again
		}
		if len(r.report.Copies) < len(before) {
			r.report.Copies = before // they were there, wherever they are now
		}
		r.conclude()
	}
	return found, ctx.Err()
}

// lookOnce looks at every place and returns the copy to judge: one that is not in a junk
// folder, if there is one.
func (r *run) lookOnce(ctx context.Context) *Found {
	var best *Found
	rep := r.report
	seen := map[string][]time.Time{} // of the copies in a folder, the first one first
	for _, c := range rep.Copies {
		folder := c.Place + "\x00" + c.Folder
		seen[folder] = append(seen[folder], c.SeenAt)
	}
	rep.Copies, rep.Delays, rep.Bounce = []Copy{}, []explain.Input{}, nil
	q := Query{Tokens: []string{r.state.Letter.Token}, Since: r.state.Began}
	for i, p := range r.o.Places {
		state := &rep.Places[i]
		if r.late[i] {
			continue
		}
		state.Looks++
		look, err := r.lookAt(ctx, p, q)
		now := r.o.Clock.Now()
		state.Folders, state.Error = look.Folders, ""
		if err != nil {
			if !now.Before(r.end()) {
				r.late[i] = true
			}
			if state.Error = err.Error(); ctx.Err() == nil {
				r.progress("%s cannot be read: %v", state.Place, err)
			}
		} else {
			state.LastRead = &now
		}
		for k := range look.Found {
			f := &look.Found[k]
			switch kind, in := r.o.sort(f, &r.state.Letter); kind {
			case theMail:
				c := f.copy(state.Place, now)
				if folder := c.Place + "\x00" + c.Folder; len(seen[folder]) > 0 {
					c.SeenAt, seen[folder] = seen[folder][0], seen[folder][1:]
				}
				rep.Copies = append(rep.Copies, c)
				if best == nil || best.Junk && !f.Junk {
					best = f
				}
			case aBounce:
				rep.Bounce = in
			case aDelay:
				rep.Delays = append(rep.Delays, *in)
			}
		}
	}
	return best
}

func (r *run) progress(format string, args ...any) {
	if r.o.Progress != nil {
		r.o.Progress(fmt.Sprintf(format, args...))
	}
}
