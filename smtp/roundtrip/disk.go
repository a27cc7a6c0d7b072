package roundtrip

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mailworthy/internal/readfile"
	"mailworthy/smtp/bounce"
)

// slack is how far the clock of a mail server may be behind ours.
const slack = time.Hour

// maxFiles is how many files of a Maildir are read in one look.
const maxFiles = 20_000

// maxFile is how much of an mbox file is read: its end, where mail arrives.
const maxFile = 256 << 20

// maildir is a Maildir with its folders: those of Maildir++ (.Junk) and those that are
// folders of their own (Junk).
type maildir struct{ dir string }

func (m *maildir) String() string { return "maildir:" + m.dir }

// Look reads the mails whose files are not older than the mail is. A file keeps its name
// but for the flags, and is read again in each look: there are few since then.
func (m *maildir) Look(ctx context.Context, q Query) (Look, error) {
	var look Look
	if !isMaildir(m.dir) {
		if _, err := os.Stat(m.dir); err != nil {
			return look, pathError(err)
		}
		return look, errors.New("it is no Maildir: it has neither new nor cur")
	}
	folders := []string{""}
	entries, err := os.ReadDir(m.dir)
	if err != nil {
		return look, pathError(err)
	}
	for _, e := range entries {
		if name := e.Name(); e.IsDir() && name != "new" && name != "cur" && name != "tmp" && isMaildir(filepath.Join(m.dir, name)) {
			folders = append(folders, name)
		}
	}
	if len(folders) > maxFolders {
		return look, fmt.Errorf("there are more than %d folders", maxFolders)
	}
	files := 0
	for _, folder := range folders {
		name := strings.TrimPrefix(folder, ".")
		look.Folders++
		if isSent(name) {
			continue
		}
		for _, sub := range []string{"new", "cur"} {
			list, err := os.ReadDir(filepath.Join(m.dir, folder, sub))
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return look, pathError(err)
			}
			for _, e := range list {
				info, err := e.Info()
				if err != nil || !info.Mode().IsRegular() || info.ModTime().Before(q.Since.Add(-slack)) {
					continue // gone since, or from before
				}
				if files++; files > maxFiles {
					return look, fmt.Errorf("more than %d mails have come since, and not all were read", maxFiles)
				}
				if ctx.Err() != nil {
					return look, ctx.Err()
				}
				raw, err := readHead(filepath.Join(m.dir, folder, sub, e.Name()), q.size())
				if errors.Is(err, fs.ErrNotExist) {
					continue // a mail program moved it from new to cur: the next look finds it
				}
				if err != nil {
					return look, pathError(err)
				}
				if q.in(raw) && len(look.Found) < q.most() {
					if name == "" {
						name = "INBOX"
					}
					look.Found = append(look.Found, Found{Folder: name, Junk: junkName(name), StoredAt: info.ModTime(), Raw: raw})
				}
			}
		}
	}
	return look, nil
}

func isMaildir(dir string) bool {
	for _, sub := range []string{"new", "cur"} {
		if info, err := os.Stat(filepath.Join(dir, sub)); err == nil && info.IsDir() {
			return true
		}
	}
	return false
}

// isSent reports whether a folder has what the user sent, by its name.
func isSent(name string) bool {
	switch strings.ToLower(name) {
	case "sent", "sent items", "sent mail", "drafts":
		return true
	}
	return false
}

// readHead reads up to a number of bytes of a regular file.
func readHead(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}

// pathError is an error of a file without its name, which the place has already.
func pathError(err error) error {
	var p *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("it does not exist")
	case errors.As(err, &p):
		return p.Err
	}
	return err
}

// file is an mbox file or one message.
type file struct{ name string }

func (f *file) String() string { return f.name }

// Look reads the whole file. One that is larger than a bound is an error: the mail may be
// in what was not read.
func (f *file) Look(_ context.Context, q Query) (Look, error) {
	raw, err := readfile.Read(f.name, maxFile, readfile.Wait)
	if err != nil {
		return Look{}, pathError(err)
	}
	look := Look{Folders: 1}
	for _, part := range bounce.Split(raw) {
		if q.in(part) && len(look.Found) < q.most() {
			name := filepath.Base(f.name)
			look.Found = append(look.Found, Found{Folder: name, Junk: junkName(name), Raw: part[:min(int64(len(part)), q.size())]})
		}
	}
	return look, nil
}
