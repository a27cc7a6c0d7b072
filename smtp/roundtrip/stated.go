package roundtrip

import (
	"slices"
	"strings"
	"time"

	"mailworthy/internal/field"
	"mailworthy/internal/hint"
	"mailworthy/internal/readfile"
	"mailworthy/internal/show"
	"mailworthy/smtp/probe"
)

// Statement is what somebody states about a synthetic mail, as they write it. What
// is left out is the default, but Via, From, To and Wait must be there.
type Statement struct {
	// Via, From and To are as ParseVia and ParseAddress read them, Wait as ParsePlace does.
	Via, From, To string
	Wait          []string
	// Plus puts the token into the recipient.
	Plus bool
	// HELO is the name to greet with, Auth the mechanism of the login, in any case.
	HELO, Auth string
	// Retry is how long to wait after each try that failed for a time, as time.ParseDuration
	// reads it, or "none" alone.
	Retry         []string
	Timeout, Poll time.Duration
	// Duplicates is how long to go on looking for further copies.
	Duplicates time.Duration
}

// MaxDuplicates bounds Statement.Duplicates.
const MaxDuplicates = 24 * time.Hour

// maxRetries bounds the tries of a Statement.
const maxRetries = 50

// Options checks what is stated, and returns the places apart: Options.Wait takes them with
// their passwords. The error is a *field.Error, which repeats no password; if an address
// has one in it, it is ErrPassword too.
func (s Statement) Options() (o Options, places []Spec, err error) {
	for _, needed := range []struct {
		field string
		is    bool
	}{{"via", s.Via != ""}, {"from", s.From != ""}, {"to", s.To != ""}, {"wait", len(s.Wait) > 0}} {
		if !needed.is {
			return o, nil, field.Errorf(needed.field, " is missing").With("mailworthy roundtrip --help shows examples")
		}
	}
	o = Options{Plus: s.Plus, HELO: s.HELO, Timeout: s.Timeout, Poll: s.Poll, Duplicates: s.Duplicates, Mechanism: strings.ToUpper(s.Auth)}
	if o.Via, err = ParseVia(s.Via); err != nil {
		return o, nil, field.Because("via", err)
	}
	if o.From, err = ParseAddress(s.From); err != nil {
		return o, nil, field.Because("from", err)
	}
	if o.To, err = ParseAddress(s.To); err != nil {
		return o, nil, field.Because("to", err)
	}
	for _, text := range s.Wait {
		p, err := ParsePlace(text)
		if err == nil {
			err = p.Check()
		}
		switch {
		case err != nil:
			return o, nil, field.Because("wait", err)
		case slices.Contains(places, p):
			return o, nil, field.Errorf("wait", " %s is given twice", show.Quote(text, 120))
		}
		places = append(places, p)
	}
	if err := probe.CheckHELO(s.HELO); err != nil {
		return o, nil, err
	}
	if s.Auth != "" && !slices.Contains(Mechanisms, o.Mechanism) {
		return o, nil, field.Errorf("auth", " %q: it must be %s", s.Auth, strings.ToLower(strings.Join(Mechanisms, ", "))).With("%s", strings.ToLower(hint.DidYouMean(hint.Nearest(o.Mechanism, 2, Mechanisms...))))
	}
	if s.Duplicates < 0 || s.Duplicates > MaxDuplicates {
		return o, nil, field.Errorf("duplicates", " %s: it must be 0 to 24h", s.Duplicates)
	}
	o.Retry, err = retries(s.Retry)
	return o, places, err
}

// retries reads the times of Statement.Retry; nil is the default.
func retries(stated []string) ([]time.Duration, error) {
	if stated == nil {
		return nil, nil
	}
	list := []time.Duration{}
	if len(stated) == 1 && stated[0] == "none" {
		return list, nil
	}
	for _, text := range stated {
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 {
			return nil, field.Errorf("retry", " %q is no time", text).With("write it as 1m,5m,15m, or none")
		}
		list = append(list, d)
	}
	if len(list) > maxRetries {
		return nil, field.Errorf("retry", ": at most %d times", maxRetries)
	}
	return list, nil
}

// maxKey bounds the file of a key.
const maxKey = 64 << 10

// ReadKey reads the key of a PEM file, as ParseKey does. The error does not name the file.
func ReadKey(file, domain, selector string) (*Key, error) {
	text, err := readfile.Read(file, maxKey, readfile.Wait)
	if err != nil {
		return nil, err
	}
	return ParseKey(text, domain, selector)
}
