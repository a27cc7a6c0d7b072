// Package checkpoint lets a run over a long list of lines go on where it was
// killed, so that no line is lost and no row is written twice.
//
// A checkpoint is a small file that says how far the list was read, which of the
// lines read have no row yet, and how long the output was. The three belong
// together: rows are on the disk before the checkpoint that counts them, and a
// checkpoint takes the place of the one before by a rename. A run that is killed
// in between leaves rows behind that no checkpoint counts: the next one cuts them
// off and writes them again. So output and checkpoint cannot disagree, whenever
// the run is killed.
//
// What was read of the list is known by its hash and the output by its end, so
// that neither is taken for another file.
package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"mailworthy/internal/atomicfile"
)

// Schema names the form of the file.
const Schema = "mailworthy/checkpoint/1"

// maxSize bounds a checkpoint that is read; a real one has some kilobytes.
const maxSize = 64 << 20

// State is what a checkpoint holds.
type State struct {
	Schema string `json:"schema"`
	// Complete: the run came to its end, and the next one begins anew.
	Complete bool `json:"complete"`
	// Settings shape the rows: a run goes on under the same alone.
	Settings map[string]string `json:"settings"`
	Input    Position          `json:"input"`
	Output   Extent            `json:"output"`
	// Data is what the run counts besides.
	Data json.RawMessage `json:"data,omitempty"`
}

// Position is how far a list was read.
type Position struct {
	Name  string `json:"name"`
	Lines int64  `json:"lines"`
	Bytes int64  `json:"bytes"`
	// SHA256 is that of these bytes.
	SHA256 string `json:"sha256"`
	// Pending are the lines read that have no row in the output yet, as ranges from
	// first to last. Blank lines and the like may stand in a range.
	Pending [][2]int64 `json:"pending"`
}

// isPending reports whether the line is to be worked on again.
func (p *Position) isPending(line int64) bool {
	_, found := slices.BinarySearchFunc(p.Pending, line, func(r [2]int64, line int64) int {
		switch {
		case r[1] < line:
			return -1
		case r[0] > line:
			return 1
		}
		return 0
	})
	return found
}

// Load reads a checkpoint. It returns nil if there is none or an empty file.
func Load(name string) (*State, error) {
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode().IsRegular() && info.Size() == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxSize {
		return nil, fmt.Errorf("%s is no checkpoint", name)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	s := new(State)
	if err := json.Unmarshal(text, s); err != nil || s.Schema != Schema {
		return nil, fmt.Errorf("%s is no checkpoint of this program (%s)", name, Schema)
	}
	return s, nil
}

// Save puts the state in the place of the checkpoint before. When it returns, the
// state is on the disk.
func (s *State) Save(name string) error {
	s.Schema = Schema
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return atomicfile.Write(name, append(text, '\n'), 0o600)
}
