package sqlite

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"mailworthy/internal/runtest"
)

// TestMain is that of the writers of TestKilled too, which are processes of their own.
func TestMain(m *testing.M) {
	if file := os.Getenv("HISTORY_TEST_WRITER"); file != "" {
		writer(file)
		return
	}
	runtest.AtOnce(16)
	runtest.RareGC()
	goleak.VerifyTestMain(m)
}
