// Package pause waits, and no longer than a context lasts.
package pause

import (
	"context"
	"time"
)

// For waits for d. If the context ends first it returns at once, with its error.
func For(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
