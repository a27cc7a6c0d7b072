package explain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"

	"mailworthy/internal/readfile"
)

// Sources are the inputs that somebody names.
type Sources struct {
	// Texts are inputs by themselves.
	Texts []string
	// Names are those of files, "-" for Stdin. A name that is no file may be a code, and
	// so may all of them together.
	Names []string
	Stdin io.Reader
}

// source is one input that is still to be read.
type source struct {
	name string
	open func() ([]byte, error)
	in   []Input
	err  error
}

// ReadAll explains all inputs, in their order; several are read at the same time. What
// cannot be read is an error that names it, and the rest goes on.
func (x *Explainer) ReadAll(ctx context.Context, from Sources) ([]Input, []error) {
	var list []source
	given := func(text string) {
		list = append(list, source{name: "text", open: func() ([]byte, error) { return []byte(text), nil }})
	}
	for _, text := range from.Texts {
		given(text)
	}
	names := from.Names
	if code := strings.Join(names, " "); x.IsCode(code) && !exists(names) {
		given(code)
		names = nil
	}
	for _, name := range names {
		list = append(list, source{name: name, open: func() ([]byte, error) { return x.open(ctx, name, from.Stdin) }})
	}
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range list {
		s := &list[i]
		g.Go(func() error {
			if s.err = ctx.Err(); s.err != nil {
				return nil
			}
			var data []byte
			if data, s.err = s.open(); s.err == nil {
				s.in, s.err = x.Read(s.name, data)
			}
			return nil
		})
	}
	_ = g.Wait() // errors are of each source
	var all []Input
	var failed []error
	for _, s := range list {
		if s.err != nil {
			if s.name == "-" {
				s.name = "standard input"
			}
			failed = append(failed, fmt.Errorf("%s: %w", s.name, s.err))
		}
		all = append(all, s.in...)
	}
	return all, failed
}

// open reads a file or standard input; a name that is no file may be a code.
func (x *Explainer) open(ctx context.Context, name string, stdin io.Reader) ([]byte, error) {
	if name == "-" {
		data, err := io.ReadAll(io.LimitReader(readfile.Patient(ctx, stdin), MaxInput+1))
		if err == nil && len(data) > MaxInput {
			err = readfile.ErrTooLarge
		}
		return data, err
	}
	data, err := readfile.Await(ctx, func() ([]byte, error) { return readfile.Read(name, MaxInput, readfile.Wait) })
	switch {
	case errors.Is(err, fs.ErrNotExist) && x.IsCode(name):
		return []byte(name), nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, errors.New("there is no such file; --text takes the text itself")
	}
	return data, err
}

// exists reports whether one of the names is a file.
func exists(names []string) bool {
	for _, n := range names {
		if _, err := os.Stat(n); err == nil {
			return true
		}
	}
	return false
}
