//go:build !race

package bounce

// raced: see race_test.go.
const raced = false
