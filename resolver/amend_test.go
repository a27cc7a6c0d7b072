package resolver_test

import (
	"context"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

func TestAmend(t *testing.T) {
	zone := dnstest.Zone(t, `
		$ORIGIN acme.example.
		@ 300 SOA ns hostmaster 1 2 3 4 5
		@ 300 TXT "v=spf1 -all"
		@ 300 TXT "v=spf1 mx -all"
		@ 300 TXT "other"
		s2._domainkey 300 TXT "v=DKIM1; p=abc"
	`)
	long := "v=DKIM1; p=" + strings.Repeat("A", 400)
	r, err := resolver.Amend(zone,
		[]finding.Record{{Name: "acme.example", Type: "TXT", Value: "v=spf1 -all"}, {Name: "acme.example", Type: "TXT", Value: "v=spf1 mx -all"},
			{Name: "s2._domainkey.acme.example", Type: "TXT", Value: "v=DKIM1; p=abc"}},
		[]finding.Record{{Name: "Acme.Example.", Type: "TXT", Value: "v=spf1 mx ~all"}, {Name: "_dmarc.acme.example", Type: "TXT", Value: "v=DMARC1; p=none"},
			{Name: "deep.x.acme.example", Type: "TXT", Value: long}, {Name: "acme.example", Type: "MX", Value: "0 ."},
			{Name: "s1._domainkey.acme.example", Type: "CNAME", Value: "s2._domainkey.acme.example."}})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		typ  resolver.Type
		want string
	}{
		{"acme.example", resolver.TypeTXT, "found other | v=spf1 mx ~all"},
		{"acme.example", resolver.TypeMX, "found 0 ."},
		{"acme.example", resolver.TypeA, "nodata"},
		{"_dmarc.acme.example", resolver.TypeTXT, "found v=DMARC1; p=none"},
		{"deep.x.acme.example", resolver.TypeTXT, "found " + long},
		{"x.acme.example", resolver.TypeTXT, "nodata"},
		{"y.acme.example", resolver.TypeTXT, "nxdomain"},
		{"s2._domainkey.acme.example", resolver.TypeTXT, "nodata"},
		{"s1._domainkey.acme.example", resolver.TypeTXT, "nodata"},
		{"s1._domainkey.acme.example", resolver.TypeCNAME, "found s2._domainkey.acme.example"},
		{"other.example", resolver.TypeTXT, "offline"},
	} {
		answer, err := r.Lookup(context.Background(), tt.name, tt.typ)
		e := resolver.Outcome(answer, err)
		got := strings.TrimSpace(e.Status + " " + strings.Join(e.Answer, " | "))
		if got != tt.want {
			t.Errorf("%s %s: %s, want %s", tt.name, tt.typ, got, tt.want)
		}
	}
	for _, bad := range []finding.Record{{Name: "a.example", Type: "A", Value: "2001:db8::1"}, {Name: "a.example", Type: "MX", Value: "mx.example"},
		{Name: "a.example", Type: "WHAT", Value: "x"}, {Name: "a..example", Type: "TXT", Value: "x"}} {
		if _, err := resolver.Amend(zone, nil, []finding.Record{bad}); err == nil || !strings.Contains(err.Error(), bad.Name) {
			t.Errorf("%v: error %v, want one that names it", bad, err)
		}
	}
}
