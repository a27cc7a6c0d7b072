package audit

import (
	"context"
	"slices"
	"strings"
	"testing"

	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

// TestIncludedSenders: the single addresses of what a domain includes from its own zone
// are examined, if that is loaded. What else an include authorises is named.
func TestIncludedSenders(t *testing.T) {
	r := dnstest.Zone(t, `
		$TTL 3600
		$ORIGIN acme.example.
		@      SOA ns hostmaster 1 2 3 4 300
		@      TXT "v=spf1 ip4:198.51.100.1 include:_spf.acme.example include:_spf.esp.example -all"
		_spf   TXT "v=spf1 ip4:198.51.100.2 a:out.acme.example include:_more.acme.example ~all"
		_more  TXT "v=spf1 ip6:2001:db8::3 ~all"
		out    A 198.51.100.4
		wide   TXT "v=spf1 include:_wide.acme.example -all"
		_wide  TXT "v=spf1 ip4:198.51.100.5 ip4:203.0.113.0/24 -all"
		loop   TXT "v=spf1 include:_loop.acme.example -all"
		_loop  TXT "v=spf1 ip4:198.51.100.6 include:loop.acme.example -all"
		away   TXT "v=spf1 include:_away.acme.example -all"
		_away  TXT "v=spf1 ip4:198.51.100.7 a:out.elsewhere.test -all"
		$ORIGIN esp.example.
		@      SOA ns hostmaster 1 2 3 4 300
		_spf   TXT "v=spf1 ip4:203.0.113.9 -all"
	`)
	for _, tt := range []struct{ domain, senders, ranges string }{
		{"acme.example", "198.51.100.1 198.51.100.2 198.51.100.4 2001:db8::3", "_spf.esp.example"},
		{"wide.acme.example", "198.51.100.5", "_wide.acme.example"},
		{"loop.acme.example", "198.51.100.6", ""},
		{"away.acme.example", "198.51.100.7", "_away.acme.example"},
	} {
		e := Run(context.Background(), r, Target{Domain: tt.domain}, Options{}).Examined
		var senders []string
		for _, s := range e.Senders {
			senders = append(senders, s.Addr.String())
		}
		slices.Sort(senders)
		if got := strings.Join(senders, " "); got != tt.senders || strings.Join(e.SenderRanges, " ") != tt.ranges {
			t.Errorf("%s: senders %s, ranges %v", tt.domain, got, e.SenderRanges)
		}
	}
}

// TestMisreadTermsNameNoSender: an address that stands only in a term which was meant to be
// another one is examined as nobody's.
func TestMisreadTermsNameNoSender(t *testing.T) {
	for record, want := range map[string]string{
		"v=spf1 mx ip4:192.0.2.10 inlude:x.example -all": "192.0.2.20 192.0.2.10",
		"v=spf1 mx a mail2.acme.example -all":            "192.0.2.20",
		"v=spf1 mx a inlude:x.example -all":              "192.0.2.20 192.0.2.80",
		"v=spf1 mx ip4:192.0.2.1 0 -all":                 "192.0.2.20",
		"v=spf1 mx ip4:192.0.2.0 /24 -all":               "192.0.2.20",
		"v=spf1 mx ip4:192.0.2.10, ip4:192.0.2.11 -all":  "192.0.2.20 192.0.2.11",
		"v=spf1 mx ip4:192.0.2.10 - all":                 "192.0.2.20 192.0.2.10",
		"v=spf1 mx ip4:192.0.2.10 -all":                  "192.0.2.20 192.0.2.10",
	} {
		zone := dnstest.Parse(t, "$ORIGIN acme.example.\n@ SOA ns h 1 2 3 4 5\n@ A 192.0.2.80\n@ MX 10 mx\nmx A 192.0.2.20\nmail2 A 192.0.2.77\n@ TXT \""+record+"\"\n")
		r := Run(context.Background(), resolver.NewOverlay(nil, zone), Target{Domain: "acme.example"}, Options{})
		var got []string
		for _, s := range r.Examined.Senders {
			got = append(got, s.Addr.String())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: senders %v, want %s", record, got, want)
		}
	}
}

// TestMXOfAService: the term mx lets the MX hosts send, and those of a service that only receive do not.
func TestMXOfAService(t *testing.T) {
	for _, tt := range []struct{ mx, record, want string }{
		{"@ MX 0 acme.mail.protection.outlook.com.", "v=spf1 mx -all", ""},
		{"@ MX 0 acme.mail.protection.outlook.com.", "v=spf1 mx:acme.example/32 a:out.acme.example -all", "192.0.2.30"},
		{"@ MX 0 acme.mail.protection.outlook.com.\n@ MX 10 mx", "v=spf1 mx -all", "192.0.2.20"},
		{"@ MX 10 mx", "v=spf1 mx -all", "192.0.2.20"},
		{"@ MX 0 acme.mail.protection.outlook.com.", "v=spf1 ip4:203.0.113.99 -all", "203.0.113.99"},
	} {
		zone := dnstest.Parse(t, "$ORIGIN acme.example.\n@ SOA ns h 1 2 3 4 5\nmx A 192.0.2.20\nout A 192.0.2.30\n"+tt.mx+"\n@ TXT \""+tt.record+"\"\n")
		outlook := dnstest.Parse(t, "$ORIGIN outlook.com.\n@ SOA ns h 1 2 3 4 5\nacme.mail.protection A 203.0.113.99\n")
		r := Run(context.Background(), resolver.NewOverlay(nil, zone, outlook), Target{Domain: "acme.example"}, Options{})
		var got []string
		for _, s := range r.Examined.Senders {
			got = append(got, s.Addr.String())
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s, %s: senders %v, want %s", tt.mx, tt.record, got, tt.want)
		}
	}
}
