// Package readfile reads files of which nobody knows what they are: a pipe that nobody
// writes to, a device that never ends, a file that is too large. Each is an error
// after a bounded time, and none keeps more in memory than it may.
package readfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"time"
)

// Wait is how long a pipe may be silent.
const Wait = 10 * time.Second

// ErrTooLarge is what Read returns for a file of more bytes than it may have.
var ErrTooLarge = errors.New("it is too large")

// Read returns the content of a file of up to most bytes. A pipe, such as the shell's
// <(command), is read until it ends, and may be silent for up to wait. A folder, a
// device or a socket is an error, and so is what is too large (ErrTooLarge). The
// error says what is wrong without the name of the file, and wraps fs.ErrNotExist or
// fs.ErrPermission if that is the cause.
func Read(file string, most int64, wait time.Duration) ([]byte, error) {
	f, err := open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, cause(err)
	}
	// The size of a file is no more than a hint: it may grow meanwhile, and those of /proc have none.
	size := info.Size()
	if !info.Mode().IsRegular() {
		size = 0
	} else if size > most {
		return nil, ErrTooLarge
	}
	var text bytes.Buffer
	text.Grow(int(size) + bytes.MinRead)
	if _, err := text.ReadFrom(io.LimitReader(&silent{f, wait, false}, most+1)); err != nil {
		return nil, cause(err)
	}
	if int64(text.Len()) > most {
		return nil, ErrTooLarge
	}
	return text.Bytes(), nil
}

// maxLine bounds a file of which the first line is wanted.
const maxLine = 64 << 10

// FirstLine returns the first line of a file, which is where a password stands. It must not
// be empty.
func FirstLine(file string) (string, error) {
	text, err := Read(file, maxLine, Wait)
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	if line = strings.TrimSuffix(line, "\r"); line == "" {
		return "", errors.New("its first line is empty")
	}
	return line, nil
}

// open opens a file without waiting for who writes to it.
func open(file string) (*os.File, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, cause(err)
	}
	flags := os.O_RDONLY
	switch mode := info.Mode(); {
	case mode.IsDir():
		return nil, errors.New("is a directory")
	case mode&fs.ModeNamedPipe != 0:
		flags |= syscall.O_NONBLOCK
	case !mode.IsRegular() && !isNull(info):
		return nil, errors.New("is a device or a socket, not a file")
	}
	f, err := os.OpenFile(file, flags, 0)
	if err != nil {
		return nil, cause(err)
	}
	return f, nil
}

// isNull reports whether a file is the empty one of the system.
func isNull(info fs.FileInfo) bool {
	null, err := os.Stat(os.DevNull)
	return err == nil && os.SameFile(info, null)
}

// silent ends a pipe that says nothing for too long.
type silent struct {
	*os.File
	wait time.Duration
	// spoken: something has come. Before, the end of a pipe is that nobody has
	// opened it to write yet.
	spoken bool
}

func (s *silent) Read(to []byte) (int, error) {
	// A regular file knows no deadline.
	pipe := s.SetReadDeadline(time.Now().Add(s.wait)) == nil
	for {
		n, err := s.File.Read(to)
		s.spoken = s.spoken || n > 0
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return n, fmt.Errorf("is a pipe, and nothing came from it for %s", s.wait)
		case err == io.EOF && pipe && !s.spoken:
			// The read after the deadline says so.
			time.Sleep(min(20*time.Millisecond, s.wait/4))
			continue
		}
		return n, err
	}
}

// cause takes the name of the file, which the caller says, off an error.
func cause(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}
