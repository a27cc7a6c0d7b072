package readfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// Await returns what f returns, or the error of the context if that ends first:
// then f goes on until the process ends. It is for what nothing else can stop, such
// as opening a pipe that nobody writes to.
func Await[T any](ctx context.Context, f func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := f()
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// silence is how long a pipe may take until its first byte.
const silence = 30 * time.Second

// Open opens a file to read, which may be a pipe. What may keep a reader
// waiting ends with the context; a pipe from which nothing comes is an error.
func Open(ctx context.Context, name string) (*os.File, io.Reader, error) {
	return openWithin(ctx, name, silence)
}

func openWithin(ctx context.Context, name string, most time.Duration) (*os.File, io.Reader, error) {
	within, cancel := ctx, context.CancelFunc(func() {})
	info, err := os.Stat(name)
	pipe := err == nil && info.Mode()&os.ModeNamedPipe != 0
	if pipe {
		within, cancel = context.WithTimeout(ctx, most)
	}
	defer cancel()
	silent := func(err error) error {
		if within.Err() == nil || ctx.Err() != nil {
			return err
		}
		return fmt.Errorf("%s is a pipe, and nothing came from it in %s: what takes longer is for standard input (-)", name, most)
	}
	file, err := Await(within, func() (*os.File, error) { return os.Open(name) })
	if err != nil {
		return nil, nil, silent(err)
	}
	if info, err := file.Stat(); err == nil && (info.Mode().IsRegular() || info.IsDir()) {
		return file, file, nil
	}
	reader := &patient{ctx: within, from: file}
	if !pipe {
		return file, reader, nil
	}
	first := make([]byte, 1)
	switch _, err := io.ReadFull(reader, first); {
	case errors.Is(err, io.EOF):
		return file, strings.NewReader(""), nil
	case err != nil:
		file.Close()
		return nil, nil, silent(err)
	}
	reader.ctx = ctx // the rest may take as long as it will
	return file, io.MultiReader(bytes.NewReader(first), reader), nil
}

// Patient reads from where there may be nothing for a long time, as from a terminal, and
// ends with the context. It is for one goroutine.
func Patient(ctx context.Context, from io.Reader) io.Reader { return &patient{ctx: ctx, from: from} }

// chunk is how much a patient reader reads at once.
const chunk = 4 << 10

type patient struct {
	ctx  context.Context
	from io.Reader
	// got is the read under way, if one is.
	got  chan struct{}
	buf  [chunk]byte
	n    int
	err  error
	rest []byte
}

func (p *patient) Read(to []byte) (int, error) {
	if len(p.rest) == 0 {
		if p.got == nil {
			p.got = make(chan struct{})
			// It ends with the read, which nothing can end from here: if the
			// context ends first, that is with the process.
			go func() {
				p.n, p.err = p.from.Read(p.buf[:])
				close(p.got)
			}()
		}
		select {
		case <-p.got:
		case <-p.ctx.Done():
			return 0, p.ctx.Err()
		}
		p.got, p.rest = nil, p.buf[:p.n]
		if len(p.rest) == 0 {
			return 0, p.err
		}
	}
	n := copy(to, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}
