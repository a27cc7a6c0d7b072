package doctor_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"mailworthy/doctor"
	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/rbl"
	"mailworthy/resolver"
)

// world is what a healthy resolver shows: the root, com, and a block list.
const rootZone = `$ORIGIN .
@ 86400 IN SOA a.root-servers.net. nstld.verisign-grs.com. 2026112801 1800 900 604800 86400
@ 86400 IN NS a.root-servers.net.
com. 86400 IN SOA a.gtld-servers.net. nstld.verisign-grs.com. 1795000000 1800 900 604800 900
com. 86400 IN NS a.gtld-servers.net.
a.gtld-servers.net. 86400 IN A 192.5.6.30
gmail.com. 300 IN TXT "v=spf1 redirect=_spf.google.com"
gmail.com. 300 IN MX 5 gmail-smtp-in.l.google.com.
8.8.8.8.in-addr.arpa. 300 IN PTR dns.google.
2.0.0.127.list.test. 60 IN A 127.0.0.2
`

// selective is a resolver that lets the root and com through.
const selective = `$ORIGIN .
@ 86400 IN SOA a.root-servers.net. nstld.verisign-grs.com. 2026112801 1800 900 604800 86400
com. 86400 IN SOA a.gtld-servers.net. nstld.verisign-grs.com. 1795000000 1800 900 604800 900
com. 86400 IN NS a.gtld-servers.net.
`

var now = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

