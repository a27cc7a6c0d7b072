package bulk

import (
	"bytes"
	"os"
	"slices"
	"sync"

	"mailworthy/report/format"
)

// write adds the rows of a domain, below the header if they are the first.
func (r *Run) write(in Entry, text []byte) error {
	if r.Checkpoint != nil {
		if r.Checkpoint.Size() == 0 {
			text = append(slices.Clip(r.header), text...)
		}
		return r.Checkpoint.Row(in.Line, text)
	}
	if r.header != nil {
		text = append(slices.Clip(r.header), text...)
		r.header = nil
	}
	_, err := r.To.Write(text)
	return err
}

// spareRows are rows that have been written and are used again: their memory is
// most of what a list run would otherwise take of the garbage collector.
type spareRows struct{ pool sync.Pool }

// maxSpare bounds the text of a row that is kept: few are as long.
const maxSpare = 1 << 20

func (s *spareRows) take() *format.Text {
	if r, ok := s.pool.Get().(*format.Text); ok {
		return r
	}
	return new(format.Text)
}

func (s *spareRows) giveBack(r *format.Text) {
	if cap(r.Bytes) <= maxSpare {
		s.pool.Put(r)
	}
}

// CountLines counts the lines of a regular file; -1 for anything else.
func CountLines(name string) int64 {
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return -1
	}
	file, err := os.Open(name)
	if err != nil {
		return -1
	}
	defer file.Close()
	var n int64
	last := byte('\n')
	for buf := make([]byte, 64<<10); ; {
		read, err := file.Read(buf)
		if read > 0 {
			n += int64(bytes.Count(buf[:read], []byte{'\n'}))
			last = buf[read-1]
		}
		if err != nil {
			break
		}
	}
	if last != '\n' {
		n++
	}
	return n
}
