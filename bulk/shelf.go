package bulk

import (
	"fmt"
	"os"
	"slices"
	"sync"

	"mailworthy/internal/field"
)

// shelf keeps the rows of an ordered list that wait for one before them. A silent
// server takes six seconds, in which ten thousand others are audited, and a row of
// NDJSON is 60 KB: so most of those that wait are put into a temporary file. If
// none can be made they stay in memory. The zero shelf is empty.
type shelf struct {
	mu sync.Mutex
	// inMemory is how many bytes of rows are not in the file.
	inMemory int
	file     *os.File
	// without: no file could be made, or it could not be written.
	without bool
	// blocks are how many the file has; free are those that are not used.
	blocks int64
	free   []int64
}

const (
	shelfMemory = 8 << 20
	shelfBlock  = 32 << 10
)

// waiting is a row on a shelf: its text, or where it is in the file.
type waiting struct {
	text   []byte
	blocks []int64
	length int
}

// put keeps a copy of the text.
func (s *shelf) put(text []byte) waiting {
	w := waiting{length: len(text), blocks: s.reserve(len(text))}
	for i, at := 0, 0; i < len(w.blocks); i, at = i+1, at+shelfBlock {
		part := text[at:min(at+shelfBlock, len(text))]
		if _, err := s.file.WriteAt(part, w.blocks[i]*shelfBlock); err != nil {
			s.giveUp(w)
			w.blocks = nil
		}
	}
	if w.blocks == nil {
		w.text = slices.Clone(text)
	}
	return w
}

// reserve finds blocks for a row; nil if it is to stay in memory.
func (s *shelf) reserve(length int) []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inMemory+length <= shelfMemory || s.without || !s.open() {
		s.inMemory += length
		return nil
	}
	blocks := make([]int64, (length+shelfBlock-1)/shelfBlock)
	for i := range blocks {
		if last := len(s.free) - 1; last >= 0 {
			blocks[i], s.free = s.free[last], s.free[:last]
			continue
		}
		blocks[i] = s.blocks
		s.blocks++
	}
	return blocks
}

// open makes the file. The lock is held.
func (s *shelf) open() bool {
	if s.file != nil {
		return true
	}
	file, err := os.CreateTemp("", "mailworthy-ordered-*")
	if err != nil {
		s.without = true
		return false
	}
	s.file = file
	_ = os.Remove(file.Name()) // if the system can: it goes with the process then
	return true
}

// giveUp uses the file no more: it is full.
func (s *shelf) giveUp(w waiting) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.without = true
	s.inMemory += w.length
	s.free = append(s.free, w.blocks...)
}

// take returns the text of a row, once, in to if it is large enough.
func (s *shelf) take(w waiting, to []byte) ([]byte, error) {
	to = slices.Grow(to[:0], w.length)[:w.length]
	if w.blocks == nil {
		copy(to, w.text)
	} else {
		for i, at := 0, 0; i < len(w.blocks); i, at = i+1, at+shelfBlock {
			if _, err := s.file.ReadAt(to[at:min(at+shelfBlock, w.length)], w.blocks[i]*shelfBlock); err != nil {
				return nil, field.Because("ordered", fmt.Errorf("a row that waited for its turn: %w", err))
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.blocks == nil {
		s.inMemory -= w.length
	}
	s.free = append(s.free, w.blocks...)
	return to, nil
}

// close removes the file.
func (s *shelf) close() {
	if s.file != nil {
		s.file.Close()
		_ = os.Remove(s.file.Name())
	}
}
