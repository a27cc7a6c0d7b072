package rbl

import (
	"testing"
	"time"

	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

// TestAnsweredElsewhere: one resolver answers the test of a list and not for the subjects, the
// other one answers for these. It counts only if the list passes its test there too, which is
// asked once a run.
func TestAnsweredElsewhere(t *testing.T) {
	const list = "bl.test. SOA ns.test. host.test. 1 7200 3600 1209600 300\n"
	const entries = "2.0.0.127.bl.test. A 127.0.0.2\n"
	const listed = "10.2.0.192.bl.test. A 127.0.0.2\n10.2.0.192.bl.test. TXT \"spam\"\n"
	c := lists(t, `lists: [{zone: bl.test, weight: error}]`)
	for _, tt := range []struct {
		name, other string
		// silent: the other does not answer its test.
		silent bool
		want   [2]Verdict
	}{
		{"has the list", list + entries + listed, false, [2]Verdict{Listed, Clean}},
		{"has an empty list", list, false, [2]Verdict{Unknown, Unknown}},
		{"has a list that lists all", list + "*.bl.test. A 127.0.0.2\n", false, [2]Verdict{Unknown, Unknown}},
		{"does not answer the test", list + entries, true, [2]Verdict{Unknown, Unknown}},
	} {
		for _, stack := range []bool{false, true} {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				first, other := dnstest.Start(t, list+entries+listed), dnstest.Start(t, tt.other)
				for _, name := range []string{"10.2.0.192.bl.test", "11.2.0.192.bl.test"} {
					first.Fault(name, dnstest.Any, dnstest.Fault{Kind: dnstest.ServFail})
				}
				if tt.silent {
					other.Fault("2.0.0.127.bl.test", resolver.TypeA, dnstest.Fault{Kind: dnstest.ServFail})
				}
				client := first.Client(resolver.Config{Servers: []string{first.Addr(), other.Addr()}, Timeout: 10 * time.Second, Retries: -1})
				t.Cleanup(client.Close)
				r := resolver.Resolver(client)
				if stack {
					r = resolver.NewSession(resolver.NewSceptic(resolver.NewOverlay(resolver.NewCache(client, resolver.CacheOptions{}))), 0)
				}
				health := &Health{}
				for range 2 {
					s := Examine(t.Context(), r, Options{Catalogue: c, Addresses: given("192.0.2.10", "192.0.2.11"), Health: health})
					got := [2]Verdict{verdict(t, s, "192.0.2.10", "bl.test").Verdict, verdict(t, s, "192.0.2.11", "bl.test").Verdict}
					if got != tt.want {
						t.Errorf("%v, want %v", got, tt.want)
					}
					unknown := findings(Check(s, Context{}).Findings(), "rbl-unresolved")
					if (len(unknown) > 0) != (tt.want[1] == Unknown) {
						t.Errorf("findings: %+v", unknown)
					}
				}
				if n := other.Count("2.0.0.127.bl.test", resolver.TypeA); n != 1 && !tt.silent {
					t.Errorf("the other one was tested %d times", n)
				}
			})
		}
	}
}

// TestAnsweredByWhoKnows: if nobody can say how to ask the resolver that answered, its answer
// does not count.
func TestAnsweredByWhoKnows(t *testing.T) {
	server := dnstest.Start(t, "bl.test. SOA ns.test. host.test. 1 7200 3600 1209600 300\n2.0.0.127.bl.test. A 127.0.0.2\n")
	r := &asker{next: server.Client(resolver.Config{}), spoil: func(name string, typ resolver.Type) (*resolver.Answer, error) {
		if name != "10.2.0.192.bl.test" {
			return nil, nil
		}
		return &resolver.Answer{Name: name, Type: typ, Status: resolver.NXDomain, Server: "udp://192.0.2.54:53"}, nil
	}}
	s := Examine(t.Context(), r, Options{Catalogue: lists(t, `lists: [{zone: bl.test, weight: error}]`), Addresses: given("192.0.2.10")})
	if got := verdict(t, s, "192.0.2.10", "bl.test"); got.Verdict != Unknown {
		t.Errorf("%+v", got)
	}
}
