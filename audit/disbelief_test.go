package audit

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/receiver"
	"mailworthy/resolver"
)

// liar answers every question of the network alike, but for some.
type liar struct {
	status resolver.Status
	found  []string // "com NS"
	// text is a TXT record that every name has, beside a record of every other type.
	text   string
	failed []string
	empty  []string
	// host is what serves the zones that are found, if not a.root.test.
	host string
	// page is the address that every name leads to, if any.
	page netip.Addr
}

func (l liar) Lookup(_ context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	a := &resolver.Answer{Name: name, Type: t, Status: l.status, Server: "udp://192.0.2.53:53", TTL: 60}
	switch q := name + " " + t.String(); {
	case slices.Contains(l.failed, q):
		return nil, &resolver.Error{Name: name, Type: t, Reason: resolver.ServFail, Server: a.Server}
	case slices.Contains(l.empty, q):
		a.Status = resolver.NoData
	case l.page.IsValid() && t == resolver.TypeA:
		a.Status, a.Records = resolver.Found, []resolver.Record{{Name: name, Type: t, TTL: 60, Addr: l.page}}
	case l.text != "":
		a.Status, a.Records = resolver.Found, []resolver.Record{{Name: name, Type: t, TTL: 60, Host: "portal.test", Addr: netip.MustParseAddr("192.0.2.66")}}
		if t == resolver.TypeTXT {
			a.Records[0].TXT = []string{l.text}
		}
	case slices.Contains(l.found, q):
		a.Status, a.Records = resolver.Found, []resolver.Record{{Name: name, Type: t, TTL: 60, Host: cmp.Or(l.host, "a.root.test"), TXT: []string{"v=spf1 -all"}}}
	}
	return a, nil
}

