package mailhost

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

const recursive = `
	$TTL 300
	example. SOA ns.example. host.example. 1 7200 3600 1209600 300
	acme.example. SOA ns.example. host.example. 1 7200 3600 1209600 300
	half.example. SOA ns.example. host.example. 1 7200 3600 1209600 300
	acme.example. NS ns1.acme.example.
	acme.example. NS ns2.acme.example.
	ns1.acme.example. A 192.0.2.53
	ns1.acme.example. AAAA 2001:db8::53
	ns2.acme.example. A 198.51.100.53
	mail.acme.example. TXT "x"
	half.example. NS ns1.acme.example.
	half.example. NS gone.example.
	none.example. TXT "x"
`

const authority = `
	$TTL 300
	acme.example. SOA ns.example. host.example. 1 7200 3600 1209600 300
	acme.example. TXT "v=spf1 mx -all"
	acme.example. TXT "site-verification=1"
	acme.example. MX 10 mx1.acme.example.
	acme.example. MX 20 mx2.acme.example.
	_dmarc.acme.example. TXT "v=DMARC1; p=reject"
	half.example. SOA ns.example. host.example. 1 7200 3600 1209600 300
	half.example. TXT "v=spf1 -all"
`

func TestAuthoritative(t *testing.T) {
	good := dnstest.Zone(t, authority)
	old := dnstest.Zone(t, strings.NewReplacer("mx -all", "-all", "site-verification=1", "site-verification=2").Replace(authority))
	reordered := dnstest.Zone(t, strings.Replace(authority, "\tacme.example. MX 10 mx1.acme.example.\n\tacme.example. MX 20 mx2.acme.example.", "\tacme.example. MX 20 mx2.acme.example.\n\tacme.example. MX 10 mx1.acme.example.", 1))
	bare := dnstest.Zone(t, "acme.example. SOA ns.example. host.example. 1 7200 3600 1209600 300\nother.example. SOA ns.example. host.example. 1 7200 3600 1209600 300")
	failing := func(reason resolver.Reason) resolver.Resolver {
		return lookup(func(name string, t resolver.Type) (*resolver.Answer, error) {
			return nil, &resolver.Error{Name: name, Type: t, Reason: reason}
		})
	}
	// A resolver has the same records, and is no server of the zone.
	recursor := dnstest.Start(t, authority).Client(resolver.Config{})
	t.Cleanup(recursor.Close)
	delegated := lookup(func(name string, typ resolver.Type) (*resolver.Answer, error) {
		if strings.HasPrefix(name, "_dmarc.") {
			return nil, &resolver.Error{Name: name, Type: typ, Reason: resolver.Malformed, Detail: "a referral to other servers"}
		}
		return good.Lookup(t.Context(), name, typ)
	})
	some := func(reason resolver.Reason) resolver.Resolver {
		return lookup(func(name string, typ resolver.Type) (*resolver.Answer, error) {
			if typ == resolver.TypeMX {
				return nil, &resolver.Error{Name: name, Type: typ, Reason: reason}
			}
			return good.Lookup(t.Context(), name, typ)
		})
	}
	tests := []struct {
		name           string
		domain         string
		one, six, two  resolver.Resolver
		fail           []string
		want           []string
		detail, passes string
	}{
		{"all agree", "acme.example", good, good, reordered, nil, nil, "", "ns-inconsistent ns-lame ns-unreachable"},
		{"SPF differs", "acme.example", good, good, old, nil, []string{"error ns-inconsistent acme.example"}, "ns2.acme.example (198.51.100.53): v=spf1 -all", "ns-lame"},
		{"one has nothing", "acme.example", good, good, bare, nil,
			[]string{"error ns-inconsistent _dmarc.acme.example", "error ns-inconsistent acme.example", "error ns-inconsistent acme.example"}, "no such name", ""},
		{"one is lame", "acme.example", good, good, failing(resolver.Refused), nil, []string{"warning ns-lame ns2.acme.example"}, "ns2.acme.example (198.51.100.53)", "ns-inconsistent ns-unreachable"},
		{"one is silent", "acme.example", good, good, failing(resolver.Timeout), nil, []string{"warning ns-unreachable ns2.acme.example"}, "nothing came back", "ns-inconsistent ns-lame"},
		{"no IPv6 here", "acme.example", good, failing(resolver.Network), good, nil, nil, "", "ns-inconsistent ns-unreachable"},
		{"an answer is lost", "acme.example", good, good, some(resolver.Timeout), nil, nil, "", "ns-inconsistent ns-unreachable"},
		{"one question is refused", "acme.example", good, good, some(resolver.Refused), nil, []string{"warning ns-lame ns2.acme.example"}, "", "ns-inconsistent"},
		{"all are one that intercepts", "acme.example", recursor, recursor, recursor, nil, []string{"unknown hosts-unresolved acme.example could be error"}, "intercept", "!ns-inconsistent !ns-lame !ns-unreachable"},
		{"one only resolves", "acme.example", good, good, recursor, nil, []string{"warning ns-lame ns2.acme.example"}, "ns2.acme.example (198.51.100.53)", "ns-unreachable ns-inconsistent"},
		{"IPv4 is intercepted", "acme.example", recursor, good, recursor, nil, []string{"unknown hosts-unresolved acme.example could be error"}, "One server alone answered for SPF, DMARC, MX,", "!ns-inconsistent"},
		{"the policy is delegated", "acme.example", delegated, delegated, delegated, nil, []string{"unknown hosts-unresolved acme.example could be error"}, "None of the servers answered for DMARC,", "ns-lame ns-unreachable"},
		{"nothing to compare with", "acme.example", good, failing(resolver.Network), failing(resolver.Timeout), nil, []string{"unknown hosts-unresolved acme.example could be error", "warning ns-unreachable ns2.acme.example"}, "", "!ns-inconsistent"},
		{"a question to compare with nothing", "acme.example", good, some(resolver.Timeout), some(resolver.Timeout), nil, []string{"unknown hosts-unresolved acme.example could be error"}, "One server alone answered for MX,", "!ns-inconsistent ns-unreachable"},
		{"all are silent", "acme.example", failing(resolver.Timeout), failing(resolver.Timeout), failing(resolver.Timeout), nil, []string{"unknown hosts-unresolved acme.example could be error"}, "No authoritative server", ""},
		{"the examination was stopped", "acme.example", good, good, failing(resolver.Canceled), nil, nil, "", "ns-inconsistent"},
		{"a server without address", "half.example", good, good, good, nil, []string{"warning ns-lame gone.example"}, "gone.example, which has no address", ""},
		{"no NS records", "none.example", good, good, good, nil, []string{"unknown hosts-unresolved none.example could be error"}, "No NS records", ""},
		{"NS not answered", "acme.example", good, good, good, []string{"NS"}, []string{"unknown hosts-unresolved acme.example could be error"}, "was not answered", ""},
		{"a server's address not answered", "acme.example", good, good, good, []string{"ns2.acme.example"}, nil, "", "ns-inconsistent"},
		{"the zone is above", "mail.acme.example", good, good, good, nil, nil, "", "ns-inconsistent"},
		{"the nearer cut is not known", "mail.acme.example", good, good, good, []string{"mail.acme.example NS"}, []string{"unknown hosts-unresolved mail.acme.example could be error"}, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &asker{next: dnstest.Zone(t, recursive), fail: tt.fail}
			a := ExamineAuthoritative(t.Context(), r, tt.domain, func(server netip.Addr) resolver.Resolver {
				switch server.String() {
				case "192.0.2.53":
					return tt.one
				case "2001:db8::53":
					return tt.six
				case "198.51.100.53":
					return tt.two
				}
				t.Errorf("asked %s", server)
				return nil
			})
			all := Check(&Facts{Authoritative: a}, Context{Profile: finding.Sender}).Findings()
			if got := found(all); !slices.Equal(got, tt.want) {
				t.Errorf("found %q, want %q", got, tt.want)
			}
			if tt.detail != "" && !slices.ContainsFunc(all, func(f finding.Finding) bool { return strings.Contains(f.Detail, tt.detail) }) {
				t.Errorf("no detail %q: %+v", tt.detail, all)
			}
			for id := range strings.FieldsSeq(tt.passes) {
				if id, not := strings.CutPrefix(id, "!"); passed(all, id) == not {
					t.Errorf("%s passed: %v", id, not)
				}
			}
		})
	}
}

