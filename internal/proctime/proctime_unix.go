//go:build unix

// Package proctime measures the processor time of benchmarks: on a machine that others use
// too, the time on the clock says little.
package proctime

import (
	"os"
	"runtime"
	"syscall"
	"time"
)

// Used returns the processor time that this process has used, its own and the system's for
// it; 0 if the system does not say.
func Used() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Peak returns the most memory, in bytes, that a process which has ended was resident
// with; 0 if the system does not say.
func Peak(ended *os.ProcessState) int64 {
	u, ok := ended.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
		return int64(u.Maxrss)
	}
	return int64(u.Maxrss) << 10
}
