package history_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"mailworthy/history"
	"mailworthy/history/historytest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestRules runs the suite without a database: what fails here is a rule, and what fails
// in a backend alone is the backend.
func TestRules(t *testing.T) {
	historytest.Run(t, func(_ testing.TB, now func() time.Time) *history.Store {
		return history.New(historytest.NewMemory(), now)
	})
}

const day = 24 * time.Hour

func TestParseAge(t *testing.T) {
	for text, want := range map[string]time.Duration{"400d": 400 * day, "2w": 14 * day, "1y": 365 * day, "1y2w3d": 382 * day, "36h": 36 * time.Hour,
		"90m": 90 * time.Minute, "0d": 0} {
		if got, err := history.ParseAge(text); err != nil || got != want {
			t.Errorf("%s is %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "d", "400", "-1d", "1.5d", "1mo", "1 d", "9999999999999999999d", "300y", "200y200y"} {
		if got, err := history.ParseAge(text); err == nil {
			t.Errorf("%q is %s", text, got)
		}
	}
}
