package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"mailworthy/finding"
	"mailworthy/internal/atomicfile"
	"mailworthy/internal/readfile"
)

// Bounds on an outbox.
const (
	// keepFor is how long a notice is tried to be delivered.
	keepFor    = 72 * time.Hour
	maxEntries = 1000
	// maxOutbox has room for the findings of 100,000 domains.
	maxOutbox = 256 << 20
)

// Outbox keeps the notices for each target, in a file of its own. A notice is queued
// before its change is marked reported; a duplicate is recognised, so a crash in between
// sends it once.
//
// One process at a time may have an outbox open.
type Outbox struct {
	file string

	mu    sync.Mutex
	state outboxState
}

type outboxState struct {
	Schema  string   `json:"schema"`
	Entries []*entry `json:"entries"`
	// Standing has the findings that each target knows of, by target and domain.
	Standing map[string]map[string][]string `json:"standing"`
}

// entry is a notice for a target: all that one run has for it.
type entry struct {
	Target string `json:"target"`
	// Keys are by domain what the notice says of it: the same key for the same.
	Keys   map[string]string `json:"keys"`
	Queued time.Time         `json:"queued"`
	// Delivered entries stay until the changes count as reported (Settle).
	Delivered bool    `json:"delivered"`
	Notice    *Notice `json:"notice,omitempty"`
}

const outboxSchema = "mailworthy/outbox/1"

// ErrDamaged: the file of an outbox was not one. It has been put aside and the
// outbox is empty: what was in it may be sent again or not at all.
var ErrDamaged = errors.New("the outbox was damaged and has been put aside")

// OpenOutbox reads the outbox of the file, which need not exist. With ErrDamaged
// the outbox can be used.
func OpenOutbox(file string) (*Outbox, error) {
	o := &Outbox{file: file, state: outboxState{Schema: outboxSchema, Standing: map[string]map[string][]string{}}}
	text, err := readfile.Read(file, maxOutbox, readfile.Wait)
	if errors.Is(err, fs.ErrNotExist) {
		return o, nil
	}
	large := errors.Is(err, readfile.ErrTooLarge)
	if err != nil && !large {
		return nil, &fs.PathError{Op: "open", Path: file, Err: err}
	}
	var state outboxState
	if !large && json.Unmarshal(text, &state) == nil && state.Schema == outboxSchema &&
		!slices.Contains(state.Entries, nil) && !slices.ContainsFunc(state.Entries, func(e *entry) bool { return !e.Delivered && e.Notice == nil }) {
		o.state = state
		if o.state.Standing == nil {
			o.state.Standing = map[string]map[string][]string{}
		}
		return o, nil
	}
	if err := os.Rename(file, file+".damaged"); err != nil {
		return nil, err
	}
	return o, fmt.Errorf("%w as %s", ErrDamaged, file+".damaged")
}

// Add puts what a run has to say in for a target, as one notice. What is there already
// about a domain is left out.
func (o *Outbox) Add(t *Target, list ...*Notice) {
	keys := make(map[string]string, len(list))
	var fresh []*Notice
	for _, n := range list {
		key := n.key()
		if !slices.ContainsFunc(o.state.Entries, func(e *entry) bool { return e.Target == t.Name && e.Keys[n.Domain] == key }) {
			keys[n.Domain] = key
			fresh = append(fresh, n)
		}
	}
	if len(fresh) == 0 {
		return
	}
	all := merge(fresh)
	if all.ID == "" {
		all.ID = digest([]any{all.key(), all.Time})
	}
	o.state.Entries = append(o.state.Entries, &entry{Target: t.Name, Keys: keys, Queued: all.Time, Notice: all})
}

// Standing notes the findings at or above the severity of a Threshold target, and
// returns the new ones: those that the target does not know of, or that had gone
// since.
func (o *Outbox) Standing(t *Target, domain string, findings []finding.Finding) []finding.Finding {
	told := o.state.Standing[t.Name][domain]
	var fresh []finding.Finding
	var now []string
	for _, f := range findings {
		if f.Severity == finding.Unknown || !f.Severity.AtLeast(t.Severity) {
			continue
		}
		key := digest([]string{f.Check, f.Subject, string(f.Severity)})
		if slices.Contains(now, key) {
			continue
		}
		now = append(now, key)
		if !slices.Contains(told, key) {
			fresh = append(fresh, f)
		}
	}
	if o.state.Standing[t.Name] == nil {
		o.state.Standing[t.Name] = map[string][]string{}
	}
	o.state.Standing[t.Name][domain] = now
	return fresh
}

// Settle marks the domain's changes as reported; the same change later is a new notice.
func (o *Outbox) Settle(domain string) {
	for _, e := range o.state.Entries {
		delete(e.Keys, domain)
	}
	o.state.Entries = slices.DeleteFunc(o.state.Entries, func(e *entry) bool { return e.Delivered && len(e.Keys) == 0 })
}

// Deliver sends what waits, to several targets at once and to each in order, and
// saves the outbox as it goes. It returns what went wrong, a line a target. What was not
// delivered waits for the next time, for three days.
func (o *Outbox) Deliver(ctx context.Context, s *Sender, targets []Target, now time.Time) []error {
	problems := o.expire(targets, now)
	var g errgroup.Group
	g.SetLimit(8)
	for i := range targets {
		t := &targets[i]
		g.Go(func() error {
			for _, e := range o.waiting(t.Name) {
				err := s.Send(ctx, t, e.Notice)
				o.mu.Lock()
				if err != nil {
					problems = append(problems, fmt.Errorf("notification %q about %s waits for the next run: %w", t.Name, e.Notice.about(), err))
				} else {
					e.Delivered, e.Notice = true, nil
					if err = o.save(); err != nil {
						problems = append(problems, err)
					}
				}
				o.mu.Unlock()
				if err != nil {
					// The others would fail the same way.
					return nil
				}
			}
			return nil
		})
	}
	_ = g.Wait()
	return problems
}

// waiting are the entries of a target that are not delivered, oldest first.
func (o *Outbox) waiting(target string) []*entry {
	o.mu.Lock()
	defer o.mu.Unlock()
	var out []*entry
	for _, e := range o.state.Entries {
		if e.Target == target && !e.Delivered {
			out = append(out, e)
		}
	}
	return out
}

// expire drops what is too old or too much, and what is for a target that is no
// longer configured.
func (o *Outbox) expire(targets []Target, now time.Time) []error {
	var problems []error
	configured := func(name string) bool {
		return slices.ContainsFunc(targets, func(t Target) bool { return t.Name == name })
	}
	o.state.Entries = slices.DeleteFunc(o.state.Entries, func(e *entry) bool {
		old := now.Sub(e.Queued) > keepFor
		if old && !e.Delivered && configured(e.Target) {
			problems = append(problems, fmt.Errorf("notification %q about %s is given up: it could not be delivered since %s", e.Target, e.Notice.about(), e.Queued.Format(time.RFC3339)))
		}
		return old || !configured(e.Target)
	})
	if n := len(o.state.Entries) - maxEntries; n > 0 {
		problems = append(problems, fmt.Errorf("%d notifications are given up: more than %d wait", n, maxEntries))
		o.state.Entries = slices.Delete(o.state.Entries, 0, n)
	}
	return problems
}

// Save writes the outbox, wholly or not at all.
func (o *Outbox) Save() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.save()
}

func (o *Outbox) save() error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	if err := enc.Encode(&o.state); err != nil {
		return err
	}
	if err := atomicfile.Write(o.file, b.Bytes(), 0o600); err != nil {
		return fmt.Errorf("the outbox: %w", err)
	}
	return nil
}
