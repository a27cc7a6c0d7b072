package resolver

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

func TestServersOfAdapters(t *testing.T) {
	ips := func(list ...string) (out []netip.Addr) {
		for _, s := range list {
			out = append(out, netip.MustParseAddr(s))
		}
		return out
	}
	for _, tt := range []struct {
		name     string
		adapters []adapter
		want     string
	}{
		{"none", nil, "[]"},
		{"one", []adapter{{true, true, 25, ips("192.168.1.1", "192.168.1.2")}}, "[192.168.1.1 192.168.1.2]"},
		{"one that is down", []adapter{{false, true, 5, ips("10.0.0.1")}, {true, true, 25, ips("192.168.1.1")}}, "[192.168.1.1]"},
		{"by metric", []adapter{{true, true, 50, ips("10.0.0.1")}, {true, true, 25, ips("192.168.1.1")}}, "[192.168.1.1 10.0.0.1]"},
		{"a virtual one without a gateway", []adapter{{true, false, 5, ips("172.17.0.1")}, {true, true, 25, ips("192.168.1.1")}}, "[192.168.1.1 172.17.0.1]"},
		{"the same again", []adapter{{true, true, 5, ips("10.0.0.1", "::ffff:10.0.0.1")}, {true, true, 25, ips("10.0.0.1")}}, "[10.0.0.1]"},
		{"made-up addresses", []adapter{{true, true, 5, ips("fec0:0:0:ffff::1", "fec0:0:0:ffff::2%1", "::", "0.0.0.0")}, {true, false, 25, ips("fe80::1%7", "2001:db8::53")}}, "[fe80::1%7 2001:db8::53]"},
	} {
		if got := fmt.Sprint(serversOfAdapters(tt.adapters)); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestServersOfScutil(t *testing.T) {
	const home = `DNS configuration

resolver #1
  search domain[0] : lan
  nameserver[0] : fe80::1%en0
  nameserver[1] : 192.168.1.1
  if_index : 6 (en0)
  flags    : Request A records, Request AAAA records
  reach    : 0x00020002 (Reachable,Directly Reachable Address)

resolver #2
  domain   : local
  options  : mdns
  timeout  : 5
  flags    : Request A records
  reach    : 0x00000000 (Not Reachable)
  order    : 300000

resolver #3
  domain   : 254.169.in-addr.arpa
  options  : mdns
  order    : 300200

DNS configuration (for scoped queries)

resolver #1
  nameserver[0] : 192.168.1.254
  if_index : 6 (en0)
  flags    : Scoped, Request A records
  reach    : 0x00020002 (Reachable,Directly Reachable Address)
`
	for _, tt := range []struct{ name, text, want string }{
		{"at home", home, "[fe80::1%en0 192.168.1.1]"},
		{"nothing", "", "[]"},
		{"no network", "No DNS configuration available\n", "[]"},
		{"a VPN for its own domain", "DNS configuration\n\nresolver #1\n  nameserver[0] : 192.168.1.1\n  order : 200000\n\nresolver #2\n  domain : corp.example\n  nameserver[0] : 10.0.0.53\n  order : 102600\n", "[192.168.1.1]"},
		{"a VPN for all", "DNS configuration\n\nresolver #1\n  nameserver[0] : 192.168.1.1\n  order : 200000\n\nresolver #2\n  nameserver[0] : 10.0.0.53\n  order : 100000\n", "[10.0.0.53 192.168.1.1]"},
		{"one that cannot be reached", "DNS configuration\n\nresolver #1\n  nameserver[0] : 10.0.0.53\n  reach : 0x00000000 (Not Reachable)\n\nresolver #2\n  nameserver[0] : 192.168.1.1\n  reach : 0x00000002 (Reachable)\n", "[192.168.1.1 10.0.0.53]"},
		{"a port", "DNS configuration\n\nresolver #1\n  nameserver[0] : 127.0.0.1\n  nameserver[1] : ::1\n  port     : 5353\n", "[[127.0.0.1]:5353 [::1]:5353]"},
		{"the same twice", "DNS configuration\n\nresolver #1\n  nameserver[0] : 192.168.1.1\n\nresolver #2\n  nameserver[0] : 192.168.1.1\n", "[192.168.1.1]"},
		{"scoped alone", "DNS configuration (for scoped queries)\n\nresolver #1\n  nameserver[0] : 192.168.1.1\n", "[]"},
		{"spoilt", "DNS configuration\nresolver #1\n nameserver[0] : here\n nameserver[1]\n order : many\nnameserver[0] : 192.168.1.1 192.168.1.2\n", "[]"},
	} {
		got := serversOfScutil(tt.text)
		if s := fmt.Sprint(got); s != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, s, tt.want)
		}
		for _, spec := range got {
			s, err := newServer(spec, &Config{Timeout: time.Second})
			if err != nil {
				t.Errorf("%s: %v", tt.name, err)
				continue
			}
			s.close()
			s.tcp.close()
		}
	}
}
