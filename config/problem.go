package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one mistake in a configuration, and its line and column.
type Problem struct {
	File string
	// Line and Column count from 1.
	Line   int
	Column int
	// Text says what is wrong. It never holds a secret, nor the value of a variable.
	Text string
	// Hint says what to write instead, if that is known.
	Hint string
}

// Error is file:line:column: text, a form that editors jump to.
func (p Problem) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Text)
}

// Problems are all mistakes of a configuration in the order of the file.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

func (p Problems) sort() {
	slices.SortStableFunc(p, func(a, b Problem) int {
		return cmp.Or(a.Line-b.Line, a.Column-b.Column)
	})
}
