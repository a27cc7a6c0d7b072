package audit

import (
	"cmp"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/internal/rsatest"
	"mailworthy/resolver"
)

// TestSharedPolicy: a domain that sends nothing puts no stricter policy on names that send: not
// on those below it that its zone shows, and not on those of the domain above whose record it has.
func TestSharedPolicy(t *testing.T) {
	key := rsatest.Public(2048, 0)
	key = `"v=DKIM1; p=` + key[:200] + `" "` + key[200:] + `"`
	parked := "@ MX 0 .\n@ TXT \"v=spf1 -all\"\n"
	news := "news MX 10 mx1.esp.test.\nnews TXT \"v=spf1 ip4:192.0.2.10 -all\"\n"
	old := "old MX 0 .\nold TXT \"v=spf1 -all\"\n@ MX 10 mx1.esp.test.\n@ TXT \"v=spf1 mx -all\"\n"
	for _, tt := range []struct {
		name, zone, domain string
		// check has the fix; empty: none of the checks of DMARC proposes a complete record.
		check, fix string
	}{
		{"nothing below sends", parked, "", "dmarc-record-missing", "v=DMARC1; p=reject;"},
		{"a sender below by SPF", parked + news, "", "dmarc-record-missing", "v=DMARC1; p=reject; sp=none;"},
		{"a sender below by a key", parked + "s1._domainkey.news TXT " + key, "", "dmarc-record-missing", "v=DMARC1; p=reject; sp=none;"},
		{"a sender below by an alias of a key", parked + "s1._domainkey.news CNAME s1.esp.test.", "", "dmarc-record-missing", "v=DMARC1; p=reject; sp=none;"},
		{"delegated keys below", parked + "_domainkey.news NS ns1.esp.test.", "", "dmarc-record-missing", "v=DMARC1; p=reject; sp=none;"},
		{"keys below that are another domain's", parked + "_domainkey.news DNAME dkim.esp.net.", "", "dmarc-record-missing", "v=DMARC1; p=reject; sp=none;"},
		{"all below a name is another domain's", parked + "news DNAME em.esp.net.", "", "dmarc-record-missing", "v=DMARC1; p=reject; sp=none;"},
		{"all below a name is the domain's own", parked + "news DNAME old", "", "dmarc-record-missing", "v=DMARC1; p=reject;"},
		{"keys below that are an alias", parked + "_domainkey.news CNAME dkim.esp.net.", "", "dmarc-record-missing", "v=DMARC1; p=reject; sp=none;"},
		{"a key below without the underscore", parked + "s1.domainkey.news TXT " + key, "", "dmarc-record-missing", "v=DMARC1; p=reject; sp=none;"},
		{"an alias of a domain that is not loaded", parked + "news CNAME em.esp.net.", "", "dmarc-record-missing", "v=DMARC1; p=reject; sp=none;"},
		{"one of a web site", parked + "www CNAME web.esp.net.", "", "dmarc-record-missing", "v=DMARC1; p=reject;"},
		{"an alias of a host that is loaded", parked + "news CNAME mx1.esp.test.", "", "dmarc-record-missing", "v=DMARC1; p=reject;"},
		{"an alias of what sends", parked + "news CNAME em.esp.test.\nem.esp.test. TXT \"v=spf1 ip4:192.0.2.10 -all\"", "", "dmarc-record-missing", "v=DMARC1; p=reject; sp=none;"},
		{"an alias of what has mailboxes", parked + "news CNAME em.esp.test.\nem.esp.test. MX 10 mx1.esp.test.", "", "dmarc-record-missing", "v=DMARC1; p=reject; sp=none;"},
		{"an alias for every name", parked + "* CNAME em.esp.net.", "", "dmarc-record-missing", "v=DMARC1; p=reject; sp=none;"},
		{"an alias of a name of its own", parked + "news CNAME web\nweb A 192.0.2.1", "", "dmarc-record-missing", "v=DMARC1; p=reject;"},
		{"a record of type SPF below", parked + "news SPF \"v=spf1 ip4:192.0.2.10 -all\"", "", "dmarc-record-missing", "v=DMARC1; p=reject; sp=none;"},
		{"a misspelt record below", parked + "news TXT \"spf1 ip4:192.0.2.10 -all\"", "", "dmarc-record-missing", "v=DMARC1; p=reject; sp=none;"},
		{"one behind a blank", parked + "news TXT \" v=spf1 ip4:192.0.2.10 -all\"", "", "dmarc-record-missing", "v=DMARC1; p=reject; sp=none;"},
		{"a Sender ID record below", parked + "news TXT \"spf2.0/pra -all\"", "", "dmarc-record-missing", "v=DMARC1; p=reject;"},
		{"a revoked key below", parked + "s1._domainkey.news TXT \"v=DKIM1; p=\"", "", "dmarc-record-missing", "v=DMARC1; p=reject;"},
		{"mailboxes below", parked + "news MX 10 mx1.esp.test.", "", "dmarc-record-missing", "v=DMARC1; p=reject; sp=none;"},
		{"a null MX below", parked + "news MX 0 .", "", "dmarc-record-missing", "v=DMARC1; p=reject;"},
		{"a delegated name below", parked + "shop NS ns1.esp.test.\nshop NS ns2.esp.test.", "", "dmarc-record-missing", "v=DMARC1; p=reject; sp=none;"},
		{"a delegated name below with a record here", parked + "shop NS ns1.esp.test.\n_dmarc.shop TXT \"v=DMARC1; p=none\"", "", "dmarc-record-missing", "v=DMARC1; p=reject; sp=none;"},
		{"a delegated zone that is loaded and sends", parked + "shop NS ns1.esp.test.\n$ORIGIN shop.acme.example.\n@ SOA ns. host. 1 2 3 4 5\n@ NS ns1.esp.test.\n@ TXT \"v=spf1 ip4:192.0.2.10 -all\"", "", "dmarc-record-missing", "v=DMARC1; p=reject; sp=none;"},
		{"a delegated zone that is loaded and sends nothing", parked + "shop NS ns1.esp.test.\n$ORIGIN shop.acme.example.\n@ SOA ns. host. 1 2 3 4 5\n@ NS ns1.esp.test.\n@ TXT \"v=spf1 -all\"", "", "dmarc-record-missing", "v=DMARC1; p=reject;"},
		{"a name below that sends nothing", parked + "news TXT \"v=spf1 -all\"", "", "dmarc-record-missing", "v=DMARC1; p=reject;"},
		{"a sender below with a record", parked + news + "_dmarc.news TXT \"v=DMARC1; p=none\"", "", "dmarc-record-missing", "v=DMARC1; p=reject;"},
		{"p=none and a sender below", parked + news + "_dmarc TXT \"v=DMARC1; p=none\"", "", "dmarc-policy-none", "v=DMARC1; p=reject; sp=none"},
		{"p=none and nothing below", parked + "_dmarc TXT \"v=DMARC1; p=none; sp=none\"", "", "dmarc-policy-none", "v=DMARC1; p=reject"},
		{"sp=quarantine and a sender below", parked + news + "_dmarc TXT \"v=DMARC1; p=none; sp=quarantine\"", "", "dmarc-policy-none", "v=DMARC1; p=reject; sp=quarantine"},
		{"sp=none and a sender below", parked + news + "_dmarc TXT \"v=DMARC1; p=reject; sp=none\"", "", "", ""},
		{"sp=none and nothing below", parked + "_dmarc TXT \"v=DMARC1; p=reject; sp=none\"", "", "dmarc-subdomain-policy-weaker", "v=DMARC1; p=reject; sp=reject"},
		{"a test and a sender below", parked + news + "_dmarc TXT \"v=DMARC1; p=reject; t=y\"", "", "", ""},
		{"a sender below a subdomain, nothing above", old + "a.old TXT \"v=spf1 ip4:192.0.2.10 -all\"", "old.acme.example", "dmarc-record-missing", "v=DMARC1; p=reject; sp=none;"},
		{"a sender below a subdomain with a record", old + "a.old TXT \"v=spf1 ip4:192.0.2.10 -all\"\n_dmarc.old TXT \"v=DMARC1; p=none\"", "old.acme.example", "dmarc-policy-none", "v=DMARC1; p=reject; sp=none"},
		{"a sender below a subdomain, a record above", old + "a.old TXT \"v=spf1 ip4:192.0.2.10 -all\"\n_dmarc TXT \"v=DMARC1; p=none; rua=mailto:d@acme.example\"", "old.acme.example", "dmarc-policy-none", "v=DMARC1; p=reject; rua=mailto:d@acme.example"},
		{"sp=none above", old + "_dmarc TXT \"v=DMARC1; p=reject; sp=none; rua=mailto:d@acme.example\"", "old.acme.example", "dmarc-policy-none", "v=DMARC1; p=reject; rua=mailto:d@acme.example"},
		{"sp=quarantine above", old + "_dmarc TXT \"v=DMARC1; p=reject; sp=quarantine; rua=mailto:d@acme.example\"", "old.acme.example", "", ""},
		{"a test above", old + "_dmarc TXT \"v=DMARC1; p=reject; t=y; rua=mailto:d@acme.example\"", "old.acme.example", "", ""},
		{"a part of the mail above", old + "_dmarc TXT \"v=DMARC1; p=reject; pct=10; rua=mailto:d@acme.example\"", "old.acme.example", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			parent, child, _ := strings.Cut(tt.zone, "$ORIGIN shop.acme.example.")
			if child != "" {
				child = "$ORIGIN shop.acme.example.\n$TTL 300" + child + "\n"
			}
			zone := resolver.NewOverlay(nil, dnstest.Parse(t, "$ORIGIN .\n$TTL 300\n. SOA ns. host. 1 7200 3600 1209600 300\nmx1.esp.test. A 192.0.2.10\n$ORIGIN acme.example.\n"+parent+"\n"),
				dnstest.Parse(t, cmp.Or(child, "\n$ORIGIN other.test.\n@ SOA ns. host. 1 2 3 4 5\n")))
			found := false
			for _, f := range Run(t.Context(), zone, Target{Domain: cmp.Or(tt.domain, "acme.example"), Profile: finding.Parked, Sections: []finding.Section{finding.DMARC, finding.SPF}}, Options{}).Findings {
				if !strings.HasPrefix(f.Check, "dmarc-") || f.Fix == nil || !f.Fix.Complete {
					continue
				}
				switch {
				case f.Check == tt.check && f.Fix.Value == tt.fix:
					found = true
				default:
					t.Errorf("%s: %+v", f.Check, f.Fix)
				}
			}
			if found != (tt.check != "") {
				t.Errorf("no %s", tt.check)
			}
		})
	}
}

