package dkim

import (
	"flag"
	"testing"

	"go.uber.org/goleak"

	"mailworthy/internal/runtest"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestMain(m *testing.M) {
	runtest.RareGC()
	goleak.VerifyTestMain(m)
}
