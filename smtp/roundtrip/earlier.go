package roundtrip

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"mailworthy/internal/show"
	"mailworthy/message"
)

// Bounds on the mails of earlier runs whose copies are counted: a server that could not
// hand one over tries for five days (RFC 5321, 4.5.4.1).
const (
	maxEarlier = 50
	oldest     = 7 * 24 * time.Hour
)

// earlier is a mail that is done with, and of which another copy may come.
type earlier struct {
	Letter  letter  `json:"letter"`
	Verdict Verdict `json:"verdict"`
	// Places are those that were read when it was judged, Copies the traces of the copies
	// that are known.
	Places []string `json:"places"`
	Copies []string `json:"copies"`
}

// forgetOld keeps the mails alone that are of the same round trip and not too old.
func (s *state) forgetOld(o *Options, now time.Time) {
	s.Earlier = slices.DeleteFunc(s.Earlier, func(e earlier) bool {
		to := strings.Replace(e.Letter.To, "+"+e.Letter.Token+"@", "@", 1)
		return e.Letter.From != o.From || to != o.To || now.Sub(e.Letter.Date) > oldest
	})
	s.Earlier = s.Earlier[max(len(s.Earlier)-maxEarlier, 0):]
}

// leave makes the mail under way one of the earlier ones, if a server may have it.
func (r *run) leave() {
	s := r.state
	kept := s.Earlier
	if s.Sends > 0 {
		e := earlier{Letter: s.Letter, Verdict: r.report.Verdict, Places: []string{}, Copies: []string{}}
		for i := range r.report.Places {
			if p := &r.report.Places[i]; p.LastRead != nil && !slices.Contains(e.Places, p.Place) {
				e.Places = append(e.Places, p.Place)
			}
		}
		for i := range r.report.Copies {
			e.Copies = append(e.Copies, r.report.Copies[i].trace)
		}
		kept = append(kept, e)
	}
	r.state = &state{Schema: stateSchema, Earlier: kept[max(len(kept)-maxEarlier, 0):]}
}

// lookBack looks once for copies of the earlier mails that their runs did not know. A place
// that cannot be read says nothing: the next run looks again.
func (r *run) lookBack(ctx context.Context) error {
	list := r.state.Earlier
	// If nobody can say what became of this mail, the others are not reported: they are
	// counted by the next run.
	if len(list) == 0 || r.report.Verdict == Unknown {
		return nil
	}
	q := Query{Copies: true, Since: list[0].Letter.Date}
	for i := range list {
		q.Tokens = append(q.Tokens, list[i].Letter.Token)
		if d := list[i].Letter.Date; d.Before(q.Since) {
			q.Since = d
		}
	}
	found := make([][]Copy, len(list))
	for i, p := range r.o.Places {
		place := &r.report.Places[i]
		if place.Error != "" {
			continue
		}
		look, err := r.lookAt(ctx, p, q)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			r.progress("%s cannot be read for copies of earlier mails: %v", place.Place, err)
		}
		now := r.o.Clock.Now()
		for k := range look.Found {
			f := &look.Found[k]
			m, err := message.ReadHeader(bufio.NewReader(bytes.NewReader(f.Raw)))
			if err != nil {
				continue
			}
			if n := slices.IndexFunc(list, func(e earlier) bool { return e.Letter.heads(m) }); n >= 0 && slices.Contains(list[n].Places, place.Place) {
				found[n] = append(found[n], f.copy(place.Place, now))
			}
		}
	}
	for i := range list {
		list[i].count(r.report, found[i])
	}
	return nil
}

// count adds to the report the copies that are not known yet. Those that are known may be
// in another folder by now, or gone.
func (e *earlier) count(rep *Report, found []Copy) {
	known, before := slices.Clone(e.Copies), len(e.Copies)
	more := Earlier{MessageID: e.Letter.messageID(), Began: e.Letter.Date, Verdict: e.Verdict}
	for _, c := range found {
		if i := slices.Index(known, c.trace); i >= 0 {
			known = slices.Delete(known, i, i+1)
			continue
		}
		if len(e.Copies) < maxCopies {
			e.Copies = append(e.Copies, c.trace)
			more.Copies = append(more.Copies, c)
		}
	}
	if len(more.Copies) == 0 {
		return
	}
	more.Duplicates = max(len(e.Copies)-1, 0) - max(before-1, 0)
	rep.Earlier = append(rep.Earlier, more)
}

// copy is a mail that was found as one of its copies.
func (f *Found) copy(place string, now time.Time) Copy {
	c := Copy{Place: place, Folder: f.Folder, Junk: f.Junk, SeenAt: now, trace: trace(f.Raw)}
	if !f.StoredAt.IsZero() {
		at := f.StoredAt.UTC()
		c.StoredAt = &at
	}
	return c
}

// trace is the way of one copy in short: its Received fields, which every server on the way
// adds to, and nobody changes when the mail is read or moved.
func trace(raw []byte) string {
	sum := sha256.New()
	m, err := message.ReadHeader(bufio.NewReader(bytes.NewReader(raw)))
	if err != nil {
		return ""
	}
	for i := range m.Fields {
		if h := &m.Fields[i]; h.Is("Received") {
			fmt.Fprintf(sum, "%s\n", h.Unfolded())
		}
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// Sentence says what was found of an earlier mail.
func (e *Earlier) Sentence() string {
	which := fmt.Sprintf("the mail %s of %s", e.MessageID, e.Began.UTC().Format(time.RFC3339))
	where := make([]string, 0, len(e.Copies))
	for i := range e.Copies {
		if folder := e.Copies[i].Folder; !slices.Contains(where, folder) {
			where = append(where, folder)
		}
	}
	if e.Duplicates == 0 {
		return fmt.Sprintf("Since its run ended as %s, %s has arrived: it is in %s.", e.Verdict, which, show.Listed(where, 3))
	}
	return fmt.Sprintf("Since its run ended, %s of %s came: in %s.", show.Counted(e.Duplicates, "further copy"), which, show.Listed(where, 3))
}

// AllDuplicates is how many further copies the run found, those of earlier mails too.
func (r *Report) AllDuplicates() int {
	n := r.Duplicates
	for i := range r.Earlier {
		n += r.Earlier[i].Duplicates
	}
	return n
}

// Twice says of which mails there is more than one copy, a sentence each.
func (r *Report) Twice() []string {
	var out []string
	if r.Duplicates > 0 {
		why := "a server on its way has delivered it twice, or two addresses of it lead here"
		if len(r.Attempts) > 1 {
			why = "a server took it twice (the answer to one try was lost)"
		}
		out = append(out, fmt.Sprintf("It is there %d times: %s.", r.Duplicates+1, why))
	}
	for i := range r.Earlier {
		if e := &r.Earlier[i]; e.Duplicates > 0 {
			out = append(out, e.Sentence())
		}
	}
	return out
}
