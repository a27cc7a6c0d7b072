package bulk

import (
	"context"
	"errors"
	"io"

	"mailworthy/internal/atomicfile"
	"mailworthy/internal/checkpoint"
	"mailworthy/internal/field"
	"mailworthy/internal/readfile"
	"mailworthy/report/format"
)

// OpenList opens the list of the statement, behind the domains that the source has by
// themselves, and says how they are read. Whoever opens it calls closing. The error is a
// *field.Error of "file", or that of the context.
func (s *Statement) OpenList(ctx context.Context, stdin io.Reader, from Source) (l *List, closing func() error, err error) {
	closing = func() error { return nil }
	switch s.File {
	case "":
	case "-":
		from.Name, from.Reader = standardInput, readfile.Patient(ctx, stdin)
	default:
		file, reader, err := readfile.Open(ctx, s.File)
		if err != nil {
			return nil, nil, field.Because("file", err)
		}
		if info, err := file.Stat(); err == nil && info.IsDir() {
			file.Close()
			return nil, nil, field.Errorf("file", " %s is a folder, not a list", s.File)
		}
		from.Name, from.Reader, closing = s.File, reader, file.Close
	}
	return NewList(from), closing, nil
}

const standardInput = "standard input"

// Open opens what the run writes to by the statement: with the checkpoint its output, or else
// a file, or standard output. Settings are what shapes the rows: a run goes on with the same
// alone. The error is a *field.Error. The run is to be closed.
func (r *Run) Open(s *Statement, settings map[string]string, stdout io.Writer) (err error) {
	to := s.Outputs()[0]
	switch {
	case s.Checkpoint != "":
		r.point = s.Checkpoint
		r.Checkpoint, err = s.openCheckpoint(to.File, settings)
		return err
	case to.Standard():
		r.To = stdout
		return nil
	}
	r.name = to.File
	if r.file, err = atomicfile.Create(r.name, format.FileMode); err != nil {
		return format.InFile(r.name, err)
	}
	r.To = inFile{r.file, r.name}
	return nil
}

// inFile writes to the file, whose errors name it.
type inFile struct {
	io.Writer
	name string
}

func (f inFile) Write(p []byte) (int, error) {
	n, err := f.Writer.Write(p)
	return n, format.InFile(f.name, err)
}

// Close closes what Open opened. A file that Finish gave no name is dropped.
func (r *Run) Close() {
	if r.Checkpoint != nil {
		r.Checkpoint.Close()
	}
	if r.file != nil {
		r.file.Discard()
	}
}

// openCheckpoint opens the run that the checkpoint has.
func (s *Statement) openCheckpoint(output string, settings map[string]string) (*checkpoint.Run, error) {
	for _, other := range []string{s.File, output} {
		if atomicfile.Same(s.Checkpoint, other) {
			return nil, field.Errorf("checkpoint", " %s is %s: it needs a file of its own", s.Checkpoint, other)
		}
	}
	name := s.File
	if name == "-" {
		name = standardInput
	}
	run, err := checkpoint.Open(s.Checkpoint, name, output, settings)
	switch {
	case errors.Is(err, checkpoint.ErrForeign):
		return nil, ofOutput(err).With("remove it to begin anew, or name another")
	case errors.Is(err, checkpoint.ErrBusy):
		return nil, ofOutput(err)
	case err != nil:
		return nil, field.Because("checkpoint", err).With("go on with the flags that it was begun with, or remove it to begin anew")
	}
	return run, nil
}

// ofOutput is an error that begins with the name of the output.
func ofOutput(err error) *field.Error {
	return &field.Error{Field: "output", What: " " + err.Error(), Err: err}
}
