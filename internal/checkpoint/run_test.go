package checkpoint

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// list is a list of n lines, every seventh of which is blank.
func list(n int) string {
	var b strings.Builder
	for i := range n {
		if i%7 != 3 {
			fmt.Fprintf(&b, "line %d", i+1)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// files are the three names of a run in a folder of its own.
type files struct{ checkpoint, output string }

func newFiles(t *testing.T) files {
	dir := t.TempDir()
	return files{filepath.Join(dir, "run.state"), filepath.Join(dir, "out.txt")}
}

func (f files) open(t *testing.T) *Run {
	t.Helper()
	r, err := f.openErr(map[string]string{"format": "ndjson"})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (f files) openErr(settings map[string]string) (*Run, error) {
	return Open(f.checkpoint, "list.txt", f.output, settings)
}

// read reads the list on, as far as before if again is set, and returns the
// number of the next line that is to be worked on, 0 if there is none.
func read(r *Run, lines *bufio.Reader, again bool) int64 {
	for !again || r.Reading.Again() {
		text, _ := lines.ReadString('\n')
		if text == "" {
			break
		}
		_, _ = r.Reading.Write([]byte(text))
		if line, todo := r.Reading.EndLine(text != "\n"); todo {
			return line
		}
	}
	return 0
}

// TestKilled ends runs at any point without a word, some in the middle of a row,
// goes on and at last has each line once.
func TestKilled(t *testing.T) {
	const n = 300
	text := list(n)
	var want []string
	for line := range strings.Lines(text) {
		if line != "\n" {
			want = append(want, line)
		}
	}
	slices.Sort(want)
	for seed := range uint64(20) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel() // they wait for the disk
			rnd := rand.New(rand.NewPCG(seed, 1))
			f := newFiles(t)
			runs := 0
			for complete := false; !complete; runs++ {
				r := f.open(t)
				counted := 0
				if err := r.Data(&counted); err != nil {
					t.Fatal(err)
				}
				lines := bufio.NewReader(strings.NewReader(text))
				var under []int64
				for line := read(r, lines, true); line > 0; line = read(r, lines, true) {
					under = append(under, line)
				}
				if err := r.Start(); err != nil {
					t.Fatal(err)
				}
				budget := 1 + rnd.IntN(80)
				end := false
				for range budget {
					for len(under) < 10 && !end {
						line := read(r, lines, false)
						if end = line == 0; !end {
							under = append(under, line)
						}
					}
					if len(under) == 0 {
						complete = true
						break
					}
					i := rnd.IntN(len(under))
					line := under[i]
					under = slices.Delete(under, i, i+1)
					if err := r.Row(line, fmt.Appendf(nil, "line %d\n", line)); err != nil {
						t.Fatal(err)
					}
					counted++
					if rnd.IntN(10) == 0 {
						if err := r.Save(counted, false); err != nil {
							t.Fatal(err)
						}
					}
				}
				switch {
				case complete:
					if err := r.Save(counted, true); err != nil {
						t.Fatal(err)
					}
					if counted != len(want) {
						t.Errorf("seed %d: %d rows counted, want %d", seed, counted, len(want))
					}
				case rnd.IntN(2) == 0:
					_, _ = r.out.Write([]byte("a torn li"))
				}
				r.Close()
			}
			got, err := os.ReadFile(f.output)
			if err != nil {
				t.Fatal(err)
			}
			rows := strings.SplitAfter(string(got), "\n")
			rows = rows[:len(rows)-1]
			slices.Sort(rows)
			if !slices.Equal(rows, want) {
				t.Errorf("seed %d, %d runs: %d rows, want %d", seed, runs, len(rows), len(want))
			}
			if runs < 2 {
				t.Errorf("seed %d: killed at no point", seed)
			}
		})
	}
}

// begun is a run that was killed after a row of two, with the first two lines read.
func begun(t *testing.T) files {
	f := newFiles(t)
	r := f.open(t)
	lines := bufio.NewReader(strings.NewReader(list(10)))
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	read(r, lines, false)
	read(r, lines, false)
	if err := r.Row(2, []byte("row 2\n")); err != nil {
		t.Fatal(err)
	}
	if err := r.Save(nil, false); err != nil {
		t.Fatal(err)
	}
	if p := r.Reading.Position(); !p.isPending(1) || p.isPending(2) || p.isPending(3) {
		t.Fatalf("pending: %v", p.Pending)
	}
	r.Close()
	return f
}

// TestChanged: a run does not go on with another list, another output or other
// settings, and changes nothing then.
func TestChanged(t *testing.T) {
	verify := func(text string) func(*testing.T, files) error {
		return func(t *testing.T, f files) error {
			r := f.open(t)
			defer r.Close()
			lines := bufio.NewReader(strings.NewReader(text))
			for read(r, lines, true) > 0 {
			}
			return r.Start()
		}
	}
	write := func(name func(files) string, text string) func(*testing.T, files) error {
		return func(t *testing.T, f files) error {
			if err := os.WriteFile(name(f), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := f.openErr(map[string]string{"format": "ndjson"})
			return err
		}
	}
	output := func(f files) string { return f.output }
	state := func(f files) string { return f.checkpoint }
	for _, tt := range []struct {
		name string
		do   func(*testing.T, files) error
		want string
	}{
		{"list changed", verify("line 1\nline two\nline 3\n"), "list.txt was changed in its first 2 lines"},
		{"line break changed", verify("line 1\r\nline 2\nline 3\n"), "list.txt was changed"},
		{"list shorter", verify("line 1\n"), "list.txt has 1 lines, but 2 were read"},
		{"output shorter", write(output, "row"), "3 bytes, but 6 were written"},
		{"output changed", write(output, "another file\n"), "does not know"},
		{"checkpoint changed", write(state, "{}"), "is no checkpoint"},
		{"checkpoint torn", write(state, `{"schema":"mailwor`), "is no checkpoint"},
		{"settings", func(t *testing.T, f files) error {
			_, err := f.openErr(map[string]string{"format": "csv"})
			return err
		}, `format "ndjson", not "csv"`},
		{"another output", func(t *testing.T, f files) error {
			_, err := Open(f.checkpoint, "list.txt", f.output+"2", nil)
			return err
		}, "belongs to the output"},
		{"output busy", func(t *testing.T, f files) error {
			r := f.open(t)
			defer r.Close()
			_, err := f.openErr(map[string]string{"format": "ndjson"})
			if !errors.Is(err, ErrBusy) {
				t.Errorf("no ErrBusy: %v", err)
			}
			return err
		}, "another run writes it"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := begun(t)
			err := tt.do(t, f)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
			if text, err := os.ReadFile(f.output); err != nil || tt.name != "output shorter" && tt.name != "output changed" && string(text) != "row 2\n" {
				t.Errorf("the output is %q, %v", text, err)
			}
		})
	}
}

// TestAnew: after a complete run the next begins anew; a file with content of
// unknown origin is left alone.
func TestAnew(t *testing.T) {
	f := begun(t)
	r := f.open(t)
	lines := bufio.NewReader(strings.NewReader(list(2)))
	if line := read(r, lines, true); line != 1 {
		t.Fatalf("goes on with line %d", line)
	}
	if err := r.Start(); err == nil {
		t.Fatal("started after one line of two")
	}
	read(r, lines, true)
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	if err := r.Row(1, []byte("row 1\n")); err != nil {
		t.Fatal(err)
	}
	if err := r.Save(nil, true); err != nil {
		t.Fatal(err)
	}
	r.Close()
	r = f.open(t)
	if r.resumed {
		t.Error("goes on with a complete run")
	}
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	r.Close()
	if text, err := os.ReadFile(f.output); err != nil || len(text) > 0 {
		t.Errorf("the output is %q, %v", text, err)
	}

	f = newFiles(t)
	if err := os.WriteFile(f.output, []byte("precious\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := f.openErr(nil); !errors.Is(err, ErrForeign) {
		t.Errorf("error %v, want ErrForeign", err)
	}
	// An empty checkpoint and an empty output, as mktemp makes them, are none.
	for _, name := range []string{f.checkpoint, f.output} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r = f.open(t)
	if r.resumed {
		t.Error("an empty checkpoint is gone on with")
	}
	r.Close()
}
