package historytest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"mailworthy/audit"
	"mailworthy/history"
	"mailworthy/report"
	"mailworthy/report/view"
	"mailworthy/resolver"
)

// event is a day from which on the zones or the silence are others.
type event struct {
	day int
	// zones are replacements in the bundled ones, silent the names not answered.
	zones  []string
	silent []string
}

// told are the reported changes of an observation, one a line.
func told(c *report.Comparison) string {
	var lines []string
	for _, change := range c.Changes() {
		if change.Kind == "record" {
			lines = append(lines, view.ChangeText(change))
		}
	}
	for _, a := range c.Altered {
		text := ""
		for _, w := range a.Words {
			switch w.Op {
			case report.WordRemoved:
				text += " -" + w.Text
			case report.WordAdded:
				text += " +" + w.Text
			}
		}
		lines = append(lines, "words"+text)
	}
	for _, change := range c.Changes() {
		if change.Kind == "finding" {
			lines = append(lines, string(change.Severity)+" "+view.ChangeText(change))
		}
	}
	if c.Before.Verdict != c.After.Verdict {
		lines = append(lines, "verdict "+string(c.After.Verdict))
	}
	return strings.Join(lines, "\n")
}

// story runs an audit a day for a month, and returns what each day reported.
func story(t *testing.T, s *history.Store, o history.Options, target audit.Target, events ...event) map[int]string {
	t.Helper()
	out := make(map[int]string)
	w := NewWorld(t)
	for day := range 31 {
		for _, e := range events {
			if e.day == day {
				w = NewWorld(t, e.zones...)
				w.Silent = func(name string, _ resolver.Type) bool { return slices.Contains(e.silent, name) }
			}
		}
		seen, err := s.Observe(t.Context(), w.Run(t, target, day), o)
		if err != nil {
			t.Fatal(err)
		}
		if text := told(seen.Changes); text != "" {
			out[day] = text
		}
		if err := s.Acknowledge(t.Context(), seen); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// check compares what was reported on each day.
func checkStory(t *testing.T, got, want map[int]string) {
	t.Helper()
	for day := range 31 {
		if got[day] != want[day] {
			t.Errorf("day %d told\n%s\nwant\n%s", day, got[day], want[day])
		}
	}
}

// The zone of the month, and what is edited in it.
const (
	spf      = `"v=spf1 mx include:_spf.esp.example -all"`
	spfLoose = `"v=spf1 mx include:_spf.esp.example ?all"`
	dmarc    = `_dmarc  TXT   "v=DMARC1; p=reject; rua=mailto:dmarc@tidy.example,mailto:tidy@reports.example"`
	dmarcLax = `_dmarc  TXT   "v=DMARC1; p=none; rua=mailto:dmarc@tidy.example,mailto:tidy@reports.example"`
	mx2      = "@       MX    20 mx2\n"
	edKey    = `ed._domainkey  TXT  "v=DKIM1; k=ed25519; p=rsWZnW8ksmjYR011ndanitxjiC5Mz3JSFLtNzEngyX8="`
)

var tidy = audit.Target{Domain: "tidy.example", Selectors: []string{"s1", "ed"}}

// month: each change is reported on its day and once, silence never.
func month(t *testing.T, open opener) {
	got := story(t, open(t, nil), history.Options{}, tidy,
		event{day: 3, zones: []string{spf, spfLoose}},
		event{day: 5, zones: []string{spf, spfLoose}, silent: []string{"tidy.example"}},
		event{day: 8, silent: []string{"tidy.example"}},
		event{day: 9},
		event{day: 11, silent: []string{"_dmarc.tidy.example"}},
		event{day: 13, zones: []string{dmarc, ""}},
		event{day: 15},
		event{day: 17, silent: []string{"ed._domainkey.tidy.example", "_domainkey.tidy.example", "mx2.tidy.example"}},
		event{day: 20, zones: []string{edKey, ""}},
		event{day: 22},
		event{day: 25, zones: []string{mx2, "", "mx1     AAAA  2001:db8:10::10\n", ""}},
		event{day: 27, zones: []string{mx2, "", "mx1     AAAA  2001:db8:10::10\n", ""}, silent: []string{"tidy.example", "mx1.tidy.example", "_dmarc.tidy.example"}},
	)
	checkStory(t, got, map[int]string{
		3:  "tidy.example TXT altered\nwords --all +?all\nwarning spf-all-neutral new\nverdict ready with warnings",
		9:  "tidy.example TXT altered\nwords -?all +-all\nwarning spf-all-neutral gone\nverdict ready",
		13: "_dmarc.tidy.example TXT removed\nerror dmarc-record-missing new\nverdict not ready",
		15: "_dmarc.tidy.example TXT added\nerror dmarc-record-missing gone\nverdict ready",
		20: "ed._domainkey.tidy.example TXT removed\ncritical dkim-selector-missing (ed._domainkey.tidy.example) new\nverdict not ready",
		22: "ed._domainkey.tidy.example TXT added\ncritical dkim-selector-missing (ed._domainkey.tidy.example) gone\nverdict ready",
		25: "tidy.example MX removed\nnotice mx-single new",
	})
}

// monthConfirmed: with --confirm 2 a change is reported when it is seen on a second
// day, be there a silent one in between, and what is back on the next day is not.
func monthConfirmed(t *testing.T, open opener) {
	s := open(t, nil)
	got := story(t, s, history.Options{Confirm: 2}, tidy,
		event{day: 3, zones: []string{spf, spfLoose}},
		event{day: 4, zones: []string{spf, spfLoose}, silent: []string{"tidy.example"}},
		event{day: 6, zones: []string{spf, spfLoose}},
		event{day: 10},
		event{day: 15, zones: []string{dmarc, dmarcLax}},
		event{day: 16},
		event{day: 20, zones: []string{dmarc, dmarcLax}},
		event{day: 21, silent: []string{"_dmarc.tidy.example"}},
		event{day: 22},
		event{day: 30, zones: []string{dmarc, dmarcLax}},
	)
	checkStory(t, got, map[int]string{
		6:  "tidy.example TXT altered\nwords --all +?all\nwarning spf-all-neutral new\nverdict ready with warnings",
		11: "tidy.example TXT altered\nwords -?all +-all\nwarning spf-all-neutral gone\nverdict ready",
	})
}

// askedAgain: another resolver confirms a change at once, or denies it.
func askedAgain(t *testing.T, open opener) {
	before, changed := NewWorld(t), NewWorld(t, dmarc, dmarcLax)
	for _, tt := range []struct {
		name    string
		confirm int
		again   *World
		fails   error
		changes bool
		asked   int
	}{
		{"agrees", 2, changed, nil, true, 1},
		{"agrees twice", 3, changed, nil, true, 2},
		{"has the old record", 2, before, nil, false, 1},
		{"has the old record, three wanted", 3, before, nil, false, 1},
		{"fails", 2, nil, errors.New("no network"), false, 1},
		{"is not there", 2, nil, nil, false, 1},
		{"is not needed", 1, before, nil, true, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t, nil)
			if _, err := s.Observe(t.Context(), before.Run(t, tidy, 0), history.Options{Confirm: tt.confirm}); err != nil {
				t.Fatal(err)
			}
			asked := 0
			seen, err := s.Observe(t.Context(), changed.Run(t, tidy, 1), history.Options{Confirm: tt.confirm,
				Again: func(_ context.Context, attempt int) (*report.Report, error) {
					if asked++; attempt != asked {
						t.Errorf("attempt %d is the %d.", attempt, asked)
					}
					if tt.again == nil {
						return nil, tt.fails
					}
					return tt.again.Run(t, tidy, 1), nil
				}})
			if !errors.Is(err, tt.fails) {
				t.Fatal(err)
			}
			if got := !seen.Changes.Unchanged(); got != tt.changes || asked != tt.asked {
				t.Errorf("changes %v, want %v; asked %d times, want %d", got, tt.changes, asked, tt.asked)
			}
			// Only what the other resolver could not say waits for the next run.
			if waits := !seen.Pending.Unchanged(); waits == tt.changes {
				t.Errorf("pending %v", waits)
			}
		})
	}
}

