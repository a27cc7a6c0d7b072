package history

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mailworthy/report"
)

func open(t testing.TB, file string) *Store {
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

func fresh(t testing.TB) *Store { return open(t, filepath.Join(t.TempDir(), "a history %41?#.db")) }

// TestRoundTrip: a real report comes back byte by byte.
func TestRoundTrip(t *testing.T) {
	w, s := newWorld(t), fresh(t)
	for _, target := range targets {
		r := w.run(t, target, 0)
		r.Findings[0].Detail += " hostile \xff\x00 \\xff \"ttl\":5,\u202e"
		run, err := s.Add(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		sameJSON(t, s, run, r)
		back, err := s.Get(t.Context(), r.Domain, run.ID)
		if err != nil {
			t.Fatal(err)
		}
		if back.Findings[0].Detail != r.Findings[0].Detail || !back.Started.Equal(r.Started) {
			t.Errorf("got back %q of %s", back.Findings[0].Detail, back.Started)
		}
		unchanged(t, "stored", Changes(r, back))
	}
}

// TestDeduplicated: a month of equal audits takes the place of one, and little more.
func TestDeduplicated(t *testing.T) {
	w, s := newWorld(t), fresh(t)
	contents := func() (n, size int) {
		if err := s.db.QueryRow("SELECT count(*), sum(length(data)) FROM content").Scan(&n, &size); err != nil {
			t.Fatal(err)
		}
		return n, size
	}
	target := targets[0]
	if _, err := s.Add(t.Context(), w.run(t, target, 0)); err != nil {
		t.Fatal(err)
	}
	n, size := contents()
	for day := 1; day < 31; day++ {
		if _, err := s.Add(t.Context(), w.run(t, target, day)); err != nil {
			t.Fatal(err)
		}
	}
	if again, _ := contents(); again != n {
		t.Errorf("%d contents after a month, %d after one day", again, n)
	}
	var volatile int
	if err := s.db.QueryRow("SELECT sum(length(volatile)) / count(*) FROM run").Scan(&volatile); err != nil {
		t.Fatal(err)
	}
	text, _ := report.MarshalJSON(w.run(t, target, 0), "")
	t.Logf("a report of %d bytes is %d contents of %d bytes, each further run %d bytes", len(text), n, size, volatile)
}

// TestSameRun: a run that is added again, as after a failure, is there once.
func TestSameRun(t *testing.T) {
	s := fresh(t)
	first, err := s.Add(t.Context(), numbered(1))
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.Observe(t.Context(), numbered(1), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if again.Run.ID != first.ID || again.First {
		t.Errorf("added as %d and %d, first %v", first.ID, again.Run.ID, again.First)
	}
	if list, _ := s.List(t.Context(), "", 0); len(list) != 1 {
		t.Errorf("%d runs", len(list))
	}
}

func TestFindAndList(t *testing.T) {
	s := fresh(t)
	for n := range 72 {
		if _, err := s.Add(t.Context(), numbered(n)); err != nil {
			t.Fatal(err)
		}
	}
	for ref, want := range map[string]int64{"first": 1, "last": 72, "7": 7, "2026-03-01": 21, "2026-03-02": 45, "2026-03-02T00:00:00Z": 22} {
		if run, err := s.Find(t.Context(), "made.example", ref); err != nil || run.ID != want {
			t.Errorf("%s is run %d, want %d: %v", ref, run.ID, want, err)
		}
	}
	for _, ref := range []string{"0", "73", "2026-02-28"} {
		if _, err := s.Find(t.Context(), "made.example", ref); !errors.Is(err, ErrNoRun) {
			t.Errorf("%s: %v", ref, err)
		}
	}
	if _, err := s.Find(t.Context(), "made.example", "yesterday"); err == nil || !strings.Contains(err.Error(), "it must be a number") {
		t.Errorf("yesterday: %v", err)
	}
	if _, err := s.Find(t.Context(), "other.example", "first"); !errors.Is(err, ErrNoRun) {
		t.Errorf("of another domain: %v", err)
	}
	list, err := s.List(t.Context(), "made.example", 3)
	if err != nil || len(list) != 3 || list[0].ID != 70 || list[2].ID != 72 {
		t.Errorf("the last three are %v, %v", list, err)
	}
	if domains, err := s.Domains(t.Context()); err != nil || len(domains) != 1 || domains[0] != "made.example" {
		t.Errorf("domains %v, %v", domains, err)
	}
}

func TestPrune(t *testing.T) {
	s := fresh(t)
	s.now = func() time.Time { return numbered(100).Started }
	for n := range 100 {
		if _, err := s.Observe(t.Context(), numbered(n), Options{}); err != nil {
			t.Fatal(err)
		}
	}
	if removed, err := s.Prune(t.Context(), 20*time.Hour); err != nil || removed != 80 {
		t.Fatalf("removed %d, %v", removed, err)
	}
	list, err := s.List(t.Context(), "", 0)
	if err != nil || len(list) != 20 {
		t.Fatalf("%d runs, %v", len(list), err)
	}
	sameJSON(t, s, list[0], numbered(80))
	// What has been told is still told: nothing was acknowledged since the first run.
	again, err := s.Observe(t.Context(), numbered(100), Options{})
	if err != nil || again.Changes == nil {
		t.Fatalf("%v, %v", again, err)
	}
	s.now = func() time.Time { return numbered(100).Started.AddDate(1, 0, 0) }
	if removed, err := s.Prune(t.Context(), time.Hour); err != nil || removed != 20 {
		t.Fatalf("removed %d, %v; the last run of a domain stays", removed, err)
	}
	sameJSON(t, s, again.Run, numbered(100))
}

func TestParseAge(t *testing.T) {
	for text, want := range map[string]time.Duration{"400d": 400 * day, "2w": 14 * day, "1y": 365 * day, "1y2w3d": 382 * day, "36h": 36 * time.Hour,
		"90m": 90 * time.Minute, "0d": 0} {
		if got, err := ParseAge(text); err != nil || got != want {
			t.Errorf("%s is %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "d", "400", "-1d", "1.5d", "1mo", "1 d", "9999999999999999999d", "300y", "200y200y"} {
		if got, err := ParseAge(text); err == nil {
			t.Errorf("%q is %s", text, got)
		}
	}
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
		{"text", ErrNotHistory, "not a history"},
		{"other", ErrNotHistory, "another program"},
		{"newer", ErrNewer, "schema 99, this version knows 1"},
		{".", ErrNotHistory, "no file"},
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
	run, err := s.Add(t.Context(), numbered(0))
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
	if !s.ReadOnly() {
		t.Error("not read-only")
	}
	sameJSON(t, s, run, numbered(0))
	if _, err := s.Add(t.Context(), numbered(1)); !errors.Is(err, ErrReadOnly) {
		t.Errorf("Add: %v", err)
	}
	if _, err := s.Prune(t.Context(), 0); !errors.Is(err, ErrReadOnly) {
		t.Errorf("Prune: %v", err)
	}
}

// TestFull: a run that finds no room is not there in part, and what was there is.
func TestFull(t *testing.T) {
	s := fresh(t)
	w := newWorld(t)
	first, err := s.Add(t.Context(), numbered(0))
	if err != nil {
		t.Fatal(err)
	}
	var pages int
	if err := s.db.QueryRow("PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	limit := func(n int) {
		t.Helper()
		var got int
		if err := s.db.QueryRow("PRAGMA max_page_count = " + strconv.Itoa(n)).Scan(&got); err != nil {
			t.Fatal(err)
		}
	}
	limit(pages)
	big := w.run(t, targets[0], 0)
	if _, err := s.Observe(t.Context(), big, Options{}); !errors.Is(err, ErrFull) {
		t.Fatalf("without room: %v", err)
	}
	if list, err := s.List(t.Context(), "", 0); err != nil || len(list) != 1 {
		t.Fatalf("%d runs, %v", len(list), err)
	}
	sameJSON(t, s, first, numbered(0))
	limit(1 << 20)
	o, err := s.Observe(t.Context(), big, Options{})
	if err != nil || !o.First {
		t.Fatalf("with room again: %+v, %v", o, err)
	}
	sameJSON(t, s, o.Run, big)
}

// TestAtOnce: goroutines may share a store.
func TestAtOnce(t *testing.T) {
	s := fresh(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range 10 {
				r := numbered(n)
				r.Domain = "made" + strconv.Itoa(i) + ".example"
				if _, err := s.Observe(t.Context(), r, Options{Confirm: 2}); err != nil {
					t.Error(err)
				}
				if _, err := s.Last(t.Context(), r.Domain); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if list, err := s.List(t.Context(), "", 0); err != nil || len(list) != 80 {
		t.Errorf("%d runs, %v", len(list), err)
	}
}
