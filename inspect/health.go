package inspect

import (
	"context"
	"time"

	"mailworthy/doctor"
	"mailworthy/rbl"
	"mailworthy/report/view"
	"mailworthy/resolver"
)

// ListHealth tests the lists of a catalogue, or those named only, through each resolver by
// itself: failover would hide which of them a list refuses.
func (a Asking) ListHealth(ctx context.Context, c *rbl.Catalogue, only []string, warn func(string)) ([]view.ListProbe, error) {
	var probes []view.ListProbe
	for i := range max(len(a.Resolvers), 1) {
		one, name := a, "the system's resolvers"
		switch {
		case len(a.Resolvers) > 0:
			one, _ = a.Other(i)
			name = resolver.WithoutSecrets(a.Resolvers[i])
		case a.Offline:
			name = "the zones given"
		}
		s, err := one.Open(ctx, warn)
		if err != nil {
			return nil, err
		}
		within, cancel := s.Context(ctx)
		health, rewriting := rbl.Probe(within, s.Asker(), rbl.Options{Catalogue: c, Lists: only})
		cancel()
		s.Close()
		probes = append(probes, view.ListProbe{Resolver: name, Lists: health, Rewriting: rewriting})
	}
	return probes, ctx.Err()
}

// Doctor examines this machine with each of the resolvers.
func (a Asking) Doctor(ctx context.Context, c *rbl.Catalogue, warn func(string)) (*doctor.Examination, error) {
	return a.examine(ctx, c, false, warn)
}

// Briefly examines as Doctor does, in a few seconds and without the block lists: for a run
// that nobody answered. It returns nil if that cannot be, or nobody is to be asked.
func (a Asking) Briefly(ctx context.Context) *doctor.Examination {
	if a.Offline {
		return nil
	}
	a.Retries, a.Timeout, a.Deadline = 0, min(a.Timeout, time.Second), 3*time.Second
	a.QPS, a.ServerQPS, a.ListQPS = 0, 0, 0
	e, err := a.examine(ctx, nil, true, nil)
	if err != nil {
		return nil
	}
	return e
}

func (a Asking) examine(ctx context.Context, c *rbl.Catalogue, quick bool, warn func(string)) (*doctor.Examination, error) {
	if a.nobody() {
		clock, err := ClockAt(a.Now)
		if err != nil {
			return nil, err
		}
		return doctor.Offline(timeOf(clock)), nil
	}
	s, err := a.Open(ctx, warn)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	if a.Offline {
		return doctor.Offline(s.Now), nil
	}
	o, closing, err := doctor.Open(a.Config(), quick)
	if err != nil {
		return nil, err
	}
	defer closing()
	o.Catalogue, o.Now = c, s.Now
	ctx, cancel := s.Context(ctx)
	defer cancel()
	return doctor.Examine(ctx, o), nil
}