// TestSignsYet: where a key shows that a domain may send although its records say that it does not,
// rejecting all of its mail waits for certainty, unless somebody states what it is for.
func TestSignsYet(t *testing.T) {
	key := rsatest.Public(2048, 0)
	key = `"v=DKIM1; p=` + key[:200] + `" "` + key[200:] + `"`
	for _, tt := range []struct {
		name, zone string
		profile    finding.Profile
		complete   bool
	}{
		{"no key", "", "", true},
		{"a key", "s1._domainkey TXT " + key, "", false},
		{"a key, and no record", "s1._domainkey TXT " + key + "\n_dmarc TXT \"x\"", "", false},
		{"an alias that may lead to one", "s1._domainkey CNAME s1.esp.test.", "", false},
		{"keys of another zone", "_domainkey NS ns1.esp.test.", "", false},
		{"a revoked key", "s1._domainkey TXT \"v=DKIM1; p=\"", "", true},
		{"a key, and the profile is stated", "s1._domainkey TXT " + key, finding.Receiver, true},
	} {
		record := "_dmarc TXT \"v=DMARC1; p=none\"\n"
		if strings.Contains(tt.zone, "_dmarc") {
			record = ""
		}
		zone := dnstest.Zone(t, "$ORIGIN acme.example.\n$TTL 300\n@ SOA ns. host. 1 7200 3600 1209600 300\n@ MX 10 mx\nmx A 192.0.2.1\n@ TXT \"v=spf1 -all\"\n"+record+tt.zone+"\n")
		for _, more := range [][]finding.Section{{finding.DKIM}, nil} { // what was not asked for is not absent
			r := Run(t.Context(), zone, Target{Domain: "acme.example", Profile: tt.profile, Sections: append(more, finding.DMARC, finding.SPF, finding.Hosts)}, Options{})
			found := false
			for _, f := range r.Findings {
				if f.Fix == nil || !strings.HasPrefix(f.Fix.Value, "v=DMARC1; p=reject") {
					continue
				}
				found = true
				if f.Fix.Complete != tt.complete || (f.Fix.When == "") != tt.complete {
					t.Errorf("%s: %v: %s: %+v", tt.name, more, f.Check, f.Fix)
				}
			}
			if !found || r.Profile == finding.Sender {
				t.Errorf("%s: %v: profile %s (%s), no policy is proposed", tt.name, more, r.Profile, r.ProfileWhy)
			}
		}
	}
}

