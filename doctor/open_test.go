package doctor_test

import (
	"strings"
	"testing"
	"time"

	"mailworthy/doctor"
	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

// TestOpen: each server is one of its own, and is asked
// over TCP too if it is asked over UDP.
func TestOpen(t *testing.T) {
	s := dnstest.Start(t)
	config := resolver.Config{Servers: []string{s.Addr(), "tcp://" + s.Addr(), "https://dns.example/dns-query"}, Timeout: time.Second, Retries: -1}
	o, closing, err := doctor.Open(config, true)
	if err != nil {
		t.Fatal(err)
	}
	defer closing()
	if len(o.Servers) != 3 || o.IPv6 != nil || !o.Quick {
		t.Fatalf("%+v", o)
	}
	for i, want := range []struct {
		name string
		tcp  bool
	}{{"udp://" + s.Addr(), true}, {"tcp://" + s.Addr(), false}, {"dns.example", false}} {
		if got := o.Servers[i]; !strings.Contains(got.Name, want.name) || (got.TCP != nil) != want.tcp {
			t.Errorf("%d: %+v, want %+v", i, got, want)
		}
	}
	config.Servers = []string{"gopher://dns.example"}
	if _, _, err := doctor.Open(config, true); err == nil {
		t.Error("a scheme that is none is opened")
	}
	config.Servers = nil
	if o, closing, err := doctor.Open(config, false); err == nil {
		defer closing()
		if len(o.Servers) == 0 || o.IPv6 == nil {
			t.Errorf("of the system: %+v", o)
		}
	}
}
