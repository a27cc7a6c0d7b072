//go:build race

package bombtest

// raced says that the race detector is at work.
const raced = true