type lookup func(name string, t resolver.Type) (*resolver.Answer, error)

func (l lookup) Lookup(_ context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	return l(name, t)
}

// Name servers, their addresses, their answers: three rounds.
func TestAuthoritativeRounds(t *testing.T) {
	const rtt = 20 * time.Millisecond
	zone, good := dnstest.Zone(t, recursive), dnstest.Zone(t, authority)
	synctest.Test(t, func(t *testing.T) {
		r, server := &asker{next: zone, delay: rtt}, &asker{next: good, delay: rtt}
		start := time.Now()
		a := ExamineAuthoritative(t.Context(), r, "mail.acme.example", func(netip.Addr) resolver.Resolver { return server })
		if took := time.Since(start); took != 3*rtt {
			t.Errorf("%s", took)
		}
		if got := fmt.Sprintf("%s %d %d", a.Zone, len(a.Servers), len(server.asked)); got != "acme.example 3 3" {
			t.Errorf("%s", got)
		}
	})
}

// The same over real sockets: one server per address, one of them of an older zone.
func TestAuthoritativeOverUDP(t *testing.T) {
	servers := map[string]*dnstest.Server{
		"192.0.2.53":    dnstest.Start(t, authority).Authoritative(),
		"2001:db8::53":  dnstest.Start(t, authority).Authoritative(),
		"198.51.100.53": dnstest.Start(t, strings.Replace(authority, "p=reject", "p=none", 1)).Authoritative(),
	}
	a := ExamineAuthoritative(t.Context(), dnstest.Zone(t, recursive), "acme.example", func(server netip.Addr) resolver.Resolver {
		return servers[server.String()].Client(resolver.Config{})
	})
	if got := found(Check(&Facts{Authoritative: a}, Context{}).Findings()); !slices.Equal(got, []string{"error ns-inconsistent _dmarc.acme.example"}) {
		t.Errorf("found %q", got)
	}
}

