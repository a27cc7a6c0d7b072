package probe

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"mailworthy/dial"
	"mailworthy/finding"
	"mailworthy/internal/dnstest"
)

// names are the checks with a finding that is no pass, with their severities.
func names(list []finding.Finding) string {
	return found(&Target{Findings: list})
}

// TestShared: many domains at once with MX hosts at one address have one session with it,
// and each is judged for its own host name.
func TestShared(t *testing.T) {
	root := newAuthority(t)
	cert := root.issue(t, "mx.acme.example", now.AddDate(1, 0, 0))
	s := listen(t, script{cert: &cert, answers: map[string]string{"TLS:EHLO": "250-mx\r\n250-SIZE\r\n250-PIPELINING\r\n250 8BITMIME\r\n"}}.serve)
	text := "$TTL 300\nexample. SOA . . 1 1 1 1 1\nmx.acme.example. A 127.0.0.1\nmx.other.example. A 127.0.0.1\nother.example. MX 10 mx.other.example.\nnull.example. MX 0 .\n"
	for i := range 20 {
		text += fmt.Sprintf("d%d.example. MX 10 mx.acme.example.\n", i)
	}
	r := dnstest.Zone(t, text)
	shared := NewShared(t.Context(), Options{Roots: root.pool, Now: now, Ports: []uint16{s.port}, Deadline: time.Minute, StepTimeout: 20 * time.Second,
		Dialer: &dial.Dialer{AllowPrivate: true, MaxPerAddr: 1, MaxRead: MaxRead}})
	defer shared.Close()
	if got := names(shared.Domain(t.Context(), r, "d0.example")); got != "" {
		t.Errorf("found %q", got)
	}
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			list := shared.Domain(t.Context(), r, fmt.Sprintf("d%d.example", i))
			if got := names(list); got != "" || len(list) < 5 {
				t.Errorf("d%d: found %q of %d", i, got, len(list))
			}
		})
	}
	all.Wait()
	// Its certificate was chosen by another name: nothing is said of it.
	if got := names(shared.Domain(t.Context(), r, "other.example")); strings.Contains(got, "certificate") {
		t.Errorf("another name: found %q", got)
	}
	if got := names(shared.Domain(t.Context(), r, "null.example")); got != "smtp-no-host-reachable=info" {
		t.Errorf("null MX: found %q", got)
	}
	if s.connections() != 1 {
		t.Errorf("%d connections, want 1", s.connections())
	}
}

// TestSharedBlocked: if no address answers, the network here is the cause, and it is not
// waited for over and over.
func TestSharedBlocked(t *testing.T) {
	text := "$TTL 300\nexample. SOA . . 1 1 1 1 1\n"
	for i := range 12 {
		text += fmt.Sprintf("d%d.example. MX 10 mx%d.example.\nmx%d.example. A 192.0.2.%d\n", i, i, i, i+1)
	}
	r := dnstest.Zone(t, text)
	shared := NewShared(t.Context(), Options{Now: now, Dialer: &dial.Dialer{}})
	defer shared.Close()
	shared.silent = blockedAfter // as after so many addresses that did not answer
	began := time.Now()
	for i := range 12 {
		if got := names(shared.Domain(t.Context(), r, fmt.Sprintf("d%d.example", i))); got != "smtp-unresolved=unknown" {
			t.Errorf("found %q", got)
		}
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}

// TestSharedEnds: a domain whose time is over does not wait for the session, which goes on
// for the others until it is closed.
func TestSharedEnds(t *testing.T) {
	t.Parallel()
	s := listen(t, func(_ *server, c net.Conn) { _, _ = c.Read(make([]byte, 1)) })
	r := dnstest.Zone(t, "$TTL 300\nexample. SOA . . 1 1 1 1 1\nacme.example. MX 10 mx.acme.example.\nmx.acme.example. A 127.0.0.1\n")
	shared := NewShared(t.Context(), Options{Now: now, Ports: []uint16{s.port}, Dialer: &dial.Dialer{AllowPrivate: true}})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	if got := names(shared.Domain(ctx, r, "acme.example")); got != "smtp-unresolved=unknown" {
		t.Errorf("found %q", got)
	}
	shared.Close()
	if took := time.Since(began); took > 10*time.Second { // a step has thirty
		t.Errorf("it took %s", took)
	}
}
