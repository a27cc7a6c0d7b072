package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mailworthy/internal/checkpoint"
	"mailworthy/report/format"
)

// streams reports whether the output is rows, which are written one by one.
func (f *auditFlags) streams() bool {
	return f.against == "" && f.written().Row != nil
}

// spareRows are rows that have been written and are used again: their memory is
// most of what a list run would otherwise take of the garbage collector.
type spareRows struct{ pool sync.Pool }

// maxSpare bounds the text of a row that is kept: few are as long.
const maxSpare = 1 << 20

func (s *spareRows) take() *format.Text {
	if r, ok := s.pool.Get().(*format.Text); ok {
		return r
	}
	return new(format.Text)
}

func (s *spareRows) giveBack(r *format.Text) {
	if cap(r.Bytes) <= maxSpare {
		s.pool.Put(r)
	}
}

// rows is where the rows of a run go as they come: standard output, a file that
// takes its name when it is complete, or the file that a checkpoint goes with.
type rows struct {
	to     io.Writer
	header []byte
	// part is the file to come; nil where the rows go elsewhere.
	part *part
	// run is nil without a checkpoint.
	run *checkpoint.Run
}

// rows opens the output. Whoever opens it closes it.
func (f *auditFlags) rows(cmd *cobra.Command) (*rows, error) {
	var header format.Text
	if written := f.written(); written.Header != nil {
		if err := written.Header(&header, format.Options{Findings: f.csv == "findings"}); err != nil {
			return nil, err
		}
	}
	out := &rows{to: cmd.OutOrStdout(), header: header.Bytes}
	var err error
	switch {
	case f.checkpoint != "":
		out.run, err = f.openCheckpoint(cmd)
	case !f.output.standard():
		out.part, err = createPart(f.output.file)
		out.to = out.part
	}
	return out, err
}

// openCheckpoint opens the run that --checkpoint describes.
func (f *auditFlags) openCheckpoint(cmd *cobra.Command) (*checkpoint.Run, error) {
	for _, other := range []string{f.file, f.output.file} {
		if sameFile(f.checkpoint, other) {
			return nil, fmt.Errorf("--checkpoint %s is %s: it needs a file of its own", f.checkpoint, other)
		}
	}
	if sameFile(f.file, f.output.file) {
		return nil, fmt.Errorf("-o %s is the list of -f: it would be overwritten", f.output.file)
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

func sameFile(a, b string) bool {
	if a == b {
		return true
	}
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	two, err := os.Stat(b)
	return err == nil && os.SameFile(one, two)
}

// write adds the rows of a domain, below the header where they are the first.
func (o *rows) write(in listed, text []byte) error {
	if o.run != nil {
		if o.run.Size() == 0 {
			text = append(slices.Clip(o.header), text...)
		}
		return o.run.Row(in.line, text)
	}
	if o.header != nil {
		text = append(slices.Clip(o.header), text...)
		o.header = nil
	}
	_, err := o.to.Write(text)
	return err
}

// close gives up what was not finished.
func (o *rows) close() {
	if o.part != nil {
		o.part.discard()
	}
	if o.run != nil {
		o.run.Close()
	}
}
