package bulk

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// rowOf is a row of about 60 KB, or none of a few bytes, that differs from others.
func rowOf(i int) []byte {
	return bytes.Repeat([]byte{byte(i), byte(i >> 8), 'x'}, 1+i*7919%40_000)
}

// TestShelf: rows come back as they were put, from memory and from the file, which
// takes the place of rows that were taken again.
func TestShelf(t *testing.T) {
	folder := t.TempDir()
	for _, tt := range []struct {
		name, folder string
		inFile       bool
	}{{"file", folder, true}, {"no folder for a file", filepath.Join(folder, "none"), false}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("TMPDIR", tt.folder)
			t.Setenv("TMP", tt.folder)
			var s shelf
			const n = 400
			rows := make([]waiting, n)
			var buf []byte
			for round := range 3 {
				var wg sync.WaitGroup
				for i := range rows {
					wg.Go(func() { rows[i] = s.put(rowOf(i + round)) })
				}
				wg.Wait()
				for i, w := range rows {
					var err error
					if buf, err = s.take(w, buf); err != nil {
						t.Fatal(err)
					}
					if !bytes.Equal(buf, rowOf(i+round)) {
						t.Fatalf("round %d: row %d is another one", round, i)
					}
				}
				if s.inMemory != 0 || int64(len(s.free)) != s.blocks {
					t.Errorf("round %d: %d bytes of no row, %d of %d blocks free", round, s.inMemory, len(s.free), s.blocks)
				}
			}
			if (s.blocks > 0) != tt.inFile || s.blocks*shelfBlock > n*120_000*2 {
				t.Errorf("%d blocks", s.blocks)
			}
			s.close()
			if left, _ := filepath.Glob(filepath.Join(folder, "*")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// TestShelfFull: rows that do not fit into the file stay in memory.
func TestShelfFull(t *testing.T) {
	file, err := os.Open(filepath.Join(t.TempDir(), "..")) // nothing can be written to it
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	s := shelf{file: file}
	text := []byte(strings.Repeat("row ", shelfMemory/8))
	for range 5 {
		w := s.put(text)
		if got, err := s.take(w, nil); err != nil || !bytes.Equal(got, text) {
			t.Errorf("%v, %d bytes", err, len(got))
		}
		s.put(text) // stays
	}
	if !s.without {
		t.Error("the file is still written to")
	}
}