// heldBack: a change that waits to be seen again changes nothing that is reported: not the
// score either, by what the rest of its section came to without it.
func heldBack(t *testing.T, open opener) {
	const mx = "@       MX    10 mx1\n@       MX    20 mx2"
	const origin, elsewhere = "$ORIGIN tidy.example.", "$ORIGIN untidy.example."
	held := func(name string, before, after []string) {
		t.Run(name, func(t *testing.T) {
			s := open(t, nil)
			first := NewWorld(t, before...).Run(t, tidy, 0)
			if _, err := s.Observe(t.Context(), first, history.Options{Confirm: 2}); err != nil {
				t.Fatal(err)
			}
			seen, err := s.Observe(t.Context(), NewWorld(t, after...).Run(t, tidy, 1), history.Options{Confirm: 2})
			if err != nil {
				t.Fatal(err)
			}
			if seen.Pending.Unchanged() {
				t.Fatal("nothing waits")
			}
			Unchanged(t, "before it is seen again", seen.Changes)
			if got, want := seen.Standing.Score, first.Score; got.Low != want.Low || got.High != want.High || len(got.Sections) != len(want.Sections) {
				t.Errorf("score %d to %d, want %d to %d", got.Low, got.High, want.Low, want.High)
			}
			seen, err = s.Observe(t.Context(), NewWorld(t, after...).Run(t, tidy, 2), history.Options{Confirm: 2})
			if err != nil || seen.Changes.Unchanged() || !seen.Pending.Unchanged() {
				t.Errorf("seen again: %v, changes %v, pending %v", err, !seen.Changes.Unchanged(), !seen.Pending.Unchanged())
			}
		})
	}
	for i, change := range [][]string{
		{dmarc, "; none"}, {mx, "@ MX 0 ."}, {spf, `"v=spf1 -all"`},
		{spf, `"v=spf3 -all"`}, {spf, `"v=spf1 mxx -all"`}, {dmarc, dmarc + "\n" + dmarcLax}, {"_domainkey", "_domainkez"}, {"mx1     A     198.51.100.10", "mx1 A 198.51.100.99"},
	} {
		held(change[1], nil, change)
		if i < 3 {
			held("no more "+change[1], change, nil)
		}
		if i < 2 {
			loose := []string{spf, spfLoose}
			held(change[1]+", with a warning", loose, append(loose, change...))
		}
	}
	// A domain of which nothing was known has a warning at once.
	held("from nothing", []string{spf, spfLoose, origin, elsewhere}, []string{spf, spfLoose})
	held("from nothing, DMARC", []string{dmarc, dmarcLax, origin, elsewhere}, []string{dmarc, dmarcLax})
}

