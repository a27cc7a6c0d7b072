package resolver

import (
	"context"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"mailworthy/internal/pause"
)

// limits is the rate limit of all questions together and per block list.
type limits struct {
	all   *rate.Limiter // nil: none
	zones map[string]*rate.Limiter
}

// newLimiter takes questions a second; nil if it is no limit. A tenth of a
// second's questions may come at once.
func newLimiter(qps float64) *rate.Limiter {
	if qps <= 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(qps), max(1, int(qps/10)))
}

func newLimits(c *Config) limits {
	l := limits{all: newLimiter(c.QPS)}
	for zone, qps := range c.ZoneQPS {
		if name, wrong := canonical(zone); wrong == "" && qps > 0 {
			if l.zones == nil {
				l.zones = make(map[string]*rate.Limiter)
			}
			l.zones[name] = newLimiter(qps)
		}
	}
	return l
}

// zone is the limiter of the longest zone that holds the name; nil: none.
func (l *limits) zone(name string) *rate.Limiter {
	for at := name; len(l.zones) > 0; {
		if z := l.zones[at]; z != nil {
			return z
		}
		_, rest, ok := strings.Cut(at, ".")
		if !ok {
			return nil
		}
		at = rest
	}
	return nil
}

// wait blocks until the question may be sent to the server, or the context ends.
func (c *Client) wait(ctx context.Context, s *server, name string) {
	var delay time.Duration
	for _, l := range [...]*rate.Limiter{c.limits.all, s.limit, c.limits.zone(name)} {
		if l != nil {
			delay = max(delay, l.Reserve().Delay())
		}
	}
	if delay > 0 {
		_ = pause.For(ctx, delay) // who asks looks at the context next
	}
}

// unlimited reports that a question may be sent without asking when.
func (c *Client) unlimited(s *server, name string) bool {
	return c.limits.all == nil && s.limit == nil && c.limits.zone(name) == nil
}
