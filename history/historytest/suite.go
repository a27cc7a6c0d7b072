// Package historytest has the suite that every backend of a history passes: the rules
// of the history, and what a backend promises (history.Backend, history.Tx).
package historytest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mailworthy/history"
	"mailworthy/report"
)

// opener opens a new and empty history; a nil now is time.Now.
type opener func(t testing.TB, now func() time.Time) *history.Store

// Run runs the suite. open returns a new and empty history each time and closes it with
// the test.
func Run(t *testing.T, open func(t testing.TB, now func() time.Time) *history.Store) {
	suite(t, open, true)
}

// RunBackend runs what a backend may have of its own, and leaves out the rules that hold with
// each, a month of audits apiece: they are for Run, with a backend that is fast.
func RunBackend(t *testing.T, open func(t testing.TB, now func() time.Time) *history.Store) {
	suite(t, open, false)
}

func suite(t *testing.T, open opener, rules bool) {
	type part struct {
		name string
		run  func(t *testing.T, open opener)
	}
	parts := []part{
		{"RoundTrip", roundTrip}, {"SameRun", sameRun}, {"FindAndList", findAndList}, {"SeveralDomains", severalDomains},
		{"Prune", prune}, {"Roundtrips", roundtrips}, {"Numbers", numbers}, {"Undone", undone}, {"AtOnce", atOnce},
		{"Month", month}, {"WithinTTL", withinTTL}, {"ToldOnce", toldOnce},
	}
	if rules {
		parts = append(parts, part{"MonthConfirmed", monthConfirmed}, part{"AskedAgain", askedAgain}, part{"HeldBack", heldBack})
	}
	for _, tt := range parts {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, open) })
	}
}

