package resolver_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

func TestClientSecure(t *testing.T) {
	t.Parallel()
	s := dnstest.Start(t, acme)
	url, trustURL := s.HTTPS()
	dot, trustDoT := s.TLS()
	for _, tc := range []struct {
		label string
		c     resolver.Config
		want  string
	}{
		{"https", resolver.Config{Servers: []string{url}, TLS: trustURL}, "found"},
		{"tls", resolver.Config{Servers: []string{dot}, TLS: trustDoT}, "found"},
		{"tls, name stated", resolver.Config{Servers: []string{dot + "#example.com"}, TLS: trustDoT}, "found"},
		{"tls, another name", resolver.Config{Servers: []string{dot + "#other.test"}, TLS: trustDoT}, "certificate is valid for"},
		{"https, unknown authority", resolver.Config{Servers: []string{url}}, "unknown authority"},
		{"tls, unknown authority", resolver.Config{Servers: []string{dot}}, "unknown authority"},
		{"https, wrong path", resolver.Config{Servers: []string{url + "x"}, TLS: trustURL}, "HTTP 400"},
	} {
		t.Run(tc.label, func(t *testing.T) {
			s.Reset()
			tc.c.Timeout = time.Minute
			c := quick(s, tc.c)
			var wg sync.WaitGroup
			for range 50 {
				wg.Go(func() {
					a, err := c.Lookup(context.Background(), "www.acme.example", typeA)
					if tc.want == "found" {
						if err != nil || a.Status != resolver.Found || !strings.HasPrefix(tc.c.Servers[0], a.Server) {
							t.Errorf("got %v, %v", a, err)
						}
						return
					}
					if e := resolver.AsError(err); e == nil || e.Reason != resolver.Network || !strings.Contains(e.Detail, tc.want) {
						t.Errorf("got %v, %v: want %q", a, err, tc.want)
					}
				})
			}
			wg.Wait()
			from := map[string]bool{}
			for _, q := range s.Log() {
				from[q.From.String()] = true
			}
			if len(from) > 1 {
				t.Errorf("50 questions took %d connections", len(from))
			}
		})
	}
}

func TestClientStream(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		label string
		fault dnstest.Fault
		want  string
		https string
	}{
		{"close once", dnstest.Fault{Kind: dnstest.Close, First: 1}, "found", "found"}, // the question gets a connection of its own
		{"close", dnstest.Fault{Kind: dnstest.Close}, "network", "network"},
		{"silence", dnstest.Fault{Kind: dnstest.Silence}, "timeout", "timeout"},
		{"silence once", dnstest.Fault{Kind: dnstest.Silence, First: 1}, "found", "found"},
		{"wrong id, then right", dnstest.Fault{Kind: dnstest.WrongID, Then: true}, "found", "malformed"},
		{"wrong question, then right", dnstest.Fault{Kind: dnstest.WrongQuestion, Then: true}, "found", "malformed"},
		{"wrong question", dnstest.Fault{Kind: dnstest.WrongQuestion}, "malformed", "malformed"},
		{"garbage", dnstest.Fault{Kind: dnstest.Garbage}, "malformed", "malformed"},
		{"short, then right", dnstest.Fault{Kind: dnstest.Short, Then: true}, "found", "malformed"},
		{"truncated", dnstest.Fault{Kind: dnstest.TruncateAll}, "malformed", "malformed"},
		{"servfail once", dnstest.Fault{Kind: dnstest.ServFail, First: 1}, "found", "found"},
		{"refused", dnstest.Fault{Kind: dnstest.Refused}, "refused", "refused"},
	} {
		t.Run(tc.label, func(t *testing.T) {
			t.Parallel()
			timeout := patience(tc.fault)
			if timeout < time.Minute {
				timeout = 3 * time.Second // with a handshake in it
			}
			tries := -1
			if tc.fault.First > 0 {
				tries = 1
			}
			var wg sync.WaitGroup
			for _, scheme := range []string{"tcp", "tls", "https"} {
				s := dnstest.Start(t, acme)
				c := resolver.Config{Servers: []string{"tcp://" + s.Addr()}, Retries: tries, Timeout: timeout}
				want := tc.want
				switch scheme {
				case "tls":
					c.Servers[0], c.TLS = s.TLS()
				case "https":
					c.Servers[0], c.TLS = s.HTTPS()
					want = tc.https
				}
				s.Fault("", dnstest.Any, tc.fault)
				cl := quick(s, c)
				wg.Go(func() {
					got, _, _ := strings.Cut(say(cl.Lookup(context.Background(), "acme.example", typeMX)), " ")
					if got != want {
						t.Errorf("%s: got %s, want %s", scheme, got, want)
					}
				})
			}
			wg.Wait()
		})
	}
}

// TestClientStreamReplaced: a connection that goes silent is given up, and the
// next try has a new one.
func TestClientStreamReplaced(t *testing.T) {
	t.Parallel()
	s := dnstest.Start(t, acme)
	c := quick(s, resolver.Config{Servers: []string{"tcp://" + s.Addr()}, Timeout: 2 * time.Second})
	ask := func(want string) {
		t.Helper()
		if got, _, _ := strings.Cut(say(c.Lookup(context.Background(), "acme.example", typeMX)), " "); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
	ask("found")
	ask("found")
	s.Fault("", dnstest.Any, dnstest.Fault{Kind: dnstest.Silence, First: 1})
	ask("found")
	from := map[string]int{}
	for _, q := range s.Log() {
		from[q.From.String()]++
	}
	if len(from) != 2 || len(s.Log()) != 4 {
		t.Errorf("4 questions wanted, over 2 connections: %v", from)
	}
}
