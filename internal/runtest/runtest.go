// Package runtest says how the tests of a package run, for its TestMain: what they try is the
// same, and the machine does less for it.
package runtest

import (
	"flag"
	"os"
	"runtime/debug"
	"strconv"
)

// RareGC lets the heap grow to five times what is live before the garbage collector runs. The
// heaps of tests are small and soon forgotten, and with the default a quarter of the processor
// time of the tests is the collector's. GOGC in the environment holds.
func RareGC() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}

// AtOnce lets n parallel tests run at once, for a package whose tests wait for timeouts, peers
// and processes more than they compute: with the default, as many as there are processors, they
// wait for one another. What -parallel says on the command line holds.
func AtOnce(n int) {
	flag.Parse()
	stated := false
	flag.Visit(func(f *flag.Flag) { stated = stated || f.Name == "test.parallel" })
	if !stated {
		_ = flag.Set("test.parallel", strconv.Itoa(n)) // package testing always has this flag
	}
}
