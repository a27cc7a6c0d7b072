// Package pdf prints pages with a Chromium that is installed: it is run without a window,
// without the network and with a profile of its own, which is removed afterwards.
package pdf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"mailworthy/internal/show"
)

// Timeout bounds the printing of one page. A report takes a second or two.
const Timeout = 60 * time.Second

// maxPage and maxSaid bound what is printed, and what is kept of the browser's errors.
const (
	maxPage = 64 << 20
	maxSaid = 64 << 10
)

// ErrNoBrowser is returned if no browser is found that prints pages without a window.
var ErrNoBrowser = errors.New("no Chromium is found, which prints PDF")

// names are those of browsers that print a page the same way, in the order of trying.
var names = []string{"chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome", "microsoft-edge-stable", "microsoft-edge", "msedge", "brave-browser"}

// places are where systems have them that do not put them into PATH.
var places = map[string][]string{
	"darwin": {"/Applications/Chromium.app/Contents/MacOS/Chromium", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge"},
	"windows": {`C:\Program Files\Google\Chrome\Application\chrome.exe`, `C:\Program Files (x86)\Google\Chrome\Application\chrome.exe`,
		`C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe`, `C:\Program Files\Microsoft\Edge\Application\msedge.exe`},
}

// Find returns the program to print with: path, if it is one, or the first of the known
// names. Without any the error is ErrNoBrowser.
func Find(path string) (string, error) {
	if path != "" {
		found, err := exec.LookPath(path)
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("%s: there is no such program", path)
		} else if err != nil {
			return "", fmt.Errorf("%s: it cannot be run", path)
		}
		return found, nil
	}
	for _, name := range names {
		if found, err := exec.LookPath(name); err == nil {
			return found, nil
		}
	}
	for _, place := range places[runtime.GOOS] {
		if _, err := os.Stat(place); err == nil {
			return place, nil
		}
	}
	return "", ErrNoBrowser
}

// Print returns the page, which is HTML that needs nothing else, as PDF. browser is what
// Find returned. The network is out of its reach: no name has an address.
func Print(ctx context.Context, browser string, page []byte) (_ []byte, err error) {
	if len(page) > maxPage {
		return nil, fmt.Errorf("pdf: the page has more than %d MB; write HTML, or fewer domains", maxPage>>20)
	}
	dir, err := os.MkdirTemp("", "mailworthy-pdf-")
	if err != nil {
		return nil, fmt.Errorf("pdf: %w", err)
	}
	defer func() {
		if gone := removeAll(dir); err == nil && gone != nil {
			err = fmt.Errorf("pdf: the browser's profile stays: %w", gone)
		}
	}()
	in, out := filepath.Join(dir, "report.html"), filepath.Join(dir, "report.pdf")
	if err := os.WriteFile(in, page, 0o600); err != nil {
		return nil, fmt.Errorf("pdf: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	args := []string{"--headless=new", "--disable-gpu", "--no-first-run", "--no-default-browser-check", "--disable-extensions", "--disable-sync",
		"--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--disable-breakpad", "--disable-dev-shm-usage",
		"--host-resolver-rules=MAP * ~NOTFOUND", "--no-pdf-header-footer",
		"--user-data-dir=" + filepath.Join(dir, "profile"), "--print-to-pdf=" + out}
	if os.Geteuid() == 0 {
		// Chromium's sandbox does not run as root, which is what containers run as.
		args = append(args, "--no-sandbox")
	}
	cmd := exec.CommandContext(ctx, browser, append(args, "file://"+filepath.ToSlash(in))...)
	cmd.Dir = dir
	// Processes that the browser leaves behind may hold its standard error.
	cmd.WaitDelay = 2 * time.Second
	var said limited
	cmd.Stdout, cmd.Stderr = &said, &said
	failed := cmd.Run()
	if ctx.Err() != nil {
		return nil, fmt.Errorf("pdf: %s did not print within %s", browser, Timeout)
	}
	text, err := os.ReadFile(out)
	if err == nil && bytes.HasPrefix(text, []byte("%PDF-")) {
		return text, nil
	}
	why := "it wrote no PDF"
	if failed != nil {
		why = failed.Error()
	}
	return nil, fmt.Errorf("pdf: %s: %s%s", browser, why, lastLine(said.String()))
}

// lastLine is the last line of what the browser said, in brackets. That there is no
// desktop, which it says of every run on a server, is no cause.
func lastLine(said string) string {
	last := ""
	for line := range strings.Lines(said) {
		if line = strings.TrimSpace(line); line != "" && !strings.Contains(line, "dbus/") {
			last = " (" + show.Line(show.Cut(line, 300)) + ")"
		}
	}
	return last
}

// removeAll removes a folder into which processes that are ending may still write.
func removeAll(dir string) (err error) {
	for wait := 50 * time.Millisecond; wait < 4*time.Second; wait *= 2 {
		if err = os.RemoveAll(dir); err == nil {
			return nil
		}
		time.Sleep(wait)
	}
	return err
}

// limited keeps the beginning of what is written to it.
type limited struct{ bytes.Buffer }

func (l *limited) Write(b []byte) (int, error) {
	if room := maxSaid - l.Len(); room > 0 {
		l.Buffer.Write(b[:min(room, len(b))])
	}
	return len(b), nil
}
