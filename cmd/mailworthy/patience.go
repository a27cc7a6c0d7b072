package main

import (
	"context"
	"io"
	"os"
)

// await returns what f returns, or the error of the context where that ends first:
// then f goes on until the process ends. It is for what nothing else can stop, such
// as opening a pipe that nobody writes to.
func await[T any](ctx context.Context, f func() (T, error)) (T, error) {
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

// openInput opens a file to read, which may be a pipe. What may keep a reader
// waiting ends with the context.
func openInput(ctx context.Context, name string) (*os.File, io.Reader, error) {
	file, err := await(ctx, func() (*os.File, error) { return os.Open(name) })
	if err != nil {
		return nil, nil, err
	}
	if info, err := file.Stat(); err == nil && (info.Mode().IsRegular() || info.IsDir()) {
		return file, file, nil
	}
	return file, &patient{ctx: ctx, from: file}, nil
}
