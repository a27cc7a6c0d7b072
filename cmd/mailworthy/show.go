package main

import (
	"io"
	"strings"

	"mailworthy/report"
)

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

func joined(list []string) string { return strings.Join(list, ", ") }
