// Package atomicfile writes a file as a whole: under a name of its own in the same
// folder, which takes the place of the file when everything is on the disk. A reader
// never sees half of one, and a process or machine that dies in between leaves the file
// that was there before.
package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// File is a file that is being written. It is for one goroutine.
type File struct {
	file *os.File
	name string
	// mode is what Commit gives the file.
	mode fs.FileMode
	// direct: the file has its name already, because it is a device or a pipe.
	direct bool
	// done: Commit or Discard was called.
	done bool
}

// Create returns a File that takes the name on Commit. A file that is replaced keeps its
// permissions, a new one gets mode, whatever the umask is. A name that is no regular
// file, such as a device or a pipe, is opened and written as it is; a pipe that nobody reads
// from is an error after ten seconds.
func Create(name string, mode fs.FileMode) (*File, error) {
	f := &File{name: name, mode: mode.Perm()}
	info, err := os.Stat(name)
	switch {
	case err != nil:
	case info.Mode().IsRegular():
		f.mode = info.Mode().Perm()
	default:
		f.direct = true
	}
	switch {
	case f.direct && info.Mode()&fs.ModeNamedPipe != 0:
		f.file, err = openPipe(name, readerWait)
	case f.direct:
		f.file, err = os.OpenFile(name, os.O_WRONLY, 0)
	default:
		f.file, err = os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

// readerWait is how long a pipe may be without a reader.
const readerWait = 10 * time.Second

// openPipe opens a pipe to write, once somebody reads from it.
func openPipe(name string, wait time.Duration) (*os.File, error) {
	for deadline := time.Now().Add(wait); ; time.Sleep(20 * time.Millisecond) {
		file, err := os.OpenFile(name, os.O_WRONLY|syscall.O_NONBLOCK, 0)
		if err == nil || !errors.Is(err, syscall.ENXIO) {
			return file, err
		}
		if time.Now().After(deadline) {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fmt.Errorf("nobody reads from the pipe for %s", wait)}
		}
	}
}

// Write appends to the file.
func (f *File) Write(p []byte) (int, error) { return f.file.Write(p) }

// Commit gives the file its name. When it returns nil, content and name are on the disk;
// after an error the name holds the old content or the new, never a part.
func (f *File) Commit() error {
	if f.done {
		return fs.ErrClosed
	}
	f.done = true
	if f.direct {
		return f.file.Close()
	}
	err := f.file.Chmod(f.mode)
	if err == nil {
		err = f.file.Sync()
	}
	// Windows renames no file that is open.
	if closing := f.file.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(f.file.Name(), f.name)
	}
	if err != nil {
		os.Remove(f.file.Name())
		return err
	}
	return SyncFolder(f.name)
}

// Discard drops what was written and leaves the file that was there before. After Commit
// it does nothing, so that it can be deferred.
func (f *File) Discard() {
	if f.done {
		return
	}
	f.done = true
	f.file.Close()
	if !f.direct {
		os.Remove(f.file.Name())
	}
}

// Write replaces the content of the file, as Create and Commit do.
func Write(name string, content []byte, mode fs.FileMode) error {
	f, err := Create(name, mode)
	if err != nil {
		return err
	}
	defer f.Discard()
	if _, err := f.Write(content); err != nil {
		return err
	}
	return f.Commit()
}

// SyncFolder makes the name of a file durable. Systems that cannot do that to a folder
// (Windows, and folders that may not be read) leave nothing to be done: it returns nil.
func SyncFolder(name string) error {
	folder, err := os.Open(filepath.Dir(name))
	if err != nil {
		if os.IsPermission(err) {
			return nil
		}
		return err
	}
	defer folder.Close()
	_ = folder.Sync()
	return nil
}

// Same reports whether two names are of one file: they are equal, or both lead to it.
func Same(a, b string) bool {
	if a == b {
		return true
	}
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	two, err := os.Stat(b)
	return err == nil && os.SameFile(one, two)
}
