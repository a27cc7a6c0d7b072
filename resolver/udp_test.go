package resolver_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"mailworthy/internal/dnstest"
	"mailworthy/internal/peertest"
	"mailworthy/resolver"
)

// TestStackSaysTheSame: what nobody waits for in a goroutine of its own comes to the
// same outcome as Client.Lookup, whatever the server does, and costs the same
// number of questions.
func TestStackSaysTheSame(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		label  string
		name   string
		faults []dnstest.Fault
	}{
		{"found", "www2.acme.example", nil},
		{"absent", "absent.acme.example", nil},
		{"a loop", "loop.acme.example", nil},
		{"a backslash", `back\slash.example.com`, nil},
		{"servfail", "", []dnstest.Fault{{Kind: dnstest.ServFail, Code: 22, Text: "all dead"}}},
		{"servfail once", "", []dnstest.Fault{{Kind: dnstest.ServFail, First: 1}}},
		{"refused", "", []dnstest.Fault{{Kind: dnstest.Refused}}},
		{"no EDNS", "", []dnstest.Fault{{Kind: dnstest.FormErr, EDNSOnly: true}}},
		{"silence", "", []dnstest.Fault{{Kind: dnstest.Silence}}},
		{"silence once", "", []dnstest.Fault{{Kind: dnstest.Silence, First: 1}}},
		{"truncated", "", []dnstest.Fault{{Kind: dnstest.Truncate}}},
		{"truncated, TCP silent", "", []dnstest.Fault{{Kind: dnstest.Truncate}, {Kind: dnstest.Silence, Transport: "tcp"}}},
		{"wrong id", "", []dnstest.Fault{{Kind: dnstest.WrongID}}},
		{"wrong id, then right", "", []dnstest.Fault{{Kind: dnstest.WrongID, Then: true}}},
		{"wrong question", "", []dnstest.Fault{{Kind: dnstest.WrongQuestion}}},
		{"garbage, then right", "", []dnstest.Fault{{Kind: dnstest.Garbage, Then: true}}},
		{"cut once", "", []dnstest.Fault{{Kind: dnstest.Cut, First: 1}}},
		{"referral", "", []dnstest.Fault{{Kind: dnstest.Referral}}},
		{"half a chain", "", []dnstest.Fault{{Kind: dnstest.CNAMEOnly}}},
	} {
		t.Run(tc.label, func(t *testing.T) {
			t.Parallel()
			if tc.name == "" {
				tc.name = "www.acme.example"
			}
			outcome := func(stacked bool) string {
				s := dnstest.Start(t, acme)
				s.Add(`back\slash.example.com`, typeA, "192.0.2.7")
				for _, f := range tc.faults {
					s.Fault("", dnstest.Any, f)
				}
				st, err := resolver.Build(resolver.Options{Config: resolver.Config{Servers: []string{s.Addr()}, Timeout: patience(tc.faults...)}})
				if err != nil {
					t.Fatal(err)
				}
				defer st.Close()
				resolver.SkipPauses(st.Client, func(time.Duration) {})
				var r resolver.Resolver = st.Client
				if stacked {
					r = resolver.NewSession(st, 0)
				}
				a, err := r.Lookup(context.Background(), tc.name, typeA)
				said := fmt.Sprint(say(a, err), ", ", s.Queries(), " questions")
				if e := resolver.AsError(err); e != nil {
					said += fmt.Sprintf(", %s %s: %q %q", e.Name, e.Type, e.Detail, e.Rcode)
				}
				return said
			}
			if alone, stacked := outcome(false), outcome(true); alone != stacked {
				t.Errorf("by the client alone: %s; through a stack: %s", alone, stacked)
			}
		})
	}
}

// TestSharedSockets: many questions at once, each with its own answer, on few sockets,
// while some answers are lost and strays come between.
func TestSharedSockets(t *testing.T) {
	t.Parallel()
	s := dnstest.Start(t)
	const n = 1000
	for i := range n {
		s.Add(fmt.Sprintf("h%d.test", i), typeA, fmt.Sprintf("192.0.2.%d", i%250))
	}
	s.Fault("", dnstest.Any, dnstest.Fault{Kind: dnstest.Silence, Percent: 3})
	s.Fault("", dnstest.Any, dnstest.Fault{Kind: dnstest.WrongID, Percent: 3, Then: true})
	st, err := resolver.Build(resolver.Options{Config: resolver.Config{Servers: []string{s.Addr()}, Timeout: time.Second, Retries: 10}})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			want := fmt.Sprintf(`found "192.0.2.%d"`, i%250)
			if got := say(resolver.NewSession(st, 0).Lookup(context.Background(), fmt.Sprintf("h%d.test", i), typeA)); got != want {
				t.Errorf("h%d.test: got %s, want %s", i, got, want)
			}
		})
	}
	wg.Wait()
	ports := map[uint16]bool{}
	for _, q := range s.Log() {
		ports[q.From.Port()] = true
	}
	if len(ports) > 2*resolver.UDPSockets {
		t.Errorf("%d ports for %d questions", len(ports), n)
	}
}

