package audit

import (
	"context"
	"net/netip"
	"slices"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/rbl"
	"mailworthy/resolver"
)

// twisted answers as the next does, but where change gives something else.
type twisted struct {
	next   resolver.Resolver
	change func(name string, t resolver.Type, a *resolver.Answer) *resolver.Answer
}

func (d twisted) Lookup(ctx context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	a, err := d.next.Lookup(ctx, name, t)
	if err != nil {
		return nil, err
	}
	if other := d.change(name, t, a); other != nil {
		other.Name, other.Type, other.Server = name, t, a.Server
		return other, nil
	}
	return a, nil
}

// TestContradicted: an answer that is false by what else the resolver says is no answer:
// what it is about is unknown, neither missing nor passed.
func TestContradicted(t *testing.T) {
	const zone = `
		$ORIGIN a4.example.
		@ 300 SOA ns hostmaster 1 2 3 4 300
		@ 300 NS ns
		@ 300 MX 10 mx1
		@ 300 TXT "v=spf1 mx -all"
		_dmarc 300 TXT "v=DMARC1; p=reject; rua=mailto:d@a4.example"
		mx1 300 A 192.0.2.10
		alias 300 CNAME mx1
		$ORIGIN example.
		@ 300 SOA ns hostmaster 1 2 3 4 300
		@ 300 NS ns
		$ORIGIN 2.0.192.in-addr.arpa.
		@ 300 SOA ns hostmaster 1 2 3 4 300
		10 300 PTR mx1.a4.example.
	`
	nx := func(fits func(name string, t resolver.Type) bool) func(string, resolver.Type, *resolver.Answer) *resolver.Answer {
		return func(name string, t resolver.Type, _ *resolver.Answer) *resolver.Answer {
			if fits(name, t) {
				return &resolver.Answer{Status: resolver.NXDomain, Rcode: "NXDOMAIN"}
			}
			return nil
		}
	}
	one := func(name string, typ resolver.Type) func(string, resolver.Type) bool {
		return func(n string, t resolver.Type) bool { return n == name && t == typ }
	}
	page := netip.MustParseAddr("203.0.113.80")
	for _, tt := range []struct {
		name    string
		change  func(name string, t resolver.Type, a *resolver.Answer) *resolver.Answer
		unknown []string // checks of severity unknown
		// unsaid are neither findings of another severity nor passes.
		unsaid []string
	}{
		{"NXDOMAIN for the MX of a name that has records", nx(one("a4.example", resolver.TypeMX)),
			[]string{"dmarc-unresolved", "hosts-unresolved"}, []string{"domain-missing", "mx-missing"}},
		{"NXDOMAIN for its TXT", nx(one("a4.example", resolver.TypeTXT)), []string{"spf-unresolved"}, []string{"spf-record-missing", "domain-missing"}},
		{"NXDOMAIN for its SOA", nx(one("a4.example", resolver.TypeSOA)), []string{"hosts-unresolved"}, []string{"domain-no-soa", "domain-missing"}},
		{"NXDOMAIN for every TXT", nx(func(_ string, t resolver.Type) bool { return t == resolver.TypeTXT }),
			[]string{"dkim-unresolved", "dmarc-unresolved", "spf-unresolved"}, []string{"spf-record-missing", "dmarc-record-missing", "dkim-none-observed", "dkim-proved-absent"}},
		{"NXDOMAIN for the A of a host that has AAAA", func(name string, typ resolver.Type, a *resolver.Answer) *resolver.Answer {
			switch {
			case name == "mx1.a4.example" && typ == resolver.TypeA:
				return &resolver.Answer{Status: resolver.NXDomain, Rcode: "NXDOMAIN"}
			case name == "mx1.a4.example" && typ == resolver.TypeAAAA:
				return &resolver.Answer{Status: resolver.Found, Records: []resolver.Record{{Name: name, Type: typ, Addr: netip.MustParseAddr("2001:db8::10")}}}
			}
			return nil
		}, []string{"spf-unresolved"}, []string{"spf-mx-void"}},
		{"one address for every name", func(name string, typ resolver.Type, a *resolver.Answer) *resolver.Answer {
			if typ == resolver.TypeA {
				return &resolver.Answer{Status: resolver.Found, Records: []resolver.Record{{Name: name, Type: typ, Addr: page}}}
			}
			return nil
		}, []string{"hosts-unresolved", "rbl-resolver-rewrites"}, []string{"ptr-missing", "ptr-unconfirmed", "mx-unresolvable"}},
		{"0.0.0.0, and nothing else", func(name string, typ resolver.Type, a *resolver.Answer) *resolver.Answer {
			switch {
			case !resolver.Within(name, "a4.example"):
				return nil
			case typ == resolver.TypeA:
				return &resolver.Answer{Status: resolver.Found, Records: []resolver.Record{{Name: name, Type: typ, Addr: netip.IPv4Unspecified()}}}
			}
			return &resolver.Answer{Status: resolver.NoData, Rcode: "NOERROR"}
		}, []string{"resolver-not-public"}, []string{"spf-record-missing", "dmarc-record-missing", "domain-no-soa", "mx-implicit", "ptr-unconfirmed", "domain-missing"}},
		{"NXDOMAIN for the A of a host that has no AAAA", nx(one("mx1.a4.example", resolver.TypeA)),
			[]string{"spf-unresolved", "hosts-unresolved"}, []string{"mx-unresolvable", "spf-mx-void"}},
		{"NXDOMAIN for the AAAA of a host that is denied by no other", func(name string, typ resolver.Type, a *resolver.Answer) *resolver.Answer {
			switch {
			case name == "mx1.a4.example" && typ == resolver.TypeA:
				return &resolver.Answer{Status: resolver.NoData, Rcode: "NOERROR"}
			case name == "mx1.a4.example" && typ == resolver.TypeAAAA:
				return &resolver.Answer{Status: resolver.NXDomain, Rcode: "NXDOMAIN"}
			}
			return nil
		}, []string{"spf-unresolved", "hosts-unresolved"}, []string{"mx-unresolvable", "spf-mx-void"}},
		{"no AAAA for any name, as from a resolver that keeps IPv6 from its clients", func(name string, typ resolver.Type, a *resolver.Answer) *resolver.Answer {
			switch {
			case name == "mx1.a4.example" && typ == resolver.TypeA:
				return &resolver.Answer{Status: resolver.NXDomain, Rcode: "NXDOMAIN"}
			case typ == resolver.TypeAAAA:
				return &resolver.Answer{Status: resolver.NoData, Rcode: "NOERROR"}
			}
			return nil
		}, nil, nil},
		{"nothing that is false", nx(one("nobody.a4.example", resolver.TypeTXT)), nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			client := dnstest.Start(t, zone).Client(resolver.Config{})
			defer client.Close()
			r := Run(t.Context(), twisted{client, tt.change}, Target{Domain: "a4.example"}, Options{Selectors: "inferred", Health: &rbl.Health{}})
			unknown := make(map[string]bool)
			for _, f := range r.Findings {
				switch {
				case f.Severity == finding.Unknown:
					unknown[f.Check] = true
				case f.Severity == finding.Pass && f.Check == "domain-missing": // the other answers show it
				case slices.Contains(tt.unsaid, f.Check):
					t.Errorf("%s %s: %s", f.Severity, f.Check, f.Detail)
				}
			}
			for _, check := range tt.unknown {
				if !unknown[check] {
					t.Errorf("%s is not unknown: %v", check, unknown)
				}
			}
			if tt.unknown == nil && (unknown["spf-unresolved"] || unknown["hosts-unresolved"]) {
				t.Errorf("unknown: %v", unknown)
			}
		})
	}
}
