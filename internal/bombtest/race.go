//go:build race

package bombtest

// Raced says that the race detector is at work.
const Raced = true
