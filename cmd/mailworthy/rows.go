package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mailworthy/internal/atomicfile"
	"mailworthy/internal/checkpoint"
)

// streams reports whether the output is rows, which are written one by one.
func (f *auditFlags) streams() bool {
	return f.against == "" && len(f.writes) == 1 && f.writes[0].Row != nil
}

// openCheckpoint opens the run that --checkpoint describes.
func (f *auditFlags) openCheckpoint(cmd *cobra.Command) (*checkpoint.Run, error) {
	for _, other := range []string{f.file, f.output.file} {
		if atomicfile.Same(f.checkpoint, other) {
			return nil, fmt.Errorf("--checkpoint %s is %s: it needs a file of its own", f.checkpoint, other)
		}
	}
	name := f.file
	if name == "-" {
		name = "standard input"
	}
	run, err := checkpoint.Open(f.checkpoint, name, f.output.file, settings(cmd))
	switch {
	case errors.Is(err, checkpoint.ErrForeign):
		return nil, withHint(fmt.Errorf("-o %w", err), "remove it to begin anew, or name another")
	case errors.Is(err, checkpoint.ErrBusy):
		return nil, fmt.Errorf("-o %w", err)
	case err != nil:
		return nil, withHint(fmt.Errorf("--checkpoint: %w", err), "go on with the flags that it was begun with, or remove it to begin anew")
	}
	return run, nil
}

// pace are the flags that shape no row, but how the run goes and what is said of
// it. A run goes on with others.
var pace = []string{"checkpoint", "file", "output", "history", "ordered", "concurrency", "qps", "server-qps", "list-qps", "progress", "summary", "color", "verbose",
	"log-format", "resolver", "timeout", "retries", "deadline", "max-queries"}

// settings are the flags that were given and shape the rows.
func settings(cmd *cobra.Command) map[string]string {
	given := map[string]string{}
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		if !slices.Contains(pace, flag.Name) {
			given["--"+flag.Name] = flag.Value.String()
		}
	})
	return given
}
