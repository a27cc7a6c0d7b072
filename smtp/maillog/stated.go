package maillog

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"mailworthy/internal/field"
	"mailworthy/internal/hint"
	"mailworthy/internal/when"
)

// Statement is what somebody states about how to read logs, as they write it. What is left
// out is the default.
type Statement struct {
	// By is how to group, MTA the program of the log, "auto" finds it out.
	By, MTA string
	// Since and Until are as when.Moment reads them.
	Since, Until string
	// Year is that of the first line of each file, if its times have none.
	Year int
	// FailOnBounces is the percentage of recipients from which on too many have failed for
	// good: "5%"; empty: none is too many.
	FailOnBounces string
}

// ErrPeriod is the error of a Statement whose Since is not before its Until.
var ErrPeriod = errors.New("since is not before until")

// bys are the ways to group, the first being the default.
var bys = []string{string(ByReceiver), string(ByDomain), string(ByReason), string(BySender)}

// Words returns the programs whose logs are read, as a Statement names them.
func Words() []string {
	words := []string{"auto"}
	for _, m := range MTAs() {
		words = append(words, string(m))
	}
	return words
}

// Options checks what is stated, at a time. The error is a *field.Error, or ErrPeriod.
func (s Statement) Options(now time.Time) (o Options, err error) {
	if s.By != "" && !slices.Contains(bys, s.By) {
		return o, field.Errorf("by", " %q: it must be receiver, domain, reason or sender", s.By)
	}
	if s.MTA != "" && s.MTA != "auto" {
		if o.MTA = MTA(s.MTA); !slices.Contains(MTAs(), o.MTA) {
			return o, field.Errorf("mta", " %q is not known", s.MTA).With("%s", cmp.Or(hint.DidYouMean(hint.Nearest(strings.ToLower(s.MTA), 2, Words()...)), "it is "+strings.Join(Words(), ", ")))
		}
	}
	if s.Year != 0 && (s.Year < 1970 || s.Year > 2200) {
		return o, field.Errorf("year", " %d: it must be from 1970 to 2200", s.Year)
	}
	o.Year, o.Senders, o.Latest = s.Year, s.By == string(BySender), now
	for _, m := range []struct {
		field, text string
		to          *time.Time
	}{{"since", s.Since, &o.Since}, {"until", s.Until, &o.Until}} {
		if *m.to, err = when.Moment(m.text, now); err != nil {
			return o, field.Errorf(m.field, " %q: %v", strings.TrimSpace(m.text), err)
		}
	}
	if !o.Since.IsZero() && !o.Until.IsZero() && !o.Since.Before(o.Until) {
		return o, ErrPeriod
	}
	if s.FailOnBounces != "" {
		percent, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(s.FailOnBounces), "%")), 64)
		if err != nil || !(percent >= 0 && percent <= 100) {
			return o, field.Errorf("fail_on_bounces", " %q: it must be a percentage from 0 to 100, such as 5%%", s.FailOnBounces)
		}
		o.MaxBounced = &percent
	}
	return o, nil
}