// TestSocketsAreReplaced: a port does not live long enough to be found out. (The system may
// give the port of a socket that was closed to the next one, so that it is not by their ports
// that the sockets are told apart.)
func TestSocketsAreReplaced(t *testing.T) {
	t.Parallel()
	s := dnstest.Start(t, acme)
	c := quick(s, resolver.Config{})
	round := func() map[any]bool {
		before := len(s.Log())
		for range resolver.UDPSockets {
			if _, err := c.Lookup(context.Background(), "acme.example", typeMX); err != nil {
				t.Fatal(err)
			}
		}
		ports := map[uint16]bool{}
		for _, q := range s.Log()[before:] {
			ports[q.From.Port()] = true
		}
		if len(ports) != resolver.UDPSockets {
			t.Errorf("%d questions in a row had %d ports", resolver.UDPSockets, len(ports))
		}
		return resolver.Sockets(c)
	}
	young := round()
	resolver.AgeSockets(c)
	round() // the last question of each
	for socket := range round() {
		if young[socket] {
			t.Errorf("a socket of %d is still in use", len(young))
		}
	}
}

// TestRefusedTellsAll: a closed port is news for all questions on the way to it.
func TestRefusedTellsAll(t *testing.T) {
	st, err := resolver.Build(resolver.Options{Config: resolver.Config{Servers: []string{peertest.Closed(t)}, Retries: -1, Timeout: time.Minute}})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			_, err := resolver.NewSession(st, 0).Lookup(context.Background(), fmt.Sprintf("h%d.test", i), typeA)
			if e := resolver.AsError(err); e == nil || e.Reason != resolver.Network || !strings.Contains(e.Detail, "refused") {
				t.Errorf("got %v", err)
			}
		})
	}
	wg.Wait()
}

// TestLeavingFreesThePlace: a question that all have left no longer counts as under way.
func TestLeavingFreesThePlace(t *testing.T) {
	t.Parallel()
	s := dnstest.Start(t, acme)
	s.Fault("mx1.acme.example", typeA, dnstest.Fault{Kind: dnstest.Silence})
	st, err := resolver.Build(resolver.Options{Config: resolver.Config{Servers: []string{s.Addr()}, MaxInFlight: 1, Timeout: time.Hour}})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	for range 3 {
		ctx, leave := context.WithCancel(context.Background())
		before := s.Queries()
		go func() {
			for s.Queries() == before {
				time.Sleep(time.Millisecond)
			}
			leave()
		}()
		if got := say(resolver.NewSession(st, 0).Lookup(ctx, "mx1.acme.example", typeA)); got != "canceled" {
			t.Fatalf("got %s", got)
		}
		if got := say(resolver.NewSession(st, 0).Lookup(context.Background(), "mx2.acme.example", typeA)); got != `found "192.0.2.2"` {
			t.Fatalf("got %s", got)
		}
	}
}

// TestClosedStack: a question during or after Close gets an error and does not hang.
func TestClosedStack(t *testing.T) {
	t.Parallel()
	s := dnstest.Start(t, acme)
	s.Fault("", dnstest.Any, dnstest.Fault{Kind: dnstest.Silence})
	st, err := resolver.Build(resolver.Options{Config: resolver.Config{Servers: []string{s.Addr()}, Timeout: time.Hour}})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for s.Queries() == 0 {
			time.Sleep(time.Millisecond)
		}
		st.Close()
	}()
	for range 2 {
		if a, err := resolver.NewSession(st, 0).Lookup(context.Background(), "acme.example", typeMX); err == nil {
			t.Errorf("got %v", a)
		}
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	s := dnstest.Start(t, acme)
	c := quick(s, resolver.Config{ZoneQPS: map[string]float64{"bl.example.": 5, "B.bl.example": 1, "zero.example": 0}})
	for name, want := range map[string]string{
		"2.0.0.127.bl.example": "bl.example", "x.b.bl.example": "b.bl.example", "bl.example": "bl.example",
		"xbl.example": "", "a.zero.example": "", "example": "", ".": "",
	} {
		if got := resolver.ZoneOfLimit(c, name); got != want {
			t.Errorf("%s belongs to %q, want %q", name, got, want)
		}
	}
	for label, c := range map[string]resolver.Config{"in all": {QPS: 100}, "a server": {ServerQPS: 100},
		"a zone": {ZoneQPS: map[string]float64{"acme.example": 100}}} {
		c.Servers = []string{s.Addr()}
		st, err := resolver.Build(resolver.Options{Config: c})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		for i := range 15 { // ten at once, then one every 10 ms
			if got := say(resolver.NewSession(st, 0).Lookup(context.Background(), fmt.Sprintf("h%d.acme.example", i), typeA)); got != "nxdomain" {
				t.Errorf("%s: %s", label, got)
			}
		}
		if took := time.Since(start); took < 40*time.Millisecond {
			t.Errorf("%s: 15 questions at 100 a second took %v", label, took)
		}
		st.Close()
	}
}

func TestHitRate(t *testing.T) {
	if r := (resolver.CacheStats{Hits: 2, Shared: 1, Misses: 1}).HitRate(); r != 0.75 {
		t.Errorf("hit rate %v", r)
	}
	if r := (resolver.CacheStats{}).HitRate(); r != 0 {
		t.Errorf("hit rate of nothing %v", r)
	}
}
