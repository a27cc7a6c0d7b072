package resolver_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

// TestDNS64: what a resolver makes up is left out, by the well-known prefixes and by
// those that it shows in the answer for ipv4only.arpa, of any length that RFC 6052
// has. It is asked for once.
func TestDNS64(t *testing.T) {
	embed := func(bits int, v4 string) string {
		b := netip.MustParseAddr("2001:db8:64:ff00::").As16()
		a := netip.MustParseAddr(v4).As4()
		for i, at := 0, bits/8; i < 4; at++ {
			if at != 8 {
				b[at] = a[i]
				i++
			}
		}
		return netip.AddrFrom16(b).String()
	}
	for _, tt := range []struct {
		name, learn string // what ipv4only.arpa shows
		host        []string
		want        string
	}{
		{"none", "", []string{"2001:db8::10"}, "found [2001:db8::10] []"},
		{"well-known", "", []string{"64:ff9b::c000:20a"}, "nodata [] [64:ff9b::c000:20a]"},
		{"for local use", "", []string{"64:ff9b:1:fffe::c000:20a"}, "nodata [] [64:ff9b:1:fffe::c000:20a]"},
		{"beside a real one", "", []string{"64:ff9b::c000:20a", "2001:db8::10"}, "found [2001:db8::10] [64:ff9b::c000:20a]"},
		{"not the prefix", "", []string{"64:ff9c::c000:20a"}, "found [64:ff9c::c000:20a] []"},
		{"an address in the text", "", []string{"2001:db8::c000:20a"}, "found [2001:db8::c000:20a] []"},
		{"learnt, another net", embed(96, "192.0.0.170"), []string{"2001:db8:65::c000:20a"}, "found [2001:db8:65::c000:20a] []"},
		{"learnt, the second address", embed(96, "192.0.0.171"), []string{embed(96, "192.0.2.10")}, "nodata [] [" + embed(96, "192.0.2.10") + "]"},
		{"learnt, a real address of another host", "2001:db8::1", []string{"2001:db8::2"}, "found [2001:db8::2] []"},
		{"learnt, /96", embed(96, "192.0.0.170"), []string{embed(96, "192.0.2.10")}, "nodata [] [" + embed(96, "192.0.2.10") + "]"},
		{"learnt, /64", embed(64, "192.0.0.170"), []string{embed(64, "192.0.2.10")}, "nodata [] [" + embed(64, "192.0.2.10") + "]"},
		{"learnt, /56", embed(56, "192.0.0.170"), []string{embed(56, "192.0.2.10")}, "nodata [] [" + embed(56, "192.0.2.10") + "]"},
		{"learnt, /48", embed(48, "192.0.0.170"), []string{embed(48, "192.0.2.10")}, "nodata [] [" + embed(48, "192.0.2.10") + "]"},
		{"learnt, /40", embed(40, "192.0.0.170"), []string{embed(40, "192.0.2.10")}, "nodata [] [" + embed(40, "192.0.2.10") + "]"},
		{"learnt, /32", embed(32, "192.0.0.170"), []string{embed(32, "192.0.2.10")}, "nodata [] [" + embed(32, "192.0.2.10") + "]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := dnstest.Start(t, acme)
			if tt.learn != "" {
				s.Add("ipv4only.arpa", resolver.TypeAAAA, tt.learn)
			}
			for _, h := range tt.host {
				s.Add("host.acme.example", resolver.TypeAAAA, h)
				s.Add("other.acme.example", resolver.TypeAAAA, h)
			}
			st, err := resolver.Build(resolver.Options{Config: resolver.Config{Servers: []string{s.Addr()}}})
			if err != nil {
				t.Fatal(err)
			}
			defer st.Close()
			b := resolver.NewBatch(context.Background(), resolver.NewSession(st, 0))
			for _, name := range []string{"host.acme.example", "other.acme.example"} {
				b.Ask(name, resolver.TypeAAAA, func(a *resolver.Answer, err error) {
					if err != nil {
						t.Fatal(err)
					}
					addrs := []netip.Addr{}
					for _, r := range a.Records {
						addrs = append(addrs, r.Addr)
					}
					if got := fmt.Sprint(a.Status, " ", addrs, " ", a.MadeUp); got != tt.want {
						t.Errorf("%s: %s, want %s", name, got, tt.want)
					}
				})
			}
			b.Run()
			if a, err := st.Lookup(context.Background(), "host.acme.example", resolver.TypeAAAA); err != nil || (a.Status == resolver.Found) != (tt.want[0] == 'f') {
				t.Errorf("Lookup: %+v, %v", a, err)
			}
			if n, all := s.Count("ipv4only.arpa", resolver.TypeAAAA), s.Count("ipv4only.arpa", dnstest.Any); n != 1 || all != 2 {
				t.Errorf("the prefixes were asked for %d times, of %d questions", n, all)
			}
		})
	}
}