// TestLiar: a resolver that denies everything, the root or a registered top-level
// domain included, does not see the public DNS. That is all that is said, and one
// that sees them is believed.
func TestLiar(t *testing.T) {
	const public = "resolver-not-public"
	for _, tt := range []struct {
		name   string
		domain string
		liar   liar
		want   string // the first finding
	}{
		{"NXDOMAIN to everything", "gmail.com", liar{status: resolver.NXDomain}, public},
		{"NXDOMAIN to everything, a domain below another", "mail.corp.gmail.com", liar{status: resolver.NXDomain}, public},
		{"NODATA to everything", "gmail.com", liar{status: resolver.NoData}, public},
		{"the top-level domain is denied", "gmail.com", liar{status: resolver.NXDomain, found: []string{". NS"}}, public},
		{"a top-level domain of two labels", "bbc.co.uk", liar{status: resolver.NXDomain, found: []string{". NS"}}, public},
		{"an address for every name, as of a page to log in", "gmail.com", liar{status: resolver.NoData, page: netip.MustParseAddr("192.0.2.66")}, public},
		{"an address for every name, NXDOMAIN to all else", "gmail.com", liar{status: resolver.NXDomain, page: netip.MustParseAddr("192.0.2.66")}, public},
		{"a record of every type for every name", "gmail.com", liar{text: "hello"}, public},
		{"a record for mail for every name", "gmail.com", liar{text: "v=spf1 -all"}, public},
		{"SERVFAIL for the root", "gmail.com", liar{status: resolver.NXDomain, failed: []string{". NS"}}, public},
		{"SERVFAIL for both", "gmail.com", liar{status: resolver.NXDomain, failed: []string{". NS", "com NS"}}, public},
		{"the top-level domain is there, and what serves it is denied", "gmail.com", liar{status: resolver.NXDomain, found: []string{". NS", "com NS"}, host: "a.gtld-servers.net"}, public},
		{"the same below another domain", "mail.corp.gmail.com", liar{status: resolver.NoData, found: []string{". NS", "com NS"}, host: "a.gtld-servers.net"}, public},
		{"the root does not exist, which is always there", "gmail.com", liar{status: resolver.NXDomain, found: []string{"com NS", "a.gtld-servers.net A"}}, public},
		{"the root does not exist in a network with a top-level domain of its own", "absent.example", liar{status: resolver.NXDomain, found: []string{"example NS"}}, "domain-missing"},
		{"the root has no name servers", "no-such-name.com", liar{status: resolver.NXDomain, empty: []string{". NS"}, found: []string{"com NS"}}, "domain-missing"},
		{"what serves the top-level domain is there", "no-such-name.com", liar{status: resolver.NXDomain, found: []string{". NS", "com NS", "a.gtld-servers.net A"}, host: "a.gtld-servers.net"}, "domain-missing"},
		{"what serves the top-level domain is not known", "no-such-name.com", liar{status: resolver.NXDomain, found: []string{". NS", "com NS"}, failed: []string{"a.gtld-servers.net A"}, host: "a.gtld-servers.net"}, "domain-missing"},
		{"both are there", "no-such-name.com", liar{status: resolver.NXDomain, found: []string{". NS", "com NS"}}, "domain-missing"},
		{"SERVFAIL for the root, the top-level domain is there", "no-such-name.com", liar{status: resolver.NXDomain, found: []string{"com NS"}, failed: []string{". NS"}}, "domain-missing"},
		{"no such top-level domain", "gmail.cmo", liar{status: resolver.NXDomain, found: []string{". NS"}}, "domain-missing"},
		{"the organizational domain is there", "gone.gmail.com", liar{status: resolver.NXDomain, found: []string{"gmail.com SOA", ". NS", "com NS"}}, "domain-missing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, sections := range [][]finding.Section{nil, {finding.SPF}, {finding.DMARC, finding.Hosts}} {
				if strings.HasPrefix(tt.liar.text, "v=spf1") && slices.Equal(sections, []finding.Section{finding.SPF}) {
					continue // two answers, and both are as they should be: nothing gives it away
				}
				r := Run(t.Context(), tt.liar, Target{Domain: tt.domain, Sections: sections}, Options{Selectors: "inferred"})
				var said []string
				for _, f := range r.Findings {
					said = append(said, string(f.Severity)+" "+f.Check)
				}
				if tt.want != public {
					if slices.Contains(said, "unknown "+public) || len(sections) == 0 && !slices.Contains(said, "critical "+tt.want) {
						t.Errorf("%v: %q, want %s", sections, said, tt.want)
					}
					continue
				}
				if len(said) != 1 || said[0] != "unknown "+public {
					t.Fatalf("%v: %q", sections, said)
				}
				f := r.Findings[0]
				proved := len(f.Evidence) == 2 && (f.Evidence[1].Name == "." || f.Evidence[1].Name == tt.liar.host)
				if tt.liar.text != "" {
					proved = len(f.Evidence) == 1 && f.Evidence[0].Name == resolver.NeverThere
				}
				if !f.Undecides || !proved || strings.Contains(strings.ToLower(f.Fix.Summary), "register") {
					t.Errorf("%+v", f)
				}
				for _, q := range r.Trace {
					if isAnswer(q.Status) {
						t.Errorf("%s %s is believed: %s", q.Name, q.Type, q.Status)
					}
				}
				for _, v := range r.Receivers {
					if v.Result == receiver.Meets || v.Result == receiver.Fails {
						t.Errorf("%s, %s: %s", v.Receiver, v.Volume, v.Result)
					}
					if q := v.Cause(); q.Because != "DNS resolver does not see the public DNS ("+tt.domain+")." {
						t.Errorf("%s, %s: %s", v.Receiver, v.Volume, q.Because)
					}
				}
			}
		})
	}
}

// TestLiarElsewhere: what a resolver says of names in a top-level domain that it
// denies is not believed, and all else is.
func TestLiarElsewhere(t *testing.T) {
	zone := `
		$ORIGIN a4.example.
		@ 300 SOA ns hostmaster 1 2 3 4 300
		@ 300 MX 10 mx1
		@ 300 TXT "v=spf1 mx include:spf.protection.outlook.com -all"
		_dmarc 300 TXT "v=DMARC1; p=reject; rua=mailto:d@a4.example"
		mx1 300 A 192.0.2.10
	`
	for _, tt := range []struct {
		name, com string
		doubted   bool
	}{{"com is denied", "", true}, {"com is there", "$ORIGIN com.\n@ 300 SOA ns hostmaster 1 2 3 4 300\n@ 300 NS a.root.test.\n", false}} {
		srv := dnstest.Start(t, zone)
		if tt.com != "" {
			srv = dnstest.Start(t, zone, tt.com)
		}
		client := srv.Client(resolver.Config{})
		defer client.Close()
		for _, sections := range [][]finding.Section{nil, {finding.SPF}} {
			r := Run(t.Context(), client, Target{Domain: "a4.example", Sections: sections}, Options{Selectors: "inferred"})
			said := map[string]finding.Severity{}
			for _, f := range r.Findings {
				said[f.Check] = f.Severity
			}
			_, doubted := said["resolver-not-public"]
			missing := said["spf-include-missing"].AtLeast(finding.Error) || said["spf-target-unregistered"].AtLeast(finding.Error)
			if doubted != tt.doubted || missing == tt.doubted || r.SPF.Status != "found" || (said["spf-unresolved"] == finding.Unknown) != tt.doubted {
				t.Errorf("%s, %v: %v", tt.name, sections, said)
			}
		}
	}
}