// TestAuthoritativeAliases: what a name leads to in another zone is not for its servers to answer,
// and they are compared by where it leads.
func TestAuthoritativeAliases(t *testing.T) {
	for _, tt := range []struct {
		two  string
		want []string
	}{
		{"_dmarc.acme.example. CNAME acme.vendor.example.", nil},
		{"_dmarc.acme.example. CNAME acme.other.example.", []string{"error ns-inconsistent _dmarc.acme.example"}},
	} {
		start := func(policy string) *dnstest.Server {
			s := dnstest.Start(t, strings.Replace(authority, `_dmarc.acme.example. TXT "v=DMARC1; p=reject"`, policy, 1)).Authoritative()
			for _, name := range []string{"acme.vendor.example", "acme.other.example"} {
				s.Fault(name, dnstest.Any, dnstest.Fault{Kind: dnstest.Refused})
			}
			return s
		}
		one, two := start("_dmarc.acme.example. CNAME acme.vendor.example."), start(tt.two)
		a := ExamineAuthoritative(t.Context(), dnstest.Zone(t, recursive), "acme.example", func(server netip.Addr) resolver.Resolver {
			s := one
			if server.String() == "198.51.100.53" {
				s = two
			}
			return s.Client(resolver.Config{Retries: -1})
		})
		if got := found(Check(&Facts{Authoritative: a}, Context{}).Findings()); !slices.Equal(got, tt.want) {
			t.Errorf("%s: found %q", tt.two, got)
		}
	}
}
