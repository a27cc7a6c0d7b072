package watch

import (
	"testing"
	"time"
)

// FuzzParseSchedule: whatever the text, a schedule that is taken has a next time
// that comes later.
func FuzzParseSchedule(f *testing.F) {
	for _, text := range []string{"17 6 * * *", "@every 6h", "CRON_TZ=Europe/Berlin 30 2 29 3 *", "TZ=", "*/5 0-23/2 1,15 JAN-DEC MON#1", "@every 1s", "0 0 31 2 *"} {
		f.Add(text)
	}
	now := time.Date(2026, 3, 28, 0, 30, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSchedule(text)
		if err != nil {
			return
		}
		if next := s.Next(now); !next.IsZero() && !next.After(now) {
			t.Errorf("%q: next at %s", text, next)
		}
	})
}
