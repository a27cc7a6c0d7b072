package readfile

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPatient: it reads all that there is, and ends with the context if there is
// nothing, and so does what waits for a file.
func TestPatient(t *testing.T) {
	long := strings.Repeat("some text ", chunk)
	if got, err := io.ReadAll(Patient(t.Context(), strings.NewReader(long))); err != nil || string(got) != long {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	never, w := io.Pipe()
	defer w.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := io.ReadAll(Patient(ctx, never)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	wait := make(chan struct{})
	defer close(wait)
	if _, err := Await(ctx, func() (int, error) { <-wait; return 0, nil }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	file := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(file, []byte(long), 0o600); err != nil {
		t.Fatal(err)
	}
	f, r, err := Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got, err := io.ReadAll(r); err != nil || string(got) != long {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}
