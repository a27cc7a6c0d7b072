package when

import (
	"testing"
	"time"
)

func TestAge(t *testing.T) {
	for text, want := range map[string]time.Duration{"400d": 400 * day, "2w": 14 * day, "1y": 365 * day, "1y2w3d": 382 * day, "36h": 36 * time.Hour,
		"90m": 90 * time.Minute, "0d": 0} {
		if got, err := Age(text); err != nil || got != want {
			t.Errorf("%s is %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "d", "400", "-1d", "1.5d", "1mo", "1 d", "9999999999999999999d", "300y", "200y200y"} {
		if got, err := Age(text); err == nil {
			t.Errorf("%q is %s", text, got)
		}
	}
}

func TestMoment(t *testing.T) {
	now := time.Date(2026, 11, 28, 13, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{"": {}, " 24h ": now.Add(-24 * time.Hour), "7d": now.Add(-7 * day), "0s": now, "2026-03-01T09:30:00Z": time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC),
		"2026-03-01": time.Date(2026, 3, 1, 0, 0, 0, 0, time.Local), "2026-03-01 09:30": time.Date(2026, 3, 1, 9, 30, 0, 0, time.Local)} {
		if got, err := Moment(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q is %s, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"-24h", "soon", "2026-13-01", "1 d"} {
		if got, err := Moment(text, now); err != ErrNoMoment {
			t.Errorf("%q is %s, %v", text, got, err)
		}
	}
}
