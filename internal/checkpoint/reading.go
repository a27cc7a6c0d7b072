package checkpoint

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"sync"
)

// Reading follows how a list is read and worked on: one goroutine reads, another
// says what is done and takes positions.
type Reading struct {
	name string
	// before is how far the run before read; nil if there was none.
	before *Position
	// hash and size include the line that is being read.
	hash hash.Hash
	size int64

	mu           sync.Mutex
	lines, bytes int64
	sum          [sha256.Size]byte
	// items counts the lines to work on, those done before included; pending are
	// those under way with their number among them.
	items   int64
	pending map[int64]int64
}

// NewReading starts at the first line of the list of this name, which was read
// before as far as said; nil: it was not.
func NewReading(name string, before *Position) *Reading {
	r := &Reading{name: name, before: before, hash: sha256.New(), pending: make(map[int64]int64)}
	r.hash.Sum(r.sum[:0])
	return r
}

// Write adds bytes of the line being read, its line break included. It does not fail.
func (r *Reading) Write(p []byte) (int, error) {
	r.size += int64(len(p))
	return r.hash.Write(p)
}

// EndLine counts the line whose bytes were written, and returns its number, from
// 1. Item says that it is one to work on; todo, that this is still to be done:
// then it is pending from now on, until Done.
func (r *Reading) EndLine(item bool) (line int64, todo bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines++
	r.bytes = r.size
	r.hash.Sum(r.sum[:0])
	if !item {
		return r.lines, false
	}
	r.items++
	if r.before != nil && r.lines <= r.before.Lines && !r.before.isPending(r.lines) {
		return r.lines, false
	}
	r.pending[r.lines] = r.items
	return r.lines, true
}

// Lines is how many lines were read.
func (r *Reading) Lines() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lines
}

// Again reports whether the next line is one that the run before read.
func (r *Reading) Again() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.before != nil && r.lines < r.before.Lines
}

// Done says that the row of the line is in the output.
func (r *Reading) Done(line int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.pending, line)
}

// Position is how far the list is read, and what is pending.
func (r *Reading) Position() Position {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := Position{Name: r.name, Lines: r.lines, Bytes: r.bytes, SHA256: hex.EncodeToString(r.sum[:]), Pending: [][2]int64{}}
	lines := make([]int64, 0, len(r.pending))
	for line := range r.pending {
		lines = append(lines, line)
	}
	slices.Sort(lines)
	for i, line := range lines {
		// Items one after the other are a range, whatever is between them.
		if i > 0 && r.pending[line] == r.pending[lines[i-1]]+1 {
			p.Pending[len(p.Pending)-1][1] = line
			continue
		}
		p.Pending = append(p.Pending, [2]int64{line, line})
	}
	return p
}

// verify checks that the list, once read as far as before, is the one from before.
func (r *Reading) verify() error {
	now := r.Position()
	if now.Lines < r.before.Lines {
		return fmt.Errorf("%s has %d lines, but %d were read of it: it was changed", r.name, now.Lines, r.before.Lines)
	}
	if now.Bytes != r.before.Bytes || now.SHA256 != r.before.SHA256 {
		return fmt.Errorf("%s was changed in its first %d lines, which were read already", r.name, r.before.Lines)
	}
	return nil
}
