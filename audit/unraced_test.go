//go:build !race

package audit

// instrumented says that the race detector is at work, under which pools forget.
const instrumented = false
