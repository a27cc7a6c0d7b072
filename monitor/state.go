package monitor

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"mailworthy/config"
	"mailworthy/internal/lockfile"
)

// state returns the path of a file of this configuration, in the directory of state, which
// is made if it is missing.
func (m *Monitor) state(name string) (string, error) {
	dir, _, err := m.stateDir()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	path, err := filepath.Abs(m.Config.File)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(path))
	return filepath.Join(dir, "mailworthy-"+hex.EncodeToString(sum[:4])+name), nil
}

// stateDir is where state is kept, and how that is called in messages.
func (m *Monitor) stateDir() (dir, called string, err error) {
	switch {
	case m.Config.StateDir != "":
		return m.Config.StateDir, m.Config.Spelt(m.Config.StateDir), nil
	case m.History != "":
		dir = filepath.Dir(m.History)
		if spelt := m.Config.Spelt(m.History); spelt != m.History {
			return dir, "the folder of " + spelt, nil
		}
		return dir, dir, nil
	}
	dir, err = config.DefaultStateDir(os.Getenv)
	return dir, dir, err
}

// stateTrouble is what went wrong with the files of state. A path that a variable is
// part of is shown as it is spelt in the configuration: its value is nobody's
// business. An error of the system names parts of the path, so it is left out.
func (m *Monitor) stateTrouble(err error) error {
	dir, called, wrong := m.stateDir()
	if wrong != nil || dir == called || err == nil {
		return err
	}
	var at *fs.PathError
	if errors.As(err, &at) {
		return fmt.Errorf("%s: %w", called, at.Err)
	}
	return errors.New(strings.ReplaceAll(err.Error(), dir, called))
}

// historyTrouble is what went wrong with the history, in the same words.
func (m *Monitor) historyTrouble(err error) error {
	spelt := m.Config.Spelt(m.History)
	if err == nil || spelt == m.History {
		return err
	}
	text := strings.ReplaceAll(err.Error(), m.History, spelt)
	return errors.New(strings.ReplaceAll(text, "the folder "+filepath.Dir(m.History)+" does", "the folder of it does"))
}

// lock keeps runs of the same configuration apart. Without a place for the lock a
// run goes on and says so.
func (m *Monitor) lock() (release func(), err error) {
	file, err := m.state(".lock")
	if err == nil {
		var l *lockfile.Lock
		if l, err = lockfile.Take(file); err == nil {
			return l.Release, nil
		}
	}
	if errors.Is(err, lockfile.ErrHeld) {
		return nil, err
	}
	if m.Warn != nil {
		m.Warn(fmt.Sprintf("no lock, so that runs may overlap: %s", m.stateTrouble(err)))
	}
	return func() {}, nil
}
