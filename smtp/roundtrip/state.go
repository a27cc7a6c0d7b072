package roundtrip

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"mailworthy/internal/atomicfile"
	"mailworthy/internal/lockfile"
	"mailworthy/internal/readfile"
	"mailworthy/internal/show"
)

// The forms of the file: stateSchema is what is written, firstSchema had no earlier mails.
const (
	stateSchemas = "mailworthy/roundtrip-state/"
	firstSchema  = stateSchemas + "1"
	stateSchema  = stateSchemas + "2"
)

// state is what a later run goes on from. There is no secret in it, nor the mail: it is
// made anew of the letter.
type state struct {
	Schema string `json:"schema"`
	// Of the mail under way; without a letter there is none.
	Via      string     `json:"via,omitzero"`
	Letter   letter     `json:"letter,omitzero"`
	Began    time.Time  `json:"began,omitzero"`
	SentAt   *time.Time `json:"sent_at,omitzero"`
	SubmitMS *int64     `json:"submit_ms,omitzero"`
	// Sends is how many tries may have left a copy of the mail.
	Sends    int        `json:"sends,omitzero"`
	Attempts []Attempt  `json:"attempts,omitzero"`
	NextTry  *time.Time `json:"next_try,omitzero"`
	// Retries that were made of the schedule.
	Retries int `json:"retries,omitzero"`
	// GaveUp: a server refused for good, or no try is left.
	GaveUp bool `json:"gave_up,omitzero"`
	// Earlier are the mails that are done with, the last one last.
	Earlier []earlier `json:"earlier,omitempty"`
}

// underWay reports whether there is a mail to go on with.
func (s *state) underWay() bool { return s.Letter != letter{} }

// last is the last try that came to an end; nil if none did, though one that was cut off in
// the middle may have left a copy of the mail.
func (s *state) last() *Attempt {
	if len(s.Attempts) == 0 {
		return nil
	}
	return &s.Attempts[len(s.Attempts)-1]
}

// ErrOtherMail is the error of a state file that is about another mail than the flags.
var ErrOtherMail = errors.New("the state file is about another mail")

// StateError is an error of the state file. It does not say its name.
type StateError struct{ Err error }

func (e *StateError) Error() string { return e.Err.Error() }

// Unwrap is the error that it came of.
func (e *StateError) Unwrap() error { return e.Err }

// ofState is an error of the state file, nil if err is.
func ofState(err error) error {
	if err == nil {
		return nil
	}
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return &StateError{err}
}

// load reads the state of an earlier run; nil if there is none.
func load(name string) (*state, error) {
	text, err := readfile.Read(name, 1<<20, readfile.Wait)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, ofState(err)
	}
	var form struct {
		Schema string `json:"schema"`
	}
	if err := json.Unmarshal(text, &form); err != nil || !strings.HasPrefix(form.Schema, stateSchemas) {
		return nil, ofState(errors.New("it is no state file of roundtrip"))
	}
	if form.Schema != stateSchema && form.Schema != firstSchema {
		return nil, ofState(fmt.Errorf("another version of mailworthy wrote it (%s)", show.Quote(form.Schema, 60)))
	}
	s := &state{}
	if err := json.Unmarshal(text, s); err != nil {
		return nil, ofState(errors.New("it is no state file of roundtrip"))
	}
	s.Schema = stateSchema
	mails := s.Earlier
	if s.underWay() || len(mails) == 0 {
		mails = append(slices.Clip(mails), earlier{Letter: s.Letter})
	}
	for i := range mails {
		if !mails[i].Letter.valid() {
			return nil, ofState(errors.New("it is no state file of roundtrip: it names no mail"))
		}
	}
	if s.underWay() && s.Began.IsZero() {
		return nil, ofState(errors.New("it is no state file of roundtrip: it does not say when it began"))
	}
	if s.Sends < 0 || s.Retries < 0 {
		return nil, ofState(errors.New("it is no state file of roundtrip: it counts below zero"))
	}
	return s, nil
}

// save keeps the state for a later run; without a file it does nothing. The file of a state
// that says nothing is removed.
func (r *run) save() error {
	if r.o.State == "" {
		return nil
	}
	if !r.state.underWay() && len(r.state.Earlier) == 0 {
		return r.forget()
	}
	text, err := json.MarshalIndent(r.state, "", "  ")
	if err != nil {
		return err
	}
	return ofState(atomicfile.Write(r.o.State, append(text, '\n'), 0o600))
}

// forget removes the state: nothing is left to wait for.
func (r *run) forget() error {
	if err := os.Remove(r.o.State); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return ofState(err)
	}
	return nil
}

// lock keeps a second run from the same state: it would send the mail once more.
func lock(name string) (func(), error) {
	if name == "" {
		return func() {}, nil
	}
	l, err := lockfile.Take(name + ".lock")
	if err != nil {
		return nil, ofState(err)
	}
	return l.Release, nil
}