// TestLiarReverse: a resolver that denies arpa and sees com does not see the reverse names: that an
// address has none is not known. A network with a root of its own, without com, is believed. One that has a domain
// and denies the com above it was given that domain, and shows of reverse names nothing.
func TestLiarReverse(t *testing.T) {
	const zone = "$ORIGIN a4.example.\n@ 300 SOA ns hostmaster 1 2 3 4 300\n@ 300 MX 10 mx1\n@ 300 TXT \"v=spf1 mx -all\"\nmx1 300 A 192.0.2.10\n"
	const com, arpa = "$ORIGIN com.\n@ 300 SOA ns hostmaster 1 2 3 4 300\n@ 300 NS a.gtld-servers.net.\n", "$ORIGIN arpa.\n@ 300 SOA ns hostmaster 1 2 3 4 300\n@ 300 NS a.root.test.\n"
	const hosts = "$ORIGIN gtld-servers.net.\n@ 300 SOA ns hostmaster 1 2 3 4 300\na 300 A 192.0.2.53\n"
	const tree = "$ORIGIN in-addr.arpa.\n@ 300 SOA ns hostmaster 1 2 3 4 300\n"
	own := strings.ReplaceAll(zone, "a4.example", "a4.com")
	for _, tt := range []struct {
		name    string
		zones   []string
		doubted bool
	}{
		{"com and no arpa", []string{zone, com, hosts}, true},
		{"com and arpa", []string{zone, com, hosts, arpa}, false},
		{"a network of its own", []string{zone}, false},
		{"one with its own com", []string{zone, strings.ReplaceAll(com, "a.gtld-servers.net", "ns.a4.example")}, false},
		{"one with its own arpa", []string{zone, arpa}, false},
		{"the domain and no com above it", []string{own}, true},
		{"the domain and another one", []string{own, hosts}, true},
		{"the domain and com", []string{own, strings.ReplaceAll(com, "a.gtld-servers.net", "ns.a4.com")}, false},
		{"the domain and the reverse names", []string{own, tree}, false},
		{"the domain and a zone of reverse names", []string{own, "$ORIGIN 2.0.192.in-addr.arpa.\n@ 300 SOA ns hostmaster 1 2 3 4 300\n"}, false},
		{"the domain and one reverse name", []string{own, "$ORIGIN 2.0.192.in-addr.arpa.\n@ 300 SOA ns hostmaster 1 2 3 4 300\n11 300 PTR mx2.a4.com.\n"}, false},
		{"the domain and the root", []string{own, "$ORIGIN .\n@ 300 SOA ns.a4.com. hostmaster.a4.com. 1 2 3 4 300\n@ 300 NS ns.a4.com.\n"}, false},
		{"one reverse name is there", []string{zone, com, hosts, "$ORIGIN 2.0.192.in-addr.arpa.\n@ 300 SOA ns hostmaster 1 2 3 4 300\n11 300 PTR mx2.a4.example.\n"}, false},
	} {
		client := dnstest.Start(t, tt.zones...).Client(resolver.Config{})
		domain := "a4.example"
		if strings.HasPrefix(tt.zones[0], "$ORIGIN a4.com.") {
			domain = "a4.com"
		}
		r := Run(t.Context(), client, Target{Domain: domain, IPs: []netip.Addr{netip.MustParseAddr("192.0.2.10"), netip.MustParseAddr("192.0.2.11")}, Sections: []finding.Section{finding.Hosts}}, Options{})
		client.Close()
		said := map[string]finding.Severity{}
		for _, f := range r.Findings {
			said[f.Check] = f.Severity
		}
		if _, doubted := said["resolver-not-public"]; doubted != tt.doubted || said["ptr-missing"].AtLeast(finding.Error) == tt.doubted {
			t.Errorf("%s: %v", tt.name, said)
		}
	}
}

