package main

import (
	"fmt"
	"io"
	"strings"

	"mailworthy/internal/show"
	"mailworthy/report"
)

// pair is one line of the answer of a small command.
type pair struct{ key, value string }

// showPairs writes a column of keys and their values, leaving out empty ones.
func showPairs(w io.Writer, pairs []pair) error {
	width := 0
	for _, p := range pairs {
		if p.value != "" {
			width = max(width, len(p.key))
		}
	}
	for _, p := range pairs {
		if p.value == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "%-*s  %s\n", width, p.key, show.Escape(p.value)); err != nil {
			return err
		}
	}
	return nil
}

// writeJSON writes a value of a small command as JSON.
func writeJSON(w io.Writer, v any) error {
	text, err := report.MarshalJSON(v, "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

// writeJSONLine writes v on one line.
func writeJSONLine(w io.Writer, v any) error {
	text, err := report.MarshalJSON(v, "")
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

// triState is a tri-state answer in words.
func triState(b *bool) string {
	switch {
	case b == nil:
		return "not known"
	case *b:
		return "yes"
	}
	return "no"
}

// orNone is what a pointer points to, or "none".
func orNone[T ~string](s *T) string {
	if s == nil {
		return "none"
	}
	return string(*s)
}

func joined(list []string) string { return strings.Join(list, ", ") }
