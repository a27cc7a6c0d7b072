package checkpoint

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"

	"mailworthy/internal/atomicfile"
	"mailworthy/internal/lockfile"
)

// tailSize is how much of the end of an output it is known by.
const tailSize = 4 << 10

// Extent is how long an output was, and the SHA-256 of its end.
type Extent struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
	Tail  string `json:"tail_sha256"`
}

// Errors of OpenOutput.
var (
	// ErrForeign: the file has content that no checkpoint knows.
	ErrForeign = errors.New("it has content that the checkpoint does not know")
	// ErrBusy: another run writes the file.
	ErrBusy = errors.New("another run writes it")
)

// Output is a file that rows are appended to. It is for one goroutine.
type Output struct {
	file *os.File
	name string
	size int64
}

// OpenOutput opens the output for a run alone. Its content must be empty or begin
// with the extent known of it, or the error wraps ErrForeign; known is nil if
// nothing is. The file is left as it is until Begin.
func OpenOutput(name string, known *Extent) (*Output, error) {
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	o := &Output{file: file, name: name}
	if err := o.check(known); err != nil {
		lockfile.Close(file)
		return nil, err
	}
	return o, nil
}

func (o *Output) check(known *Extent) error {
	info, err := o.file.Stat()
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file", o.name)
	}
	switch err := lockfile.Hold(o.file); {
	case errors.Is(err, lockfile.ErrHeld):
		return fmt.Errorf("%s: %w", o.name, ErrBusy)
	case err != nil && !errors.Is(err, errors.ErrUnsupported):
		return fmt.Errorf("%s: %w", o.name, err)
	}
	o.size = info.Size()
	switch {
	case known == nil && o.size > 0:
		return fmt.Errorf("%s: %w", o.name, ErrForeign)
	case known == nil || known.Bytes == 0:
		return nil
	case o.size < known.Bytes:
		return fmt.Errorf("%s has %d bytes, but %d were written: %w", o.name, o.size, known.Bytes, ErrForeign)
	}
	tail, err := o.tail(known.Bytes)
	if err == nil && tail != known.Tail {
		err = fmt.Errorf("%s: %w", o.name, ErrForeign)
	}
	return err
}

// Begin cuts off what is behind the first size bytes and appends from there.
func (o *Output) Begin(size int64) error {
	if err := o.file.Truncate(size); err != nil {
		return err
	}
	if _, err := o.file.Seek(size, 0); err != nil {
		return err
	}
	o.size = size
	return atomicfile.SyncFolder(o.name)
}

// Write appends rows.
func (o *Output) Write(p []byte) (int, error) {
	n, err := o.file.Write(p)
	o.size += int64(n)
	return n, err
}

// Size is the length of the output.
func (o *Output) Size() int64 { return o.size }

// Sync puts what was written on the disk and returns its extent.
func (o *Output) Sync() (Extent, error) {
	if err := o.file.Sync(); err != nil {
		return Extent{}, err
	}
	tail, err := o.tail(o.size)
	return Extent{Name: o.name, Bytes: o.size, Tail: tail}, err
}

// tail is the hash of the end of the first size bytes.
func (o *Output) tail(size int64) (string, error) {
	end := make([]byte, min(size, tailSize))
	if _, err := o.file.ReadAt(end, size-int64(len(end))); err != nil {
		return "", err
	}
	sum := sha256.Sum256(end)
	return hex.EncodeToString(sum[:]), nil
}

// Close closes the file and lets other runs have it.
func (o *Output) Close() error { return lockfile.Close(o.file) }
