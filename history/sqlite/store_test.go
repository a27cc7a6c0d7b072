package sqlite

import (
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"mailworthy/history"
	"mailworthy/history/historytest"
	"mailworthy/report"
)

func open(t testing.TB, file string) *history.Store {
	t.Helper()
	s, err := Open(t.Context(), file, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// database opens the file beside the store.
func database(t testing.TB, file string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: file}).String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// TestSuite: SQLite keeps a history as any backend does; with all the rules if IN_FULL is set.
func TestSuite(t *testing.T) {
	t.Parallel()
	suite := historytest.RunBackend
	if os.Getenv("IN_FULL") != "" {
		suite = historytest.Run
	}
	suite(t, func(t testing.TB, now func() time.Time) *history.Store {
		s, err := Open(t.Context(), filepath.Join(t.TempDir(), "a history %41?#.db"), now)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return s
	})
}

// TestDeduplicated: a month of equal audits takes the place of one, and little more.
func TestDeduplicated(t *testing.T) {
	file := filepath.Join(t.TempDir(), "history.db")
	w, s, db := historytest.NewWorld(t), open(t, file), database(t, file)
	contents := func() (n, size int) {
		if err := db.QueryRow("SELECT count(*), sum(length(data)) FROM content").Scan(&n, &size); err != nil {
			t.Fatal(err)
		}
		return n, size
	}
	target := historytest.Targets()[0]
	if _, err := s.Add(t.Context(), w.Run(t, target, 0)); err != nil {
		t.Fatal(err)
	}
	n, size := contents()
	for day := 1; day < 31; day++ {
		if _, err := s.Add(t.Context(), w.Run(t, target, day)); err != nil {
			t.Fatal(err)
		}
	}
	if again, _ := contents(); again != n {
		t.Errorf("%d contents after a month, %d after one day", again, n)
	}
	var volatile int
	if err := db.QueryRow("SELECT sum(length(volatile)) / count(*) FROM run").Scan(&volatile); err != nil {
		t.Fatal(err)
	}
	text, _ := report.MarshalJSON(w.Run(t, target, 0), "")
	t.Logf("a report of %d bytes is %d contents of %d bytes, each further run %d bytes", len(text), n, size, volatile)
}

// TestRefused: what is wrong with a file is said by name.
func TestRefused(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(at("text"), []byte(strings.Repeat("not a database\n", 200)), 0o644); err != nil {
		t.Fatal(err)
	}
	statement := func(file, text string) {
		t.Helper()
		db, err := sql.Open("sqlite", file)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
	statement(at("other"), "CREATE TABLE bookmarks (url)")
	open(t, at("newer"))
	statement(at("newer"), "PRAGMA user_version = 99")
	for _, tt := range []struct {
		file string
		want error
		text string
	}{
		{"text", history.ErrNotHistory, "not a history"},
		{"other", history.ErrNotHistory, "another program"},
		{"newer", history.ErrNewer, "schema 99, this version knows 2"},
		{".", history.ErrNotHistory, "no file"},
		{"missing/history.db", nil, "does not exist"},
	} {
		s, err := Open(t.Context(), at(tt.file), nil)
		if err == nil {
			s.Close()
		}
		if err == nil || tt.want != nil && !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) ||
			!strings.HasPrefix(err.Error(), "history "+at(tt.file)+": ") {
			t.Errorf("%s: %v", tt.file, err)
		}
	}
}

func TestReadOnly(t *testing.T) {
	file := filepath.Join(t.TempDir(), "history.db")
	s := open(t, file)
	run, err := s.Add(t.Context(), historytest.Numbered(0))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o444); err != nil {
		t.Fatal(err)
	}
	s = open(t, file)
	historytest.SameJSON(t, s, run, historytest.Numbered(0))
	if _, err := s.Add(t.Context(), historytest.Numbered(1)); !errors.Is(err, history.ErrReadOnly) {
		t.Errorf("Add: %v", err)
	}
	if _, err := s.Prune(t.Context(), 0); !errors.Is(err, history.ErrReadOnly) {
		t.Errorf("Prune: %v", err)
	}
}

// TestFull: a run that finds no room is not there in part, and what was there is.
func TestFull(t *testing.T) {
	// The limit is one of the connection.
	in, err := openPatiently(t.Context(), filepath.Join(t.TempDir(), "history.db"), patience)
	if err != nil {
		t.Fatal(err)
	}
	s := history.New(in, nil)
	defer s.Close()
	w := historytest.NewWorld(t)
	first, err := s.Add(t.Context(), historytest.Numbered(0))
	if err != nil {
		t.Fatal(err)
	}
	var pages int
	if err := in.db.QueryRow("PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	limit := func(n int) {
		t.Helper()
		var got int
		if err := in.db.QueryRow("PRAGMA max_page_count = " + strconv.Itoa(n)).Scan(&got); err != nil {
			t.Fatal(err)
		}
	}
	limit(pages)
	big := w.Run(t, historytest.Targets()[0], 0)
	if _, err := s.Observe(t.Context(), big, history.Options{}); !errors.Is(err, history.ErrFull) {
		t.Fatalf("without room: %v", err)
	}
	if list, err := s.List(t.Context(), "", 0); err != nil || len(list) != 1 {
		t.Fatalf("%d runs, %v", len(list), err)
	}
	historytest.SameJSON(t, s, first, historytest.Numbered(0))
	limit(1 << 20)
	o, err := s.Observe(t.Context(), big, history.Options{})
	if err != nil || !o.First {
		t.Fatalf("with room again: %+v, %v", o, err)
	}
	historytest.SameJSON(t, s, o.Run, big)
}
