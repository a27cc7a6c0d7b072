package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// progress is the bar on standard error, and the way of all else to there: what
// is written while the bar stands is put above it. The zero bar is none.
type progress struct {
	stderr io.Writer

	mu      sync.Mutex
	bar     *progressbar.ProgressBar
	started time.Time
	shown   time.Time
}

// redrawn is how often the bar is drawn.
const redrawn = 200 * time.Millisecond

// progress is ready for what is written to standard error; the bar starts later.
func newProgress(cmd *cobra.Command) *progress { return &progress{stderr: cmd.ErrOrStderr()} }

// wantsProgress reports whether a bar is drawn: if --progress says so, else for
// a list if standard error is a terminal that no rows go to.
func (f *auditFlags) wantsProgress(cmd *cobra.Command) bool {
	if flag := cmd.Flags().Lookup("progress"); flag != nil && flag.Changed {
		return f.progress
	}
	terminal := func(w any) bool {
		file, ok := w.(*os.File)
		return ok && term.IsTerminal(int(file.Fd()))
	}
	return f.file != "" && terminal(cmd.ErrOrStderr()) && !(f.streams() && f.output.standard() && terminal(cmd.OutOrStdout()))
}

// start draws the bar for as many domains; -1: it is not known how many.
func (p *progress) start(domains int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.started = time.Now()
	p.bar = progressbar.NewOptions64(domains,
		progressbar.OptionSetWriter(p.stderr), progressbar.OptionThrottle(redrawn), progressbar.OptionSetWidth(20),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("domains"),
		progressbar.OptionSetPredictTime(true), progressbar.OptionShowDescriptionAtLineEnd(),
		// Without the interval a goroutine would turn a spinner for ever.
		progressbar.OptionSetSpinnerChangeInterval(0), progressbar.OptionClearOnFinish())
}

// add moves the bar by one domain. Of the run so far, questions are what was
// asked of servers, unknown the domains that are not decided.
func (p *progress) add(questions int64, unknown int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar == nil {
		return
	}
	if now := time.Now(); now.Sub(p.shown) >= redrawn {
		p.shown = now
		p.bar.Describe(fmt.Sprintf("%.0f questions/s, %d unknown", float64(questions)/max(now.Sub(p.started).Seconds(), 0.001), unknown))
	}
	_ = p.bar.Add64(1)
}

// stop takes the bar away.
func (p *progress) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Clear()
		_ = p.bar.Exit()
		p.bar = nil
	}
}

// Write writes to standard error, above the bar.
func (p *progress) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Clear()
	}
	return p.stderr.Write(text)
}
