package dnstest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"mailworthy/resolver"
)

func TestFaultMatching(t *testing.T) {
	s := Start(t, "a.test. TXT x\n")
	kind := func(name string, typ resolver.Type, transport string) Kind {
		s.mu.Lock()
		defer s.mu.Unlock()
		if f := s.match(&Query{Name: name, Type: typ, Transport: transport}); f != nil {
			return f.Kind
		}
		return 0
	}
	s.Fault("", Any, Fault{Kind: Refused})
	s.Fault("a.test", Any, Fault{Kind: ServFail})
	s.Fault("a.test", resolver.TypeTXT, Fault{Kind: Silence, Transport: "tcp"})
	s.Fault("a.test", resolver.TypeMX, Fault{Kind: NotImp, First: 2})
	for _, tc := range []struct {
		name      string
		typ       resolver.Type
		transport string
		want      Kind
	}{
		{"b.test", resolver.TypeA, "udp", Refused},
		{"a.test", resolver.TypeA, "udp", ServFail},
		{"a.test", resolver.TypeTXT, "udp", ServFail},
		{"a.test", resolver.TypeTXT, "tcp", Silence},
		{"a.test", resolver.TypeMX, "udp", NotImp},
		{"a.test", resolver.TypeMX, "udp", NotImp},
		{"a.test", resolver.TypeMX, "udp", ServFail},
	} {
		if got := kind(tc.name, tc.typ, tc.transport); got != tc.want {
			t.Errorf("%s %s over %s: fault %d, want %d", tc.name, tc.typ, tc.transport, got, tc.want)
		}
	}
	var runs [2]string
	for i := range runs {
		s.Reset()
		s.Fault("", Any, Fault{Kind: Silence, Percent: 40})
		for range 200 {
			runs[i] += fmt.Sprint(kind("a.test", resolver.TypeA, "udp") / Silence)
		}
	}
	if n := strings.Count(runs[0], "1"); runs[0] != runs[1] || n < 50 || n > 110 {
		t.Errorf("40 percent hit %d of 200, the same again: %v", n, runs[0] == runs[1])
	}
}

// TestPatient: what is lost is given up soon, and what is late is waited for.
func TestPatient(t *testing.T) {
	s := Start(t, "a.test. TXT x\na.test. A 192.0.2.1\n")
	s.LatencyOf("a.test", 3*soon)
	s.Fault("A.test", Any, Fault{Kind: Silence}) // of no question: names are in lower case
	s.Fault("a.test", resolver.TypeMX, Fault{Kind: Silence})
	s.Fault("a.test", resolver.TypeNS, Fault{Kind: WrongID, Then: true})
	s.Fault("a.test", resolver.TypeAAAA, Fault{Kind: Silence, Transport: "tcp"})
	s.Fault("a.test", resolver.TypeSOA, Fault{Kind: Silence})
	s.Fault("a.test", resolver.TypeSOA, Fault{Kind: ServFail})
	s.Fault("a.test", resolver.TypePTR, Fault{Kind: Silence, First: 1})
	began := time.Now()
	for typ, want := range map[resolver.Type]string{resolver.TypeTXT: "found", resolver.TypeMX: "timeout", resolver.TypeNS: "nodata", resolver.TypeAAAA: "nodata", resolver.TypeSOA: "servfail", resolver.TypePTR: "timeout"} {
		a, err := s.Patient(-1).Lookup(t.Context(), "A.test.", typ)
		if got := resolver.Outcome(a, err).Status; string(got) != want {
			t.Errorf("%s: %s, want %s", typ, got, want)
		}
	}
	if took := time.Since(began); took >= forever {
		t.Errorf("it took %s", took)
	}
}

func TestLatency(t *testing.T) {
	s := Start(t)
	s.Add("slow.test", resolver.TypeA, "192.0.2.1")
	s.Add("fast.test", resolver.TypeA, "192.0.2.1")
	s.Latency(time.Hour) // and the server still stops at once
	s.LatencyOf("fast.test", 0)
	c := s.Client(resolver.Config{Retries: -1, Timeout: 5 * time.Second})
	if _, err := c.Lookup(context.Background(), "fast.test", resolver.TypeA); err != nil {
		t.Error(err)
	}
	c = s.Client(resolver.Config{Retries: -1, Timeout: 30 * time.Millisecond})
	if _, err := c.Lookup(context.Background(), "slow.test", resolver.TypeA); err == nil || resolver.AsError(err).Reason != resolver.Timeout {
		t.Errorf("slow.test: %v, want timeout", err)
	}
}

func TestExtendedError(t *testing.T) {
	s := Start(t)
	s.Fault("", Any, Fault{Kind: ServFail, Code: 9, Text: "no key"})
	m, err := ask(t, s, "udp", "a.test.", resolver.TypeA)
	if err != nil || m.Rcode != dns.RcodeServerFailure || len(m.IsEdns0().Option) != 1 {
		t.Fatalf("%v, %v", m, err)
	}
	if e, ok := m.IsEdns0().Option[0].(*dns.EDNS0_EDE); !ok || e.InfoCode != 9 || e.ExtraText != "no key" {
		t.Errorf("%v", m)
	}
}
