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
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	f := &follower{log: l, name: name, file: file, buf: make([]byte, MaxLine)}
	defer func() { f.file.Close() }()
	if info, err := file.Stat(); err == nil {
		l.restart(info.ModTime())
	}
	if err := f.read(ctx); err != nil {
		return err
	}
	caughtUp()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			f.flush()
			l.Close()
			return ctx.Err()
		case <-tick.C:
		}
		if err := f.read(ctx); err != nil {
			return err
		}
		if err := f.rotate(ctx); err != nil {
			return err
		}
	}
}

// followEvery is how often a file that is followed is looked at.
const followEvery = 500 * time.Millisecond

// FollowFile follows a file (Follow) until the context ends, which is no error. Standard
// input ("-") is read to its end instead.
func (l *Log) FollowFile(ctx context.Context, name string, stdin io.Reader, caughtUp func()) ([]File, error) {
	if name == "-" {
		caughtUp()
		return l.ReadFiles(ctx, []string{name}, stdin)
	}
	err := l.Follow(ctx, name, followEvery, caughtUp)
	if ctx.Err() != nil {
		err = nil // the way to end it
	}
	return []File{{Name: name}}, err
}

// follower reads a file that is written to.
type follower struct {
	log  *Log
	name string
	file *os.File
	// offset is how much of the file has been read.
	offset int64
	buf    []byte
	// line is the beginning of a line whose end was not read yet; long: it has more than
	// MaxLine bytes, and the rest is left out.
	line []byte
	long bool
}

// read reads to the end of the file.
func (f *follower) read(ctx context.Context) error {
	for {
		n, err := f.file.Read(f.buf)
		f.offset += int64(n)
		f.lines(f.buf[:n])
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

// lines counts the lines that end in b, and keeps the beginning of the next one.
func (f *follower) lines(b []byte) {
	for {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			break
		}
		if len(f.line) > 0 || f.long {
			f.line = append(f.line, b[:min(i, MaxLine-min(len(f.line), MaxLine))]...)
			f.log.Line(f.line)
			f.line, f.long = f.line[:0], false
		} else {
			f.log.Line(b[:i])
		}
		b = b[i+1:]
	}
	if room := MaxLine - len(f.line); len(b) > room {
		b, f.long = b[:room], true
	}
	f.line = append(f.line, b...)
}

// flush counts a line without an end: nothing more will be written to it.
func (f *follower) flush() {
	if len(f.line) > 0 {
		f.log.Line(f.line)
	}
	f.line, f.long = f.line[:0], false
}

// rotate goes on with the new file if there is one of the name, and from the beginning
// if the file was cut.
func (f *follower) rotate(ctx context.Context) error {
	mine, err := f.file.Stat()
	if err != nil {
		return err
	}
	named, err := os.Stat(f.name)
	if errors.Is(err, os.ErrNotExist) {
		return nil // between the two steps of a rotation
	}
	if err != nil {
		return err
	}
	if os.SameFile(mine, named) {
		if mine.Size() >= f.offset {
			return nil
		}
		_, err := f.file.Seek(0, io.SeekStart)
		f.line, f.long, f.offset = f.line[:0], false, 0
		return err
	}
	next, err := os.Open(f.name)
	if err != nil {
		return nil // the next turn tries again
	}
	// The writer may have the old file open for some time after it was renamed.
	if err := f.read(ctx); err != nil {
		next.Close()
		return err
	}
	f.flush()
	f.file.Close()
	f.file, f.offset = next, 0
	return nil
}