// TestDNS64Hidden: where the resolver does not answer about ipv4only.arpa as others do, an
// address that holds the IPv4 address of the same host is left out, and no other.
func TestDNS64Hidden(t *testing.T) {
	const madeUp, real, byLooks = "2001:67c:2b0:db32::c000:20a", "2001:db8::10", " by looks"
	fault := func(kind dnstest.Kind) func(s *dnstest.Server) {
		return func(s *dnstest.Server) { s.Fault("ipv4only.arpa", dnstest.Any, dnstest.Fault{Kind: kind}) }
	}
	zone := func(records string) func(s *dnstest.Server) {
		return func(s *dnstest.Server) {
			for _, r := range strings.Fields(records) {
				typ, _ := resolver.ParseType("A")
				if strings.Contains(r, ":") {
					typ = resolver.TypeAAAA
				}
				s.Add("ipv4only.arpa", typ, r)
			}
		}
	}
	for _, tt := range []struct {
		name  string
		probe func(s *dnstest.Server)
		a     string // of the host; "-": not answered
		aaaa  []string
		want  string
	}{
		{"SERVFAIL", fault(dnstest.ServFail), "192.0.2.10", []string{madeUp}, "nodata [] [" + madeUp + "]" + byLooks},
		{"REFUSED", fault(dnstest.Refused), "192.0.2.10", []string{madeUp}, "nodata [] [" + madeUp + "]" + byLooks},
		{"silence", fault(dnstest.Silence), "192.0.2.10", []string{madeUp}, "nodata [] [" + madeUp + "]" + byLooks},
		{"NXDOMAIN", zone(""), "192.0.2.10", []string{madeUp}, "nodata [] [" + madeUp + "]" + byLooks},
		{"a zone of the network's own, empty", func(s *dnstest.Server) { s.Add("ipv4only.arpa", resolver.TypeTXT, "ours") }, "192.0.2.10", []string{madeUp}, "nodata [] [" + madeUp + "]" + byLooks},
		{"a prefix of 64 bits", zone(""), "192.0.2.10", []string{"2001:67c:2b0:db32:c0:2:a00:0"}, "nodata [] [2001:67c:2b0:db32:c0:2:a00:0]" + byLooks},
		{"beside a real one", zone(""), "192.0.2.10", []string{madeUp, real}, "found [" + real + "] [" + madeUp + "]" + byLooks},
		{"of another host", zone(""), "192.0.2.11", []string{madeUp}, "found [" + madeUp + "] []"},
		{"a host without A", zone(""), "", []string{madeUp}, "found [" + madeUp + "] []"},
		{"a host whose A is not answered", zone(""), "-", []string{madeUp}, "found [" + madeUp + "] []"},
		{"as everywhere, no DNS64", zone("192.0.0.170 192.0.0.171"), "192.0.2.10", []string{madeUp}, "found [" + madeUp + "] []"},
		{"as everywhere, another prefix", zone("192.0.0.170 2001:db8:64::c000:aa"), "192.0.2.10", []string{madeUp}, "found [" + madeUp + "] []"},
		{"as everywhere, its prefix", zone("192.0.0.170 2001:67c:2b0:db32::c000:aa"), "192.0.2.10", []string{madeUp}, "nodata [] [" + madeUp + "]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := dnstest.Start(t, acme)
			tt.probe(s)
			const host = "host64.acme.example"
			for _, a := range tt.aaaa {
				s.Add(host, resolver.TypeAAAA, a)
			}
			switch tt.a {
			case "":
			case "-":
				s.Fault(host, resolver.TypeA, dnstest.Fault{Kind: dnstest.ServFail})
			default:
				s.Add(host, resolver.TypeA, tt.a)
			}
			timeout := 5 * time.Second
			if tt.name == "silence" {
				timeout = 50 * time.Millisecond
			}
			st, err := resolver.Build(resolver.Options{Config: resolver.Config{Servers: []string{s.Addr()}, Timeout: timeout, Retries: -1}})
			if err != nil {
				t.Fatal(err)
			}
			defer st.Close()
			for range 2 {
				a, err := st.Lookup(context.Background(), host, resolver.TypeAAAA)
				if err != nil {
					t.Fatal(err)
				}
				addrs := []netip.Addr{}
				for _, r := range a.Records {
					addrs = append(addrs, r.Addr)
				}
				got := fmt.Sprint(a.Status, " ", addrs, " ", a.MadeUp)
				if a.MadeUpByLooks {
					got += byLooks
				}
				if got != tt.want {
					t.Errorf("%s, want %s", got, tt.want)
				}
			}
		})
	}
}

// TestDNS64Silent: that the question for the prefixes is not answered holds nobody up
// for long, and takes nothing away.
func TestDNS64Silent(t *testing.T) {
	t.Parallel()
	s := dnstest.Start(t, acme)
	s.Add("host.acme.example", resolver.TypeAAAA, "2001:db8::10")
	s.Fault("ipv4only.arpa", dnstest.Any, dnstest.Fault{Kind: dnstest.Silence})
	st, err := resolver.Build(resolver.Options{Config: resolver.Config{Servers: []string{s.Addr()}, Timeout: 2 * time.Second, Retries: -1}})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	for range 2 {
		a, err := st.Lookup(context.Background(), "host.acme.example", resolver.TypeAAAA)
		if err != nil || len(a.Records) != 1 {
			t.Errorf("%+v, %v", a, err)
		}
	}
	if n := s.Count("ipv4only.arpa", resolver.TypeAAAA); n != 1 {
		t.Errorf("the prefixes were asked for %d times", n)
	}
}