// TestSelective: a resolver that lets the domain and the top-level domains through, and denies all
// others, is believed of the domain: what it denies elsewhere is unknown, and follows from that.
// A network with zones of its own is believed of all.
func TestSelective(t *testing.T) {
	const (
		zone = `
		$ORIGIN acme.com.
		@ 300 SOA ns hostmaster 1 2 3 4 300
		@ 300 NS ns.acme.com.
		@ 300 MX 10 mx1
		@ 300 TXT "v=spf1 mx include:spf.esp.net -all"
		_dmarc 300 TXT "v=DMARC1; p=reject; rua=mailto:d@reports.org"
		s1._domainkey 300 CNAME s1.keys.net.
		mx1 300 A 192.0.2.10
		`
		top   = "$ORIGIN %s.\n@ 300 SOA ns hostmaster 1 2 3 4 300\n@ 300 NS %s\n"
		hosts = "$ORIGIN gtld-servers.net.\n@ 300 SOA ns hostmaster 1 2 3 4 300\na 300 A 192.0.2.53\n"
	)
	public, own := "a.gtld-servers.net.", "ns.acme.com."
	for _, tt := range []struct {
		name   string
		zones  []string
		denies bool
	}{
		{"an allow list", []string{fmt.Sprintf(top, "com", public), fmt.Sprintf(top, "net", public), fmt.Sprintf(top, "org", public)}, true},
		{"com alone", []string{fmt.Sprintf(top, "com", public)}, true},
		{"the public DNS", []string{fmt.Sprintf(top, "com", public), fmt.Sprintf(top, "net", public), fmt.Sprintf(top, "org", public), fmt.Sprintf(top, "arpa", public), hosts}, false},
		{"zones of a network of its own", []string{fmt.Sprintf(top, "com", own), fmt.Sprintf(top, "net", own), fmt.Sprintf(top, "org", own)}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			client := dnstest.Start(t, append(tt.zones, zone)...).Client(resolver.Config{})
			defer client.Close()
			r := Run(t.Context(), client, Target{Domain: "acme.com", Selectors: []string{"s1"}}, Options{Selectors: "inferred"})
			missing := map[string]bool{"spf-include-missing": false, "spf-target-unregistered": false, "ptr-missing": false, "dmarc-report-host-cannot-receive": false}
			for i := range r.Findings {
				f := &r.Findings[i]
				if _, about := missing[f.Check]; about && f.Severity.AtLeast(finding.Warning) {
					missing[f.Check] = true
				}
				if f.Check == "resolver-not-public" && (i > 0 || !tt.denies || len(f.Follows) == 0 || f.Undecides) {
					t.Errorf("%d: %+v", i, f)
				}
			}
			if tt.denies && r.Findings[0].Check != "resolver-not-public" || r.SPF.Status != "found" || r.DMARC.Record == nil {
				t.Errorf("%+v", r.Findings[0])
			}
			for check, missing := range missing {
				if missing == tt.denies {
					t.Errorf("%s: %t", check, missing)
				}
			}
		})
	}
}

// TestSelectiveAll: if the domain itself is among what such a resolver denies, nothing that it says
// is believed, whatever else it denies.
func TestSelectiveAll(t *testing.T) {
	const zones = "$ORIGIN .\n@ 300 SOA ns hostmaster 1 2 3 4 300\n@ 300 NS ns.\ncom 300 NS a.gtld-servers.net.\n"
	const top = "$ORIGIN com.\n@ 300 SOA ns hostmaster 1 2 3 4 300\n@ 300 NS a.gtld-servers.net.\n"
	client := dnstest.Start(t, zones, top).Client(resolver.Config{})
	defer client.Close()
	for range 10 {
		r := Run(t.Context(), client, Target{Domain: "acme.com", IPs: []netip.Addr{netip.MustParseAddr("192.0.2.10")}}, Options{Selectors: "inferred"})
		if f := r.Findings[0]; f.Check != "resolver-not-public" || !f.Undecides {
			t.Fatalf("%+v", f)
		}
		if bad := worseThanUnknown(r); len(bad) > 0 {
			t.Fatalf("%q", bad)
		}
	}
}

