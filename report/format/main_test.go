package format

import (
	"os"
	"testing"

	"mailworthy/internal/runtest"
)

func TestMain(m *testing.M) {
	runtest.RareGC()
	os.Exit(m.Run())
}
