//go:build !unix

// Package proctime measures the processor time of benchmarks.
package proctime

import (
	"os"
	"time"
)

// Used returns 0: the system does not say.
func Used() time.Duration { return 0 }

// Peak returns 0: the system does not say.
func Peak(*os.ProcessState) int64 { return 0 }
