package rbl

import (
	"slices"
	"time"

	"mailworthy/resolver"
)

// Of several resolvers one may have answered the test of a list and another one the question
// about a subject. What that one says counts only if the list passes its test there as well
// (RFC 5782, 5): else a filter in front of it would make everybody clean.

// through reports whether an answer came the way that the list was tested.
func (h *ListHealth) through(a *resolver.Answer) bool {
	return a.OfZone() || slices.Contains(h.servers, resolver.Address(a.Server))
}

// at hands on the health of a list through one server, testing it unless that was done in
// this run. What it hands on is shared.
func (h *Health) at(b *resolver.Batch, l *List, kind Kind, server string, then func(*ListHealth)) {
	unresolved := func(why string) *ListHealth {
		return &ListHealth{List: l, Zone: l.Zone, Kind: kind, State: Unresolved, Why: why}
	}
	h.tests.begin(b, healthKey{l.zone(), kind, resolver.Address(server)}, func(tell func(*ListHealth, time.Duration)) {
		one := b.At(server)
		if one == nil {
			tell(unresolved("its test entry was not asked"), 0)
			return
		}
		var health *ListHealth
		var hold time.Duration
		b.Go(func() {
			there := resolver.NewBatch(b.Context(), one)
			beginTest(there, l, kind, func(h *ListHealth, d time.Duration) { health, hold = h, d })
			there.Run()
		}, func() { tell(health, hold) })
	}, func(health *ListHealth, ok bool) {
		if !ok {
			health = unresolved("its test was not finished in time")
		}
		then(health)
	})
}
