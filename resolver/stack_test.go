package resolver_test

import (
	"context"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

func TestStack(t *testing.T) {
	s := dnstest.Start(t, acme)
	zone := dnstest.Parse(t, `
		$ORIGIN new.test.
		@    SOA ns host 1 2 3 4 60
		@    TXT "v=spf1 -all"
		mail CNAME mx1.acme.example.
	`)
	// The live zone says otherwise, and must not shine through.
	s.Add("new.test", typeTXT, "old")
	s.Add("gone.new.test", typeTXT, "old")
	st, err := resolver.Build(resolver.Options{Config: resolver.Config{Servers: []string{s.Addr()}}, Zones: []*resolver.ZoneSet{zone}})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	for range 2 {
		audit := resolver.NewSession(st, 5)
		for _, tc := range []struct {
			name string
			typ  resolver.Type
			want string
		}{
			{"new.test", typeTXT, `found "v=spf1 -all"`},
			{"gone.new.test", typeTXT, `nxdomain`},
			{"mail.new.test", typeA, `found >mx1.acme.example "192.0.2.1"`},
			{"mx2.acme.example", typeA, `found "192.0.2.2"`},
			{"mx2.acme.example", typeA, `found "192.0.2.2"`},
		} {
			if got := say(audit.Lookup(context.Background(), tc.name, tc.typ)); got != tc.want {
				t.Errorf("%s %s: got %s, want %s", tc.name, tc.typ, got, tc.want)
			}
		}
		if audit.Queries() != 4 {
			t.Errorf("%d questions, want 4", audit.Queries())
		}
	}
	if n := s.Queries(); n != 2 {
		t.Errorf("%d questions reached the server, want 2", n)
	}
	if c := st.Cache.Stats(); c.Hits != 2 || c.Misses != 2 {
		t.Errorf("cache %+v", c)
	}

	off, err := resolver.Build(resolver.Options{Offline: true, Zones: []*resolver.ZoneSet{zone}})
	if err != nil {
		t.Fatal(err)
	}
	if got := say(off.Lookup(context.Background(), "mail.new.test", typeA)); got != "offline" || off.Client != nil {
		t.Errorf("offline: %s", got)
	}
	if _, err := resolver.Build(resolver.Options{Config: resolver.Config{Servers: []string{"192.0.2.1", "ftp://x"}}}); err == nil || !strings.Contains(err.Error(), "ftp") {
		t.Errorf("a bad server: %v", err)
	}
}

// TestStackUnchecked: what asks without validation asks the servers of the stack, each time
// anew, is one however often it is wanted, and ends with the stack; offline there is none.
func TestStackUnchecked(t *testing.T) {
	s := dnstest.Start(t, acme)
	st, err := resolver.Build(resolver.Options{Config: resolver.Config{Servers: []string{s.Addr()}}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := st.Unchecked()
	if again, _ := st.Unchecked(); err != nil || again != r || r == resolver.Resolver(st.Client) {
		t.Fatalf("%v, %v, %v", r, again, err)
	}
	for range 2 {
		if got := say(r.Lookup(context.Background(), "mx2.acme.example", typeA)); got != `found "192.0.2.2"` {
			t.Error(got)
		}
	}
	if n := s.Queries(); n != 2 {
		t.Errorf("%d questions, want 2", n)
	}
	st.Close()
	if got := say(r.Lookup(context.Background(), "mx2.acme.example", typeA)); strings.HasPrefix(got, "found") {
		t.Errorf("after the end: %s", got)
	}
	off, err := resolver.Build(resolver.Options{Offline: true})
	if err != nil {
		t.Fatal(err)
	}
	defer off.Close()
	if r, err := off.Unchecked(); r != nil || err != nil {
		t.Errorf("offline: %v, %v", r, err)
	}
}

// FuzzReadResponse wants no panic, and no answer that contradicts itself.
func FuzzReadResponse(f *testing.F) {
	s := dnstest.Start(f, acme)
	seen := map[string]bool{}
	for _, q := range []struct {
		name string
		typ  resolver.Type
	}{{"acme.example", typeMX}, {"www2.acme.example", typeA}, {"absent.acme.example", typeA}, {"loop.acme.example", typeA}, {"txt.acme.example", typeTXT}, {"x.sub.acme.example", typeA}} {
		msg := s.Message(q.name, q.typ)
		if len(msg) < 12 || seen[string(msg)] {
			f.Fatalf("%s %s: %x", q.name, q.typ, msg)
		}
		seen[string(msg)] = true
		f.Add(msg, q.name, uint16(q.typ))
	}
	f.Fuzz(func(t *testing.T, msg []byte, name string, typ uint16) {
		if len(msg) < 12 {
			return // query.answeredBy has seen to that
		}
		a, more, err := resolver.ReadResponse(msg, name, resolver.Type(typ))
		if err != nil {
			switch err.Reason {
			case resolver.ServFail, resolver.Refused, resolver.BadRcode, resolver.Malformed, resolver.AliasLoop:
			default:
				t.Errorf("reason %s", err.Reason)
			}
			if len(err.Detail) > 1500 {
				t.Errorf("a detail of %d bytes", len(err.Detail))
			}
			return
		}
		if (a.Status == resolver.Found) != (len(a.Records) > 0) || len(a.CNAMEs) > resolver.MaxAliases || more && len(a.CNAMEs) == 0 {
			t.Errorf("%+v, more %v", a, more)
		}
		if rcode := binary.BigEndian.Uint16(msg[2:]) & 15; a.Status == resolver.NXDomain && rcode != 3 || a.Status == resolver.Found && rcode != 0 {
			t.Errorf("%+v of rcode %d", a, rcode)
		}
		for _, r := range a.Records {
			if r.Type != resolver.Type(typ) {
				t.Errorf("%+v among the answers for type %d", r, typ)
			}
		}
	})
}

func benchmarkClient(b *testing.B, server func(*dnstest.Server) resolver.Config) {
	s := dnstest.Start(b, acme)
	c := server(s)
	c.Timeout = 5 * time.Second
	cl := s.Client(c)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := cl.Lookup(context.Background(), "www.acme.example", typeA); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(s.Queries())/float64(b.N), "queries/op")
}

func BenchmarkClientUDP(b *testing.B) {
	benchmarkClient(b, func(s *dnstest.Server) resolver.Config { return resolver.Config{} })
}

func BenchmarkClientTLS(b *testing.B) {
	benchmarkClient(b, func(s *dnstest.Server) resolver.Config {
		addr, trust := s.TLS()
		return resolver.Config{Servers: []string{addr}, TLS: trust}
	})
}

func BenchmarkClientHTTPS(b *testing.B) {
	benchmarkClient(b, func(s *dnstest.Server) resolver.Config {
		addr, trust := s.HTTPS()
		return resolver.Config{Servers: []string{addr}, TLS: trust}
	})
}
