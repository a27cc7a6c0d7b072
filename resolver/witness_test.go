package resolver_test

import (
	"strings"
	"testing"
	"time"

	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

const (
	// public is enough of the public DNS for a server to be seen to see it.
	public = "$ORIGIN com.\n@ SOA ns host 1 2 3 4 60\n@ NS a.gtld-servers.net.\n" +
		"one TXT \"v\"\none MX 10 mx.one\nmx.one A 192.0.2.1\nnone TXT \"x\"\n"
	servers = "$ORIGIN gtld-servers.net.\n@ SOA ns host 1 2 3 4 60\n@ NS a\na A 192.0.2.30\n"
	reverse = "$ORIGIN in-addr.arpa.\n@ SOA ns host 1 2 3 4 60\n@ NS a\n1.2.0.192 PTR mx.one.com.\n"
	nothing = "$ORIGIN .\n@ SOA ns host 1 2 3 4 60\n@ NS a.root-servers.net.\n"
)

// TestStandIn: one server is asked what the other one does not answer. Of one that does not see
// the public DNS neither a denial nor an address is believed, whichever is the first.
func TestStandIn(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		other []string
		add   [][3]string
		// fault is what it does with questions of a type.
		fault map[resolver.Type]dnstest.Kind
		sees  bool
	}{
		{"sees the public DNS", []string{public, servers, reverse}, nil, nil, true},
		{"denies text alone", []string{public, servers, reverse}, nil, map[resolver.Type]dnstest.Kind{resolver.TypeTXT: dnstest.Denied}, false},
		{"denies everything", []string{nothing}, nil, nil, false},
		{"lets the top-level domain through", []string{nothing}, [][3]string{{"com", "NS", "a.gtld-servers.net."}}, nil, false},
		{"has an address for every name", []string{nothing}, [][3]string{{"*", "A", "198.51.100.1"}}, nil, false},
		{"has text for every name as well", []string{nothing}, [][3]string{{"*", "TXT", "login"}, {"*", "A", "198.51.100.1"}, {"com", "NS", "a.gtld-servers.net."}, {"a.gtld-servers.net", "A", "192.0.2.30"}}, nil, false},
	} {
		for _, order := range []string{"first", "second"} {
			for _, q := range []struct {
				name string
				typ  resolver.Type
			}{{"one.com", resolver.TypeTXT}, {"absent.com", resolver.TypeTXT}, {"mx.one.com", resolver.TypeA}, {"1.2.0.192.in-addr.arpa", resolver.TypePTR}} {
				t.Run(tt.name+", "+order+", "+q.name, func(t *testing.T) {
					t.Parallel()
					good, other := dnstest.Start(t, public, servers, reverse), dnstest.Start(t, tt.other...)
					for _, r := range tt.add {
						typ, _ := resolver.ParseType(r[1])
						other.Add(r[0], typ, r[2])
					}
					for typ, kind := range tt.fault {
						other.Fault("", typ, dnstest.Fault{Kind: kind})
					}
					// The good one answers what comes first, and not this.
					good.Fault(q.name, q.typ, dnstest.Fault{Kind: dnstest.ServFail})
					addrs := []string{good.Addr(), other.Addr()}
					if order == "first" {
						other.Fault("one.com", resolver.TypeMX, dnstest.Fault{Kind: dnstest.ServFail})
						addrs = []string{other.Addr(), good.Addr()}
					}
					c := good.Client(resolver.Config{Servers: addrs, Timeout: 10 * time.Second, Retries: -1})
					t.Cleanup(c.Close)
					if a, err := c.Lookup(t.Context(), "one.com", resolver.TypeMX); err != nil || a.Status != resolver.Found {
						t.Fatal("the good one answers:", a, err)
					}
					a, err := c.Lookup(t.Context(), q.name, q.typ)
					switch {
					case tt.sees && err != nil:
						t.Error("a server that sees the public DNS is not believed:", err)
					case !tt.sees && err == nil:
						t.Errorf("%s of one that does not see it is believed", a.Status)
					case !tt.sees && resolver.AsError(err).Reason != resolver.ServFail:
						t.Error(err)
					}
					before := other.Queries()
					b, again := c.Lookup(t.Context(), q.name, q.typ)
					if other.Queries() > before+1 {
						t.Errorf("the second time %d more questions are asked, want one", other.Queries()-before)
					}
					if (err == nil) != (again == nil) || err == nil && a.Status != b.Status {
						t.Error("the second time it is:", b, again)
					}
				})
			}
		}
	}
}

