// Package progress shows on a terminal how far something is: a bar for many, a line for
// one that takes its time.
package progress

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
)

// Bar is a bar on a terminal, and the way of all else to there: what is written while the
// bar stands is put above it. Several goroutines may use it.
type Bar struct {
	to io.Writer

	mu      sync.Mutex
	bar     *progressbar.ProgressBar
	started time.Time
	shown   time.Time
}

// redrawn is how often the bar is drawn.
const redrawn = 200 * time.Millisecond

// NewBar returns a bar that is ready for what is written to the terminal; it is drawn from
// Start on.
func NewBar(to io.Writer) *Bar { return &Bar{to: to} }

// Start draws the bar for as many domains; -1: it is not known how many.
func (p *Bar) Start(domains int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.started = time.Now()
	p.bar = progressbar.NewOptions64(domains,
		progressbar.OptionSetWriter(p.to), progressbar.OptionThrottle(redrawn), progressbar.OptionSetWidth(20),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("domains"),
		progressbar.OptionSetPredictTime(true), progressbar.OptionShowDescriptionAtLineEnd(),
		// Without the interval a goroutine would turn a spinner for ever.
		progressbar.OptionSetSpinnerChangeInterval(0), progressbar.OptionClearOnFinish())
}

// Add moves the bar by one domain. Of the run so far, questions are what was
// asked of servers, unknown the domains that are not decided.
func (p *Bar) Add(questions int64, unknown int) {
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

// Stop takes the bar away.
func (p *Bar) Stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Clear()
		_ = p.bar.Exit()
		p.bar = nil
	}
}

// Write writes to the terminal, above the bar.
func (p *Bar) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Clear()
	}
	return p.to.Write(text)
}