// withinTTL: a run that may have been answered from the same cache confirms nothing.
func withinTTL(t *testing.T, open opener) {
	s := open(t, nil)
	before, changed := NewWorld(t), NewWorld(t, dmarc, dmarcLax)
	told := []bool{}
	for i, minutes := range []int{0, 10, 20, 69, 70} {
		w := changed
		if i == 0 {
			w = before
		}
		r := w.Run(t, tidy, 0)
		r.Started = start.Add(time.Duration(minutes) * time.Minute)
		seen, err := s.Observe(t.Context(), r, history.Options{Confirm: 2})
		if err != nil {
			t.Fatal(err)
		}
		told = append(told, !seen.Changes.Unchanged())
	}
	if want := []bool{false, false, false, false, true}; !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}

// toldOnce: what was not acknowledged is reported again, and then no more.
func toldOnce(t *testing.T, open opener) {
	s := open(t, nil)
	before, changed := NewWorld(t), NewWorld(t, dmarc, dmarcLax)
	observe := func(w *World, day int) *history.Observation {
		t.Helper()
		seen, err := s.Observe(t.Context(), w.Run(t, tidy, day), history.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return seen
	}
	if seen := observe(before, 0); !seen.First || !seen.Changes.Unchanged() {
		t.Error("the first run has changes")
	}
	if seen := observe(changed, 1); seen.Changes.Unchanged() {
		t.Error("no changes")
	}
	seen := observe(changed, 2)
	if seen.Changes.Unchanged() {
		t.Error("forgotten before it was told")
	}
	if err := s.Acknowledge(t.Context(), seen); err != nil {
		t.Fatal(err)
	}
	if seen := observe(changed, 3); !seen.Changes.Unchanged() {
		t.Error("told twice")
	}
}
