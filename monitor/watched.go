package monitor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"mailworthy/internal/lockfile"
	"mailworthy/report/terminal"
	"mailworthy/watch"
)

// Watched returns a run as a watcher does it: what changed is written as text, each run in
// one piece, what went wrong is logged, and a run that another process is at is skipped.
func (m *Monitor) Watched(to io.Writer, o terminal.Options, log *slog.Logger) func(context.Context) (*watch.Outcome, error) {
	return func(ctx context.Context) (*watch.Outcome, error) {
		done, err := m.Run(ctx, func(done *Outcome) error {
			var text bytes.Buffer
			if err := WriteText(&text, done, m.FailOn, false, o); err != nil {
				return err
			}
			_, err := to.Write(text.Bytes())
			return err
		})
		if errors.Is(err, lockfile.ErrHeld) {
			return nil, fmt.Errorf("%w: %w", watch.ErrSkipped, err)
		}
		if err != nil {
			return nil, err
		}
		for _, t := range done.Troubles {
			log.Error("trouble", "error", t.Error())
		}
		return &watch.Outcome{Reports: done.Reports(), Roundtrips: done.Roundtrips(), Changed: done.Changed(), Troubles: len(done.Troubles)}, nil
	}
}
