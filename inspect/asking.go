package inspect

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"mailworthy/internal/field"
	"mailworthy/internal/readfile"
	"mailworthy/resolver"
)

// Asking is what somebody states about whom to ask, how far to go and at what time, in their
// words. Timeout, Deadline and MaxQueries must be there.
type Asking struct {
	// Resolvers are the servers, as resolver.Config has them; none: the system's.
	Resolvers []string
	// Zones answer before anybody is asked: files, FILE@ORIGIN, or folders of zone files.
	Zones []string
	// Offline: nobody is asked but the zones, of which there must be one.
	Offline bool
	// Proposes: records are proposed, which answer as a zone does.
	Proposes bool
	// Timeout is that of each try of a question, Deadline is how long one domain may take.
	Timeout, Deadline time.Duration
	// Retries are the further tries, MaxQueries is how many questions one domain may cost.
	Retries, MaxQueries int
	// Now is the time to judge expiry by (RFC 3339); empty: that of the system.
	Now string
	// QPS, ServerQPS and ListQPS bound the questions a second in all, to each server and to
	// each block list; 0 is no bound.
	QPS, ServerQPS, ListQPS float64
	// Lists are the zones of block lists that ListQPS is for.
	Lists []string
}

// maxRetries bounds the retries: more take longer than any deadline.
const maxRetries = 10

// check refuses what means nothing. The error is a *FieldError.
func (a *Asking) check() error {
	switch {
	case a.Timeout <= 0:
		return field.Errorf("timeout", " %s: it must be more than 0", a.Timeout)
	case a.Deadline <= 0:
		return field.Errorf("deadline", " %s: it must be more than 0", a.Deadline)
	case a.Retries < 0 || a.Retries > maxRetries:
		return field.Errorf("retries", " %d: it must be 0 to %d", a.Retries, maxRetries)
	case a.MaxQueries < 1:
		return field.Errorf("max_queries", " %d: it must be at least 1", a.MaxQueries)
	case a.QPS < 0 || a.ServerQPS < 0 || a.ListQPS < 0:
		return field.Together("${qps}, ${server_qps} and ${list_qps} must not be negative")
	case a.Offline && len(a.Resolvers) > 0:
		return field.Together("${offline} and ${resolvers} exclude each other").With("leave one out")
	case a.nobody() && !a.Proposes:
		return field.Together("${offline} needs a zone to answer from").With("add --zone FILE")
	}
	return nil
}

// nobody: no server and no zone is there to answer.
func (a *Asking) nobody() bool { return a.Offline && len(a.Zones) == 0 }

// Config is that of the resolver.
func (a *Asking) Config() resolver.Config {
	c := resolver.Config{Servers: a.Resolvers, Timeout: a.Timeout, Retries: a.Retries, QPS: a.QPS, ServerQPS: a.ServerQPS}
	if a.Retries == 0 {
		c.Retries = -1 // 0 is the default there
	}
	if a.ListQPS > 0 {
		c.ZoneQPS = make(map[string]float64, len(a.Lists))
		for _, zone := range a.Lists {
			c.ZoneQPS[zone] = a.ListQPS
		}
	}
	return c
}

// Open checks what is stated and opens what asks by it, which is to be closed. What is odd in
// the zone files goes to warn, nil if nobody hears it. The error is a *FieldError, that of
// ctx, or that of a zone file.
func (a Asking) Open(ctx context.Context, warn func(text string)) (*Session, error) {
	if err := a.check(); err != nil {
		return nil, err
	}
	clock, err := ClockAt(a.Now)
	if err != nil {
		return nil, err
	}
	s := &Session{MaxQueries: a.MaxQueries, Deadline: a.Deadline, Now: timeOf(clock), Clock: clock, Alone: a.Offline}
	if warn == nil {
		warn = func(string) {}
	}
	zones, err := loadZones(ctx, a.Zones, warn)
	if err != nil {
		return nil, err
	}
	if s.Stack, err = resolver.Build(resolver.Options{Zones: zones, Offline: a.Offline, Config: a.Config()}); err != nil {
		return nil, (&FieldError{What: err.Error(), Err: err}).With("--resolver takes host[:port], udp://, tcp://, tls:// or https://host/dns-query")
	}
	s.Sceptic = resolver.NewSceptic(s.Stack)
	return s, nil
}

// loadZones reads zone files, and warns of what is odd in them.
func loadZones(ctx context.Context, specs []string, warn func(string)) ([]*resolver.ZoneSet, error) {
	files, other, err := resolver.ExpandZones(specs)
	for _, file := range other {
		warn(file + " is left out: it does not start as a zone file")
	}
	if err != nil {
		return nil, &FieldError{Field: "zones", What: " " + err.Error(), Err: err}
	}
	zones, err := readfile.Await(ctx, func() ([]*resolver.ZoneSet, error) { return resolver.LoadZones(files...) })
	if errors.Is(err, fs.ErrNotExist) {
		return nil, (&FieldError{What: err.Error(), Err: err}).With("--zone takes FILE, FILE@ORIGIN or a folder of zone files")
	}
	if err != nil {
		return nil, err
	}
	for _, z := range zones {
		for _, w := range z.Warnings {
			warn(w)
		}
	}
	return zones, nil
}

// ClockAt is a clock that stands at a time (RFC 3339), which is stated as "now"; nil, the
// system's, if none is. The error is a *FieldError.
func ClockAt(now string) (func() time.Time, error) {
	if now == "" {
		return nil, nil
	}
	at, err := time.Parse(time.RFC3339, now)
	if err != nil {
		return nil, field.Errorf("now", " %q is not a time in RFC 3339 form", now).With("write it as 2026-11-21T09:00:00Z")
	}
	return func() time.Time { return at }, nil
}

// timeOf is the time of a clock, nil being the system's.
func timeOf(clock func() time.Time) time.Time {
	if clock == nil {
		return time.Now()
	}
	return clock()
}

// Other asks the resolver of this number alone, the first being 0; false if there are not as
// many.
func (a Asking) Other(n int) (Asking, bool) {
	if n >= len(a.Resolvers) {
		return a, false
	}
	a.Resolvers = a.Resolvers[n : n+1]
	return a, true
}

// Live is what Against takes for the DNS as it is.
const Live = "live"

// Against asks as things are elsewhere: in the DNS without any zone (Live), or with the file
// in place of the zones that it has too. The error is a *FieldError of "against".
func (a Asking) Against(ctx context.Context, word string) (_ Asking, err error) {
	if word != Live {
		if a.Zones, err = readfile.Await(ctx, func() ([]string, error) { return resolver.ReplaceZones(a.Zones, word) }); err != nil {
			return a, field.BecauseOf("against", word, err)
		}
		return a, nil
	}
	if a.Offline {
		return a, field.Errorf("against", " live needs the network").With("leave --offline out, or name a zone file")
	}
	a.Zones = nil
	return a, nil
}
