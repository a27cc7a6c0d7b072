package checkpoint

import (
	"os"
	"testing"

	"mailworthy/internal/runtest"
)

func TestMain(m *testing.M) {
	runtest.AtOnce(16)
	os.Exit(m.Run())
}
