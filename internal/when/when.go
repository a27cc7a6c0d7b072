// Package when reads times as people write them: a moment, a day, or how long ago.
package when

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

// units of an age; a year is 365 days.
var units = map[byte]time.Duration{'y': 365 * day, 'w': 7 * day, 'd': day, 'h': time.Hour, 'm': time.Minute, 's': time.Second}

// Age reads a length of time as people write it for what they keep: 400d,
// 8w, 1y, 1y6w, 36h.
func Age(text string) (time.Duration, error) {
	bad := fmt.Errorf("%q is no length of time: write it as 400d, 8w, 1y or 36h", text)
	var total time.Duration
	for rest := text; rest != "" || text == ""; {
		n := 0
		for n < len(rest) && rest[n] >= '0' && rest[n] <= '9' {
			n++
		}
		count, err := strconv.ParseInt(rest[:n], 10, 64)
		if err != nil || n == len(rest) {
			return 0, bad
		}
		unit, ok := units[rest[n]]
		if !ok {
			return 0, bad
		}
		if count > int64((math.MaxInt64-total)/unit) {
			return 0, fmt.Errorf("%q is longer than 292 years", text)
		}
		total += time.Duration(count) * unit
		rest = rest[n+1:]
	}
	return total, nil
}

// layouts are those of a moment, in the zone of this machine if they name none.
var layouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly}

// ErrNoMoment is the error of a text that is no moment.
var ErrNoMoment = errors.New("it must be a length of time such as 24h or 7d, a date, or a time as RFC 3339 has it")

// Moment reads a moment, or how long before now it was. An empty text is the zero time.
func Moment(text string, now time.Time) (time.Time, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	if d, err := Age(text); err == nil {
		return now.Add(-d), nil
	}
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, ErrNoMoment
}
