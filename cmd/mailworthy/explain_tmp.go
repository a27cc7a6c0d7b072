package main

import (
	"io"

	"mailworthy/report/terminal"
	"mailworthy/smtp/explain"
)

func writeExplained(w io.Writer, r *explain.Report, format string, o terminal.Options) error {
	return writeJSON(w, r)
}
