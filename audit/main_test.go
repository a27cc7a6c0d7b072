package audit

import (
	"os"
	"testing"

	"mailworthy/internal/runtest"
)

func TestMain(m *testing.M) {
	runtest.AtOnce(16)
	runtest.RareGC()
	os.Exit(m.Run())
}
