package history_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"mailworthy/history"
	"mailworthy/history/historytest"
	"mailworthy/internal/runtest"
)

func TestMain(m *testing.M) {
	runtest.RareGC()
	goleak.VerifyTestMain(m)
}

// TestRules runs the suite without a database: what fails here is a rule, and what fails
// in a backend alone is the backend.
func TestRules(t *testing.T) {
	historytest.Run(t, func(_ testing.TB, now func() time.Time) *history.Store {
		return history.New(historytest.NewMemory(), now)
	})
}