func TestExamine(t *testing.T) {
	without := func(typ resolver.Type, kind dnstest.Kind) func(s *dnstest.Server) {
		return func(s *dnstest.Server) {
			s.AuthenticData(true)
			s.Fault("", typ, dnstest.Fault{Kind: kind})
		}
	}
	types := map[string]doctor.State{doctor.Types: doctor.Problem}
	lies := func(s *dnstest.Server) { s.Fault("", dnstest.Any, dnstest.Fault{Kind: dnstest.Rewrite}) }
	tests := []struct {
		name string
		zone string
		make func(*dnstest.Server)
		now  time.Time
		// state of the checks that are not ok
		state  map[string]doctor.State
		whole  doctor.State
		status int
	}{
		{name: "healthy", make: func(s *dnstest.Server) { s.AuthenticData(true) }, whole: doctor.OK},
		{name: "does not validate", whole: doctor.Problem, state: map[string]doctor.State{doctor.DNSSEC: doctor.Problem}},
		{name: "sets AD on what is wrong", whole: doctor.Problem, make: func(s *dnstest.Server) {
			s.AuthenticData(true)
			s.Add("dnssec-failed.org", resolver.TypeA, "192.0.2.1")
		}, state: map[string]doctor.State{doctor.DNSSEC: doctor.Problem}},
		{name: "lies", make: lies, whole: doctor.Problem, status: 1,
			state: map[string]doctor.State{doctor.Rewriting: doctor.Problem, doctor.DNSSEC: doctor.Problem, doctor.Lists: doctor.Unknown}},
		{name: "refuses", make: func(s *dnstest.Server) { s.Fault("", dnstest.Any, dnstest.Fault{Kind: dnstest.Refused}) }, whole: doctor.Problem, status: 1, state: mute},
		{name: "fails", make: func(s *dnstest.Server) { s.Fault("", dnstest.Any, dnstest.Fault{Kind: dnstest.ServFail}) }, whole: doctor.Problem, status: 1, state: mute},
		{name: "is silent", make: func(s *dnstest.Server) { s.Fault("", dnstest.Any, dnstest.Fault{Kind: dnstest.Silence}) }, whole: doctor.Problem, status: 1, state: mute},
		{name: "has no TCP", make: func(s *dnstest.Server) {
			s.AuthenticData(true)
			s.Fault("", dnstest.Any, dnstest.Fault{Kind: dnstest.Close, Transport: "tcp"})
		}, whole: doctor.Problem, status: 1, state: map[string]doctor.State{doctor.TCP: doctor.Problem}},
		{name: "is not answered by a list", make: func(s *dnstest.Server) {
			s.AuthenticData(true)
			s.Fault("2.0.0.127.list.test", dnstest.Any, dnstest.Fault{Kind: dnstest.Silence})
		}, whole: doctor.Unknown, status: 3, state: map[string]doctor.State{doctor.Lists: doctor.Unknown}},
		{name: "is refused by a list", zone: strings.Replace(rootZone, "60 IN A 127.0.0.2", "60 IN A 127.255.255.254", 1), make: func(s *dnstest.Server) { s.AuthenticData(true) },
			whole: doctor.Problem, state: map[string]doctor.State{doctor.Lists: doctor.Problem}},
		{name: "serves private names alone", zone: "$ORIGIN corp.test.\n@ 60 IN SOA ns.corp.test. a.corp.test. 1 2 3 4 5\n", whole: doctor.Problem, status: 1,
			state: map[string]doctor.State{doctor.PublicDNS: doctor.Problem, doctor.Rewriting: doctor.Unknown, doctor.Types: doctor.Unknown, doctor.DNSSEC: doctor.Unknown, doctor.Lists: doctor.Unknown, doctor.Clock: doctor.Unknown}},
		{name: "lets a few names through", zone: selective, whole: doctor.Problem, status: 1,
			state: map[string]doctor.State{doctor.PublicDNS: doctor.Problem, doctor.Types: doctor.Unknown, doctor.DNSSEC: doctor.Problem, doctor.Lists: doctor.Unknown}},
		{name: "refuses TXT", make: without(resolver.TypeTXT, dnstest.Refused), whole: doctor.Problem, status: 1, state: types},
		{name: "is silent for TXT", make: without(resolver.TypeTXT, dnstest.Silence), whole: doctor.Problem, status: 1, state: types},
		{name: "denies MX", make: without(resolver.TypeMX, dnstest.Denied), whole: doctor.Problem, status: 1, state: types},
		{name: "fails for PTR", make: without(resolver.TypePTR, dnstest.ServFail), whole: doctor.Problem, status: 1, state: types},
		{name: "has TXT of one name alone", make: func(s *dnstest.Server) {
			s.AuthenticData(true)
			s.Fault("gmail.com", resolver.TypeTXT, dnstest.Fault{Kind: dnstest.ServFail})
			s.Add("outlook.com", resolver.TypeTXT, "v=spf1 -all")
		}, whole: doctor.OK},
		{name: "clock behind", make: func(s *dnstest.Server) { s.AuthenticData(true) }, now: now.AddDate(0, 0, -3), whole: doctor.Problem, status: 1,
			state: map[string]doctor.State{doctor.Clock: doctor.Problem}},
		{name: "clock ahead", make: func(s *dnstest.Server) { s.AuthenticData(true) }, now: now.AddDate(1, 0, 0), whole: doctor.Problem, status: 1,
			state: map[string]doctor.State{doctor.Clock: doctor.Problem}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			zone := tt.zone
			if zone == "" {
				zone = rootZone
			}
			s := dnstest.Start(t, zone)
			if tt.make != nil {
				tt.make(s)
			}
			overTCP := s.Client(resolver.Config{Servers: []string{"tcp://" + s.Addr()}, Retries: -1, Timeout: time.Minute})
			o := doctor.Options{Catalogue: catalogue(), Now: now, IPv6: s.Patient(-1),
				Servers: []doctor.Server{{Name: "udp://192.0.2.53", Resolver: s.Patient(-1), TCP: overTCP}}}
			if !tt.now.IsZero() {
				o.Now = tt.now
			}
			e := doctor.Examine(context.Background(), o)
			seen := map[string]bool{}
			for _, c := range e.Checks {
				want := doctor.OK
				if w, ok := tt.state[c.Check]; ok {
					want = w
				}
				if c.Check == doctor.IPv6 {
					continue // the same server, by another way
				}
				seen[c.Check] = true
				if c.State != want {
					t.Errorf("%s is %s, want %s: %s", c.Check, c.State, want, c.Text)
				}
				if c.State == doctor.Problem && c.Advice == "" {
					t.Errorf("%s: no advice", c.Check)
				}
			}
			if len(seen) != 8 {
				t.Errorf("%d checks: %v", len(seen), seen)
			}
			if got := e.Status(finding.Error, false, false); e.State != tt.whole || got != tt.status {
				t.Errorf("state %s, status %d; want %s, %d", e.State, got, tt.whole, tt.status)
			}
			if n := s.Queries(); n > doctor.MaxQueries {
				t.Errorf("%d questions", n)
			}
		})
	}
}

// mute is the state of all if the resolver answers nothing.
var mute = map[string]doctor.State{doctor.Answers: doctor.Problem, doctor.PublicDNS: doctor.Unknown, doctor.Rewriting: doctor.Unknown, doctor.Types: doctor.Unknown,
	doctor.DNSSEC: doctor.Unknown, doctor.TCP: doctor.Unknown, doctor.Lists: doctor.Unknown, doctor.Clock: doctor.Unknown}

// catalogue has one list.
func catalogue() *rbl.Catalogue {
	return &rbl.Catalogue{Lists: []*rbl.List{{Zone: "list.test", Name: "List", Kinds: []rbl.Kind{rbl.IPv4}, Default: true, Test: rbl.Test{Listed: []string{"127.0.0.2"}, Clean: "127.0.0.1"}}}}
}

func TestOffline(t *testing.T) {
	e := doctor.Offline(now)
	if len(e.Checks) != 9 || e.State != doctor.NotChecked || e.Status(finding.Notice, false, false) != 0 {
		t.Errorf("%d checks, %s, status %d", len(e.Checks), e.State, e.Status(finding.Notice, false, false))
	}
}
