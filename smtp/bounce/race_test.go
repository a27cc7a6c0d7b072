//go:build race

package bounce

// raced: the race detector makes pools forget, so that regular expressions allocate
// several times as much.
const raced = true
