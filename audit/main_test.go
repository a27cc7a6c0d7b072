package audit

import (
	"os"
	"testing"

	"mailworthy/internal/runtest"
)

func TestMain(m *testing.M) {
	runtest.ManyAtOnce()
	runtest.RareGC()
	os.Exit(m.Run())
}
