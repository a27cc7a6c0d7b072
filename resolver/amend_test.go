package resolver_test

import (
	"context"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
	"mailworthy/resolver/resolvertest"
)

// TestAmendOffline: a record that is proposed at a name that no zone holds is there;
// what else the name has was not asked.
func TestAmendOffline(t *testing.T) {
	zone := dnstest.Zone(t, "$ORIGIN acme.example.\n@ 300 SOA ns hostmaster 1 2 3 4 5\nk 300 TXT \"v=DKIM1; p=abc\"\n")
	r, err := resolver.Amend(zone, nil, []finding.Record{
		{Name: "acme.example._report._dmarc.other.example", Type: "TXT", Value: "v=DMARC1"},
		{Name: "k._domainkey.other.example", Type: "CNAME", Value: "k.acme.example"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		typ  resolver.Type
		want string
	}{
		{"acme.example._report._dmarc.other.example", resolver.TypeTXT, "v=DMARC1"},
		{"acme.example._report._dmarc.other.example", resolver.TypeA, "offline"},
		{"k._domainkey.other.example", resolver.TypeTXT, "v=DKIM1; p=abc"},
		{"other.example", resolver.TypeTXT, "offline"},
	} {
		a, err := r.Lookup(t.Context(), tt.name, tt.typ)
		got := ""
		if err != nil {
			got = string(resolver.AsError(err).Reason)
		} else if len(a.Records) == 1 {
			got = a.Records[0].Text()
		}
		if got != tt.want {
			t.Errorf("%s %s: %q, not %q", tt.name, tt.typ, got, tt.want)
		}
	}
}

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

// TestAmendAliases: what is proposed of a name counts for the names that lead to it.
func TestAmendAliases(t *testing.T) {
	zone := dnstest.Zone(t, `
		$ORIGIN acme.example.
		@      300 SOA   ns hostmaster 1 2 3 4 5
		www    300 CNAME web
		web    300 CNAME host
		host   300 A     192.0.2.1
		host2  300 A     192.0.2.2
		lost   300 CNAME nowhere
		round  300 CNAME circle
		circle 300 CNAME round
	`)
	rec := func(name, typ, value string) finding.Record {
		return finding.Record{Name: name + ".acme.example", Type: typ, Value: value}
	}
	for _, tt := range []struct {
		name        string
		remove, add []finding.Record
		ask, want   string
	}{
		{"as it is", nil, nil, "www", `found >web.acme.example >host.acme.example "192.0.2.1"`},
		{"the end changes", []finding.Record{rec("host", "A", "192.0.2.1")}, []finding.Record{rec("host", "A", "192.0.2.9")}, "www",
			`found >web.acme.example >host.acme.example "192.0.2.9"`},
		{"the end goes", []finding.Record{rec("host", "A", "192.0.2.1")}, nil, "www", `nodata >web.acme.example >host.acme.example`},
		{"the middle leads elsewhere", []finding.Record{rec("web", "CNAME", "host.acme.example")}, []finding.Record{rec("web", "CNAME", "host2.acme.example.")}, "www",
			`found >web.acme.example >host2.acme.example "192.0.2.2"`},
		{"the middle becomes an address", []finding.Record{rec("web", "CNAME", "host.acme.example.")}, []finding.Record{rec("web", "A", "192.0.2.7")}, "www",
			`found >web.acme.example "192.0.2.7"`},
		{"the first alias goes", []finding.Record{rec("www", "CNAME", "web.acme.example")}, nil, "www", `nodata`},
		{"the first alias becomes an address", []finding.Record{rec("www", "CNAME", "web.acme.example")}, []finding.Record{rec("www", "A", "192.0.2.8")}, "www", `found "192.0.2.8"`},
		{"another alias goes", []finding.Record{rec("www", "CNAME", "other.acme.example")}, nil, "www", `found >web.acme.example >host.acme.example "192.0.2.1"`},
		{"the target comes to be", nil, []finding.Record{rec("nowhere", "A", "192.0.2.5")}, "lost", `found >nowhere.acme.example "192.0.2.5"`},
		{"the target becomes an alias", nil, []finding.Record{rec("nowhere", "CNAME", "www.acme.example")}, "lost",
			`found >nowhere.acme.example >www.acme.example >web.acme.example >host.acme.example "192.0.2.1"`},
		{"a loop is made", []finding.Record{rec("web", "CNAME", "host.acme.example")}, []finding.Record{rec("web", "CNAME", "www.acme.example")}, "www", `alias-loop`},
		{"a loop is broken", []finding.Record{rec("round", "CNAME", "circle.acme.example")}, []finding.Record{rec("round", "A", "192.0.2.4")}, "round", `found "192.0.2.4"`},
	} {
		r, err := resolver.Amend(zone, tt.remove, tt.add)
		if err != nil {
			t.Fatal(err)
		}
		if got := resolvertest.Say(r.Lookup(t.Context(), tt.ask+".acme.example", resolver.TypeA)); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// TestAmendWildcard: a wildcard answers no more for a name, nor below it, once something is
// proposed at or below that (RFC 4592, 2.2.1).
func TestAmendWildcard(t *testing.T) {
	zone := dnstest.Zone(t, "$ORIGIN acme.example.\n@ 300 SOA ns hostmaster 1 2 3 4 5\n* 300 MX 10 mx1\n* 300 TXT \"v=spf1 -all\"\n")
	r, err := resolver.Amend(zone, nil, []finding.Record{{Name: "news.acme.example", Type: "TXT", Value: "v=spf1 mx -all"},
		{Name: "_dmarc.shop.acme.example", Type: "TXT", Value: "v=DMARC1; p=none"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, want string
		typ        resolver.Type
	}{
		{"other.acme.example", "v=spf1 -all", resolver.TypeTXT},
		{"news.acme.example", "v=spf1 mx -all", resolver.TypeTXT},
		{"news.acme.example", "nodata", resolver.TypeMX},
		{"below.news.acme.example", "nxdomain", resolver.TypeMX},
		{"shop.acme.example", "nodata", resolver.TypeTXT},
		{"below.shop.acme.example", "nxdomain", resolver.TypeTXT},
		{"_dmarc.shop.acme.example", "v=DMARC1; p=none", resolver.TypeTXT},
	} {
		a, err := r.Lookup(t.Context(), tt.name, tt.typ)
		if err != nil {
			t.Fatal(err)
		}
		got := string(a.Status)
		if len(a.Records) == 1 {
			got = a.Records[0].Text()
		}
		if got != tt.want {
			t.Errorf("%s %s: %q, not %q", tt.name, tt.typ, got, tt.want)
		}
	}
}