// roundTrip: a real report comes back byte by byte.
func roundTrip(t *testing.T, open opener) {
	w, s := NewWorld(t), open(t, nil)
	for _, target := range Targets() {
		r := w.Run(t, target, 0)
		r.Findings[0].Detail += " hostile \xff\x00 \\xff \"ttl\":5,\u202e"
		run, err := s.Add(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		SameJSON(t, s, run, r)
		back, err := s.Get(t.Context(), r.Domain, strconv.FormatInt(run.ID, 10))
		if err != nil {
			t.Fatal(err)
		}
		if back.Findings[0].Detail != r.Findings[0].Detail || !back.Started.Equal(r.Started) {
			t.Errorf("got back %q of %s", back.Findings[0].Detail, back.Started)
		}
		first := report.NewStanding(r)
		Unchanged(t, "stored", report.CompareStandings(first, first.Settle(back)))
	}
}

// sameRun: a run that is added again, as after a failure, is there once.
func sameRun(t *testing.T, open opener) {
	s := open(t, nil)
	first, err := s.Add(t.Context(), Numbered(1))
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.Observe(t.Context(), Numbered(1), history.Options{})
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

func findAndList(t *testing.T, open opener) {
	s := open(t, nil)
	for n := range 72 {
		if _, err := s.Add(t.Context(), Numbered(n)); err != nil {
			t.Fatal(err)
		}
	}
	for ref, want := range map[string]int64{"first": 1, "last": 72, "7": 7, "2026-03-01": 21, "2026-03-02": 45, "2026-03-02T00:00:00Z": 22} {
		if run, err := s.Find(t.Context(), "made.example", ref); err != nil || run.ID != want {
			t.Errorf("%s is run %d, want %d: %v", ref, run.ID, want, err)
		}
	}
	for _, ref := range []string{"0", "-1", "73", "2026-02-28"} {
		if _, err := s.Find(t.Context(), "made.example", ref); !errors.Is(err, history.ErrNoRun) {
			t.Errorf("%s: %v", ref, err)
		}
	}
	if _, err := s.Find(t.Context(), "made.example", "yesterday"); err == nil || !strings.Contains(err.Error(), "it must be a number") {
		t.Errorf("yesterday: %v", err)
	}
	for _, ref := range []string{"first", "last", "1"} {
		if _, err := s.Find(t.Context(), "other.example", ref); !errors.Is(err, history.ErrNoRun) {
			t.Errorf("%s of another domain: %v", ref, err)
		}
	}
	list, err := s.List(t.Context(), "made.example", 3)
	if err != nil || len(list) != 3 || list[0].ID != 70 || list[2].ID != 72 {
		t.Errorf("the last three are %v, %v", list, err)
	}
	if before, err := s.Before(t.Context(), list[0]); err != nil || before.ID != 69 {
		t.Errorf("before 70 is %d, %v", before.ID, err)
	}
	first, err := s.Find(t.Context(), "made.example", "first")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Before(t.Context(), first); !errors.Is(err, history.ErrNoRun) {
		t.Errorf("before the first: %v", err)
	}
	c, err := s.Diff(t.Context(), first, list[2])
	if err != nil || len(c.Changed)+len(c.New)+len(c.Gone) != 0 {
		t.Errorf("what differs in a detail alone: %+v, %v", c, err)
	}
	for _, refs := range [][]string{{}, {"first"}, {"7", "2026-03-02"}} {
		if c, err := s.Between(t.Context(), "made.example", refs...); err != nil || c.Domain != "made.example" {
			t.Errorf("between %v: %+v, %v", refs, c, err)
		}
	}
	for _, refs := range [][]string{{"73"}, {"first", "73"}} {
		if _, err := s.Between(t.Context(), "made.example", refs...); !errors.Is(err, history.ErrNoRun) {
			t.Errorf("between %v: %v", refs, err)
		}
	}
	trend, err := s.Trend(t.Context(), "made.example", 5)
	if err != nil || len(trend.Points) != 5 || trend.Points[4].Run != 72 {
		t.Errorf("trend %+v, %v", trend, err)
	}
}

// severalDomains: what is of one domain is nothing to another, however they are written.
func severalDomains(t *testing.T, open opener) {
	s := open(t, nil)
	names := []string{"b.example", "a.example", "xn--bcher-kva.example", "a.example.b.example", "%", "A_example"}
	for i, name := range names {
		r := Numbered(i)
		r.Domain = name
		seen, err := s.Observe(t.Context(), r, history.Options{})
		if err != nil || !seen.First {
			t.Fatalf("%s: %v", name, err)
		}
	}
	for i, name := range names {
		run, err := s.Last(t.Context(), name)
		if err != nil || run.Domain != name || !run.Started.Equal(Numbered(i).Started) {
			t.Errorf("%s: %+v, %v", name, run, err)
		}
		if _, err := s.Before(t.Context(), run); !errors.Is(err, history.ErrNoRun) {
			t.Errorf("before the only one of %s: %v", name, err)
		}
	}
	all, err := s.List(t.Context(), "", 0)
	if err != nil || len(all) != len(names) {
		t.Fatalf("%d runs of all domains, %v", len(all), err)
	}
	for i, run := range all {
		if run.Domain != names[i] {
			t.Errorf("run %d of all is of %s, want %s", i, run.Domain, names[i])
		}
	}
}

func prune(t *testing.T, open opener) {
	now := Numbered(100).Started
	s := open(t, func() time.Time { return now })
	for n := range 100 {
		if _, err := s.Observe(t.Context(), Numbered(n), history.Options{}); err != nil {
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
	SameJSON(t, s, list[0], Numbered(80))
	// What was reported is still known: nothing was acknowledged since the first run.
	again, err := s.Observe(t.Context(), Numbered(100), history.Options{})
	if err != nil || again.Changes == nil {
		t.Fatalf("%v, %v", again, err)
	}
	now = now.AddDate(1, 0, 0)
	if removed, err := s.Prune(t.Context(), time.Hour); err != nil || removed != 20 {
		t.Fatalf("removed %d, %v; the last run of a domain stays", removed, err)
	}
	SameJSON(t, s, again.Run, Numbered(100))
	gone := list[0]
	if _, err := s.JSON(t.Context(), gone); !errors.Is(err, history.ErrNoRun) {
		t.Errorf("the report of a run that was removed: %v", err)
	}
}

// roundtrips: a mail that is added again is replaced, and the last of each name is never
// pruned.
func roundtrips(t *testing.T, open opener) {
	now := time.Date(2026, 3, 9, 9, 0, 0, 0, time.UTC)
	s := open(t, func() time.Time { return now })
	took := int64(2100)
	for n, name := range []string{"a", "a", "b", "a"} {
		mail := history.Roundtrip{Name: name, MessageID: fmt.Sprintf("mw%d@acme.example", n), Started: now.AddDate(0, 0, n-9), Verdict: "deferred", Why: "451 \x00\xff", Tries: 1}
		if err := s.AddRoundtrip(t.Context(), mail); err != nil {
			t.Fatal(err)
		}
		mail.Verdict, mail.Why, mail.SeenMS, mail.Tries = "arrived", "It is in INBOX.", &took, 2
		if n == 3 {
			if err := s.AddRoundtrip(t.Context(), mail); err != nil {
				t.Fatal(err)
			}
		}
	}
	list, err := s.Roundtrips(t.Context(), "", 0)
	if err != nil || len(list) != 4 || list[0].MessageID != "mw0@acme.example" || list[0].Why != "451 \x00\xff" || list[0].SeenMS != nil || !list[0].Started.Equal(now.AddDate(0, 0, -9)) {
		t.Fatalf("%+v, %v", list, err)
	}
	if last := list[3]; last.Verdict != "arrived" || last.Tries != 2 || last.SeenMS == nil || *last.SeenMS != took {
		t.Errorf("%+v", last)
	}
	if list, err := s.Roundtrips(t.Context(), "a", 2); err != nil || len(list) != 2 || list[1].MessageID != "mw3@acme.example" {
		t.Errorf("%+v, %v", list, err)
	}
	if _, err := s.Prune(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	if list, err := s.Roundtrips(t.Context(), "", 0); err != nil || len(list) != 2 || list[0].Name != "b" || list[1].MessageID != "mw3@acme.example" {
		t.Errorf("%+v, %v", list, err)
	}
}

// numbers: the number of a run is never given again.
func numbers(t *testing.T, open opener) {
	now := Numbered(1000).Started
	s := open(t, func() time.Time { return now })
	for i, name := range []string{"a.example", "b.example"} {
		for n := range 3 {
			r := Numbered(n)
			r.Domain = name
			if run, err := s.Add(t.Context(), r); err != nil || run.ID != int64(3*i+n+1) {
				t.Fatalf("%d, %v", run.ID, err)
			}
		}
	}
	if removed, err := s.Prune(t.Context(), time.Hour); err != nil || removed != 4 {
		t.Fatalf("removed %d, %v", removed, err)
	}
	if run, err := s.Add(t.Context(), Numbered(9)); err != nil || run.ID != 7 {
		t.Errorf("the next run is %d, %v", run.ID, err)
	}
}

// undone: of a run that could not be kept nothing is there.
func undone(t *testing.T, open opener) {
	s := open(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Observe(ctx, Numbered(0), history.Options{}); err == nil {
		t.Error("observed after the end of the context")
	}
	seen, err := s.Observe(t.Context(), Numbered(1), history.Options{})
	if err != nil || !seen.First {
		t.Fatalf("%+v, %v", seen, err)
	}
}

// atOnce: goroutines may share a store.
func atOnce(t *testing.T, open opener) {
	s := open(t, nil)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range 10 {
				r := Numbered(n)
				r.Domain = "made" + strconv.Itoa(i) + ".example"
				if _, err := s.Observe(t.Context(), r, history.Options{Confirm: 2}); err != nil {
					t.Error(err)
				}
				if _, err := s.Last(t.Context(), r.Domain); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	list, err := s.List(t.Context(), "", 0)
	if err != nil || len(list) != 80 {
		t.Errorf("%d runs, %v", len(list), err)
	}
	seen := map[string]bool{}
	for _, run := range list {
		seen[fmt.Sprint(run.Domain, run.Started)] = true
	}
	if len(seen) != 80 {
		t.Errorf("%d different runs", len(seen))
	}
}
