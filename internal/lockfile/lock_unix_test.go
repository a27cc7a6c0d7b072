//go:build unix

package lockfile

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestStartedProcess: a process that is being started has every open file of this one until
// it runs its program; it does not hold a lock that was given back meanwhile.
func TestStartedProcess(t *testing.T) {
	for _, tt := range []struct {
		name string
		hold func(file string) (held *os.File, release func())
	}{
		{"taken", func(file string) (*os.File, func()) {
			l, err := Take(file)
			if err != nil {
				t.Fatal(err)
			}
			return l.file, l.Release
		}},
		{"held", func(file string) (*os.File, func()) {
			f, err := os.Create(file)
			if err == nil {
				err = Hold(f)
			}
			if err != nil {
				t.Fatal(err)
			}
			return f, func() {
				if err := Close(f); err != nil {
					t.Error(err)
				}
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "run.lock")
			f, release := tt.hold(file)
			theirs, err := unix.Dup(int(f.Fd()))
			if err != nil {
				t.Fatal(err)
			}
			defer unix.Close(theirs)
			release()
			again, err := Take(file)
			if err != nil {
				t.Fatal(err)
			}
			again.Release()
		})
	}
}