// TestSignersBelow: strict alignment, which was misspelt and is not in force, waits where what signs
// with a domain below would no longer align.
func TestSignersBelow(t *testing.T) {
	key := rsatest.Public(2048, 0)
	key = ` TXT "v=DKIM1; p=` + key[:200] + `" "` + key[200:] + `"` + "\n"
	for _, tt := range []struct {
		name, zone string
		complete   bool
	}{
		{"a key of its own", "", true},
		{"a key below", "s1._domainkey.mg" + key, false},
		{"an alias of one below", "s1._domainkey.news CNAME s1.esp.test.", false},
		{"one below without the underscore", "s1.domainkey.news" + key, false},
		{"a revoked one below", "s1._domainkey.mg TXT \"v=DKIM1; p=\"", true},
		{"one below at the label itself", "domainkey.mg" + key + "www.domainkey A 192.0.2.1", false},
		{"its own without the underscore", "s2.domainkey" + key, true},
	} {
		zone := resolver.NewOverlay(nil, dnstest.Parse(t, "$ORIGIN .\n$TTL 300\n. SOA ns. host. 1 7200 3600 1209600 300\nmx1.esp.test. A 192.0.2.10\n$ORIGIN acme.example.\n"+
			"@ MX 10 mx1.esp.test.\n@ TXT \"v=spf1 mx -all\"\n_dmarc TXT \"v=DMARC1; p=reject; adkim=strict; rua=mailto:d@acme.example\"\ns1._domainkey"+key+tt.zone+"\n"))
		found := false
		for _, f := range Run(t.Context(), zone, Target{Domain: "acme.example"}, Options{}).Findings {
			if f.Check == "dmarc-alignment-mode-invalid" {
				found = true
				if f.Fix == nil || f.Fix.Complete != tt.complete {
					t.Errorf("%s: %+v", tt.name, f.Fix)
				}
			}
		}
		if !found {
			t.Errorf("%s: not found", tt.name)
		}
	}
}

