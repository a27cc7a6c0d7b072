// Package lockfile keeps a second process from doing what a first one is doing. The
// lock belongs to the open file: however the process ends, it is gone with it, and
// the file that stays behind means nothing.
package lockfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"
)

// ErrHeld: another process holds the lock.
var ErrHeld = errors.New("another run is under way")

// Lock is a lock that is held.
type Lock struct{ file *os.File }

// Take takes the lock of the file, which is created if missing. It does not wait: if
// another process holds the lock, the error is ErrHeld and says since when.
func Take(file string) (*Lock, error) {
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o644)
	if errors.Is(err, fs.ErrPermission) {
		// Somebody else's file can be locked as well.
		f, err = os.Open(file)
	}
	if err != nil {
		return nil, err
	}
	if err := Hold(f); err != nil {
		defer f.Close()
		if errors.Is(err, ErrHeld) {
			return nil, held(f)
		}
		return nil, fmt.Errorf("lock %s: %w", file, err)
	}
	// For the message of whoever comes next; that it cannot be written harms nobody.
	if f.Truncate(0) == nil {
		_, _ = fmt.Fprintf(f, "process %d, since %s\n", os.Getpid(), time.Now().UTC().Format(time.RFC3339))
	}
	return &Lock{f}, nil
}

// Hold takes the lock of an open file for this process until Close closes it. It does not
// wait: the error is ErrHeld if another process holds it, and wraps errors.ErrUnsupported if
// the file system has no locks, as some network ones have none.
func Hold(f *os.File) error { return lock(f) }

// Close gives the lock of an open file back, if there is one, and closes the file. Closing
// alone would leave the lock to a process that is being started at this moment: until it
// runs its program it has the file as well.
func Close(f *os.File) error {
	// That there was no lock, or no such thing as locks, is no fault.
	_ = unlock(f)
	return f.Close()
}

// held is ErrHeld with what the holder wrote.
func held(f *os.File) error {
	text, err := io.ReadAll(io.LimitReader(f, 100))
	who := strings.TrimSpace(string(text))
	if err != nil || who == "" {
		return ErrHeld
	}
	return fmt.Errorf("%w (%s)", ErrHeld, who)
}

// Release gives the lock back.
func (l *Lock) Release() {
	// The file stays: removing it would take it from whoever has opened it meanwhile.
	_ = l.file.Truncate(0)
	_ = Close(l.file)
}