// TestStandInForReverse: what is denied of an address at first is believed only of a server that has
// the top-level domains which the first one has.
func TestStandInForReverse(t *testing.T) {
	for other, want := range map[string]string{nothing: "servfail", public: "nxdomain"} {
		first, second := dnstest.Start(t, public, servers, reverse), dnstest.Start(t, other, servers)
		first.Fault("1.2.0.192.in-addr.arpa", resolver.TypePTR, dnstest.Fault{Kind: dnstest.ServFail})
		c := first.Client(resolver.Config{Servers: []string{first.Addr(), second.Addr()}, Timeout: 10 * time.Second, Retries: -1})
		defer c.Close()
		got := ""
		if a, err := c.Lookup(t.Context(), "1.2.0.192.in-addr.arpa", resolver.TypePTR); err != nil {
			got = string(resolver.AsError(err).Reason)
		} else {
			got = string(a.Status)
		}
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// TestBogusIsNotAskedElsewhere: what one server finds bogus another one that does not validate
// would answer.
func TestBogusIsNotAskedElsewhere(t *testing.T) {
	good := dnstest.Start(t, public, servers)
	bogus := dnstest.Start(t, public, servers)
	bogus.Fault("one.com", resolver.TypeTXT, dnstest.Fault{Kind: dnstest.ServFail, Code: 6, Text: "signatures"})
	c := good.Client(resolver.Config{Servers: []string{bogus.Addr(), good.Addr()}, Timeout: 10 * time.Second})
	defer c.Close()
	a, err := c.Lookup(t.Context(), "one.com", resolver.TypeTXT)
	if err == nil || resolver.AsError(err).Reason != resolver.ServFail {
		t.Error("it is answered:", a, err)
	}
	if n := good.Queries(); n > 0 {
		t.Errorf("the other server was asked %d questions", n)
	}
}

// TestStandInAtFirst: what a server denies that stands in for the first one before anything was
// found is believed only if the first one does not have the domain either.
func TestStandInAtFirst(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		soa   bool // the first one answers about the domain
		other string
		want  string
	}{
		{"the first one has the domain, the other denies it", true, nothing, "servfail"},
		{"the first one has the domain, the other as well", true, "$ORIGIN one.com.\n@ SOA ns host 1 2 3 4 60\n@ NS ns\n", "nodata"},
		{"the first one answers nothing", false, nothing, "nxdomain"},
	} {
		for _, domain := range []string{"one.com", "one.internal"} { // one that the root has nothing above as well
			t.Run(tt.name+", "+domain, func(t *testing.T) {
				t.Parallel()
				first := dnstest.Start(t, "$ORIGIN "+domain+".\n@ SOA ns host 1 2 3 4 60\n@ TXT \"v\"\n")
				other := dnstest.Start(t, strings.ReplaceAll(tt.other, "one.com", domain))
				first.Fault(domain, resolver.TypeTXT, dnstest.Fault{Kind: dnstest.ServFail})
				if !tt.soa {
					first.Fault(domain, resolver.TypeSOA, dnstest.Fault{Kind: dnstest.ServFail})
				}
				c := first.Client(resolver.Config{Servers: []string{first.Addr(), other.Addr()}, Timeout: 10 * time.Second, Retries: -1})
				t.Cleanup(c.Close)
				got := ""
				if a, err := c.Lookup(t.Context(), domain, resolver.TypeTXT); err != nil {
					got = string(resolver.AsError(err).Reason)
				} else {
					got = string(a.Status)
				}
				if got != tt.want {
					t.Errorf("%s, want %s", got, tt.want)
				}
			})
		}
	}
}
