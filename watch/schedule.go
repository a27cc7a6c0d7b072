package watch

import (
	"errors"
	"strings"
	"time"

	"github.com/netresearch/go-cron"
)

// Schedule says when the next run is due.
type Schedule interface {
	// Next returns the first time after now, and the zero time if there is none.
	Next(now time.Time) time.Time
}

// minEvery is the shortest interval of a schedule: what an audit asks is cached by
// its TTL, and lists block who asks too often.
const minEvery = time.Minute

// ParseSchedule reads a cron expression: minute, hour, day of month, month and day
// of week, or @hourly, @daily, @weekly, @monthly and @every 6h. CRON_TZ=Europe/Berlin
// ahead of it names the time zone, which is otherwise that of the system.
//
// On the days on which clocks are changed each run that names its hour takes place
// once: of an hour that there is twice, in the first one; in place of an hour that is
// skipped, as much later as the clock is put forward. What runs in every hour goes on
// evenly.
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
	if spec, ok := s.(*cron.SpecSchedule); ok {
		s = newWallClock(spec)
	}
	if s.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, errors.New("no day ever matches it")
	}
	return s, nil
}

// wallClock is a cron expression as clocks on the wall show its times. The library
// counts in the time zone itself, and there loses the day whose midnight is skipped
// and runs twice on the day whose midnight comes again.
type wallClock struct {
	// spec counts without a time zone: its times are those of the wall, as UTC.
	spec cron.SpecSchedule
	zone *time.Location
	// hourly: it runs in every hour, or in every few.
	hourly bool
}

// everyHour marks a field that starts with an asterisk (cron.SpecSchedule).
const everyHour = 1 << 63

func newWallClock(spec *cron.SpecSchedule) *wallClock {
	w := &wallClock{spec: *spec, zone: spec.Location, hourly: spec.Hour&everyHour != 0}
	w.spec.Location = time.UTC
	return w
}

// mostShifted is more than clocks are ever put forward or back for summer time.
const mostShifted = 3 * time.Hour

// Next implements Schedule.
func (w *wallClock) Next(now time.Time) time.Time {
	zone := w.zone
	if zone == time.Local {
		zone = now.Location()
	}
	var best time.Time
	// Wall times near a change are not in the order of the instants that they are.
	wall := onWall(now.In(zone)).Add(-mostShifted)
	for {
		wall = w.spec.Next(wall)
		if wall.IsZero() || !best.IsZero() && wall.After(onWall(best.In(zone)).Add(mostShifted)) {
			return best.In(now.Location())
		}
		for _, at := range w.instants(wall, zone) {
			if at.After(now) && (best.IsZero() || at.Before(best)) {
				best = at
			}
		}
	}
}

// onWall is what the clock on the wall shows, as a time of UTC.
func onWall(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// instants are when a run takes place that is due when the clock on the wall shows
// this time.
func (w *wallClock) instants(wall time.Time, zone *time.Location) []time.Time {
	offset := func(near time.Duration) time.Duration {
		_, seconds := wall.Add(near).In(zone).Zone()
		return time.Duration(seconds) * time.Second
	}
	first := wall.Add(-offset(-24 * time.Hour)) // by the clock of the day before
	second := wall.Add(-offset(24 * time.Hour)) // by that of the day after
	shown := func(t time.Time) bool { return onWall(t.In(zone)).Equal(wall) }
	switch {
	case shown(first) && shown(second) && w.hourly && !first.Equal(second):
		return []time.Time{first, second}
	case shown(first):
		return []time.Time{first}
	case shown(second):
		return []time.Time{second}
	case w.hourly:
		return nil // the clock never shows it, and the hours around it have their runs
	}
	return []time.Time{first}
}
