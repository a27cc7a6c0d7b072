package maillog

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"time"
)

// Follow reads a file to its end, calls caughtUp, and goes on with what is written to
// it until the context ends. A file that is renamed is read to its end before the new
// one of its name is; one that is cut to nothing (copytruncate) is read from its
// beginning. Half of a line waits for its other half. The error is of the file or of
// the context.
func (l *Log) Follow(ctx context.Context, name string, poll time.Duration, caughtUp func()) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { f.Close() }()
	if info, err := f.Stat(); err == nil {
		l.restart(info.ModTime())
	}
	var line []byte
	long := false
	offset := int64(0)
	buf := make([]byte, MaxLine)
	read := func() error {
		for {
			n, err := f.Read(buf)
			offset += int64(n)
			b := buf[:n]
			for {
				i := bytes.IndexByte(b, '\n')
				if i < 0 {
					break
				}
				if len(line) > 0 || long {
					line = append(line, b[:min(i, MaxLine-min(len(line), MaxLine))]...)
					l.Line(line)
					line, long = line[:0], false
				} else {
					l.Line(b[:i])
				}
				b = b[i+1:]
			}
			room := MaxLine - len(line)
			if len(b) > room {
				b, long = b[:room], true
			}
			line = append(line, b...)
			if err == io.EOF || n == 0 && err == nil {
				return nil
			}
			if err != nil {
				return err
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
	}
	flush := func() {
		if len(line) > 0 {
			l.Line(line)
		}
		line, long = line[:0], false
	}
	if err := read(); err != nil {
		return err
	}
	caughtUp()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			flush()
			l.Close()
			return ctx.Err()
		case <-tick.C:
		}
		if err := read(); err != nil {
			return err
		}
		mine, err := f.Stat()
		if err != nil {
			return err
		}
		named, err := os.Stat(name)
		if errors.Is(err, os.ErrNotExist) {
			continue // between the two steps of a rotation
		}
		if err != nil {
			return err
		}
		if !os.SameFile(mine, named) {
			next, err := os.Open(name)
			if err != nil {
				continue
			}
			// The writer may hold the old file for some time after it was renamed.
			if err := read(); err != nil {
				next.Close()
				return err
			}
			flush()
			f.Close()
			f, offset = next, 0
		} else if mine.Size() < offset {
			if _, err := f.Seek(0, io.SeekStart); err != nil {
				return err
			}
			line, long, offset = line[:0], false, 0
		}
	}
}
