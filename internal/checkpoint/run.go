package checkpoint

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"
)

// Run is a run with a checkpoint. Rows and saving are for one goroutine; its
// Reading may be fed by another.
//
// The order is: Open, which changes nothing; the list, read once more as far as
// before (Reading.Again), if there was a run before; Start, which verifies the
// list and is the first to change the files; rows; and Save at the end.
type Run struct {
	Reading *Reading
	file    string
	state   State
	resumed bool
	out     *Output
	// saved is when the last state was saved, cost how long that took.
	saved time.Time
	cost  time.Duration
	dirty bool
}

// Open reads the checkpoint file, if there is one, and opens the output. A
// complete run before is followed by one that begins anew.
func Open(file, input, output string, settings map[string]string) (*Run, error) {
	state, err := Load(file)
	if err != nil {
		return nil, err
	}
	if output, err = filepath.Abs(output); err != nil {
		return nil, err
	}
	r := &Run{file: file}
	var known *Extent
	var before *Position
	if state != nil {
		if state.Output.Name != output {
			return nil, fmt.Errorf("%s belongs to the output %s", file, state.Output.Name)
		}
		known = &state.Output
		if !state.Complete {
			if err := same(state.Settings, settings); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			before = &state.Input
			r.state, r.resumed = *state, true
		}
	}
	r.state.Settings, r.Reading = settings, NewReading(input, before)
	if r.out, err = OpenOutput(output, known); err != nil {
		return nil, err
	}
	return r, nil
}

// same says which setting differs from before.
func same(before, now map[string]string) error {
	names := slices.Sorted(maps.Keys(before))
	for name := range now {
		if _, ok := before[name]; !ok {
			names = append(names, name)
		}
	}
	for _, name := range names {
		if b, n := before[name], now[name]; b != n {
			return fmt.Errorf("it was begun with %s %q, not %q", name, b, n)
		}
	}
	return nil
}

// Data unmarshals what the run before counted, if there was one.
func (r *Run) Data(into any) error {
	if !r.resumed || len(r.state.Data) == 0 {
		return nil
	}
	return json.Unmarshal(r.state.Data, into)
}

// Size is the length of the output.
func (r *Run) Size() int64 { return r.out.Size() }

// Start verifies that the list is the one from before, once it was read as far,
// and makes the output what the checkpoint says it is.
func (r *Run) Start() error {
	if r.resumed {
		if err := r.Reading.verify(); err != nil {
			return err
		}
	} else {
		// Before the output is touched, so that a run killed right after finds that
		// the output is its own.
		r.state.Input, r.state.Output = NewReading(r.Reading.name, nil).Position(), Extent{Name: r.out.name}
		if err := r.state.Save(r.file); err != nil {
			return err
		}
	}
	r.saved = time.Now()
	return r.out.Begin(r.state.Output.Bytes)
}

// Row appends the row of a line, which is then no longer pending.
func (r *Run) Row(line int64, row []byte) error {
	if _, err := r.out.Write(row); err != nil {
		return err
	}
	r.Reading.Done(line)
	r.dirty = true
	return nil
}

// The pause between two saves: long enough that saving takes a twentieth of the
// time at most, and a tenth of a second at least.
const (
	shareOfSaving = 20
	shortestPause = 100 * time.Millisecond
)

// Due reports whether there are rows that have waited long enough for a Save.
func (r *Run) Due() bool {
	return r.dirty && time.Since(r.saved) >= max(shortestPause, shareOfSaving*r.cost)
}

// Save puts the rows on the disk and then the checkpoint that counts them, with
// what else the run counts. Complete says that the list has come to its end.
func (r *Run) Save(data any, complete bool) error {
	started := time.Now()
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	if r.state.Output, err = r.out.Sync(); err != nil {
		return err
	}
	r.state.Input, r.state.Data, r.state.Complete = r.Reading.Position(), text, complete
	if err := r.state.Save(r.file); err != nil {
		return err
	}
	r.saved, r.cost, r.dirty = time.Now(), time.Since(started), false
	return nil
}

// Close closes the output. It saves nothing.
func (r *Run) Close() error { return r.out.Close() }