// TestSignsWithNullMX: that a null MX and a record without senders end in -all waits for nothing but
// a key: something may send with it.
func TestSignsWithNullMX(t *testing.T) {
	for _, tt := range []struct {
		zone     string
		profile  finding.Profile
		complete bool
	}{
		{"", "", true},
		{"s1._domainkey CNAME s1.esp.test.", "", false},
		{"s1._domainkey CNAME s1.esp.test.", finding.Parked, true},
	} {
		zone := dnstest.Zone(t, "$ORIGIN acme.example.\n$TTL 300\n@ SOA ns. host. 1 7200 3600 1209600 300\n@ MX 0 .\n@ TXT \"v=spf1 ~all\"\n_dmarc TXT \"v=DMARC1; p=none\"\n"+tt.zone+"\n")
		r := Run(t.Context(), zone, Target{Domain: "acme.example", Profile: tt.profile, Sections: []finding.Section{finding.DMARC, finding.DKIM, finding.SPF, finding.Hosts}}, Options{})
		found := false
		for _, f := range r.Findings {
			if f.Check == "spf-all-softfail" {
				found = true
				if f.Fix == nil || f.Fix.Complete != tt.complete || tt.complete != strings.Contains(f.Detail, "sends no mail") {
					t.Errorf("%q as %q: %s %+v", tt.zone, tt.profile, f.Detail, f.Fix)
				}
			}
		}
		if !found {
			t.Errorf("%q: no spf-all-softfail", tt.zone)
		}
	}
}
