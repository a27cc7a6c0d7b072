package watch

import (
	"errors"
	"strings"
	"time"

	"github.com/netresearch/go-cron"
)

// Schedule says when the next run is due.
type Schedule interface {
	// Next returns the first time after now, and the zero time where there is none.
	Next(now time.Time) time.Time
}

// minEvery is the shortest interval of a schedule: what an audit asks is cached by
// its TTL, and lists block who asks too often.
const minEvery = time.Minute

// ParseSchedule reads a cron expression: minute, hour, day of month, month and day
// of week, or @hourly, @daily, @weekly, @monthly and @every 6h. CRON_TZ=Europe/Berlin
// ahead of it names the time zone, which is otherwise that of the system.
func ParseSchedule(text string) (Schedule, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, errors.New("the schedule is empty")
	}
	p := cron.StandardParser().WithMinEveryInterval(minEvery)
	s, err := p.Parse(text)
	if err != nil {
		return nil, err
	}
	if s.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, errors.New("no day ever matches it")
	}
	return s, nil
}
