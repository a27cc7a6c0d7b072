package audit

import (
	"os"
	"runtime/debug"
)

// streamMemory is where the garbage collector of a list run starts to work as often
// as it must: such a run is to stay under 200 MB.
const streamMemory = 160 << 20

// CollectLess lets garbage gather up to streamMemory, which costs a list run a sixth
// less processor time (docs/performance.md). Who sets GOGC or GOMEMLIMIT decides
// instead. The function returned undoes it.
func CollectLess() (undo func()) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return func() {}
	}
	percent, limit := debug.SetGCPercent(400), debug.SetMemoryLimit(streamMemory)
	return func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}
}