// TestLiarBehindZones: what a loaded zone says is believed, whatever the resolver
// behind it is; offline nobody is asked.
func TestLiarBehindZones(t *testing.T) {
	var zones []*resolver.ZoneSet
	for _, text := range bundled(t) {
		if strings.Contains(text, "$ORIGIN tidy.example.") {
			zones = append(zones, dnstest.Parse(t, text))
		}
	}
	if len(zones) != 1 {
		t.Fatal("no zone of tidy.example")
	}
	r := Run(t.Context(), resolver.NewOverlay(liar{status: resolver.NXDomain}, zones...), Target{Domain: "tidy.example"}, Options{Selectors: "inferred"})
	if r.Findings[0].Check != "resolver-not-public" || r.DMARC.Record == nil || r.Hosts.Domain.MX != "present" {
		t.Errorf("%+v", r.Findings[0])
	}
	if bad := worseThanUnknown(r); len(bad) > 0 {
		t.Errorf("%q", bad)
	}
	for _, domain := range []string{"tidy.example", "elsewhere.com"} {
		r := Run(t.Context(), resolver.NewOverlay(nil, zones...), Target{Domain: domain}, Options{Selectors: "inferred"})
		for _, f := range r.Findings {
			if f.Check == "resolver-not-public" {
				t.Errorf("offline: %s: %+v", domain, f)
			}
		}
	}
}

// TestBelievedAtNoCost: an audit of a domain that is there asks nothing about the
// root, nor about what cannot be.
func TestBelievedAtNoCost(t *testing.T) {
	srv := dnstest.Start(t, bundled(t)...)
	client := srv.Client(resolver.Config{})
	defer client.Close()
	for _, domain := range []string{"tidy.example", "acme.example", "parked.example"} {
		for _, sections := range [][]finding.Section{nil, {finding.SPF}, {finding.DMARC, finding.Hosts}} {
			Run(t.Context(), client, Target{Domain: domain, Sections: sections}, Options{Selectors: "inferred"})
		}
	}
	for _, q := range srv.Log() {
		if q.Type == resolver.TypeNS && !strings.Contains(q.Name, ".") || q.Name == resolver.NeverThere {
			t.Errorf("%s %s was asked", q.Name, q.Type)
		}
	}
}

// TestDNS64: an address that the resolver made up is no sending address.
func TestDNS64(t *testing.T) {
	const zone = `
		$ORIGIN a4.example.
		@ 300 SOA ns hostmaster 1 2 3 4 300
		@ 300 MX 10 mx1
		@ 300 TXT "v=spf1 mx -all"
		mx1 300 A 192.0.2.10
		$ORIGIN 2.0.192.in-addr.arpa.
		@ 300 SOA ns hostmaster 1 2 3 4 300
		10 300 PTR mx1.a4.example.
	`
	for _, tt := range []struct{ name, learn, addr, title string }{
		{"well-known", "", "64:ff9b::c000:20a", "synthesizes"},
		{"learnt", "2001:db8:64::c000:aa", "2001:db8:64::c000:20a", "synthesizes"},
		{"not to be learnt", "", "2001:db8:64::c000:20a", "may synthesize"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := dnstest.Start(t, zone)
			srv.Add("mx1.a4.example", resolver.TypeAAAA, tt.addr)
			if tt.learn != "" {
				srv.Add("ipv4only.arpa", resolver.TypeAAAA, tt.learn)
			}
			st, err := resolver.Build(resolver.Options{Config: resolver.Config{Servers: []string{srv.Addr()}}})
			if err != nil {
				t.Fatal(err)
			}
			defer st.Close()
			r := Run(t.Context(), st, Target{Domain: "a4.example"}, Options{Selectors: "inferred"})
			if len(r.Examined.Senders) != 1 || r.Examined.Senders[0].Addr.String() != "192.0.2.10" {
				t.Errorf("senders %v", r.Examined.Senders)
			}
			var notice *finding.Finding
			for i, f := range r.Findings {
				if f.Check == "resolver-dns64" {
					notice = &r.Findings[i]
				}
				if strings.HasPrefix(f.Check, "ptr-") && f.Severity.AtLeast(finding.Notice) {
					t.Errorf("%s: %s", f.Check, f.Detail)
				}
			}
			if notice == nil || notice.Severity != finding.Notice || !strings.Contains(notice.Detail, "mx1.a4.example") || !strings.Contains(notice.Title, tt.title) {
				t.Errorf("notice: %+v", notice)
			}
		})
	}
	// Without DNS64 nothing is said of it.
	srv := dnstest.Start(t, zone)
	st, err := resolver.Build(resolver.Options{Config: resolver.Config{Servers: []string{srv.Addr()}}})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	for _, f := range Run(t.Context(), st, Target{Domain: "a4.example"}, Options{Selectors: "inferred"}).Findings {
		if f.Check == "resolver-dns64" {
			t.Errorf("%+v", f)
		}
	}
}
