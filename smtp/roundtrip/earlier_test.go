package roundtrip

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestEarlier: a copy that comes after its run has ended is counted by the next run of the
// same round trip, once, and what was moved, taken away or is of another mail is not.
func TestEarlier(t *testing.T) {
	again := func(raw []byte) []byte {
		return append([]byte("Received: by localhost with ESMTP id again\r\n"), raw...)
	}
	type box = func(folder string, raw []byte)
	for _, tt := range []struct {
		name    string
		between func(t *testing.T, dir string, add box, raw []byte)
		change  func(o *Options)
		after   time.Duration // of the first run
		want    int
		where   string
	}{
		{"none came", func(*testing.T, string, box, []byte) {}, nil, time.Hour, 0, ""},
		{"one came", func(_ *testing.T, _ string, add box, raw []byte) { add("", again(raw)) }, nil, time.Hour, 1, "INBOX"},
		{"one that is the same", func(_ *testing.T, _ string, add box, raw []byte) { add("", raw) }, nil, time.Hour, 1, "INBOX"},
		{"two, one in the junk folder", func(_ *testing.T, _ string, add box, raw []byte) {
			add(".Junk", again(raw))
			add("", again(again(raw)))
		}, nil, time.Hour, 2, "INBOX, Junk"},
		{"the first one was moved", func(t *testing.T, dir string, _ box, _ []byte) {
			if err := os.Rename(filepath.Join(dir, "new", "1.host"), filepath.Join(dir, ".Junk", "cur", "1.host:2,S")); err != nil {
				t.Error(err)
			}
		}, nil, time.Hour, 0, ""},
		{"the first one is gone", func(t *testing.T, dir string, add box, raw []byte) {
			add("", again(raw))
			if err := os.Remove(filepath.Join(dir, "new", "1.host")); err != nil {
				t.Error(err)
			}
		}, nil, time.Hour, 1, "INBOX"},
		{"an answer to it", func(_ *testing.T, _ string, add box, raw []byte) {
			add("", slices.Concat([]byte("From: <you@other.example>\r\nMessage-ID: <1@other.example>\r\n\r\n"), raw))
		}, nil, time.Hour, 0, ""},
		{"by another server", func(_ *testing.T, _ string, add box, raw []byte) { add("", again(raw)) }, func(o *Options) { o.Via.Host = "127.0.0.1" }, time.Hour, 1, "INBOX"},
		{"with the token in the address", func(_ *testing.T, _ string, add box, raw []byte) { add("", again(raw)) }, func(o *Options) { o.Plus = true }, time.Hour, 1, "INBOX"},
		{"another recipient", func(_ *testing.T, _ string, add box, raw []byte) { add("", again(raw)) }, func(o *Options) { o.To = "third@other.example" }, time.Hour, 0, ""},
		{"without a state", func(_ *testing.T, _ string, add box, raw []byte) { add("", again(raw)) }, func(o *Options) { o.State = "" }, time.Hour, 0, ""},
		{"a week and a day later", func(_ *testing.T, _ string, add box, raw []byte) { add("", again(raw)) }, nil, 8 * 24 * time.Hour, 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSMTP(t, false)
			dir, add := newMaildir(t)
			var mail []byte
			s.deliver = func(raw []byte) { mail = raw; add("", raw) }
			o, clock := s.options(t, &maildir{dir})
			o.State = filepath.Join(t.TempDir(), "state")
			now := clock.now
			clock.now = now.Add(-tt.after)
			first, err := Run(t.Context(), o)
			verdict(t, first, err, Arrived)
			tt.between(t, dir, add, mail)
			if tt.change != nil {
				tt.change(&o)
			}
			o.Clock = &fakeClock{now: now}
			for n, want := range []int{tt.want, 0} { // what was counted is known from then on
				r, err := Run(t.Context(), o)
				verdict(t, r, err, Arrived)
				if r.Duplicates != 0 || r.AllDuplicates() != want || len(r.Twice()) != min(want, 1) || len(r.Earlier) != min(want, 1) || r.Resumed {
					t.Fatalf("run %d: %d duplicates, want %d: %+v", n+2, r.AllDuplicates(), want, r.Earlier)
				}
				if want == 0 {
					continue
				}
				text := r.Twice()[0]
				if e := r.Earlier[0]; e.MessageID != first.MessageID || e.Verdict != Arrived || len(e.Copies) != want || !strings.HasSuffix(text, "came: in "+tt.where+".") || !strings.Contains(text, first.MessageID) {
					t.Errorf("%+v: %s", e, text)
				}
			}
		})
	}
}

