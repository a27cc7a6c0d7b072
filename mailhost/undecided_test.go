package mailhost

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
)

// A check passes only if all its subjects were answered: one good host says
// nothing about another that the DNS was silent about.
func TestNoPassOverSilence(t *testing.T) {
	const zones = world + `
	mixed SOA ns.example. host.example. 1 7200 3600 1209600 300
	mixed MX 10 mx1.acme
	mixed MX 20 mx2.acme
	onlyone SOA ns.example. host.example. 1 7200 3600 1209600 300
	onlyone MX 10 mx2.acme
	$ORIGIN .
	2.0.192.in-addr.arpa. SOA ns.example. host.example. 1 7200 3600 1209600 300
	10.2.0.192.in-addr.arpa. PTR mx1.acme.example.
	11.2.0.192.in-addr.arpa. PTR mx2.acme.example.
	`
	addresses := "ptr-missing ptr-unconfirmed ptr-generic"
	tests := []struct {
		domain string
		fail   []string
		open   string // no pass and no finding
		passes string
	}{
		{"mixed.example", nil, "", addresses + " mx-cname mx-unresolvable mx-private-address mx-single"},
		{"mixed.example", []string{"11.2.0.192.in-addr.arpa"}, addresses, "mx-cname"},
		{"mixed.example", []string{"mx2.acme.example"}, "mx-unresolvable mx-cname mx-private-address ptr-unconfirmed", "mx-single mx-ip-literal mx-duplicate ptr-missing ptr-generic"},
		{"mixed.example", []string{"mx1.acme.example AAAA"}, "mx-private-address", "mx-unresolvable mx-cname mx-single"},
		{"mixed.example", []string{"bounce.acme.example"}, "domain-missing mx-null", "mx-cname domain-no-soa helo-unresolvable"},
		{"mixed.example", []string{"acme.example"}, "helo-unresolvable", "domain-missing"},
		{"onlyone.example", []string{"mx2.acme.example"}, "mx-single", "mx-ip-literal"},
		{"onlyone.example", []string{"mx2.acme.example AAAA"}, "mx-single mx-private-address", "mx-unresolvable mx-cname"},
		{"provider.example", []string{"many.provider.example AAAA"}, "mx-private-address", "mx-single"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.domain, tt.fail), func(t *testing.T) {
			r := &asker{next: dnstest.Zone(t, zones), fail: tt.fail}
			all := Check(&Facts{Domain: ExamineDomain(t.Context(), r, tt.domain),
				Addresses: ExamineAddresses(t.Context(), r, []netip.Addr{netip.MustParseAddr("192.0.2.10"), netip.MustParseAddr("192.0.2.11")}),
				Envelope:  ExamineSOA(t.Context(), r, []string{"bounce.acme.example"}),
				HELO:      ExamineHELO(t.Context(), r, []string{"mx1.acme.example", "acme.example"}),
			}, Context{Profile: finding.Sender}).Findings()
			for id := range strings.FieldsSeq(tt.open) {
				if slices.ContainsFunc(all, func(f finding.Finding) bool { return f.Check == id && f.Severity == finding.Pass }) {
					t.Errorf("%s passed", id)
				}
			}
			for id := range strings.FieldsSeq(tt.passes) {
				if !passed(all, id) {
					t.Errorf("%s did not pass", id)
				}
			}
		})
	}
}

// What a private address is called is for its own network to know: the DNS is
// not asked, and nothing is unknown.
func TestPrivateAddressHasNoPublicName(t *testing.T) {
	addrs := []netip.Addr{netip.MustParseAddr("10.1.2.3"), netip.MustParseAddr("fe80::1"), netip.MustParseAddr("192.0.2.10")}
	r := &asker{next: dnstest.Zone(t, reverse), fail: []string{"3.2.1.10.in-addr.arpa"}}
	f := &Facts{Domain: &Domain{Name: "acme.example", Exists: Present, MX: MXPresent, Authority: Authority{SOA: Present}},
		Addresses: ExamineAddresses(t.Context(), r, addrs), HELO: []HELO{{Host: Host{Name: "mx1.acme.example", Resolves: Present}}}}
	all := Check(f, Context{Profile: finding.Sender}).Findings()
	if got := found(all); len(got) != 0 {
		t.Errorf("found %q", got)
	}
	if f.Addresses[0].NotPublic != "private" || f.Addresses[1].NotPublic != "link-local" || f.Addresses[2].NotPublic != "" {
		t.Errorf("%+v", f.Addresses)
	}
	if r.asked["3.2.1.10.in-addr.arpa PTR"] != 0 {
		t.Error("the DNS was asked for the name of a private address")
	}
	for id := range strings.FieldsSeq("ptr-missing ptr-unconfirmed ptr-generic helo-mismatch") {
		if !passed(all, id) {
			t.Errorf("%s did not pass", id)
		}
	}
}

// TestFileWithoutSOA: a file that leaves the SOA of its zone out says nothing of what the servers have.
func TestFileWithoutSOA(t *testing.T) {
	for zone, want := range map[string]finding.Severity{
		"$ORIGIN acme.example.\n$TTL 300\n@ MX 10 mx\nmx A 192.0.2.1\n":                       "",
		"$ORIGIN acme.example.\n$TTL 300\n@ SOA ns h 1 2 3 4 5\n@ MX 10 mx\nmx A 192.0.2.1\n": finding.Pass,
	} {
		d := ExamineDomain(t.Context(), dnstest.Zone(t, zone), "acme.example")
		got := finding.Severity("")
		for _, f := range Check(&Facts{Domain: d}, Context{Profile: finding.Sender}).Findings() {
			if f.Check == "domain-no-soa" {
				got = f.Severity
			}
		}
		if got != want {
			t.Errorf("%q: %q", zone, got)
		}
	}
	// One whose parent is the loaded zone has none of its own, and that is known.
	d := ExamineDomain(t.Context(), dnstest.Zone(t, "$ORIGIN .\n. SOA ns h 1 2 3 4 5\nacme.test. 300 MX 10 mx.acme.test.\nmx.acme.test. 300 A 192.0.2.1\n"), "acme.test")
	if got := found(Check(&Facts{Domain: d}, Context{Profile: finding.Sender}).Findings()); !slices.Contains(got, "error domain-no-soa acme.test") {
		t.Errorf("%q", got)
	}
}