// TestEarlierMailbox: the copies are found on a server of IMAP, too, of more mails than one
// search names.
func TestEarlierMailbox(t *testing.T) {
	s := newSMTP(t, false)
	add, port, roots := imapServer(t)
	place := Spec{Via: Via{Scheme: "imap", User: user, Host: "localhost", Port: port}}.Open(PlaceOptions{Dialer: dialer(), Roots: roots, Password: password})
	var mails [][]byte
	s.deliver = func(raw []byte) { mails = append(mails, raw); add("INBOX", raw) }
	o, clock := s.options(t, place)
	o.State = filepath.Join(t.TempDir(), "state")
	first := letter{Token: newToken(), From: o.From, To: o.To, Date: clock.now}
	add("INBOX", first.text())
	kept := &state{Schema: stateSchema, Earlier: []earlier{{Letter: first, Verdict: Arrived, Places: []string{place.String()}, Copies: []string{trace(first.text())}}}}
	for range 11 {
		kept.Earlier = append(kept.Earlier, earlier{Letter: letter{Token: newToken(), From: o.From, To: o.To, Date: clock.now}})
	}
	writeState(t, o.State, kept)
	r, err := Run(t.Context(), o)
	verdict(t, r, err, Arrived)
	if r.AllDuplicates() != 0 {
		t.Errorf("%+v", r.Earlier)
	}
	for _, mail := range [][]byte{first.text(), mails[0]} {
		add("Ramsch", append([]byte("Received: by localhost with ESMTP id again\r\n"), mail...))
	}
	r, err = Run(t.Context(), o)
	verdict(t, r, err, Arrived)
	if r.AllDuplicates() != 2 || len(r.Earlier) != 2 || len(r.Earlier[0].Copies) != 1 || !r.Earlier[0].Copies[0].Junk || r.Earlier[1].Copies[0].Folder != "Ramsch" {
		t.Errorf("%+v", r.Earlier)
	}
}

// TestEarlierLost: a mail that was lost and comes nevertheless is no duplicate, and a second
// one of it is. What cannot be read is looked at again by the next run.
func TestEarlierLost(t *testing.T) {
	s := newSMTP(t, false)
	dir, add := newMaildir(t)
	var mail []byte
	s.deliver = func(raw []byte) { mail = raw }
	o, clock := s.options(t, &maildir{dir})
	o.State, o.Timeout = filepath.Join(t.TempDir(), "state"), time.Minute
	r, err := Run(t.Context(), o)
	verdict(t, r, err, Lost)
	add("", mail)
	s.deliver = func(raw []byte) { add("", raw) }
	o.Clock = clock
	r, err = Run(t.Context(), o)
	verdict(t, r, err, Arrived)
	if len(r.Earlier) != 1 || r.AllDuplicates() != 0 || len(r.Twice()) != 0 || !strings.HasPrefix(r.Earlier[0].Sentence(), "Since its run ended as lost, the mail ") || !strings.HasSuffix(r.Earlier[0].Sentence(), " has arrived: it is in INBOX.") {
		t.Errorf("%+v", r.Earlier)
	}
	add("", mail)
	o.Places = []Place{&maildir{filepath.Join(dir, "none")}}
	r, err = Run(t.Context(), o)
	verdict(t, r, err, Unknown)
	if len(r.Earlier) != 0 {
		t.Errorf("%+v", r.Earlier)
	}
	o.Places = []Place{&maildir{dir}}
	r, err = Run(t.Context(), o)
	verdict(t, r, err, Arrived)
	if len(r.Earlier) != 1 || r.AllDuplicates() != 1 || !r.Resumed {
		t.Errorf("%+v", r.Earlier)
	}
}

// TestEarlierBounds: what a state keeps is bounded, and one of the first form is read.
func TestEarlierBounds(t *testing.T) {
	s := newSMTP(t, false)
	dir, add := newMaildir(t)
	s.deliver = func(raw []byte) { add("", raw) }
	o, clock := s.options(t, &maildir{dir})
	o.State = filepath.Join(t.TempDir(), "state")
	kept := &state{Schema: stateSchema}
	for range 3 * maxEarlier {
		kept.Earlier = append(kept.Earlier, earlier{Letter: letter{Token: newToken(), From: o.From, To: o.To, Date: clock.now}})
	}
	writeState(t, o.State, kept)
	r, err := Run(t.Context(), o)
	verdict(t, r, err, Arrived)
	got, err := load(o.State)
	if err != nil || len(got.Earlier) != maxEarlier || got.Earlier[maxEarlier-1].Letter.Token != r.Token || got.underWay() {
		t.Fatalf("%v, %d mails", err, len(got.Earlier))
	}

	first := letter{Token: newToken(), From: o.From, To: o.To, Date: clock.now}
	writeState(t, o.State, map[string]any{"schema": "mailworthy/roundtrip-state/1", "via": o.Via.String(), "letter": first, "began": clock.now, "sends": 1, "sent_at": clock.now})
	add("", bytes.ReplaceAll(first.text(), []byte("\r\n"), []byte("\n")))
	r, err = Run(t.Context(), o)
	verdict(t, r, err, Arrived)
	if !r.Resumed || r.Token != first.Token {
		t.Errorf("the mail of a state of the first form is not gone on with: %+v", r)
	}
	writeState(t, o.State, map[string]any{"schema": "mailworthy/roundtrip-state/3", "letter": 1})
	if _, err = Run(t.Context(), o); err == nil || err.Error() != fmt.Sprintf("another version of mailworthy wrote it (%q)", "mailworthy/roundtrip-state/3") {
		t.Errorf("a later form: %v", err)
	}
}

func writeState(t *testing.T, name string, v any) {
	t.Helper()
	text, err := json.Marshal(v)
	if err == nil {
		err = os.WriteFile(name, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
